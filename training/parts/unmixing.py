"""How many constituents the patterns of a library have, and which are shifted copies.

Non-negative factors with a number that is given, and NMFk (:mod:`training.models.nmfk`), which
chooses it by stability, with every seed. Constituents that are one pattern shifted by a strain are
merged (:mod:`training.parts._shifts`). The claim is that the number after merging lies within a
published range, for every seed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from training.evaluation import Interval
from training.findings import Cell, Finding, Verdict
from training.models import Labels
from training.parts import Setting
from training.parts._library import Composition
from training.parts._unmixed import Curves, Unmixed, tasks, unmixed
from training.parts._unmixing_picture import draw_constituents

STRAINS = (0.01, 0.02, 0.03)
ALIKE = (0.85, 0.9, 0.95)


@dataclass(frozen=True)
class Unmixing:
    """The part.

    Attributes:
        input: Input of the dataset whose curves are taken apart.
        composition: Corners of the diagrams.
        expected: Least and greatest number of constituents that the claim allows.
        claim: In words.
        given: Number of factors of plain NMF.
        settings: What differs from the defaults of ``nmfk``.
        strain: Largest strain between two copies.
        alike: Least cosine of two copies.
        name: Of the part.
        version: Of the part.
    """

    input: str
    composition: Composition
    expected: tuple[int, int]
    claim: str
    given: int
    settings: Mapping[str, Any] = field(default_factory=dict)
    strain: float = 0.02
    alike: float = 0.9
    name: str = "unmixing"
    version: str = "1"

    def run(self, setting: Setting) -> Finding:
        """Take the curves apart with every seed."""
        curves = Curves.of(setting.dataset, self.input)
        fractions = self.composition.read(setting.lake, setting.dataset)
        setting.progress(f"{self.name}: nmf with {self.given} and nmfk, {len(setting.seeds)} seeds")
        (one,) = unmixed(tasks(curves, "nmf", {"parts": 1}, (0,)))
        (given,) = unmixed(tasks(curves, "nmf", {"parts": self.given}, (0,)))
        chosen = unmixed(tasks(curves, "nmfk", self.settings, setting.seeds), setting.workers)
        groups = [self._copies(each, curves) for each in chosen]
        merged = [int(group.max()) + 1 for group in groups]
        rows = [
            self._row("nmf, one", None, one, curves),
            self._row(f"nmf, {self.given}", None, given, curves),
            *(
                self._row("nmfk", seed, each, curves)
                for seed, each in zip(setting.seeds, chosen, strict=True)
            ),
        ]
        return Finding(
            part=self.name,
            title="Constituents",
            columns=(
                "method",
                "seed",
                "constituents",
                "after merging shifted copies",
                "left unexplained",
                "silhouette of the worst",
            ),
            rows=tuple(rows),
            verdict=self._verdict(merged),
            notes=(
                f"Copies: a cosine of at least {self.alike} after a strain of up to "
                f"{100 * self.strain:g} %; copies of copies are copies. Left unexplained: length "
                "of the residual over that of the curves, each of which is scaled to a maximum of "
                "1. All members are used: nothing is predicted.",
                self._sensitivity(chosen[0], curves, setting.seeds[0]),
                "The interval of the claim is the least and the greatest margin over the seeds.",
            ),
            drawn=self._drawn(curves, fractions, chosen[0], groups[0]),
            metrics={
                "nmfk_constituents": float(np.mean([each.k for each in chosen])),
                "nmfk_merged": float(np.mean(merged)),
                "nmf_unexplained": given.unexplained,
            },
        )

    def draw(self, finding: Finding, path: Path) -> None:
        """Constituents of the first seed, how the number was chosen, and where each one is."""
        draw_constituents(finding.drawn, path)

    def _copies(self, found: Unmixed, curves: Curves) -> Labels:
        return found.copies(curves.x, self.strain, self.alike)

    def _row(
        self, method: str, seed: int | None, found: Unmixed, curves: Curves
    ) -> tuple[Cell, ...]:
        silhouette = next((s for k, s, _ in found.tried if k == found.k), None)
        merged = int(self._copies(found, curves).max()) + 1
        return method, seed, found.k, merged, found.unexplained, silhouette

    def _verdict(self, merged: list[int]) -> Verdict:
        low, high = self.expected
        margins = [min(k - low, high - k) + 0.5 for k in merged]
        margin = Interval(float(np.mean(margins)), min(margins), max(margins))
        reason = (
            f"{', '.join(map(str, merged))} constituents after merging, where {low} to {high} are "
            "expected (margin: by how many it is inside, a half at the edge)"
        )
        return Verdict.on(margin, reason)

    def _sensitivity(self, found: Unmixed, curves: Curves, seed: int) -> str:
        counts = [
            f"{int(found.copies(curves.x, strain, alike).max()) + 1} at {100 * strain:g} % and "
            f"{alike}"
            for strain in STRAINS
            for alike in ALIKE
        ]
        return (
            f"How the limits matter for the {found.k} constituents of seed {seed}: "
            f"{', '.join(counts)}."
        )

    def _drawn(
        self, curves: Curves, fractions: Any, found: Unmixed, group: Labels
    ) -> dict[str, Any]:
        return {
            "components": list(self.composition.components),
            "fractions": np.round(fractions, 4).tolist(),
            "x": np.round(curves.x, 5).tolist(),
            "axis": f"{curves.quantity} ({curves.unit})",
            "parts": np.round(found.parts, 4).tolist(),
            "group": group.tolist(),
            "shares": np.round(found.merged(group), 4).tolist(),
            "tried": [list(each) for each in found.tried],
            "chosen": found.k,
        }
