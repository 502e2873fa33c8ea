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

from registry.macros import calculus, curves, peaks, points, similarity, units
from registry.macros.macro import Macro

MACROS: tuple[Macro, ...] = (
    *curves.MACROS,
    *calculus.MACROS,
    *peaks.MACROS,
    *similarity.MACROS,
    *units.MACROS,
)
"""Every documented macro, in the order of the documents."""


def create_statements() -> list[str]:
    """SQL that defines every macro in a DuckDB connection, helpers first."""
    bodies: dict[str, list[str]] = {}
    for macro in (*points.HELPERS, *similarity.HELPERS, *units.helpers(), *MACROS):
        bodies.setdefault(macro.name, []).append(f"({macro.parameters}) AS ({macro.body})")
    return [f"CREATE MACRO {name} {', '.join(forms)}" for name, forms in bodies.items()]


__all__ = ["MACROS", "Macro", "create_statements"]
