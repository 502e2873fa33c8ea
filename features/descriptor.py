"""What a descriptor declares. One file each in ``features/materials`` and ``features/spectra``.

A descriptor turns a crystal or a curve into numbers whose width follows from its parameters alone:
one vector, or a table with a row per site or edge. What it does not handle (a disordered site,
another technique) it refuses with a reason, which the feature store keeps in place of the value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from numbers import Real
from typing import Any, Literal

from features.crystal import as_crystal
from features.curve import as_curve
from registry.errors import Unsupported, WrongUse
from registry.identity import recipe_id
from registry.plugins import discover
from registry.records import Floats

Parameters = Mapping[str, Any]
Entity = Literal["material", "spectrum"]
Outcome = Floats | Unsupported
"""A value, or the reason why there is none."""


@dataclass(frozen=True)
class Descriptor:
    """A descriptor of crystals (:class:`features.crystal.Crystal`) or of curves
    (:class:`features.curve.Curve`).

    Attributes:
        name: Name of the feature view.
        version: Raise it when the same entity would give another value.
        parameters: Defaults by name.
        units: Unit of each parameter ('' when it has none).
        width: Length of the vector (or of a row) for given parameters; raises WrongUse for
            impossible ones.
        compute: ``compute(entity, **parameters)`` gives ``(width,)``, or ``(n, width)`` where
            there are rows; raises Unsupported with a reason when the entity is not handled.
        unit: Unit of the values.
        source: Publication (paper and equation).
        entity: What it describes.
        rows: What a row is of a value that has several; '' for one vector an entity.
        disorder: How partial occupancy is treated: ``weighted`` or ``refused``; '' for curves.
        techniques: Techniques of the spectra it is made for; all when empty.
        batch: ``batch(entities, **parameters)`` gives the outcomes of many at once, where that is
            faster than one by one; same values.
        loads: Modules that take long to load and are imported when the first entity is described:
            processes get them from the one they are forked from.
    """

    name: str
    version: str
    parameters: Parameters
    units: Mapping[str, str]
    width: Callable[[Parameters], int]
    compute: Callable[..., Floats]
    unit: str
    source: str
    entity: Entity = "material"
    rows: Literal["", "site", "edge"] = ""
    disorder: Literal["weighted", "refused", ""] = ""
    techniques: tuple[str, ...] = ()
    batch: Callable[..., list[Outcome]] | None = None
    loads: tuple[str, ...] = ()

    def settings(self, **chosen: Any) -> dict[str, Any]:
        """Complete parameters: the defaults overridden by ``chosen``.

        Raises:
            WrongUse: For an unknown parameter, or a value of another type than the default.
        """
        for name in chosen:
            if name not in self.parameters:
                known = ", ".join(self.parameters)
                raise WrongUse(f"{self.name}: parameter", f"one of {known}", repr(name))
        return {**self.parameters, **{n: self._like_default(n, v) for n, v in chosen.items()}}

    def _like_default(self, name: str, value: Any) -> Any:
        """The value in the type of the default: 20 and 20.0 are one parameter, so one view."""
        kind = type(self.parameters[name])
        if kind not in (bool, int, float, str):
            return value
        number = isinstance(value, Real) and not isinstance(value, bool) and kind in (int, float)
        if not (kind(value) == value if number else isinstance(value, kind)):
            raise WrongUse(f"{self.name}: {name}", f"a value of type {kind.__name__}", repr(value))
        return kind(value)

    def view_id(self, settings: Parameters) -> str:
        """Identity of this descriptor, its code version and its parameters."""
        return recipe_id(self.name, self.version, dict(settings))

    def run(self, entity: Any, settings: Parameters) -> Floats:
        """Describe one entity with complete settings.

        Args:
            entity: A Crystal or a pymatgen Structure; a Curve or a Spectrum.
            settings: What :meth:`settings` gives.

        Raises:
            Unsupported: When it does not describe this entity; the message says why.
        """
        as_entity = as_crystal if self.entity == "material" else as_curve
        return self.compute(self._accepted(as_entity(entity)), **settings)

    def run_all(self, entities: Sequence[Any], settings: Parameters) -> list[Outcome]:
        """Describe many; a refusal takes the place of its value."""
        if self.batch:
            return self.batch(entities, **settings)
        return [self._outcome(entity, settings) for entity in entities]

    def _accepted(self, entity: Any) -> Any:
        """The entity itself, unless its technique is none of this descriptor's."""
        if self.techniques and entity.technique not in self.techniques:
            known = ", ".join(self.techniques)
            raise Unsupported(f"{self.name}: technique", f"one of {known}", entity.technique)
        return entity

    def _outcome(self, entity: Any, settings: Parameters) -> Outcome:
        try:
            return self.compute(entity, **settings)
        except Unsupported as refusal:
            return refusal


@lru_cache(maxsize=1)
def descriptors() -> dict[str, Descriptor]:
    """All descriptors by name, of materials and of spectra."""
    import features.materials
    import features.spectra

    return discover("DESCRIPTOR", features.materials, features.spectra)
