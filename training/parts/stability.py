"""Whether constituents depend on which samples were measured: factors of resampled libraries.

Samples are drawn anew with replacement, taken apart anew, and the constituents matched one to one
with those of all samples, most alike by cosine. What is found again each time is in the data; what
comes and goes was an accident. Likewise for the map: how well the samples' main constituents agree
(adjusted Rand index) with those found from all samples.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from registry.records import Floats
from training.findings import Finding
from training.parts import Setting
from training.parts._agreement import agreement
from training.parts._unmixed import Curves, Task, Unmixed, tasks, unmixed, unmixed_by
from training.picture import BLUE, GREY, ORANGE, figure_of, save


@dataclass(frozen=True)
class Stability:
    """The part; it claims nothing.

    Attributes:
        input: Input of the dataset whose curves are taken apart.
        given: Number of factors of NMF.
        resamples: Resampled libraries for each seed.
        alike: Least cosine of a constituent that is found again.
        name: Of the part.
        version: Of the part.
        claim: Empty.
    """

    input: str
    given: int
    resamples: int = 10
    alike: float = 0.9
    name: str = "stability"
    version: str = "1"
    claim: str = ""

    def run(self, setting: Setting) -> Finding:
        """Resample, take apart, match."""
        curves = Curves.of(setting.dataset, self.input)
        (whole,) = unmixed(tasks(curves, "nmf", {"parts": self.given}, (0,)))
        cosines, maps = [], []
        for seed in setting.seeds:
            setting.progress(f"{self.name}: {self.resamples} resampled libraries, seed {seed}")
            rng = np.random.default_rng(seed)
            for _ in range(self.resamples):
                rows = rng.integers(len(curves.values), size=len(curves.values))
                task = Task.of(curves.values[rows], "nmf", {"parts": self.given}, seed)
                again = unmixed_by(task, curves.values)
                alike, order = matched(whole.parts, again.parts)
                cosines.append(alike)
                maps.append(_same_map(whole, again, order))
        found = np.array(cosines)
        low, high = np.quantile(maps, [0.025, 0.975])
        main = np.bincount(whole.shares.argmax(axis=1), minlength=whole.k)
        return Finding(
            part=self.name,
            title="Constituents of resampled libraries",
            columns=(
                "constituent",
                "main one of samples",
                "median cosine",
                "5 % are below",
                "found again",
            ),
            rows=tuple(
                (
                    str(n + 1),
                    int(main[n]),
                    float(np.median(own)),
                    float(np.quantile(own, 0.05)),
                    float((own >= self.alike).mean()),
                )
                for n, own in enumerate(found.T)
            ),
            notes=(
                f"NMF with {self.given} constituents on {len(found)} resamples of "
                f"{len(curves.values)} samples; found again: share of resamples with a cosine of "
                f"{self.alike} or more. The map of main constituents agrees with that of all "
                f"samples by an adjusted Rand index of {np.mean(maps):.3f} "
                f"[{low:.3f}, {high:.3f}].",
            ),
            drawn={"cosines": np.round(found, 4).tolist(), "alike": self.alike},
            metrics={"map_rand": float(np.mean(maps)), "median_cosine": float(np.median(found))},
        )

    def draw(self, finding: Finding, path: Path) -> None:
        """Cosine of each constituent in every resample."""
        found = np.array(finding.drawn["cosines"])
        figure, axes = figure_of(1.5 + 0.6 * found.shape[1], 3.6)
        spread = np.linspace(-0.25, 0.25, len(found))
        for number, own in enumerate(found.T, 1):
            axes.scatter(number + spread, own, s=9, color=BLUE, alpha=0.5, linewidths=0)
            axes.plot([number - 0.3, number + 0.3], [np.median(own)] * 2, color=ORANGE, lw=1.8)
        axes.axhline(finding.drawn["alike"], color=GREY, ls=":", lw=1.2)
        axes.set_xticks(range(1, found.shape[1] + 1))
        axes.set_ylim(min(0.5, found.min() - 0.03), 1.02)
        axes.set_xlabel("constituent of all samples (line: median; dotted: found again)")
        axes.set_ylabel("cosine with its match")
        axes.set_title("Constituents of resampled libraries", fontsize=10)
        save(figure, path)


def matched(parts: Floats, others: Floats) -> tuple[Floats, Floats]:
    """Cosine of each part with the one it is matched to, and which that is, shape ``(k,)`` each."""
    from scipy.optimize import linear_sum_assignment

    one, other = (
        np.divide(p, n, out=np.zeros_like(p), where=n > 0)
        for p in (parts, others)
        for n in [np.linalg.norm(p, axis=1, keepdims=True)]
    )
    cosines = one @ other.T
    rows, order = linear_sum_assignment(cosines, maximize=True)
    return cosines[rows, order], np.asarray(order)


def _same_map(whole: Unmixed, again: Unmixed, order: Floats) -> float:
    return agreement(
        whole.shares.argmax(axis=1), again.shares[:, order.astype(int)].argmax(axis=1)
    ).rand
