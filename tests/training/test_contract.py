"""The contract of models: ragged tables, and what is refused before anything is fitted."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import BadInput, ModelRefused, Unsupported, WrongUse
from training.models import Inputs, Model, Ragged, Training, dense, lacking, length, take

lists = st.lists(st.lists(st.floats(0, 1, width=32), max_size=5), min_size=1, max_size=12)


def ragged(rows: list[list[float]]) -> Ragged:
    offsets = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    return Ragged(np.array([*chain(*rows)], dtype=np.float32).reshape(-1, 1), offsets)


@given(lists, st.data())
def test_taking_members_of_a_ragged_table_is_taking_rows_of_a_list(rows, data):
    chosen = data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=15))
    found = ragged(rows).take(np.array(chosen, dtype=np.int64))
    assert len(found) == len(chosen)
    bounds = zip(found.offsets, found.offsets[1:], strict=False)
    assert [found.values[a:b, 0].tolist() for a, b in bounds] == [rows[i] for i in chosen]


@pytest.mark.parametrize("offsets", [[0, 2], [1, 3], [0, 3, 2, 3], []])
def test_offsets_that_cannot_be_are_refused(offsets):
    with pytest.raises(BadInput, match="ragged table"):
        Ragged(np.zeros((3, 1), np.float32), np.array(offsets, dtype=np.int64))


def test_who_lacks_an_input_is_found_in_every_form():
    block = np.zeros((3, 4), np.float32)
    block[1] = np.nan
    maps = np.zeros((3, 2, 2), np.float32)
    maps[2, 1, 1] = np.nan
    assert lacking(block).tolist() == [False, True, False]
    assert lacking(maps).tolist() == [False, False, True]
    assert lacking(ragged([[1.0], [], [2.0]])).tolist() == [False, True, False]


def test_inputs_have_one_length_and_are_taken_together():
    inputs: Inputs = {
        "a": np.arange(6, dtype=np.float32).reshape(3, 2),
        "b": ragged([[1], [], [2]]),
    }
    assert length(inputs) == 3
    part = take(inputs, np.array([2, 0]))
    assert part["a"][:, 0].tolist() == [4.0, 0.0]
    assert part["b"].values[:, 0].tolist() == [2.0, 1.0]
    with pytest.raises(BadInput, match="of one length"):
        length({**inputs, "c": np.zeros((2, 1), np.float32)})
    with pytest.raises(Unsupported, match=r"'b'.*a ragged table"):
        dense(inputs)


class Done:
    def n_parameters(self) -> int | None:
        return None

    def save(self, _) -> None:
        raise ModelRefused("not saved")


def fit(training: Training, **settings) -> Done:
    return Done()


MODEL = Model(
    name="toy",
    version="1",
    title="toy",
    min_inputs=1,
    max_inputs=2,
    settings={"depth": 1},
    fit=fit,
    load=lambda _: Done(),
    source="",
    tasks=frozenset({"classification", "regression", "unsupervised"}),
)
ROWS = np.random.default_rng(0).random((8, 3), dtype=np.float32)
CLASSES = np.arange(8) % 2
DATA = Training({"a": ROWS}, CLASSES, {"a": ROWS}, CLASSES, 2)
VALUES = replace(
    DATA, task="regression", targets=ROWS[:, 0].astype(float), validation_targets=np.ones(8)
)
GAP = np.where(np.arange(8)[:, None] < 3, np.nan, ROWS).astype(np.float32)


def test_data_that_can_be_learnt_from_are_passed_on():
    free = replace(DATA, task="unsupervised", targets=None, validation_targets=None, n_classes=0)
    for data in (DATA, VALUES, free):
        assert isinstance(MODEL.train(data), Done)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"targets": np.zeros(8, np.int64)}, "training side: expected two or more classes"),
        ({"targets": CLASSES + 1}, "class numbers 0 to 1, found int64 from 1 to 2"),
        ({"targets": CLASSES.astype(float)}, "class numbers 0 to 1, found float64"),
        ({"targets": CLASSES[:5]}, "8 targets, one per member, found 5"),
        ({"targets": None}, "8 targets, one per member, found none"),
        ({"validation_inputs": {"a": ROWS[:0]}}, "validation side: expected at least one member"),
        ({"inputs": {"a": GAP}}, "training side: input 'a': .* found 3 of 8 rows without"),
        ({"validation_inputs": {"a": GAP}}, "validation side: input 'a'.* 3 of 8 rows"),
        ({"inputs": {"a": ROWS * np.float32(np.inf)}}, "finite values"),
        ({"inputs": {"a": np.full_like(ROWS, np.nan)}}, "8 of 8 rows without"),
        ({"task": "unsupervised"}, "no targets: the task is unsupervised"),
    ],
)
def test_what_no_model_can_learn_from_is_named_with_its_place(change, message):
    with pytest.raises(BadInput, match=message):
        MODEL.train(replace(DATA, **change))


def test_targets_that_are_no_numbers_are_counted():
    wrong = np.where(np.arange(8) < 2, np.nan, 1.0)
    with pytest.raises(BadInput, match="finite targets, found 2 of 8 that are not"):
        MODEL.train(replace(VALUES, targets=wrong))


def test_what_a_model_is_not_made_for_is_said():
    with pytest.raises(Unsupported, match="one of the tasks regression, found classification"):
        replace(MODEL, tasks=frozenset({"regression"})).train(DATA)
    with pytest.raises(Unsupported, match="cannot go on from one"):
        MODEL.train(replace(DATA, start=Done()))
    with pytest.raises(Unsupported, match="counts all members alike"):
        MODEL.train(replace(DATA, weights=np.ones(8)))
    with pytest.raises(Unsupported, match="one row per member, found a ragged table"):
        MODEL.train(replace(DATA, inputs={"a": ragged([[1.0]] * 8)}))
    with pytest.raises(Unsupported, match=r"found shape \(8, 3, 1\)"):
        MODEL.train(replace(DATA, inputs={"a": ROWS[:, :, None]}))
    with pytest.raises(WrongUse, match="1 to 2 inputs, found a, b, c"):
        MODEL.train(replace(DATA, inputs=dict.fromkeys("abc", ROWS)))
    with pytest.raises(WrongUse, match="expected one of depth, found leaves"):
        MODEL.train(DATA, leaves=3)


@pytest.mark.parametrize("weights", [np.full(8, np.nan), -np.ones(8), np.zeros(8), np.ones(3)])
def test_weights_that_cannot_be_are_refused(weights):
    with pytest.raises(BadInput, match="weights"):
        replace(MODEL, weighted=True).train(replace(DATA, weights=weights))


def test_models_that_take_them_get_gaps_maps_and_tables():
    able = replace(MODEL, missing=True, ragged=True, maps=True, max_inputs=3)
    inputs: Inputs = {"a": GAP, "b": ragged([[1.0], [], *[[2.0]] * 6]), "c": ROWS[:, :, None]}
    assert isinstance(able.train(replace(DATA, inputs=inputs, validation_inputs=inputs)), Done)
