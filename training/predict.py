"""Answers of a registered model about curves and materials, with what they are judged by.

Beside the answer come the training members most like the input and whether the input resembles
anything the model was trained on at all (see :mod:`training.domain`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from registry.errors import BadInput, NotFound, Unsupported
from registry.identity import digest
from registry.lake import Lake
from registry.records import Floats
from training.answering import Said, ask
from training.blocks import curve_block
from training.cards import insist_on_code
from training.definitions import SpectrumInput
from training.likeness import Likeness, Neighbour, TrainingSide
from training.loading import LoadedModel, read_inputs
from training.models import Inputs
from training.noting import prediction_rows
from training.statements import Statement, answers, statements

__all__ = [
    "Neighbour",
    "Prediction",
    "answer",
    "asked",
    "curve_input",
    "named",
    "predict_curve",
    "predict_material",
    "predict_spectrum",
    "predictions",
]

STORED_SQL = """
SELECT technique, x, intensity, len(shape) AS dimensions FROM spectra
WHERE spectrum_id = $1
"""


@dataclass(frozen=True, kw_only=True)
class Prediction(Statement):
    """An answer about something.

    Attributes:
        entity_id: What was asked about: a material, a spectrum, or the digest of a curve.
        neighbours: Most similar training members, most similar first.
        similarity: To the most similar training member.
        out_of_domain: Less like any training member than 99 % of those are like each other.
        domain_threshold: The similarity that was asked for.
    """

    entity_id: str
    neighbours: tuple[Neighbour, ...]
    similarity: float
    out_of_domain: bool
    domain_threshold: float


def answer(
    lake: Lake,
    model: LoadedModel,
    side: TrainingSide,
    entities: Sequence[str],
    inputs: Inputs,
    neighbours: int = 5,
) -> list[Prediction]:
    """Ask a model about members, and note the answers in ``predictions``.

    Args:
        lake: The lake.
        model: The model.
        side: What it was trained on.
        entities: Ids under which the answers are noted.
        inputs: Its inputs, one entry for each id.
        neighbours: How many training members to name.

    Raises:
        OtherCode: When the installed algorithm is another version than the model's.
    """
    return predictions(model, entities, *asked(lake, model, side, entities, inputs, neighbours))


def asked(
    lake: Lake,
    model: LoadedModel,
    side: TrainingSide,
    entities: Sequence[str],
    inputs: Inputs,
    neighbours: int = 0,
) -> tuple[Said, Likeness]:
    """What a model says about members and how like the training members they are, both noted.

    Takes what :func:`answer` does.

    Raises:
        OtherCode: When the installed algorithm is another version than the model's.
    """
    insist_on_code(model.card)
    said = ask(model.fitted, model.card.task, inputs)
    like = side.likeness(inputs, neighbours)
    lake.append("predictions", prediction_rows(model.row, model.card, entities, said, like))
    return said, like


def predictions(
    model: LoadedModel, entities: Sequence[str], said: Said, like: Likeness
) -> list[Prediction]:
    """What was said about members, with how like the training members each is."""
    threshold = model.card.domain_threshold
    told = statements(model.card, said, answers(model.card, said))
    # lists: one by one, elements of arrays cost ten times as much
    similar, outside = like.similarity.tolist(), like.outside.tolist()
    each = zip(entities, told, similar, like.neighbours, outside, strict=True)
    return [
        Prediction(
            **vars(statement),
            entity_id=entity,
            neighbours=neighbours,
            similarity=similarity,
            out_of_domain=out,
            domain_threshold=threshold,
        )
        for entity, statement, similarity, neighbours, out in each
    ]


def curve_input(model: LoadedModel) -> SpectrumInput:
    """The input of a model that reads one spectrum and nothing else.

    Raises:
        Unsupported: When it reads anything else.
    """
    source = model.card.inputs[0]
    if len(model.card.inputs) > 1 or not isinstance(source, SpectrumInput):
        needs = ", ".join(f"{i.kind} {i.source}" for i in model.card.inputs)
        raise Unsupported(named(model), "a model that reads one spectrum", f"it needs {needs}")
    return source


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
    source = curve_input(model)
    block = curve_block(source, x, y)
    identity = entity_id or digest("curve", block.tobytes())
    side = TrainingSide(lake, model.card)
    return answer(lake, model, side, [identity], {source.name: block}, neighbours)[0]


def predict_spectrum(
    lake: Lake, model: LoadedModel, spectrum_id: str, neighbours: int = 5
) -> Prediction:
    """Predict from a spectrum of the lake, and note the answer.

    Raises:
        NotFound: When there is no such spectrum.
        Unsupported: When the model needs more than one curve, or another technique.
        BadInput: When the curve is not finite or does not cover the model's grid.
    """
    rows = lake.sql(STORED_SQL, [spectrum_id]).to_pylist()
    if not rows:
        raise NotFound("spectrum", spectrum_id, [])
    row, expected = rows[0], model.card.inputs[0].source
    if row["technique"] != expected or row["dimensions"] != 1:
        found = f"{row['technique']} of {row['dimensions']} dimensions"
        raise Unsupported(named(model), f"a curve of {expected}", found)
    x, y = np.array(row["x"]), np.array(row["intensity"])
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
    side = TrainingSide(lake, model.card)
    return answer(lake, model, side, [material_id], inputs, neighbours)[0]


def named(model: LoadedModel) -> str:
    """What a model is called in messages."""
    return f"{model.row['model']} version {model.row['version']} ({model.card.algorithm})"
