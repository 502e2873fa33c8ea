"""One picture of all models of a study: scores, cost, certainty, which differ, learning curves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from registry.records import Floats
from training.comparison import Comparison
from training.metrics import metric_named
from training.picture import (
    AMBER,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    canvas,
    draw_lines,
    save,
)

BASELINES = (
    ("naive", "o", GREY, "knows nothing"),
    ("nearest", "D", AMBER, "nearest neighbour"),
    ("shuffled", "x", "black", "shuffled"),
)
ROW, WIDTHS = 0.46, (3.6, 1.8, 2.0)
"""Height of a model and widths of the panels before the pairs, inches."""
NAMES, AROUND, LOWER = 2.6, 1.7, 3.2
"""Width of names, height around the panels, height of the learning curves."""
LONGEST = 30
"""Characters of a name on one line."""


def draw_models(
    found: Comparison, axis: str, title: str, curves: Sequence[dict[str, Any]], path: Path
) -> None:
    """Draw a comparison.

    Args:
        found: Models, best first.
        axis: The score, with its unit.
        title: Title.
        curves: What findings of :class:`training.parts.learning_curve.LearningCurve` drew.
        path: Picture to write.
    """
    n = len(found.rows)
    heights = [ROW * n + AROUND, LOWER][: 1 + bool(curves)]
    widths = (*WIDTHS, ROW * max(n, 4))
    figure = canvas(NAMES + sum(widths) + 1.2, sum(heights))
    parts = figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
    scores, cost, sure, pairs = parts[0].subplots(1, 4, sharey=True, width_ratios=widths)
    _scores(scores, found.rows, axis)
    _cost(cost, found.rows)
    _certainty(sure, found.rows)
    _pairs(parts[0], pairs, found)
    for panel in (scores, cost, sure):
        panel.grid(axis="y", color="#e6e6e6", lw=0.8)
        panel.set_axisbelow(True)
    if curves:
        draw_lines(parts[1].subplots(), [line for one in curves for line in one["curves"]], axis)
    figure.suptitle(title, fontsize=11)
    save(figure, path)


def label_of(place: int, row: dict[str, Any]) -> str:
    """What a model is called in the picture; a star marks what was not committed beforehand."""
    name = row["candidate"] + (" *" if row["added"] else "")
    if len(name) > LONGEST:
        name = name.replace(" on ", "\non ", 1)
    return f"{place + 1}  {name}"


def _scores(axes: Any, rows: Sequence[dict[str, Any]], axis: str) -> None:
    places = np.arange(len(rows))
    label = "mean over seeds (line: first seed)"
    for place, row in zip(places, rows, strict=True):
        axes.plot([row["low"], row["high"]], [place - 0.12] * 2, color=BLUE, lw=2)
        if row["measured"] is not None and row["measured_low"] is not None:
            ends = [row["measured_low"], row["measured_high"]]
            axes.plot(ends, [place + 0.18] * 2, color=ORANGE, lw=2)
    axes.plot([r["score"] for r in rows], places - 0.12, "o", color=BLUE, ms=6, label=label)
    seen = [(r["measured"], p + 0.18) for p, r in zip(places, rows, strict=True)]
    seen = [(value, p) for value, p in seen if value is not None]
    if seen:
        axes.plot(*zip(*seen, strict=True), "s", color=ORANGE, ms=5, label="measured")
    for name, marker, colour, text in BASELINES:
        values = [r[name] for r in rows]
        axes.scatter(values, places, marker=marker, color=colour, label=text, s=26, zorder=3)
    axes.set_yticks(places, [label_of(i, r) for i, r in enumerate(rows)], fontsize=9)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlabel(axis)
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1.01), ncols=2, fontsize=7.5, frameon=False)


def _legend(axes: Any, ncols: int = 1) -> None:
    place = {"loc": "lower center", "bbox_to_anchor": (0.5, 1.0)}
    axes.legend(**place, ncols=ncols, fontsize=7.5, frameon=False, borderaxespad=0.2)


def _cost(axes: Any, rows: Sequence[dict[str, Any]]) -> None:
    places = np.arange(len(rows))
    axes.barh(places, [r["seconds"] for r in rows], color=GREEN, height=0.5, alpha=0.8)
    axes.set_xscale("log")
    axes.xaxis.set_minor_formatter("")
    axes.set_xlabel("seconds a fit", fontsize=9)
    axes.set_title("cost, numbers learnt", fontsize=9)
    for place, row in zip(places, rows, strict=True):
        axes.annotate(
            short(row["n_parameters"]),
            (1.03, place),
            xycoords=axes.get_yaxis_transform(),
            va="center",
            fontsize=8,
        )


def short(count: int | None) -> str:
    """A count in three digits; nothing where it means nothing."""
    if count is None:
        return ""
    for size, unit in ((1_000_000, "M"), (1_000, "k")):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return str(count)


def _certainty(axes: Any, rows: Sequence[dict[str, Any]]) -> None:
    axes.set_xlim(-0.03, 1.03)
    for name, up, marker, colour, text in (
        ("coverage", 0.12, "o", BLUE, "share held"),
        ("coverage_measured", -0.18, "s", ORANGE, "the same, measured"),
        ("calibration_error", 0.0, "v", PURPLE, "calibration error"),
    ):
        known = [(r[name], place - up) for place, r in enumerate(rows) if r[name] is not None]
        if known:
            axes.plot(*zip(*known, strict=True), marker, color=colour, ms=5, ls="", label=text)
    levels = sorted({r["level"] for r in rows if r["level"] is not None})
    for level in levels:
        axes.axvline(level, color=GREY, lw=1, ls=":", label=f"asked: {level:g}")
    if levels:
        axes.set_xlabel("share of truths", fontsize=9)
        _legend(axes)


def _pairs(figure: Any, axes: Any, found: Comparison) -> None:
    values, real = pair_table(found)
    largest = float(np.nanmax(np.abs(values))) if found.pairs else 1.0
    image = axes.imshow(values, cmap="RdBu", vmin=-largest, vmax=largest, aspect="auto")
    for i, j in zip(*np.nonzero(real), strict=True):
        axes.plot(j, i, "o", color="black", ms=4)
    axes.set_xticks(range(len(values)), [str(i + 1) for i in range(len(values))], fontsize=8)
    axes.set_xlabel("than this model", fontsize=9)
    axes.set_title("better by (dot: real, Holm)", fontsize=9)
    bar = figure.colorbar(image, ax=axes, pad=0.02)
    bar.set_label(metric_named(found.metric).difference, fontsize=8)
    bar.ax.tick_params(labelsize=8)


def pair_table(found: Comparison) -> tuple[Floats, Floats]:
    """How much better the model of the row is than that of the column, and whether that is real.

    Both of shape ``(n, n)``; nothing (NaN, False) on the diagonal.
    """
    place = {row["candidate"]: i for i, row in enumerate(found.rows)}
    values = np.full((len(place), len(place)), np.nan)
    real = np.zeros(values.shape, dtype=bool)
    for pair in found.pairs:
        i, j = place[pair.one], place[pair.other]
        values[i, j], values[j, i] = pair.difference.value, -pair.difference.value
        real[i, j] = real[j, i] = pair.is_real
    return values, real
