"""The tables of the page on scale are those of the stored run."""

from __future__ import annotations

import json
import math
import runpy
from pathlib import Path

import numpy as np
import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
LIMITS = {"query_get": 1e4, "cold_s": 60, "open_s": 10}
SCRIPT = runpy.run_path(str(DOCS / "scale.py"))


def test_the_tables_are_those_of_the_stored_run() -> None:
    text = (DOCS / "scale.md").read_text()
    result = json.loads(SCRIPT["RESULT"].read_text())
    assert text == SCRIPT["page"](text, result), "run: python docs/scale.py"


def test_a_limit_is_reached_where_the_line_meets_it() -> None:
    x, y = np.array([1.0, 10.0, 100.0]), np.array([5.0, 20.0, 200.0])
    assert SCRIPT["_reached"](x, y, 400.0) == 200.0
    assert SCRIPT["_reached"](x, y[::-1], 400.0) == math.inf


def test_what_a_call_costs_is_not_in_what_a_spectrum_costs() -> None:
    # half a second a call, and 10 ms each
    spent = {"few": 0.5 + 25 * 0.01, "all": 0.5 + 100 * 0.01}
    assert SCRIPT["_alone"]({"count": 100, "few": 25, "processor_s": spent}) == pytest.approx(0.01)


def test_limits_are_reached_at_a_number_of_spectra() -> None:
    growth = {
        "rows": [{"rows": n, "files": n // 10, "cold_s": n / 1e3, "open_s": 1.0} for n in (10, 20)],
        "bucket": [{"files": n, "query_get": 100 * n} for n in (1, 2)],
    }
    growths = [one for one in SCRIPT["GROWTHS"] if one.column in ("cold_s", "open_s", "query_get")]
    found = {one.column: one.points(growth) for one in growths}
    np.testing.assert_array_equal(found["query_get"], ([10, 20], [100, 200]))
    reached = {name: SCRIPT["_reached"](*found[name], limit) for name, limit in LIMITS.items()}
    expected = {"query_get": 1000, "cold_s": 60_000, "open_s": math.inf}
    assert reached == pytest.approx(expected)


def test_every_limit_has_something_that_would_be_done() -> None:
    assert {one.cure for one in SCRIPT["GROWTHS"]} == set(SCRIPT["CURES"])
    result = json.loads(SCRIPT["RESULT"].read_text())
    growth = {name: part["found"] for name, part in result["growth"].items()}
    reached = [at for at, *_ in SCRIPT["_in_order"](growth)]
    assert reached == sorted(reached)
    assert len(reached) == len(SCRIPT["GROWTHS"])
