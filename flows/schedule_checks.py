"""What must hold of deployments before any of them is registered.

A deployment that cannot run would fail at night, each time, with nobody looking: so the parameters
are held against the flow's own signature, and what they name against what is there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from inspect import Parameter, signature
from typing import Any, get_type_hints

from flows.schedules import Scheduled, load_flow, schedule_of
from registry.errors import BadInput, NotFound
from registry.plugins import pick
from training.triggers import read_triggers

FILLED = "lake"
"""Parameter that registering fills in."""
LONGEST = 80
"""Letters of a wrong value that are shown."""


def insist_on_runnable(entries: Sequence[Scheduled]) -> None:
    """Make sure that every deployment can run.

    Raises:
        BadInput: Names the file, the deployment and the field that is wrong.
    """
    for entry in entries:
        schedule_of(entry)
        values = _typed(entry)
        for name, look in MEANINGS.items():
            if values.get(name) is not None:
                _look(f"{entry.where}: parameters", name, look, values[name])
    # one name of one flow is one deployment: the second would replace the first
    counts = Counter((entry.flow, entry.name) for entry in entries)
    for entry in entries:
        if counts[entry.flow, entry.name] > 1:
            found = f"{counts[entry.flow, entry.name]} of {entry.flow}"
            raise BadInput(entry.where, "one deployment of that name", found)


def _typed(entry: Scheduled) -> dict[str, Any]:
    """Parameters in the types that the flow declares, as Prefect will give them to it."""
    from pydantic import TypeAdapter, ValidationError

    function = load_flow(entry.flow, entry.where).fn
    known = dict(signature(function).parameters)
    del known[FILLED]
    where, given = f"{entry.where}: parameters", entry.parameters
    for name in given:
        if name not in known:
            # YAML reads a bare on, off, yes or no as true or false
            hint = "" if isinstance(name, str) else " (quote it: 'on')"
            raise BadInput(where, f"only {', '.join(known) or 'none'}", f"{name!r}{hint}")
    for name, parameter in known.items():
        if parameter.default is Parameter.empty and name not in given:
            raise BadInput(where, f"a value of {name!r}", ", ".join(given) or "none")
    hints = get_type_hints(function)
    typed = {}
    for name, value in given.items():
        try:
            typed[name] = TypeAdapter(hints[name]).validate_python(value)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            within = "".join(f": {part}" for part in _path(first["loc"], value))
            found = repr(first["input"])[:LONGEST]
            raise BadInput(f"{where}: {name}{within}", first["msg"], found) from error
    return typed


def _path(place: Sequence[Any], value: Any) -> list[Any]:
    """Steps of a place that are in the value: others tell which type of a union was tried."""
    steps: list[Any] = []
    for part in place:
        if not (isinstance(value, Mapping) and part in value):
            break
        steps.append(part)
        value = value[part]
    return steps


def _look(where: str, name: str, look: Callable[[Any], object], value: Any) -> None:
    try:
        look(value)
    except NotFound as error:
        expected = f"one of {', '.join(error.known)}"
        raise BadInput(f"{where}: {name}", expected, repr(value)[:LONGEST]) from error
    except BadInput as error:
        inner = error.where if error.where.startswith(name) else f"{name}: {error.where}"
        raise BadInput(f"{where}: {inner}", error.expected, error.found) from error


def _study(name: str) -> None:
    from training.studies import studies

    pick(studies(), "study", name)


def _simulators(chosen: Mapping[str, Mapping[str, Any]]) -> None:
    from ingest.draws import draws_recipe
    from ingest.simulators import simulators

    for name, parameters in chosen.items():
        draws_recipe(pick(simulators(), "simulator", name), parameters, seed=0)


def _views(chosen: Sequence[str] | Mapping[str, Mapping[str, Any]]) -> None:
    from features.descriptor import descriptors

    wanted = chosen if isinstance(chosen, Mapping) else {name: {} for name in chosen}
    for name, parameters in wanted.items():
        pick(descriptors(), "descriptor", name).settings(**parameters)


MEANINGS: dict[str, Callable[[Any], object]] = {
    "study": _study,
    "triggers": read_triggers,
    "simulators": _simulators,
    "views": _views,
}
"""What parameters of these names name, in whichever flow."""
