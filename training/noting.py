"""What a model said about many members as rows of ``predictions``, column by column.

The rows are those of :func:`training.rows.prediction_row`; for the probabilities of a classifier,
of which a batch has most, they are made without an object for each member.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from registry.lake import now
from registry.records import Floats
from registry.schemas import SCHEMAS
from training.answering import Said
from training.cards import Card
from training.models import Labels, Probabilities
from training.rows import prediction_row
from training.statements import answers


def prediction_rows(
    row: Mapping[str, Any], card: Card, entities: Sequence[str], said: Said
) -> pa.Table:
    """Rows of ``predictions``.

    Args:
        row: Row of the model that answered.
        card: Its card.
        entities: Ids of the members, shape ``(n,)``.
        said: What it said about them.
    """
    if said.probabilities is None:
        made = answers(card, said)
        rows = [prediction_row(dict(row), *one) for one in zip(entities, made, strict=True)]
        return pa.Table.from_pylist(rows, schema=SCHEMAS["predictions"].arrow)
    values, probabilities, alternatives = _of_classes(card.class_names, said.probabilities)
    n = len(said.probabilities)
    return pa.table(
        {
            "model": pa.repeat(row["model"], n),
            "version": pa.repeat(row["version"], n),
            "entity_id": pa.array(entities, pa.string()),
            "value": values,
            "probability": probabilities,
            "alternatives": alternatives,
            "predicted_at": pa.repeat(pa.scalar(now(), pa.timestamp("us", "UTC")), n),
        }
    )


def _of_classes(
    names: Sequence[str], probabilities: Probabilities
) -> tuple[pa.Array, pa.Array, pa.Array]:
    """Most probable class, its probability, and all of them as JSON, each of shape ``(n,)``."""
    order = probabilities.argsort(axis=1)[:, ::-1]
    shares = np.take_along_axis(probabilities, order, axis=1).astype(np.float64)
    return (
        pa.array(names).take(pa.array(order[:, 0])),
        pa.array(shares[:, 0]),
        _json(names, order, shares),
    )


def _json(names: Sequence[str], order: Labels, shares: Floats) -> pa.Array:
    """Objects of shares by name, in the order of each row, as ``json.dumps`` writes them."""
    # a list of numbers is written in one go, and has a comma and a space between any two
    texts = np.array(json.dumps(shares.ravel().tolist())[1:-1].split(", ")).reshape(shares.shape)
    keys = [json.dumps(name) for name in names]
    pieces = []
    for rank in range(shares.shape[1]):
        before = pa.array([f"{', ' if rank else '{'}{key}: " for key in keys])
        pieces += [before.take(pa.array(order[:, rank])), pa.array(texts[:, rank])]
    return pc.binary_join_element_wise(*pieces, "}", "")
