"""Curve functions for SQL, as DuckDB macros over the lists of a row.

They work on ``(x, intensity)``: ``mean_between(x, intensity, 1.0, 2.0)``. The same rules hold for
all of them:

* A point whose x or y is NULL, NaN or infinite is skipped; y_max, y_min, y_mean and y_sum look at
  y alone.
* x may ascend, descend, be uneven and repeat a value. What needs an order (interpolation, peaks)
  takes the points in order of x.
* A NULL list gives NULL; where no points are left, the answer is NULL or an empty list. A row
  whose y is not one value per x (a map) gives NULL where a macro needs both.
"""

from __future__ import annotations

import re
from functools import cache

from registry.query.macros import calculus, curves, peaks, points, similarity, units
from registry.query.macros.macro import Macro

MACROS: tuple[Macro, ...] = (
    *curves.MACROS,
    *calculus.MACROS,
    *peaks.MACROS,
    *similarity.MACROS,
    *units.MACROS,
)
"""Every documented macro, in the order of the documents."""


@cache
def definitions() -> dict[str, str]:
    """SQL that defines each macro, by name."""
    bodies: dict[str, list[str]] = {}
    for macro in (*points.HELPERS, *similarity.HELPERS, *units.HELPERS, *MACROS):
        bodies.setdefault(macro.name, []).append(f"({macro.parameters}) AS ({macro.body})")
    return {name: f"CREATE MACRO {name} {', '.join(forms)}" for name, forms in bodies.items()}


def needed(query: str) -> list[str]:
    """Names of the macros a query calls, and of those they call, each after those it calls.

    To define all of them would cost every connection some 40 ms.
    """
    found: dict[str, None] = {}

    def visit(text: str) -> None:
        for name in _WORD.findall(text):
            # a definition begins with its own name
            if name in definitions() and name not in found and name not in open_:
                open_.add(name)
                visit(definitions()[name])
                found[name] = None

    open_: set[str] = set()
    visit(query.lower())
    return list(found)


def create_statements() -> list[str]:
    """SQL that defines every macro in a DuckDB connection."""
    return list(definitions().values())


_WORD = re.compile(r"\w+")
__all__ = ["MACROS", "Macro", "create_statements", "definitions", "needed"]
