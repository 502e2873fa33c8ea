"""Whether groups found in patterns are the regions of a phase diagram, and not just any.

A sample belongs to the constituent that scatters most of its intensity; that map, and the groups
of clusterings, are compared with given regions (:mod:`training.parts._agreement`). Controls:
regions given to other samples at random, and regions turned elsewhere on the triangle, which are
as smooth. Baselines: clusters of the compositions, which know no pattern; the region of the sample
of nearest composition, which knows the regions; all samples in one group. The claim is about the
map of merged factors against the regions turned elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from registry.records import Floats
from training.evaluation import Interval
from training.findings import Cell, Finding, Verdict
from training.models import Labels
from training.parts import Setting
from training.parts._agreement import (
    above,
    agreement,
    mutual_information,
    of_nearest,
    shuffled,
    turned,
)
from training.parts._library import Composition, classes
from training.parts._map_picture import draw_maps
from training.parts._ternary import plane
from training.parts._unmixed import Curves, Unmixed, clustered, tasks, unmixed
from training.targets import Property

RESAMPLES = 500
COMPOSITIONS = "k-means of compositions"


@dataclass(frozen=True)
class PhaseMap:
    """The part.

    Attributes:
        input: Input of the dataset whose curves are mapped.
        composition: Corners of the diagrams.
        regions: The given regions.
        claim: In words.
        given: Number of factors of plain NMF, and of clusters.
        settings: What differs from the defaults of ``nmfk``.
        strain: Largest strain between two copies.
        alike: Least cosine of two copies.
        controls: How often regions are shuffled, and turned.
        name: Of the part.
        version: Of the part.
    """

    input: str
    composition: Composition
    regions: Property
    claim: str
    given: int
    settings: Mapping[str, Any] = field(default_factory=dict)
    strain: float = 0.02
    alike: float = 0.9
    controls: int = 200
    name: str = "phase-map"
    version: str = "1"

    def run(self, setting: Setting) -> Finding:
        """Map, compare, control."""
        curves = Curves.of(setting.dataset, self.input)
        fractions = self.composition.read(setting.lake, setting.dataset)
        regions, names = classes(setting.lake, setting.dataset, self.regions)
        places = plane(fractions)
        maps = self._maps(setting, curves, places, regions)
        judged = f"nmf, {self.given}, copies merged"
        away = turned(regions, places, self.controls)
        random = shuffled(regions, self.controls, setting.seeds[0])
        rows, difference = [], Interval(0.0, 0.0, 0.0)
        for method, found in maps.items():
            setting.progress(f"{self.name}: {method}")
            smooth = np.array([[mutual_information(r, said) for r in away] for said in found])
            chance = [mutual_information(r, found[0]) for r in random]
            rows.append(self._row(method, regions, found, smooth, float(np.mean(chance))))
            if method == judged:
                difference = above(_mean(regions, found), smooth.mean(axis=0))
        against = _paired(regions, maps[judged], maps[COMPOSITIONS])
        return Finding(
            part=self.name,
            title=f"Agreement with the regions {self.regions.name!r}",
            columns=(
                "method",
                "groups",
                "adjusted mutual information",
                "adjusted Rand index",
                "purity",
                "same, regions turned",
                "97.5 % of turned below",
                "same, regions shuffled",
            ),
            rows=tuple(rows),
            verdict=Verdict.on(
                difference,
                f"adjusted mutual information of {judged!r} above that with the regions turned "
                "elsewhere (interval: all but the outer 2.5 % of the turns on each side)",
            ),
            notes=(
                f"{len(regions)} samples, {len(names)} regions: "
                + ", ".join(f"{n} of {(regions == i).sum()}" for i, n in enumerate(names))
                + ". Where a method depends on the seed, scores are means over the seeds.",
                f"{judged!r} less {COMPOSITIONS!r} in adjusted mutual information: {against} "
                f"(95 % of {RESAMPLES} resamples of the samples).",
                "The region of the nearest composition knows the regions of the other samples: it "
                "says how smooth the regions are, and is no method.",
            ),
            drawn={
                "components": list(self.composition.components),
                "fractions": np.round(fractions, 4).tolist(),
                "regions": regions.tolist(),
                "names": list(names),
                "maps": [
                    [method, maps[method][0].tolist()]
                    for method in (judged, "nmfk, copies merged", COMPOSITIONS)
                ],
                "bars": [[row[0], row[2], row[5], row[6]] for row in rows],
            },
            metrics={
                "mutual_information": _mean(regions, maps[judged]),
                "mutual_information_of_compositions": _mean(regions, maps[COMPOSITIONS]),
            },
        )

    def draw(self, finding: Finding, path: Path) -> None:
        """The regions, three maps, and the agreement of all methods."""
        draw_maps(finding.drawn, path)

    def _maps(
        self, setting: Setting, curves: Curves, places: Floats, regions: Labels
    ) -> dict[str, list[Labels]]:
        """Groups of every method, one division for each seed it depends on."""
        (given,) = unmixed(tasks(curves, "nmf", {"parts": self.given}, (0,)))
        chosen = unmixed(tasks(curves, "nmfk", self.settings, setting.seeds), setting.workers)
        k, starts = self.given, {"starts": 3}
        return {
            "all in one group": [np.zeros_like(regions)],
            f"nmf, {k}": [given.shares.argmax(axis=1)],
            f"nmf, {k}, copies merged": [self._merged(given, curves)],
            "nmfk": [each.shares.argmax(axis=1) for each in chosen],
            "nmfk, copies merged": [self._merged(each, curves) for each in chosen],
            f"k-means, {k}": [
                clustered(curves.values, "k_means", {"clusters": k}, s) for s in setting.seeds
            ],
            "Gaussian mixture, number by BIC": [
                clustered(curves.values, "gaussian_mixture", starts, s) for s in setting.seeds
            ],
            COMPOSITIONS: [clustered(places, "k_means", {"clusters": k}, s) for s in setting.seeds],
            "region of the nearest composition": [of_nearest(regions, places)],
        }

    def _merged(self, found: Unmixed, curves: Curves) -> Labels:
        group = found.copies(curves.x, self.strain, self.alike)
        return np.asarray(found.merged(group).argmax(axis=1), dtype=np.int64)

    def _row(
        self, method: str, regions: Labels, found: Sequence[Labels], smooth: Floats, chance: float
    ) -> tuple[Cell, ...]:
        scores = [agreement(regions, said) for said in found]
        return (
            method,
            float(np.mean([len(np.unique(said)) for said in found])),
            float(np.mean([s.mutual_information for s in scores])),
            float(np.mean([s.rand for s in scores])),
            float(np.mean([s.purity for s in scores])),
            float(smooth.mean()),
            float(np.quantile(smooth.mean(axis=0), 0.975)),
            chance,
        )


def _mean(regions: Labels, found: Sequence[Labels]) -> float:
    return float(np.mean([mutual_information(regions, said) for said in found]))


def _paired(regions: Labels, one: Sequence[Labels], other: Sequence[Labels]) -> Interval:
    """Difference of two methods on the same resampled samples."""
    rng = np.random.default_rng(0)
    draws = []
    for _ in range(RESAMPLES):
        rows = rng.integers(len(regions), size=len(regions))
        scores = [_mean(regions[rows], [said[rows] for said in found]) for found in (one, other)]
        draws.append(scores[0] - scores[1])
    low, high = np.quantile(draws, [0.025, 0.975])
    return Interval(_mean(regions, one) - _mean(regions, other), float(low), float(high))
