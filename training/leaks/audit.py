"""What an audit found, as it is kept in the lake, drawn, and put onto the card of a model."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from registry.errors import WrongUse
from registry.lake import Lake
from training.leaks.curves import Nearness
from training.leaks.twins import KINDS, Compared, Twins
from training.picture import BLUE, GREY, ORANGE

VERSION = 1
"""Raised when an audit of the same dataset could find something else."""
FOLDER = "audits"


@dataclass(frozen=True)
class Audit:
    """Result of a leak audit.

    Attributes:
        manifest: The dataset.
        pretraining: Manifest of what a model learnt from before, or None.
        twins: What is on two sides.
        compared: What was looked at.
        allowed: Kinds of leak that are accepted, with the reason.
        version: Of the audit.
    """

    manifest: str
    pretraining: str | None
    twins: tuple[Twins, ...]
    compared: tuple[Compared, ...]
    allowed: Mapping[str, str] = field(default_factory=dict)
    version: int = VERSION

    @property
    def leaks(self) -> tuple[Twins, ...]:
        """Twins that nobody has allowed."""
        return tuple(t for t in self.twins if t.kind not in self.allowed)

    @property
    def counts(self) -> dict[str, int]:
        """How many members of later sides have a twin on an earlier one, by kind."""
        return dict(sorted(Counter(t.kind for t in self.twins).items()))

    def allow(self, reasons: Mapping[str, str]) -> Audit:
        """The same with kinds of leak accepted.

        Raises:
            WrongUse: For a kind that does not exist, or one without a reason.
        """
        for kind, reason in reasons.items():
            if kind not in KINDS:
                raise WrongUse("allowed leaks", f"one of {', '.join(KINDS)}", repr(kind))
            if not reason.strip():
                raise WrongUse(f"allowed leak {kind!r}", "a reason", "none")
        return replace(self, allowed=dict(reasons))

    def card(self) -> dict[str, Any]:
        """What the card of a model says of it: counts, limits, and what was allowed and why."""
        return {
            "found": self.counts,
            "allowed": {k: r for k, r in sorted(self.allowed.items()) if k in self.counts},
            "compared": [asdict(c) for c in self.compared],
            "pretraining": self.pretraining,
            "version": self.version,
        }

    def rows(self) -> list[tuple[str, str, int, str]]:
        """A line for each kind: what it means, how many, and why it is allowed where it is."""
        return [(k, KINDS[k], n, self.allowed.get(k, "")) for k, n in self.counts.items()]


def name_of(manifest: str, pretraining: str | None) -> str:
    """Name under which an audit is kept."""
    return manifest if pretraining is None else f"{manifest}-{pretraining}"


def keep(lake: Lake, audit: Audit) -> None:
    """Write an audit beside the lake's tables, so that it is there wherever the lake is."""
    content = json.dumps(asdict(replace(audit, allowed={})), indent=1).encode()
    name = f"{name_of(audit.manifest, audit.pretraining)}.json"
    place = lake.storage.at(FOLDER)
    if not place.create(name, content):
        place.write(name, content)


def kept(lake: Lake, manifest: str, pretraining: str | None) -> Audit | None:
    """An audit that was kept; None when there is none of this version."""
    content = lake.storage.at(FOLDER).read(f"{name_of(manifest, pretraining)}.json")
    if content is None:
        return None
    value = json.loads(content)
    if value["version"] != VERSION:
        return None
    twins = (Twins(**{**t, "sides": tuple(t["sides"])}) for t in value["twins"])
    compared = tuple(Compared(**c) for c in value["compared"])
    return Audit(manifest, pretraining, tuple(twins), compared)


def draw(found: Sequence[Nearness], title: str, path: Path) -> None:
    """Draw how near each curve of a later side is to what was learnt from, beside how near curves
    of the train side are to those of other groups; one panel an input.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.5, 0.8 + 2.6 * len(found)), layout="constrained")
    panels = figure.subplots(len(found), 1, squeeze=False)[:, 0]
    for axes, near in zip(panels, found, strict=True):
        lines = (
            ("later side to earlier", near.across, ORANGE, "-"),
            ("train to other groups of train", near.within, BLUE, "-"),
            ("train to the same group", near.repeats, GREY, ":"),
        )
        lowest, highest = LOWEST, max([1e3, *(v.max() for _, v, _, _ in lines if len(v))])
        bins = np.geomspace(lowest, highest, 60)
        for label, values, colour, style in lines:
            if len(values):
                weights = np.full(len(values), 1 / len(values))
                shown = np.clip(values, lowest, highest)
                axes.hist(
                    shown,
                    bins,
                    weights=weights,
                    histtype="step",
                    color=colour,
                    ls=style,
                    label=f"{label} ({len(values)})",
                )
        axes.axvline(near.limit, color="black", lw=1, ls="--", label=f"limit {near.limit:.3g}")
        axes.set_xscale("log")
        axes.set_ylabel("share of curves")
        axes.set_title(near.name, fontsize=9)
        axes.legend(fontsize=7, frameon=False)
    panels[-1].set_xlabel("misfit of the nearest curve (1: they differ by their noise)")
    figure.suptitle(title, fontsize=10)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)


LOWEST = 1e-4
"""Misfits below are drawn as this."""
