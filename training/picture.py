"""Drawings of results with matplotlib, in colours that stay apart for the colour-blind."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from registry.records import Floats

BLUE, ORANGE, YELLOW, GREY = "#0072B2", "#D55E00", "#F0E442", "#666666"
"""Okabe & Ito (2008)."""


def draw_confusion_matrix(
    confusion: Sequence[Sequence[int]], class_names: Sequence[str], title: str, path: Path
) -> None:
    """Draw counts of (true class, answered class) as shares of the true class, with numbers."""
    counts = np.asarray(confusion)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure, axes = _figure(1.6 + 0.75 * len(class_names), 1.4 + 0.6 * len(class_names))
    image = axes.imshow(share, cmap="cividis", vmin=0, vmax=1)
    for (i, j), count in np.ndenumerate(counts):
        colour = "black" if share[i, j] > 0.5 else "white"
        axes.text(j, i, str(count), ha="center", va="center", color=colour, fontsize=9)
    places = range(len(class_names))
    axes.set_xticks(places, class_names, rotation=40, ha="right")
    axes.set_yticks(places, class_names)
    axes.set_xlabel("answered")
    axes.set_ylabel("true")
    axes.set_title(title, fontsize=10)
    figure.colorbar(image, label="share of the true class", shrink=0.8)
    _save(figure, path)


def draw_parity(truth: Floats, answered: Floats, axis: str, title: str, path: Path) -> None:
    """Draw answers against the truth, with the line on which they would be equal.

    Args:
        truth: True values, shape ``(n,)``.
        answered: Answers, shape ``(n,)``.
        axis: Quantity and unit.
        title: Title.
        path: Picture to write.
    """
    figure, axes = _figure(5.0, 5.0)
    axes.scatter(truth, answered, color=BLUE, s=14, alpha=0.6, linewidths=0)
    ends = [min(truth.min(), answered.min()), max(truth.max(), answered.max())]
    axes.plot(ends, ends, color=GREY, lw=1)
    axes.set_xlabel(f"true {axis}")
    axes.set_ylabel(f"predicted {axis}")
    axes.set_title(title, fontsize=10)
    _save(figure, path)


def with_unit(name: str, unit: str) -> str:
    """A quantity as axes name it."""
    return f"{name} ({unit})" if unit else name


def draw_bars(
    rows: Sequence[dict[str, Any]], chance: float | None, axis: str, title: str, path: Path
) -> None:
    """Draw one horizontal bar per candidate with interval, baselines and shuffled control.

    Args:
        rows: With ``candidate``, ``score``, ``low``, ``high`` (or None), ``naive``, ``nearest``
            and ``shuffled``; drawn from top to bottom.
        chance: Score of guessing, where that is defined.
        axis: The score, with its unit.
        title: Title.
        path: Picture to write.
    """
    figure, axes = _figure(8.5, 1.8 + 0.5 * len(rows))
    places = np.arange(len(rows))[::-1]
    scores = np.array([row["score"] for row in rows])
    axes.barh(places, scores, color=BLUE, height=0.6, label="test side, mean over seeds")
    known = [(p, r) for p, r in zip(places, rows, strict=True) if r["low"] is not None]
    for place, row in known:
        axes.plot([row["low"], row["high"]], [place, place], color="black", lw=1.5)
    _marks(axes, rows, places)
    if chance is not None:
        axes.axvline(chance, color=GREY, ls=":", lw=1, label="chance")
        axes.set_xlim(0, 1)
    for place, score in zip(places, scores, strict=True):
        axes.annotate(
            f"{score:.3g}",
            (1.02, place),
            xycoords=axes.get_yaxis_transform(),
            va="center",
            fontsize=9,
            annotation_clip=False,
        )
    axes.set_yticks(places, [row["candidate"] for row in rows])
    axes.set_xlabel(f"{axis} (black line: 95 % of resampled groups)")
    axes.set_title(title, fontsize=10)
    figure.legend(loc="outside lower center", ncols=5, fontsize=8, frameon=False)
    _save(figure, path)


def _marks(axes: Any, rows: Sequence[dict[str, Any]], places: Any) -> None:
    for name, marker, colour, label in (
        ("naive", "o", YELLOW, "knows nothing"),
        ("nearest", "D", ORANGE, "nearest neighbour"),
        ("shuffled", "x", "black", "shuffled"),
    ):
        values = [row[name] for row in rows]
        axes.scatter(values, places, marker=marker, color=colour, label=label, zorder=3, s=30)


def _figure(width: float, height: float) -> tuple[Any, Any]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots()


def _save(figure: Any, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)
