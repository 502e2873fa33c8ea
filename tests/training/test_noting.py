"""Rows of ``predictions`` made column by column are those told one by one."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from registry.lake import now
from registry.schemas import SCHEMAS
from training.answering import Said
from training.likeness import Likeness
from training.models import Values
from training.noting import _written, prediction_rows
from training.reliability import Reliability
from training.rows import told
from training.statements import answers, statements

MODEL = {"model": "minerals", "version": 3}
NAMES = ["cubic", 'a "quoted" one', "Fd-3m, 2", "ß{}", "1e-05", "back\\slash", ""]
# many that are alike, some that are written with an exponent
SHARE = st.sampled_from([0.0, 1.0, 0.25, 1 / 3, 1e-7, 1e-300]) | st.floats(0, 1)
SHAPE = array_shapes(min_dims=2, max_dims=2, max_side=len(NAMES))
SURE = Reliability(level=0.8, threshold=0.7, n_groups=9, temperature=1.3)


def card_of(names, reliability=None, task="classification"):
    return SimpleNamespace(
        class_names=tuple(names),
        reliability=reliability,
        task=task,
        unit="K",
        domain_threshold=0.5,
    )


def noted(card, said):
    """Rows of some members, of which every other one is unlike what the model knows."""
    n = len(said.answers)
    like = Likeness.of(np.where(np.arange(n) % 2, 0.25, 0.75), card)
    return prediction_rows(MODEL, card, [f"entity {i}" for i in range(n)], said, like)


def plain(card, said):
    """The same rows, one by one."""
    made = answers(card, said)
    for i, one in enumerate(statements(card, said, made)):
        low, high = one.interval or (None, None)
        yield {
            **MODEL,
            "entity_id": f"entity {i}",
            "value": made[i].value,
            "probability": made[i].probability,
            "alternatives": json.dumps(made[i].alternatives),
            "likely": list(one.likely) or None,
            "low": low,
            "high": high,
            "level": one.level,
            "similarity": 0.25 if i % 2 else 0.75,
            "out_of_domain": bool(i % 2),
        }


@settings(deadline=None, max_examples=60)
@given(
    SHAPE.flatmap(
        lambda shape: (
            arrays(np.float64, shape, elements=SHARE)
            | arrays(np.float32, shape, elements=st.floats(0, 1, width=32))
        )
    ),
    st.sampled_from([None, SURE]),
)
def test_answers_of_a_classifier_are_noted_as_one_by_one(probabilities, reliability):
    card = card_of(NAMES[: probabilities.shape[1]], reliability)
    said = Said(probabilities.argmax(axis=1), probabilities=probabilities)
    before = now()
    table = noted(card, said)
    assert table.schema.equals(SCHEMAS["predictions"].arrow)
    assert table.drop_columns("predicted_at").to_pylist() == list(plain(card, said))
    assert all(before <= one <= now() for one in table["predicted_at"].to_pylist())


@pytest.mark.parametrize("threshold", [None, 2.5])
@pytest.mark.parametrize("deviation", [None, np.array([[0.1], [0.2]], np.float32)])
def test_values_are_noted_as_one_by_one(deviation, threshold):
    values = Values(np.array([[1.5], [-2.0]], np.float32), deviation)
    sure = Reliability(level=0.9, threshold=threshold, n_groups=40, offset=0.25)
    said = Said(values.mean[:, 0], values=values)
    for reliability in (None, sure):
        card = card_of((), reliability, "regression")
        rows = noted(card, said).drop_columns("predicted_at").to_pylist()
        assert rows == list(plain(card, said))
        assert rows[1]["value"] == "-2.0"


@settings(deadline=None, max_examples=100)
@given(arrays(np.float64, st.integers(1, 20), elements=st.floats(allow_subnormal=True)))
@example(np.array([1e10 + 0.5, 1e10 - 0.5, 1e-4, 9.5e-5]))
def test_numbers_are_written_as_json_writes_them(numbers):
    assert _written(numbers).to_pylist() == [json.dumps(n) for n in numbers.tolist()]


def test_an_interval_is_noted_only_where_it_is_bounded():
    values = Values(np.array([[1.0], [2.0]]), np.array([[0.5], [np.inf]]))
    card = card_of((), Reliability(level=0.9, threshold=2.0, n_groups=40), "regression")
    first, second = noted(card, Said(values.mean[:, 0], values=values)).to_pylist()
    assert (first["low"], first["high"], first["level"]) == (0.0, 2.0, 0.9)
    assert (second["low"], second["high"], second["level"]) == (None, None, 0.9)
    assert "low" not in json.loads(second["alternatives"])


def test_a_code_has_neither_set_nor_interval():
    codes = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)
    said = Said(np.zeros(2), spread=np.ones(2), codes=codes, clusters=np.array([4, 5]))
    table = noted(card_of((), task="unsupervised"), said)
    assert table["value"].to_pylist() == ["4", "5"]
    assert json.loads(table["alternatives"][1].as_py()) == told(said, 1, (), None).alternatives
    assert all(table[name].null_count == 2 for name in ("likely", "low", "high", "level"))
    assert table["out_of_domain"].to_pylist() == [False, True]
