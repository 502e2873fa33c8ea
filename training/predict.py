"""Answers of a registered model for one curve or one material, with what it is judged by.

Beside the probabilities come the training members most like the input and whether the input
resembles anything the model was trained on at all (see :mod:`training.domain`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from registry.errors import BadInput, NotFound, Unsupported
from registry.identity import digest
from registry.lake import Lake
from registry.records import Floats
from training.answering import Said, ask
from training.blocks import curve_block, read_block
from training.cards import Card
from training.definitions import SpectrumInput, reference_input
from training.domain import similarity
from training.loading import LoadedModel, read_inputs
from training.models import Block, Inputs, dense
from training.rows import Told, prediction_row, told

TRAINING_SQL = """
SELECT m.entity_id, t.name, m.label FROM dataset_members m
LEFT JOIN materials t ON t.material_id = m.entity_id
WHERE m.manifest = $1 AND m.split = 'train' ORDER BY m.entity_id
"""


@dataclass(frozen=True)
class Neighbour:
    """A training member like the input: id, mineral name, label and cosine similarity."""

    entity_id: str
    name: str | None
    label: str | None
    similarity: float


@dataclass(frozen=True)
class Prediction:
    """An answer.

    Attributes:
        entity_id: What was asked about: a material, a spectrum, or the digest of a curve.
        value: Most probable class, predicted value or number of the cluster; None where a
            representation has no clusters.
        neighbours: Most similar training members, most similar first.
        out_of_domain: Less like any training member than 99 % of those are like each other.
        domain_threshold: The similarity that was asked for.
        probabilities: The model's own probability by class, most probable first.
        likely: Classes of the conformal set, most probable first.
        confidence: Probability of ``value`` at the temperature of the validation side.
        level: Share of truths that sets and intervals hold.
        unit: Unit of a predicted value.
        deviation: The model's own standard deviation of it, where it has one.
        interval: Its conformal interval; None where it is unbounded.
        codes: Code of a representation.
    """

    entity_id: str
    value: str | None
    neighbours: tuple[Neighbour, ...]
    out_of_domain: bool
    domain_threshold: float
    probabilities: dict[str, float] = field(default_factory=dict)
    likely: tuple[str, ...] = ()
    confidence: float | None = None
    level: float | None = None
    unit: str = ""
    deviation: float | None = None
    interval: tuple[float, float] | None = None
    codes: tuple[float, ...] = ()


def predict_curve(
    lake: Lake,
    model: LoadedModel,
    x: Floats,
    y: Floats,
    entity_id: str | None = None,
    neighbours: int = 5,
) -> Prediction:
    """Predict from one curve, and note the answer in ``predictions``.

    Args:
        lake: The lake.
        model: A model that reads one spectrum and nothing else.
        x: Axis in the canonical unit of the technique, shape ``(n,)``.
        y: Intensity, shape ``(n,)``.
        entity_id: Under which id the answer is noted; digest of the curve by default.
        neighbours: How many training members to name.

    Raises:
        Unsupported: When the model needs more than one curve.
        BadInput: When the curve is not finite or does not cover the model's grid.
    """
    source = model.card.inputs[0]
    if len(model.card.inputs) > 1 or not isinstance(source, SpectrumInput):
        needs = ", ".join(f"{i.kind} {i.source}" for i in model.card.inputs)
        raise Unsupported(_named(model), "a model that reads one spectrum", f"it needs {needs}")
    block = curve_block(source, x, y)
    identity = entity_id or digest("curve", block.tobytes())
    return _predict(lake, model, {source.name: block}, identity, neighbours)


def predict_spectrum(
    lake: Lake, model: LoadedModel, spectrum_id: str, neighbours: int = 5
) -> Prediction:
    """Predict from a spectrum of the lake, and note the answer.

    Raises:
        NotFound: When there is no such spectrum.
        Unsupported: When the model needs more than one curve, or another technique.
        BadInput: When the curve is not finite or does not cover the model's grid.
    """
    query = "SELECT technique, x, intensity FROM spectra WHERE spectrum_id = $1"
    rows = lake.sql(query, [spectrum_id]).to_pylist()
    if not rows:
        raise NotFound("spectrum", spectrum_id, [])
    expected = model.card.inputs[0].source
    if rows[0]["technique"] != expected:
        raise Unsupported(_named(model), f"a spectrum of {expected}", rows[0]["technique"])
    x, y = np.array(rows[0]["x"]), np.array(rows[0]["intensity"])
    return predict_curve(lake, model, x, y, spectrum_id, neighbours)


def predict_material(
    lake: Lake, model: LoadedModel, material_id: str, neighbours: int = 5
) -> Prediction:
    """Predict for a material of the lake from its simulated spectra and features, and note it.

    Raises:
        BadInput: When the lake lacks an input of the model for this material.
    """
    found, inputs = read_inputs(lake, model.card, [material_id])
    if not found:
        needs = ", ".join(i.source for i in model.card.inputs)
        raise BadInput(f"material {material_id}", f"{needs} in the lake", "not all of them")
    return _predict(lake, model, inputs, material_id, neighbours)


def _predict(
    lake: Lake, model: LoadedModel, inputs: Inputs, entity_id: str, neighbours: int
) -> Prediction:
    card = model.card
    said = ask(model.fitted, card.task, inputs)
    answer = told(said, 0, card.class_names, card.reliability)
    reference = reference_input(card.inputs).name
    near = _neighbours(lake, model, dense({reference: inputs[reference]})[reference], neighbours)
    lake.append("predictions", [prediction_row(model.row, entity_id, answer)])
    return Prediction(
        entity_id=entity_id,
        value=answer.value,
        neighbours=near,
        out_of_domain=near[0].similarity < card.domain_threshold,
        domain_threshold=card.domain_threshold,
        level=None if card.reliability is None else card.reliability.level,
        unit=card.unit,
        **_details(card, said, answer),
    )


def _details(card: Card, said: Said, answer: Told) -> dict[str, Any]:
    """What a prediction holds beyond its value, by task."""
    parts, reliability = answer.alternatives, card.reliability
    if card.task == "unsupervised":
        return {"codes": tuple(parts["codes"])}
    if card.task == "regression":
        ends = (parts["low"], parts["high"]) if "low" in parts else None
        return {"deviation": parts.get("deviation"), "interval": ends}
    if said.probabilities is None or reliability is None:
        return {"probabilities": parts}
    held = dict(zip(card.class_names, reliability.sets(said.probabilities)[0], strict=True))
    return {
        "probabilities": parts,
        "likely": tuple(name for name in parts if held[name]),
        "confidence": float(reliability.scaled(said.probabilities)[0].max()),
    }


def _neighbours(lake: Lake, model: LoadedModel, block: Block, n: int) -> tuple[Neighbour, ...]:
    """The training members most like a block of shape ``(1, width)``."""
    members = {r["entity_id"]: r for r in lake.sql(TRAINING_SQL, [model.card.manifest]).to_pylist()}
    found = read_block(lake, reference_input(model.card.inputs), list(members))
    if not found.entities:
        raise BadInput(_named(model), "its training members in the lake", "none")
    like = similarity(block, found.values)[0]
    return tuple(
        Neighbour(e := found.entities[i], members[e]["name"], members[e]["label"], float(like[i]))
        for i in like.argsort(kind="stable")[::-1][: max(n, 1)]
    )


def _named(model: LoadedModel) -> str:
    return f"{model.row['model']} version {model.row['version']} ({model.card.algorithm})"
