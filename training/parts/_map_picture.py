"""Picture of phase maps: given regions and found groups on the triangle, and how they agree."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from training.models import Labels
from training.parts._ternary import Triangle, draw_frame, draw_groups, palette
from training.picture import BLUE, ORANGE, canvas, save

_FONT = 8


def draw_maps(drawn: Mapping[str, Any], path: Path) -> None:
    """Draw what :class:`training.parts.phase_map.PhaseMap` found.

    Args:
        drawn: Its values.
        path: Picture to write.
    """
    figure = canvas(9.5, 9.2)
    halves: Any = figure.subfigures(2, 1, height_ratios=(2.2, 1))
    above, below = halves
    panels = above.subplots(2, 2).ravel()
    fractions = np.array(drawn["fractions"])
    triangle = Triangle.around(drawn["components"], fractions)
    places = triangle.places(fractions)
    _regions(panels[0], triangle, places, drawn)
    for axes, (method, found) in zip(panels[1:], drawn["maps"], strict=True):
        group = like(np.array(drawn["regions"]), np.array(found))
        draw_frame(axes, triangle, f"{method}: {len(np.unique(group))} groups")
        draw_groups(axes, places, group.tolist(), palette(int(group.max()) + 1), 22)
    _bars(below.subplots(), drawn["bars"])
    save(figure, path)


def _regions(axes: Any, triangle: Triangle, places: Any, drawn: Mapping[str, Any]) -> None:
    colours = palette(len(drawn["names"]))
    draw_frame(axes, triangle, "given regions")
    draw_groups(axes, places, drawn["regions"], colours, 22)
    for name, colour in zip(drawn["names"], colours, strict=True):
        axes.scatter([], [], color=colour, s=22, label=name)
    axes.legend(fontsize=_FONT - 1, frameon=False, loc="upper left", bbox_to_anchor=(0.78, 1.0))


def _bars(axes: Any, bars: list[list[Any]]) -> None:
    """Agreement of every method, and how far regions turned elsewhere come."""
    high = np.arange(len(bars))[::-1]
    names, real, mean, limit = zip(*bars, strict=True)
    axes.barh(high, real, color=BLUE, height=0.6, label="with the regions")
    axes.barh(high, limit, color=ORANGE, height=0.25, alpha=0.9, label="97.5 % of the turned")
    axes.plot(mean, high, "|", color="black", ms=9, label="mean of the turned")
    axes.set_yticks(high, names, fontsize=_FONT)
    axes.tick_params(axis="x", labelsize=_FONT)
    axes.set_xlim(min(0.0, *mean, *limit) - 0.02, 1)
    axes.set_xlabel("adjusted mutual information (0: chance)", fontsize=_FONT)
    axes.grid(axis="x", alpha=0.3)
    axes.legend(
        fontsize=_FONT - 1, frameon=False, ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1.0)
    )


def like(regions: Labels, found: Labels) -> Labels:
    """Groups numbered like the regions they share most samples with, so that colours compare.

    Groups too many have the numbers after those of the regions; numbers may be left out.
    """
    from scipy.optimize import linear_sum_assignment
    from sklearn.metrics.cluster import contingency_matrix

    _, own = np.unique(found, return_inverse=True)
    shared = contingency_matrix(regions, own)
    region, group = linear_sum_assignment(shared, maximize=True)
    number = np.full(shared.shape[1], -1)
    number[group] = region
    number[number < 0] = len(shared) + np.arange((number < 0).sum())
    return np.asarray(number[own], dtype=np.int64)
