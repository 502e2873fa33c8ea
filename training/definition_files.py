"""Dataset definitions as YAML files, and back.

::

    name: minerals
    entity: material              # (when left out), sample or spectrum
    target: crystal_system        # column of materials, or {property: ..., method: ..., unit: ...}
    where: n_sites < 100          # SQL condition on materials, samples or spectra
    split: {by: prototype, seed: 1}   # and test: measured, together: {property: ..., method: ...}
    align: {temperature: 5, pressure: 0.1}   # K, GPa; and composition: of measured curves
    inputs:
      - name: pattern
        technique: xrd
        grid: [0.6, 5.6, 501]     # first, last, points; in the canonical unit of the technique
        # measured: true          # measured curves, not those of a simulator
        # where: wavelength < 1   # SQL condition on spectra
      - name: soap
        view: soap
        missing: mask             # or require (when left out), drop

What is left out has the value it has in Python (:mod:`training.definitions`). Numbers are kept as
they are written: 1 and 1.0 are two definitions, with two manifests, as they are in Python.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING as NO_DEFAULT
from dataclasses import fields as fields_of
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from registry.errors import BadInput, NotFound
from training.alignment import Alignment
from training.definitions import DatasetDefinition, FeatureInput, Input, SpectrumInput, Split
from training.targets import Property
from training.yaml_fields import FIELDS, FLAG, NUMBER, TEXT, WHOLE, Field, Kind, read_fields

T = TypeVar("T")
ALIGN = {"temperature": NUMBER, "pressure": NUMBER, "composition": NUMBER}
TOP_NEEDED = ("name", "inputs")
TOP = {"name": TEXT, "where": TEXT, "min_groups": WHOLE, "task": TEXT, "entity": TEXT}
PROPERTY = {"property": TEXT, "method": TEXT, "unit": TEXT}
SPECTRUM = {
    **{"name": TEXT, "technique": TEXT, "simulator": TEXT, "missing": TEXT},
    **{"measured": FLAG, "where": TEXT},
}
FEATURE = {"name": TEXT, "view": TEXT, "missing": TEXT}
SPLIT = {"by": TEXT, "seed": WHOLE, "test": TEXT}


def read_definition(path: Path) -> DatasetDefinition:
    """Read a definition from a YAML file.

    Raises:
        BadInput: Naming file, line and field, what was expected and what was found. Techniques,
            descriptors, simulators and their parameters are looked up, too.
    """
    whole = read_fields(path)
    found = whole.fields(
        dict.fromkeys(TOP_NEEDED), dict.fromkeys((*TOP, "target", "split", "align"))
    )
    values: dict[str, Any] = _plain(found, TOP)
    of_materials = values.get("entity", "material") == "material"
    values["inputs"] = tuple(_input(entry, of_materials) for entry in found["inputs"].items())
    if "split" in found:
        values["split"] = _split(found["split"])
    if "align" in found:
        values["align"] = _align(found["align"])
    if "target" in found:
        values["target"] = _target(found["target"])
    made = _made(whole, found, lambda: DatasetDefinition(**values))
    for source, entry in zip(made.inputs, found["inputs"].items(), strict=True):
        if isinstance(source, FeatureInput):
            own: dict[str, Field] = entry.value
            _made(entry, own, partial(source.refuse_entity, made.entity))
    return made


def definition_yaml(definition: DatasetDefinition) -> str:
    """A definition as YAML that reads back as the same; what is usual is left out."""
    import yaml

    value = _unusual(definition)
    if isinstance(definition.target, Property):
        value["target"] = _property(definition.target)
    if "split" in value:
        value["split"] = _unusual(definition.split)
        if definition.split.together is not None:
            value["split"]["together"] = _property(definition.split.together)
    if definition.align is not None:
        value["align"] = definition.align.tolerances
    value["inputs"] = [_unusual(i) for i in definition.inputs]
    return yaml.safe_dump(_lists(value), sort_keys=False, allow_unicode=True)


def _target(field: Field) -> str | Property | None:
    if not isinstance(field.value, dict):
        name: str | None = None if field.value is None else field.plain(TEXT)
        return name
    return _property_of(field)


def _align(field: Field) -> Alignment:
    found = field.fields({}, dict.fromkeys(ALIGN))
    values: dict[str, Any] = _plain(found, ALIGN)
    return _made(field, found, lambda: Alignment(**values))


def _property_of(field: Field) -> Property:
    found = field.fields(dict.fromkeys(("property", "method")), {"unit": None})
    values = _plain(found, PROPERTY)
    return Property(values.pop("property"), **values)


def _property(wanted: Property) -> dict[str, Any]:
    """A property as it is written."""
    value = _unusual(wanted)
    return {"property": value.pop("name"), **value}


def _split(field: Field) -> Split:
    found = field.fields({}, dict.fromkeys((*SPLIT, "fractions", "together")))
    values: dict[str, Any] = _plain(found, SPLIT)
    if "together" in found:
        values["together"] = _property_of(found["together"])
    if "fractions" in found:
        values["fractions"] = _three(found["fractions"], (NUMBER, NUMBER, NUMBER))
    return _made(field, found, lambda: Split(**values))


def _input(field: Field, of_material: bool) -> Input:
    field.plain(FIELDS)
    if ("technique" in field.value) == ("view" in field.value):
        both = "both" if "view" in field.value else "neither"
        raise field.refuse("either a 'technique' (a curve) or a 'view' (a descriptor)", both)
    if "view" in field.value:
        found = field.fields(dict.fromkeys(("name", "view")), {"parameters": None, "missing": None})
        values: dict[str, Any] = _plain(found, FEATURE) | _parameters(found)
        return _known(field, found, lambda: FeatureInput(**values), True)
    optional = dict.fromkeys(("simulator", "parameters", "missing", "measured", "where"))
    found = field.fields(dict.fromkeys(("name", "technique", "grid")), optional)
    grid = _three(found["grid"], (NUMBER, NUMBER, WHOLE))
    values = _plain(found, SPECTRUM) | _parameters(found) | {"grid": grid}
    # other curves are picked by a condition, not by the recipe of a simulator
    by_recipe = of_material and not values.get("measured", False)
    return _known(field, found, lambda: SpectrumInput(**values), by_recipe)


def _known(
    field: Field, found: dict[str, Field], make: Callable[[], Input], has_identity: bool
) -> Input:
    """An input of which everything that it names exists: its identity can be calculated."""

    def known() -> Input:
        made = make()
        if has_identity:
            made.identity()
        return made

    return _made(field, found, known)


def _parameters(found: dict[str, Field]) -> dict[str, Any]:
    return {"parameters": found["parameters"].plain(FIELDS)} if "parameters" in found else {}


def _three(field: Field, kinds: tuple[Kind, Kind, Kind]) -> tuple[Any, ...]:
    items = field.items()
    if len(items) != len(kinds):
        raise field.refuse(f"a list of {len(kinds)}")
    return tuple(item.plain(kind) for item, kind in zip(items, kinds, strict=True))


def _plain(found: dict[str, Field], kinds: dict[str, Kind]) -> dict[str, Any]:
    return {name: found[name].plain(kind) for name, kind in kinds.items() if name in found}


def _made(field: Field, found: dict[str, Field], make: Callable[[], T]) -> T:
    """What was made of a field; what a constructor refuses is told with file and line."""
    try:
        return make()
    except NotFound as error:
        what = str(error).split(" ")[1]  # of "no technique 'xrf'; there are: ..."
        at = _named({"descriptor": "view"}.get(what, what), found, field)
        raise at.refuse(f"a {what} of these: {', '.join(error.known)}") from error
    except BadInput as error:
        # a constructor ends its 'where' with the name of the field that it refuses
        at = _named(error.where.replace(":", " ").split()[-1], found, field)
        raise BadInput(f"{at.where} ({error.where})", error.expected, error.found) from error


def _named(name: str, found: dict[str, Field], field: Field) -> Field:
    """The field of that name, or parameter of that name, or all of it."""
    if name in found:
        return found[name]
    if "parameters" not in found:
        return field
    parameters = found["parameters"]
    own: dict[str, Field] = parameters.value
    return own.get(name, parameters if name == "parameter" else field)


def _unusual(thing: Any) -> dict[str, Any]:
    """Fields of a definition that differ from their default."""
    found = {}
    for field in fields_of(thing):
        usual = field.default
        if field.default_factory is not NO_DEFAULT:
            usual = field.default_factory()
        value = getattr(thing, field.name)
        if usual is NO_DEFAULT or value != usual:
            found[field.name] = value
    return found


def _lists(value: Any) -> Any:
    """The same with lists for tuples, as YAML has it."""
    if isinstance(value, dict):
        return {name: _lists(item) for name, item in value.items()}
    return [_lists(item) for item in value] if isinstance(value, tuple | list) else value
