"""Non-negative factors whose number is chosen by stability (NMFk).

For every number K the rows are perturbed and factorised anew several times from random starts.
The parts of all repetitions are matched into K clusters with one part of each repetition in each.
While K is no more than what is in the data the clusters are tight, beyond it parts differ from
repetition to repetition and the silhouette of the worst cluster falls. The largest K whose worst
cluster is still tight and that leaves less unexplained than the K before is chosen; the parts are
the medians of its clusters.

Alexandrov & Vesselinov, Water Resour. Res. 50, 7332 (2014), doi:10.1002/2013WR015037; Stanev et
al., npj Comput. Mater. 4, 43 (2018), doi:10.1038/s41524-018-0099-2. The rule of choice is that of
Nebgen et al., Mach. Learn.: Sci. Technol. 2, 025012 (2021), with the worst cluster's silhouette.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from registry.errors import BadInput
from registry.records import Floats
from training.models import NO_TARGET, Fitted, Labels, Model, Training
from training.models._layout import Layout
from training.models._mixing import Mixing, amounts, factorised, non_negative, refuse_count

ROUNDS = 100
"""Most rounds of matching parts to clusters."""
GAIN = 0.01
"""Share of the error before that one more part must take away."""


class ChosenMixing(Mixing):
    """Parts, and how every number that was tried fared."""

    sizes: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "parts": ("k", "width"),
        "tried": ("t",),
        "silhouette": ("t",),
        "error": ("t",),
    }

    def n_parameters(self) -> int | None:
        """Numbers in the parts."""
        return self.arrays["parts"].size


@dataclass(frozen=True)
class Trial:
    """One number of parts: the parts, silhouette of the worst cluster, relative error."""

    parts: Floats
    silhouette: float
    error: float


@dataclass(frozen=True)
class Repeating:
    """How often a number of parts is tried, and on what (settings of :func:`fit`)."""

    repetitions: int
    starts: int
    perturbation: float


def fit(
    training: Training,
    *,
    least: int,
    most: int,
    repetitions: int,
    starts: int,
    perturbation: float,
    tight: float,
) -> Fitted:
    """Try every number of parts and keep the one chosen.

    Args:
        training: What to learn from; the validation side is not used.
        least: Fewest parts.
        most: Most parts.
        repetitions: Perturbed factorisations for each number, two or more.
        starts: Random starts of each, of which the one nearest to the rows is kept: what differs
            from repetition to repetition should be the data's doing, not a poor start's.
        perturbation: Largest change of a value, as a share of it.
        tight: Least silhouette of the worst cluster of a number that may be chosen.

    Raises:
        BadInput: When a value is negative or a setting cannot be.
    """
    layout = Layout.of(training.inputs)
    rows = non_negative(layout, training.inputs)
    if not (1 <= least <= most and repetitions >= 2 and starts >= 1 and 0 < perturbation < 1):
        found = f"{least}, {most}, {repetitions}, {starts}, {perturbation}"
        expected = (
            "1 <= least <= most, two or more repetitions, a start, a perturbation between 0 and 1"
        )
        raise BadInput("nmfk: settings", expected, found)
    refuse_count("nmfk", most, rows)
    rng = np.random.default_rng(training.seed)
    tried = list(range(least, most + 1))
    how = Repeating(repetitions, starts, perturbation)
    trials = [trial(rows, k, how, rng) for k in tried]
    best = trials[choose(trials, tight)]
    arrays = {
        "parts": best.parts,
        "tried": np.array(tried),
        "silhouette": np.array([t.silhouette for t in trials]),
        "error": np.array([t.error for t in trials]),
    }
    return ChosenMixing(layout, arrays)


def choose(trials: list[Trial], tight: float) -> int:
    """Place of the last trial that is tight and better than the one before; else of the first."""
    able = [
        i
        for i, found in enumerate(trials)
        if found.silhouette >= tight and (i == 0 or found.error < (1 - GAIN) * trials[i - 1].error)
    ]
    return max(able, default=0)


def trial(rows: Floats, k: int, how: Repeating, rng: np.random.Generator) -> Trial:
    """Factorise perturbed rows several times and match the parts."""
    found = []
    for _ in range(how.repetitions):
        changed = rows * rng.uniform(1 - how.perturbation, 1 + how.perturbation, rows.shape)
        tries = [
            factorised(changed, k, "random", int(rng.integers(2**31))) for _ in range(how.starts)
        ]
        found.append(unit(min(tries, key=lambda made: _left(changed, *made))[1]))
    parts = np.concatenate(found)
    cluster = matched(found)
    medians = unit(np.stack([np.median(parts[cluster == i], axis=0) for i in range(k)]))
    left = rows - amounts(rows, medians) @ medians
    error = float(np.linalg.norm(left) / np.linalg.norm(rows))
    return Trial(medians, worst_silhouette(parts, cluster), error)


def _left(rows: Floats, shares: Floats, parts: Floats) -> float:
    return float(np.linalg.norm(rows - shares @ parts))


def matched(found: list[Floats]) -> Labels:
    """Cluster of every part: one of each repetition in each cluster, most alike by cosine."""
    from scipy.optimize import linear_sum_assignment

    centres = found[0]
    clusters = np.tile(np.arange(len(centres)), (len(found), 1))
    for _ in range(ROUNDS):
        now = np.empty_like(clusters)
        for i, parts in enumerate(found):
            _, now[i] = linear_sum_assignment(parts @ centres.T, maximize=True)
        members = np.stack([parts[np.argsort(own)] for parts, own in zip(found, now, strict=True)])
        centres = unit(members.mean(axis=0))
        if np.array_equal(now, clusters):
            break
        clusters = now
    return np.asarray(clusters.ravel(), dtype=np.int64)


def worst_silhouette(parts: Floats, cluster: Labels) -> float:
    """Mean silhouette (cosine) of the worst cluster; a single cluster is as tight as can be."""
    from sklearn.metrics import silhouette_samples

    if cluster.max() == 0:
        return 1.0
    samples = silhouette_samples(parts, cluster, metric="cosine")
    return float(min(samples[cluster == i].mean() for i in range(cluster.max() + 1)))


def unit(parts: Floats) -> Floats:
    """Parts of length one; one that vanished stays zero."""
    lengths = np.linalg.norm(parts, axis=1, keepdims=True)
    return np.asarray(np.divide(parts, lengths, out=np.zeros_like(parts), where=lengths > 0))


def load(folder: Path) -> Fitted:
    """Read saved parts; ModelRefused for anything else."""
    return ChosenMixing.read(folder)


MODEL = Model(
    name="nmfk",
    version="1",
    title="non-negative factors, number chosen",
    min_inputs=1,
    max_inputs=8,
    settings={
        "least": 2,
        "most": 12,
        "repetitions": 10,
        "starts": 3,
        "perturbation": 0.03,
        "tight": 0.8,
    },
    fit=fit,
    load=load,
    source="Alexandrov & Vesselinov, Water Resour. Res. 50, 7332 (2014), "
    "doi:10.1002/2013WR015037; Stanev et al., npj Comput. Mater. 4, 43 (2018), "
    "doi:10.1038/s41524-018-0099-2",
    tasks=NO_TARGET,
)
