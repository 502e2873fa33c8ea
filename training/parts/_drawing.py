"""Pictures of experiments on several modalities: scores as points, and scores along a number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from training.picture import COLOURS, GREY, MARKERS, figure_of, save


@dataclass(frozen=True)
class Bar:
    """A score with its interval; ``kind`` decides the colour."""

    label: str
    value: float
    low: float
    high: float
    kind: str


def bars_in(bars: Iterable[Bar]) -> list[dict[str, Any]]:
    """Bars as JSON values."""
    return [asdict(bar) for bar in bars]


def draw_scores(drawn: Mapping[str, Any], path: Path) -> None:
    """Draw scores with intervals from top to bottom, and what an answer that knows nothing has.

    Args:
        drawn: ``axis``, ``title``, ``naive`` and ``bars``.
        path: Picture to write.
    """
    bars = [Bar(**bar) for bar in drawn["bars"]]
    figure, axes = figure_of(8.0, 1.5 + 0.36 * len(bars))
    kinds = list(dict.fromkeys(bar.kind for bar in bars))
    places = range(len(bars) - 1, -1, -1)
    for number, kind in enumerate(kinds):
        own = [(bar, place) for bar, place in zip(bars, places, strict=True) if bar.kind == kind]
        axes.errorbar(
            [bar.value for bar, _ in own],
            [place for _, place in own],
            xerr=_reach([bar for bar, _ in own]),
            fmt=MARKERS[number],
            color=COLOURS[number],
            capsize=3,
            label=kind,
        )
    axes.axvline(drawn["naive"], color=GREY, ls=":", lw=1.2, label="knows nothing")
    for bar, place in zip(bars, places, strict=True):
        axes.annotate(
            f"{bar.value:.3g}",
            (1.01, place),
            xycoords=axes.get_yaxis_transform(),
            va="center",
            fontsize=9,
            annotation_clip=False,
        )
    axes.set_yticks(list(places), [bar.label for bar in bars])
    axes.set_ylim(-0.6, len(bars) - 0.4)
    axes.grid(axis="x", alpha=0.3)
    axes.set_xlabel(f"{drawn['axis']} (line: 95 % of resampled groups)")
    axes.set_title(drawn["title"], fontsize=10)
    figure.legend(loc="outside lower center", ncols=len(kinds) + 1, fontsize=8, frameon=False)
    save(figure, path)


def draw_lines(drawn: Mapping[str, Any], path: Path) -> None:
    """Draw scores with intervals along a number, one line for each way.

    Args:
        drawn: ``x`` (values), ``x_axis``, ``log`` (whether x is drawn so), ``axis``, ``title``,
            ``naive`` and ``lines``: label and bars of each.
        path: Picture to write.
    """
    figure, axes = figure_of(7.0, 4.4)
    x = np.asarray(drawn["x"], dtype=np.float64)
    for number, (label, bars) in enumerate(drawn["lines"]):
        line = [Bar(**bar) for bar in bars]
        # beside each other, or intervals of one x would hide each other
        aside = number - (len(drawn["lines"]) - 1) / 2
        places = x * (1 + 0.03 * aside) if drawn["log"] else x + 0.01 * aside * np.ptp(x)
        axes.errorbar(
            places,
            [bar.value for bar in line],
            yerr=_reach(line),
            fmt=f"{MARKERS[number]}-",
            color=COLOURS[number],
            capsize=3,
            lw=1.4,
            ms=5,
            label=label,
        )
    axes.axhline(drawn["naive"], color=GREY, ls=":", lw=1.2, label="knows nothing")
    if drawn["log"]:
        axes.set_xscale("log")
        axes.minorticks_off()
    axes.set_xticks(drawn["x"], [f"{x:g}" for x in drawn["x"]])
    axes.set_xlabel(drawn["x_axis"])
    axes.set_ylabel(f"{drawn['axis']}\n(line: 95 % of resampled groups)")
    axes.grid(alpha=0.3)
    axes.set_title(drawn["title"], fontsize=10)
    figure.legend(loc="outside lower center", ncols=2, fontsize=8, frameon=False)
    save(figure, path)


def _reach(bars: list[Bar]) -> list[list[float]]:
    """How far intervals reach below and above; a value may lie outside its own interval."""
    return [
        [max(bar.value - bar.low, 0.0) for bar in bars],
        [max(bar.high - bar.value, 0.0) for bar in bars],
    ]
