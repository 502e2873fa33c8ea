"""Drawings of results with matplotlib, in colours that stay apart for the colour-blind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from registry.records import Floats

BLUE, ORANGE, YELLOW, GREY = "#0072B2", "#D55E00", "#F0E442", "#666666"
GREEN, SKY, PURPLE, AMBER = "#009E73", "#56B4E9", "#CC79A7", "#E69F00"
"""Okabe & Ito (2008)."""
COLOURS = (BLUE, ORANGE, GREEN, PURPLE, SKY, AMBER, GREY)
MARKERS = "osD^vP<>"


def draw_confusion_matrix(
    confusion: Sequence[Sequence[int]], class_names: Sequence[str], title: str, path: Path
) -> None:
    """Draw counts of (true class, answered class) as shares of the true class, with numbers."""
    counts = np.asarray(confusion)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure, axes = figure_of(1.6 + 0.75 * len(class_names), 1.4 + 0.6 * len(class_names))
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
    save(figure, path)


def draw_parity(truth: Floats, answered: Floats, axis: str, title: str, path: Path) -> None:
    """Draw answers against the truth, with the line on which they would be equal.

    Args:
        truth: True values, shape ``(n,)``.
        answered: Answers, shape ``(n,)``.
        axis: Quantity and unit.
        title: Title.
        path: Picture to write.
    """
    figure, axes = figure_of(5.0, 5.0)
    axes.scatter(truth, answered, color=BLUE, s=14, alpha=0.6, linewidths=0)
    ends = [min(truth.min(), answered.min()), max(truth.max(), answered.max())]
    axes.plot(ends, ends, color=GREY, lw=1)
    axes.set_xlabel(f"true {axis}")
    axes.set_ylabel(f"predicted {axis}")
    axes.set_title(title, fontsize=10)
    save(figure, path)


def draw_reliability(
    stated: Mapping[str, Floats], said: str, found: str, title: str, path: Path
) -> None:
    """Draw what was found against what a model said of its own certainty, by series.

    Args:
        stated: Points by name of the series, each of shape ``(n, 2)``.
        said: What the model states.
        found: What was found.
        title: Title.
        path: Picture to write.
    """
    figure, axes = figure_of(5.0, 4.6)
    axes.plot([0, 1], [0, 1], color=GREY, lw=1, ls=":")
    for (name, points), colour in zip(stated.items(), (BLUE, ORANGE), strict=False):
        axes.plot(points[:, 0], points[:, 1], "o-", color=colour, ms=4, lw=1.2, label=name)
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel=said, ylabel=found)
    axes.set_title(title, fontsize=10)
    axes.legend(frameon=False, fontsize=8)
    save(figure, path)


def draw_losses(
    training: Sequence[float], validation: Sequence[float], title: str, path: Path
) -> None:
    """Draw the loss of both sides by epoch."""
    figure, axes = figure_of(5.5, 3.8)
    for values, colour, name in ((training, BLUE, "train"), (validation, ORANGE, "validation")):
        axes.plot(range(1, len(values) + 1), values, color=colour, lw=1.2, label=name)
    axes.set(xlabel="epoch", ylabel="loss")
    axes.set_title(title, fontsize=10)
    axes.legend(frameon=False, fontsize=8)
    save(figure, path)


def with_unit(name: str, unit: str) -> str:
    """A quantity as axes name it."""
    return f"{name} ({unit})" if unit else name


def canvas(width: float, height: float) -> Any:
    """An empty figure of that size (inches), outside of pyplot."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def figure_of(width: float, height: float) -> tuple[Any, Any]:
    """The same with one pair of axes."""
    figure = canvas(width, height)
    return figure, figure.subplots()


def save(figure: Any, path: Path) -> None:
    """Write a figure; folders are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)


def draw_curves(curves: Sequence[dict[str, Any]], axis: str, title: str, path: Path) -> None:
    """Draw scores against the number of members learnt from, one line for each of ``curves``.

    Args:
        curves: Each with ``key`` and ``points`` of ``n``, ``score``, ``low`` and ``high``.
        axis: The score.
        title: Title.
        path: Picture to write.
    """
    figure, axes = figure_of(7.5, 4.2)
    draw_lines(axes, curves, axis)
    axes.set_title(title, fontsize=10)
    save(figure, path)


def draw_lines(axes: Any, curves: Sequence[dict[str, Any]], axis: str) -> None:
    """The lines of :func:`draw_curves` on some axes."""
    for i, curve in enumerate(curves):
        n, score, low, high = (
            np.array([p[name] for p in curve["points"]]) for name in ("n", "score", "low", "high")
        )
        colour, marker = COLOURS[i % len(COLOURS)], MARKERS[i % len(MARKERS)]
        axes.plot(n, score, f"{marker}-", color=colour, ms=5, lw=1.4, label=curve["key"])
        axes.fill_between(n, low, high, color=colour, alpha=0.12, lw=0)
    axes.set_xscale("log")
    ticks = sorted({round(p["n"]) for curve in curves for p in curve["points"]})
    axes.set_xticks(ticks, [str(n) for n in ticks], fontsize=8)
    axes.minorticks_off()
    axes.set_xlabel("members learnt from (band: 95 % of resampled test groups)")
    axes.set_ylabel(axis)
    axes.legend(fontsize=8, frameon=False, loc="center left", bbox_to_anchor=(1.01, 0.5))
