"""What descriptors give becomes rows: values end to end, refusals with their reasons."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from features.describe import describe
from features.descriptor import descriptors
from registry.errors import ScatterlakeError, Unsupported
from registry.structures import structure_from_row


@pytest.fixture
def rows(metals):
    return metals.sql("SELECT * FROM materials ORDER BY name")


def lengths(crystal, **_):
    """A row per site: edge of the cell, mean charge."""
    return np.column_stack([np.full(len(crystal), crystal.lattice[0, 0]), crystal.charges])


def test_values_lie_in_the_order_of_the_rows(rows, made_up):
    made_up(compute=lambda crystal: np.array([crystal.lattice[0, 0], crystal.charges[0]]))
    told = describe("made_up", {}, rows)
    assert told["entity_id"].to_pylist() == rows["material_id"].to_pylist()
    for vector, row in zip(told["vector"].to_pylist(), rows.to_pylist(), strict=True):
        structure = structure_from_row(row)
        charge = sum(e.Z * share for e, share in structure[0].species.items())
        np.testing.assert_allclose(vector, [structure.lattice.a, charge], rtol=1e-6)
    assert set(told["n_rows"].to_pylist()) == {1}
    assert told["refused"].null_count == len(rows)


def test_values_with_rows_keep_their_number(rows, made_up):
    made_up(rows="site", compute=lengths)
    told = describe("made_up", {}, rows)
    assert told["n_rows"].to_pylist() == [1] * 6
    made_up(rows="site", compute=lambda crystal: np.repeat(lengths(crystal), 3, axis=0))
    told = describe("made_up", {}, rows)
    assert told["n_rows"].to_pylist() == [3] * 6
    assert [len(vector) for vector in told["vector"].to_pylist()] == [6] * 6


def test_no_row_is_a_value_and_no_refusal(rows, made_up):
    made_up(rows="edge", compute=lambda _: np.empty((0, 2)))
    told = describe("made_up", {}, rows)
    assert told["vector"].to_pylist() == [[]] * 6
    assert told["n_rows"].to_pylist() == [0] * 6
    assert told["refused"].null_count == 6


def test_a_batch_descriptor_may_refuse_some(rows, made_up):
    def batch(entities):
        return [
            Unsupported("here", "a light atom", "a heavy one")
            if crystal.charges[0] > 40
            else np.array([crystal.charges[0], 0.0])
            for crystal in entities
        ]

    made_up(batch=batch)
    told = describe("made_up", {}, rows).to_pylist()
    names = rows["name"].to_pylist()
    assert [name for name, r in zip(names, told, strict=True) if r["refused"]] == [
        "Ag",
        "Pt",
        "alloy",
    ]
    assert told[0]["refused"] == "here: expected a light atom, found a heavy one"
    assert [r["vector"] for r in told] == [None, [13.0, 0], [29.0, 0], [28.0, 0], None, None]


@pytest.mark.parametrize("wrong", [np.nan, np.inf, 1e300])
def test_values_that_single_precision_does_not_hold_are_refused(rows, made_up, wrong):
    made_up(compute=lambda c: np.array([1.0, wrong if c.charges[0] == 29 else c.charges[0]]))
    told = describe("made_up", {}, rows).to_pylist()
    assert [r["n_rows"] for r in told] == [1, 1, None, 1, 1, 1]
    assert "finite" in told[2]["refused"]
    assert told[2]["vector"] is None
    assert told[3]["vector"] == [1.0, 28.0]


@pytest.mark.parametrize(
    ("declared", "gave"),
    [
        ({"compute": lambda _: np.zeros(3)}, r"promised \(2,\), gave shape \(3,\)"),
        ({"compute": lambda _: np.zeros((1, 2))}, r"promised \(2,\), gave shape \(1, 2\)"),
        (
            {"compute": lambda _: np.zeros(2), "rows": "site"},
            r"promised \(n, 2\), gave shape \(2,\)",
        ),
    ],
)
def test_a_descriptor_that_breaks_its_promise_is_told(rows, made_up, declared, gave):
    made_up(**declared)
    with pytest.raises(ScatterlakeError, match=gave):
        describe("made_up", {}, rows)


def test_what_descriptors_load_is_there():
    loaded = {module for descriptor in descriptors().values() for module in descriptor.loads}
    assert loaded
    assert all(importlib.util.find_spec(module) for module in loaded)
