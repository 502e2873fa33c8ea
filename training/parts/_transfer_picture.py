"""Picture of a transfer: score against members of the hard set that were learnt from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from training.parts._adapting import CONTROL, FEATURES, SCRATCH, TUNED, ZERO
from training.parts._searching import ALL, EASY, FEW
from training.picture import BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, figure_of, save

COLOURS = {
    SCRATCH: SKY,
    FEATURES: GREEN,
    TUNED: BLUE,
    ZERO: ORANGE,
    EASY: GREY,
    FEW: GREY,
    ALL: "black",
    CONTROL: GREY,
}
MARKERS = {"coral": "P", "dann": "X", EASY: "s", FEW: "v", ALL: "D", CONTROL: "x"}
ASIDE = 0.03
"""Shift of each line along x, in decades, so that intervals do not hide each other."""


def draw_transfer(drawn: Mapping[str, Any], path: Path) -> None:
    """Draw a line with intervals for each way; the gap of what never saw the hard set is marked.

    Args:
        drawn: As :func:`training.parts._transfer_table.drawn` says it.
        path: PNG to write.
    """
    figure, axes = figure_of(9.5, 6.0)
    sizes = sorted({n for line in drawn["lines"] for n in line["sizes"]})
    place = {n: float(i) for i, n in enumerate(sizes)}
    for number, line in enumerate(drawn["lines"]):
        _line(axes, line, place, ASIDE * (number - len(drawn["lines"]) / 2))
    _gap(axes, drawn["gap"])
    axes.axhline(drawn["chance"], color=GREY, ls=":", lw=1, label="chance")
    axes.set_xticks(list(place.values()), [str(n) for n in sizes])
    axes.set_xlim(-0.75, len(sizes) - 0.5)
    axes.set_ylim(0, 1)
    axes.set_xlabel("members of the hard set seen (coral, dann: without their labels)")
    axes.set_ylabel(f"{drawn['axis']} on the hard test side (95 % of resampled groups)")
    axes.set_title(drawn["title"], fontsize=10)
    figure.legend(loc="outside right center", fontsize=8, frameon=False)
    save(figure, path)


def _line(axes: Any, line: Mapping[str, Any], place: Mapping[int, float], aside: float) -> None:
    x = [place[n] + aside for n in line["sizes"]]
    ends = list(zip(line["score"], line["low"], line["high"], strict=True))
    faint = line["variant"] == "plain"
    axes.errorbar(
        x,
        line["score"],
        yerr=[[max(s - low, 0.0) for s, low, _ in ends], [max(h - s, 0.0) for s, _, h in ends]],
        color=COLOURS.get(line["way"], PURPLE),
        marker=MARKERS.get(line["way"], "o"),
        mfc="white" if faint else None,
        ls="--" if faint else "-",
        lw=1.4,
        elinewidth=0.7,
        ms=5,
        label=" ".join(filter(None, (line["way"], line["variant"] and f"({line['variant']})"))),
    )


def _gap(axes: Any, gap: Mapping[str, Any]) -> None:
    """An arrow from the score on the easy test side to that on the hard one."""
    x, easy, hard = -0.55, gap["easy"], gap["hard"]
    axes.annotate("", (x, hard), (x, easy), arrowprops={"arrowstyle": "<->", "color": ORANGE})
    axes.plot([x - 0.1, x + 0.1], [easy, easy], color=ORANGE, lw=2)
    axes.plot([x - 0.1, 0], [hard, hard], color=ORANGE, lw=0.7)
    words = f"{easy:.2f} on the easy test side\n({gap['variant']}): gap {easy - hard:.2f}"
    above = max(easy, hard) + 0.015
    axes.annotate(words, (x - 0.15, above), color=ORANGE, fontsize=8, va="bottom")
