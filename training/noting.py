"""What a model said about many members as rows of ``predictions``, column by column.

Answers and alternatives are those of :func:`training.rows.told`; for classes and values, of which a
batch has most, they are made without an object for each member.
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
from training.likeness import Likeness
from training.models import Labels, Probabilities, Values
from training.statements import answers

Columns = dict[str, pa.Array]
PLAIN = (1e-4, 1e10)
"""Between these Arrow as Python writes a number in its fewest digits without an exponent."""


def prediction_rows(
    row: Mapping[str, Any], card: Card, entities: Sequence[str], said: Said, like: Likeness
) -> pa.Table:
    """Rows of ``predictions``.

    Args:
        row: Row of the model that answered.
        card: Its card.
        entities: Ids of the members, shape ``(n,)``.
        said: What it said about them.
        like: How like the training members they are.
    """
    n = len(entities)
    sure = card.reliability
    found: Columns = {
        "model": pa.repeat(row["model"], n),
        "version": pa.repeat(row["version"], n),
        "entity_id": pa.array(entities, pa.string()),
        **_answers(card, said),
        "similarity": pa.array(like.similarity),
        "out_of_domain": pa.array(like.outside),
        "predicted_at": pa.repeat(pa.scalar(now(), pa.timestamp("us", "UTC")), n),
    }
    if sure is not None:
        found["level"] = pa.repeat(sure.level, n)
    arrow = SCHEMAS["predictions"].arrow
    columns = [found[f.name] if f.name in found else pa.nulls(n, f.type) for f in arrow]
    return pa.table(columns, schema=arrow)


def _answers(card: Card, said: Said) -> Columns:
    if said.probabilities is not None:
        return _of_classes(card, said.probabilities)
    if said.values is not None:
        return _of_values(card, said.values)
    made = answers(card, said)
    return {
        "value": pa.array([one.value for one in made], pa.string()),
        "alternatives": pa.array([json.dumps(one.alternatives) for one in made], pa.string()),
    }


def _of_classes(card: Card, probabilities: Probabilities) -> Columns:
    """Most probable class, its probability, all of them as JSON, those of the conformal set."""
    names = card.class_names
    order = probabilities.argsort(axis=1)[:, ::-1]
    shares = np.take_along_axis(probabilities, order, axis=1).astype(np.float64)
    found = {
        "value": pa.array(names).take(pa.array(order[:, 0])),
        "probability": pa.array(shares[:, 0]),
        "alternatives": _json(names, order, shares),
    }
    if card.reliability is not None:
        held = np.take_along_axis(card.reliability.sets(probabilities), order, axis=1)
        ends = np.concatenate([[0], held.sum(axis=1).cumsum()])
        likely = pa.array(names).take(pa.array(order[held]))
        found["likely"] = pa.ListArray.from_arrays(pa.array(ends, pa.int32()), likely)
    return found


def _of_values(card: Card, values: Values) -> Columns:
    """Values, all that is known of them as JSON, ends of the conformal interval where bounded."""
    parts = {"mean": values.mean[:, 0]}
    if values.deviation is not None:
        parts["deviation"] = values.deviation[:, 0]
    numbers = parts["mean"].astype(np.float64).tolist()
    found = {"value": pa.array([repr(n) for n in numbers], pa.string())}
    plain = _object(parts)
    if card.reliability is None:
        return {**found, "alternatives": plain}
    low, high = card.reliability.intervals(values).T
    bounded = np.isfinite(low) & np.isfinite(high)
    ends = {"low": low, "high": high}
    return {
        **found,
        "alternatives": pc.if_else(pa.array(bounded), _object(parts | ends), plain),
        **{k: pa.array(v.astype(np.float64), mask=~bounded) for k, v in ends.items()},
    }


def _object(parts: Mapping[str, Floats]) -> pa.Array:
    """Objects of one number by name each, as ``json.dumps`` writes them."""
    shares = np.stack(list(parts.values()), axis=1).astype(np.float64)
    return _json(list(parts), np.broadcast_to(np.arange(len(parts)), shares.shape), shares)


def _json(names: Sequence[str], order: Labels, shares: Floats) -> pa.Array:
    """Objects of shares by name, in the order of each row, as ``json.dumps`` writes them."""
    n, ranks = shares.shape
    numbers = _written(shares.T.ravel())
    keys = [json.dumps(name) for name in names]
    pieces = []
    for rank in range(ranks):
        before = pa.array([f"{', ' if rank else '{'}{key}: " for key in keys])
        pieces += [before.take(pa.array(order[:, rank])), numbers.slice(rank * n, n)]
    return pc.binary_join_element_wise(*pieces, "}", "")


def _written(numbers: Floats) -> pa.Array:
    """Numbers as ``json.dumps`` writes them, shape ``(n,)``."""
    texts = pc.cast(pa.array(numbers), pa.string())
    # Arrow is some ten times as quick, and leaves out ".0", and zeros in and before exponents
    size = np.abs(numbers)
    alike = (size >= PLAIN[0]) & (size < PLAIN[1]) & (numbers != np.floor(numbers))
    others = pa.array([json.dumps(n) for n in numbers[~alike].tolist()], pa.string())
    return pc.replace_with_mask(texts, pa.array(~alike), others)
