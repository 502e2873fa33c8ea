"""The question to a lake: one SQL statement."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks._question import BELOW, ELEMENT, Q1, Q2
from registry.lake import Lake

QUERY = """
SELECT avg(mean_between(x, intensity, $q1, $q2)) AS answer
FROM spectra JOIN materials USING (material_id)
WHERE list_contains(elements, $element) AND spectra.temperature < $below
"""
VALUES = {"q1": Q1, "q2": Q2, "element": ELEMENT, "below": BELOW}


def asker(place: str) -> Callable[[], float]:
    """Open the lake in a folder and return how to ask it."""
    lake = Lake.existing(place)
    return lambda: float(lake.sql(QUERY, VALUES)["answer"][0].as_py())
