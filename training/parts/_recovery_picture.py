"""Picture of recovered phases: true and found shares on the triangle, and one against the other."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from training.parts._ternary import Triangle, draw_frame, draw_values
from training.picture import BLUE, GREY, canvas, save

_FONT = 8


def draw_recovery(drawn: Mapping[str, Any], path: Path) -> None:
    """Draw what :class:`training.parts.recovery.Recovery` found with its first seed.

    Args:
        drawn: Its values.
        path: Picture to write.
    """
    fractions, phases = np.array(drawn["fractions"]), drawn["phases"]
    true, found = np.array(drawn["true"]), np.array(drawn["found"])
    triangle = Triangle.around(drawn["components"], fractions)
    places = triangle.places(fractions)
    figure = canvas(2.5 * len(phases), 6.9)
    panels = np.atleast_2d(figure.subplots(3, len(phases)).reshape(3, len(phases)))
    image: Any = None
    for number, phase in enumerate(phases):
        for row, (what, shares) in enumerate((("true", true), ("found", found))):
            draw_frame(panels[row, number], triangle, f"{phase}, {what}")
            image = draw_values(panels[row, number], places, shares[:, number], 7, vmin=0, vmax=1)
        _against(panels[2, number], true[:, number], found[:, number])
    panels[2, 0].set_ylabel(f"found by {drawn['method']}", fontsize=_FONT)
    bar = figure.colorbar(image, ax=panels[:2].ravel().tolist(), shrink=0.5, pad=0.01)
    bar.set_label("share of the intensity", fontsize=_FONT)
    bar.ax.tick_params(labelsize=_FONT)
    save(figure, path)


def _against(axes: Any, true: Any, found: Any) -> None:
    axes.plot([0, 1], [0, 1], color=GREY, lw=0.8)
    axes.scatter(true, found, color=BLUE, s=6, alpha=0.5, linewidths=0)
    axes.set_xlim(-0.04, 1.04)
    axes.set_ylim(-0.04, 1.04)
    axes.set_aspect("equal")
    axes.tick_params(labelsize=_FONT - 1)
    axes.set_xlabel("true share", fontsize=_FONT)
