"""The schema of a model card (JSON Schema 2020-12), and everything that is wrong with one.

Format 3 asks for every field. Older cards lack what was not known then: those of format 2 the
parent, the leaks and the digest of what MLflow reads, those from before there were formats (1)
the task, the unit, the metric, the reliability and the signature as well.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from training.metrics import METRICS
from training.models import TASKS

FORMAT = 3

NAME = {"type": "string", "minLength": 1}
TEXT = {"type": "string"}
MAYBE = {"type": ["string", "null"]}
NUMBER = {"type": "number"}
WHOLE = {"type": "integer", "minimum": 0}
DIGEST = {"type": "string", "pattern": "^[0-9a-f]{32,64}$"}
FILE_NAME = {"pattern": r"^[A-Za-z0-9_-][A-Za-z0-9_.-]*(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*$"}


def _object(**properties: Any) -> dict[str, Any]:
    """An object with all of these properties and no more."""
    return {
        "type": "object",
        "required": list(properties),
        "properties": properties,
        "additionalProperties": False,
    }


def _list(items: dict[str, Any], least: int = 0, most: int | None = None) -> dict[str, Any]:
    most_of = {} if most is None else {"maxItems": most}
    return {"type": "array", "items": items, "minItems": least, **most_of}


MEAN_AND_DEVIATION = _list(NUMBER, 2, 2)
INPUT = {
    "type": "object",
    "required": ["name", "kind", "parameters"],
    "properties": {"name": NAME, "parameters": {"type": "object"}},
    "if": {"properties": {"kind": {"const": "feature"}}},
    "then": {"required": ["view"], "properties": {"view": NAME}},
    "else": {
        "required": ["technique", "grid"],
        "properties": {
            "kind": {"const": "spectrum"},
            "technique": NAME,
            "grid": _list(NUMBER, 3, 3),
        },
    },
}
SIGNED_INPUT = _object(
    name=NAME,
    kind={"enum": ["spectrum", "feature"]},
    source=NAME,
    shape=_list({"type": "integer", "minimum": -1}, 1, 2),
    unit=TEXT,
    axis={
        **_object(quantity=NAME, unit=TEXT, low=NUMBER, high=NUMBER),
        "type": ["object", "null"],
    },
)
SIGNED_OUTPUT = _object(
    name=MAYBE,
    kind={"enum": ["probabilities", "value", "code"]},
    width={"type": "integer", "minimum": 1},
    unit=TEXT,
)
RELIABILITY = {"type": ["object", "null"], "required": ["level", "threshold", "coverage"]}
FIRST: dict[str, Any] = {
    "study": NAME,
    "algorithm": NAME,
    "algorithm_version": NAME,
    "settings": {"type": "object"},
    "inputs": _list(INPUT, 1),
    "predicts": MAYBE,
    "class_names": _list(NAME),
    "manifest": DIGEST,
    "seeds": _list({"type": "integer"}, 1),
    # measured null states that nothing measured could be asked about
    "metrics": _object(
        validation=MEAN_AND_DEVIATION,
        test=MEAN_AND_DEVIATION,
        measured={**MEAN_AND_DEVIATION, "type": ["array", "null"]},
        repetitions=_list({"type": "object"}, 1),
    ),
    "baselines": _object(naive=NUMBER, nearest=NUMBER, shuffled=NUMBER),
    "domain_threshold": NUMBER,
    "data_licences": _list(NAME, 1),
    "code_version": NAME,
    "licence": NAME,
    "files": {
        "type": "object",
        "minProperties": 1,
        "propertyNames": FILE_NAME,
        "additionalProperties": DIGEST,
    },
}
SECOND: dict[str, Any] = {
    "format": {"enum": [2, FORMAT]},
    "task": {"enum": list(TASKS)},
    "unit": TEXT,
    "metric": {"enum": list(METRICS)},
    "reliability": RELIABILITY,
    "signature": {
        **_object(inputs=_list(SIGNED_INPUT, 1), output=SIGNED_OUTPUT),
        "type": ["object", "null"],
    },
}
THIRD: dict[str, Any] = {
    "parent": {"type": ["string", "null"], "pattern": "^[^/]+/[0-9]+$"},
    # null states that nobody looked for more than what is on two sides
    "leaks": {
        "type": ["object", "null"],
        "required": ["found", "allowed"],
        "properties": {"found": {"type": "object"}, "allowed": {"type": "object"}},
    },
    "mlmodel": DIGEST,
}
SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "model card",
    "type": "object",
    "required": [*FIRST, *SECOND, *THIRD],
    "properties": {**FIRST, **SECOND, **THIRD},
    "additionalProperties": False,
}
REQUIRED = {1: list(FIRST), 2: [*FIRST, *SECOND], FORMAT: SCHEMA["required"]}


def problems(card: Mapping[str, Any]) -> list[str]:
    """Everything that is wrong with a card in its JSON form, each with the field it is about."""
    from jsonschema import Draft202012Validator

    form = card.get("format", 1)
    if isinstance(form, int) and form > FORMAT:
        return [f"format: {form}, written by a newer scatterlake; this one reads up to {FORMAT}"]
    schema = {**SCHEMA, "required": REQUIRED.get(form, SCHEMA["required"])}
    found = [
        f"{error.json_path.removeprefix('$.')}: {error.message}"
        for error in Draft202012Validator(schema).iter_errors(card)
    ]
    if found or "format" not in card:
        return sorted(found)
    return list(_signature(card))


def not_finite(value: Any, where: str = "") -> Iterator[str]:
    """Fields whose number is not finite, which JSON cannot hold."""
    if isinstance(value, float) and not math.isfinite(value):
        yield f"{where}: {value} is not finite"
    elif isinstance(value, Mapping):
        for name, part in value.items():
            yield from not_finite(part, f"{where}.{name}" if where else str(name))
    elif isinstance(value, list | tuple):
        for i, part in enumerate(value):
            yield from not_finite(part, f"{where}[{i}]")


def _signature(card: Mapping[str, Any]) -> Iterator[str]:
    """Where the signature and the rest of the card contradict each other."""
    signature = card["signature"]
    if signature is None:
        yield "signature: missing"
        return
    names = [[i["name"] for i in part["inputs"]] for part in (signature, card)]
    if names[0] != names[1]:
        yield f"signature.inputs: {names[0]} are not the inputs {names[1]}"
        return
    for own, source in zip(signature["inputs"], card["inputs"], strict=True):
        if source["kind"] == "spectrum" and own["shape"] != [source["grid"][2]]:
            yield f"signature.inputs: {own['name']} of shape {own['shape']}, not as its grid"
    width, classes = signature["output"]["width"], len(card["class_names"])
    if card["task"] == "classification" and width != classes:
        yield f"signature.output.width: {width}, but there are {classes} classes"
