"""Planted drifts: how often a window of 200 curves is found out, and how often an unchanged one.

For every window the patterns are permuted: 200 are the reference, 200 others the window, in which
a drift is planted or none. No pattern is on both sides. ``ours`` is the share of windows that
alarm, with its 95 % interval (Wilson, J. Am. Stat. Assoc. 22, 209 (1927)) in the first column.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks._planted import COMMON, PLANTED, Mask, patterns
from registry.records import Floats
from training.drift.detectors import DETECTORS
from training.drift.monitor import RATE, look
from training.drift.summaries import summaries

REFERENCE, WINDOW = 200, 200
PLANTS, NULLS = 20, 300
POWER_GOAL, ALARM_GOAL = 0.9, 0.01
ALL, NOTHING = "all together", "nothing planted"
Row = dict[str, Any]
Planted = Callable[[npt.NDArray[np.int64], np.random.Generator], Floats]


def run() -> list[Row]:
    """Benchmark rows: power by planted drift and detector, then false alarms."""
    x, curves, of_class, what = patterns()
    plain = summaries(x, curves)
    found = {
        name: _alarms(plain, lambda own, rng, do=do: summaries(x, do(x, curves[own], rng)), PLANTS)
        for name, do in PLANTED.items()
    }
    found[COMMON] = _alarms(plain, None, PLANTS, of_class)
    rows = [
        _row(f"{name}, by {d}", what, alarms[d], PLANTS)
        for name, alarms in found.items()
        for d in (*DETECTORS, ALL)
    ]
    alarms = _alarms(plain, None, NULLS)
    return rows + [_row(f"{NOTHING}, by {d}", what, alarms[d], NULLS) for d in (*DETECTORS, ALL)]


def _alarms(
    plain: Floats, planted: Planted | None, count: int, twice: Mask | None = None
) -> Counter[str]:
    """Windows that alarm, by detector at the rate it has among all, and all together.

    Args:
        plain: Summaries of all patterns.
        planted: Summaries of some after a drift; None for the patterns as they are.
        count: Windows.
        twice: Patterns that are twice as likely to be in the window as others.
    """
    found: Counter[str] = Counter()
    weights = np.ones(len(plain)) if twice is None else np.where(twice, 2.0, 1.0)
    for number in range(count):
        # windows of one number hold the same patterns whatever is planted
        rng = np.random.default_rng(number)
        order = rng.choice(len(plain), len(plain), replace=False, p=weights / weights.sum())
        window, rest = order[:WINDOW], rng.permutation(order[WINDOW:])
        recent = plain[window] if planted is None else planted(window, rng)
        seen = look(plain[rest[:REFERENCE]], recent, rate=RATE)
        found.update(evidence.detector for evidence in seen.alarms)
        found[ALL] += bool(seen.alarms)
    return found


def _row(what: str, of: str, alarms: int, count: int) -> Row:
    low, high = wilson(alarms, count)
    planted = not what.startswith(NOTHING)
    judged = what.endswith(ALL)
    return {
        "what": f"{what} [{low:.3f}, {high:.3f}]",
        "against": f"{count} windows of {WINDOW}, {of}",
        "ours": alarms / count,
        "theirs": None,
        "unit": "share of windows that alarm",
        "ratio": None,
        "goal": (POWER_GOAL if planted else ALARM_GOAL) if judged else None,
    }


def wilson(hits: int, count: int, z: float = 1.959964) -> tuple[float, float]:
    """95 % interval of a share."""
    share, extra = hits / count, z**2 / count
    middle = (share + extra / 2) / (1 + extra)
    reach = z / (1 + extra) * math.sqrt(share * (1 - share) / count + extra / (4 * count))
    return max(0.0, middle - reach), min(1.0, middle + reach)
