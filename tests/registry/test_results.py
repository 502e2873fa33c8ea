"""A result in the form its user works with."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from registry.errors import WrongUse
from registry.lake import Lake

Curves = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def filled(lake: Lake, curves: Curves) -> Lake:
    lake.append("spectra", curves(range(4), points=6))
    return lake


def test_arrow_pandas_and_polars_hold_the_same(filled: Lake) -> None:
    query = "select spectrum_id, shape[1] as points from spectra order by 1"
    expected = [{"spectrum_id": f"s{n}", "points": 6} for n in range(4)]
    assert filled.sql(query).to_pylist() == expected
    assert filled.sql(query, to="pandas").to_dict("records") == expected
    assert filled.sql(query, to="polars").to_dicts() == expected


def test_curves_of_one_length_become_a_matrix_of_tensors(filled: Lake) -> None:
    query = "select x, intensity, shape[1] as n, kind = 'simulated' as calculated from spectra"
    tensors = filled.sql(query, to="torch")
    assert {name: tuple(t.shape) for name, t in tensors.items()} == {
        **{"x": (4, 6), "intensity": (4, 6)},
        **{"n": (4,), "calculated": (4,)},
    }
    assert np.allclose(tensors["x"][0].numpy(), np.linspace(0, 2, 6))


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ("select kind from spectra", "'kind': expected numbers or curves, found string"),
        ("select temperature from spectra", "'temperature': expected no nulls"),
        ("select [1.0, null] as y from spectra", "'y': expected no nulls"),
        (
            "select intensity[1:1 + (spectrum_id = 's1')::int] as y from spectra",
            "'y': expected curves of one length.*lengths 1 to 2",
        ),
    ],
)
def test_what_is_no_tensor_is_said(filled: Lake, query: str, complaint: str) -> None:
    with pytest.raises(WrongUse, match=complaint):
        filled.sql(query, to="torch")


def test_a_missing_library_is_named(filled: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(WrongUse, match="pip install polars"):
        filled.sql("select 1 as n", to="polars")


def test_an_unknown_form_lists_the_known(filled: Lake) -> None:
    with pytest.raises(WrongUse, match="arrow, pandas, polars or torch"):
        filled.sql("select 1 as n", to="excel")  # type: ignore[call-overload]
