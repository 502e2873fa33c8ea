"""Rows of ``predictions`` made column by column are those made one by one."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from registry.lake import now
from registry.schemas import SCHEMAS
from training.answering import Said
from training.models import Values
from training.noting import prediction_rows
from training.rows import prediction_row, told

MODEL = {"model": "minerals", "version": 3}
NAMES = ["cubic", 'a "quoted" one', "Fd-3m, 2", "ß{}", "1e-05", "back\\slash", ""]
# many that are alike, some that are written with an exponent
SHARE = st.sampled_from([0.0, 1.0, 0.25, 1 / 3, 1e-7, 1e-300]) | st.floats(0, 1)
SHAPE = array_shapes(min_dims=2, max_dims=2, max_side=len(NAMES))


def plain(card: SimpleNamespace, entities: list[str], said: Said) -> list[dict]:
    rows = (
        prediction_row(MODEL, entity, told(said, i, card.class_names, card.reliability))
        for i, entity in enumerate(entities)
    )
    return [{k: v for k, v in row.items() if k != "predicted_at"} for row in rows]


@settings(deadline=None, max_examples=60)
@given(
    SHAPE.flatmap(
        lambda shape: (
            arrays(np.float64, shape, elements=SHARE)
            | arrays(np.float32, shape, elements=st.floats(0, 1, width=32))
        )
    )
)
def test_answers_of_a_classifier_are_noted_as_one_by_one(probabilities):
    n, classes = probabilities.shape
    card = SimpleNamespace(class_names=NAMES[:classes], reliability=None)
    said = Said(probabilities.argmax(axis=1), probabilities=probabilities)
    entities = [f"entity {i}" for i in range(n)]
    before = now()
    table = prediction_rows(MODEL, card, entities, said)
    assert table.schema.equals(SCHEMAS["predictions"].arrow)
    assert table.drop_columns("predicted_at").to_pylist() == plain(card, entities, said)
    assert all(before <= one <= now() for one in table["predicted_at"].to_pylist())


def test_values_are_noted_with_what_is_known_of_them():
    values = Values(np.array([[1.5], [-2.0]]), np.array([[0.1], [0.2]]))
    card = SimpleNamespace(class_names=(), reliability=None)
    said = Said(values.mean[:, 0], values=values)
    table = prediction_rows(MODEL, card, ["a", "b"], said)
    rows = table.drop_columns("predicted_at").to_pylist()
    assert rows == plain(card, ["a", "b"], said)
    assert rows[1]["value"] == "-2.0"
    assert rows[1]["alternatives"] == '{"mean": -2.0, "deviation": 0.2}'
