"""The tables of the page on scale are those of the stored run."""

from __future__ import annotations

import json
import math
import runpy
from pathlib import Path

import numpy as np

DOCS = Path(__file__).resolve().parents[2] / "docs"
SCRIPT = runpy.run_path(str(DOCS / "scale.py"))


def test_the_tables_are_those_of_the_stored_run() -> None:
    text = (DOCS / "scale.md").read_text()
    result = json.loads(SCRIPT["RESULT"].read_text())
    assert text == SCRIPT["page"](text, result), "run: python docs/scale.py"


def test_a_limit_is_reached_where_the_line_meets_it() -> None:
    x, y = np.array([1.0, 10.0, 100.0]), np.array([5.0, 20.0, 200.0])
    assert SCRIPT["_reached"](x, y, 400.0) == 200.0
    assert SCRIPT["_reached"](x, y[::-1], 400.0) == math.inf
