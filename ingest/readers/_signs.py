"""Signs of damage in numbers, for formats that leave no room for another reason.

A text has no checksum, but some writers leave as good as one: an axis that was computed on a grid,
fields of one width, errors that are always finite. Only readers of such formats ask here; what a
beamline may really have measured (an axis that steps back, a negative intensity) is for the
checks, which flag it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from registry.errors import BadInput
from registry.records import Floats

_PADDED = 2
"""Blanks between fields that are filled up to a width."""
_SHARE = 0.9
_FEWEST = 10
_STEP_OFF = 0.01
_MOST_OFF = 2


def one_way(x: Floats, where: str) -> Floats:
    """The axis, strictly ascending or descending.

    Raises:
        BadInput: With the first point that turns back, repeats the one before or is not finite.
    """
    if len(x) < 2:
        return x
    forward = np.diff(x) * np.sign(x[-1] - x[0]) > 0
    if not forward.all():
        n = int(np.argmin(forward)) + 1
        found = f"{x[n - 1]:g}, then {x[n]:g}"
        raise BadInput(f"{where}: axis, point {n + 1}", "an axis that goes one way", found)
    return x


def grid(x: Floats, where: str) -> Floats:
    """The axis, as :func:`one_way`; an even one has no gap.

    Uneven grids pass, and so does another step at either end.

    Raises:
        BadInput: With the point behind the gap.
    """
    steps = np.abs(np.diff(one_way(x, where)))[1:-1]
    if len(steps) < _FEWEST:
        return x
    usual = float(np.median(steps))
    off = np.flatnonzero(np.abs(steps - usual) > _STEP_OFF * usual)
    if 0 < len(off) <= _MOST_OFF:
        n = int(off[0]) + 2
        found = f"{x[n - 1]:g}, then {x[n]:g}"
        raise BadInput(f"{where}: axis, point {n + 1}", f"a step of {usual:g}, as elsewhere", found)
    return x


def deviations(values: Floats | None, intensity: Floats, where: str) -> Floats | None:
    """Standard deviations: finite, or NaN where the intensity is masked too.

    None stands for errors that are all zero: formats write 0 for 'not known'.

    Raises:
        BadInput: With the first point that has another.
    """
    if values is None:
        return None
    wrong = ~np.isfinite(values) & ~(np.isnan(values) & np.isnan(intensity))
    if wrong.any():
        at = tuple(int(n) for n in np.argwhere(wrong)[0])
        place = f"{where}: uncertainty of point {', '.join(str(n + 1) for n in at)}"
        raise BadInput(place, "a finite number", f"{values[at]:g}")
    return values if np.any(np.nan_to_num(values) != 0) else None


def not_negative(values: Floats, where: str) -> Floats:
    """Counts as a detector gives them, lengths: what is never below zero.

    Raises:
        BadInput: With the first that is negative.
    """
    if (values < 0).any():
        at = tuple(int(n) for n in np.argwhere(values < 0)[0])
        place = f"{where}, point {', '.join(str(n + 1) for n in at)}"
        raise BadInput(place, "no negative number", f"{values[at]:g}")
    return values


def overflows(word: str, number: float) -> bool:
    """Whether digits were too large for a number: ``1e400`` is none of a measurement."""
    return math.isinf(number) and word[-1].isdigit()


def odd_row(rows: Sequence[str]) -> int | None:
    """Index of a row that is longer or shorter than the others of a fixed width, if any."""
    widths = [len(row.rstrip()) for row in rows]
    usual, count = Counter(widths).most_common(1)[0] if rows else (0, 0)
    if len(rows) < _FEWEST or count < _SHARE * len(rows) or count == len(rows):
        return None
    regular = rows[widths.index(usual)]
    fields = regular.strip().split(" " * _PADDED)
    padded = regular.startswith(" ") and len(fields) > 1
    return next(n for n, width in enumerate(widths) if width != usual) if padded else None


def cut_short(rows: Sequence[str]) -> bool:
    """Whether the last row is shorter than all others, which have one length."""
    widths = {len(row.rstrip()) for row in rows[:-1]}
    return len(rows) >= _FEWEST and len(widths) == 1 and len(rows[-1].rstrip()) < min(widths)
