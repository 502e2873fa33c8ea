"""How well groups of samples agree with given regions, and with regions put elsewhere.

Samples of neighbouring compositions are alike and are in one region anyway, so any smooth division
of the triangle agrees with any other. The control for that turns the regions about the middle of
the samples (and mirrors them): as smooth, as large, but elsewhere. The same control is used for
maps of the brain (Alexander-Bloch et al., NeuroImage 178, 540 (2018),
doi:10.1016/j.neuroimage.2018.05.070).

Adjusted mutual information: Vinh et al., J. Mach. Learn. Res. 11, 2837 (2010), with the
arithmetic mean of the entropies; 0 for chance, 1 for equal divisions. Adjusted Rand index: Hubert
& Arabie, J. Classif. 2, 193 (1985). Purity: share of samples in the most frequent region of their
group; one for groups of one sample, so it means nothing without the number of groups.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from registry.records import Floats
from training.evaluation import Interval
from training.models import Labels

TAIL = 0.025
NEAREST_TURN = 20.0
"""Smallest turn (degree): regions turned by less are hardly elsewhere."""


@dataclass(frozen=True)
class Agreement:
    """Agreement of a division with given regions."""

    mutual_information: float
    rand: float
    purity: float


def agreement(regions: Labels, said: Labels) -> Agreement:
    """Agreement of two divisions of the same samples, shape ``(n,)`` each."""
    from sklearn.metrics import adjusted_rand_score
    from sklearn.metrics.cluster import contingency_matrix

    most = contingency_matrix(regions, said).max(axis=0)
    return Agreement(
        mutual_information(regions, said),
        float(adjusted_rand_score(regions, said)),
        float(most.sum() / len(regions)),
    )


def mutual_information(regions: Labels, said: Labels) -> float:
    """Adjusted mutual information of two divisions."""
    from sklearn.metrics import adjusted_mutual_info_score

    return float(adjusted_mutual_info_score(regions, said))


def shuffled(regions: Labels, times: int, seed: int) -> list[Labels]:
    """Regions given to other samples at random."""
    rng = np.random.default_rng(seed)
    return [rng.permutation(regions) for _ in range(times)]


def turned(regions: Labels, places: Floats, times: int) -> list[Labels]:
    """Regions turned about the middle of the samples, as they are and mirrored.

    A sample gets the region of the sample nearest to where it came from, so the regions keep their
    smoothness; what is turned out of the samples is lost.

    Args:
        regions: Region of each sample, shape ``(n,)``.
        places: Where the samples are, on a plane on which distances mean something, ``(n, 2)``.
        times: How many turns; half of them are of the mirror image.
    """
    from scipy.spatial import KDTree

    centred = places - places.mean(axis=0)
    tree = KDTree(centred)
    angles = np.radians(np.linspace(NEAREST_TURN, 360 - NEAREST_TURN, max(times // 2, 1)))
    found = []
    for mirror in (1, -1):
        for angle in angles:
            turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
            _, nearest = tree.query(centred * (mirror, 1) @ turn)
            found.append(regions[nearest])
    return found


def above(value: float, control: Floats) -> Interval:
    """How far a value is above a control: its mean, and all but the outer 2.5 % on each side."""
    low, high = np.quantile(control, [TAIL, 1 - TAIL])
    return Interval(value - float(control.mean()), value - float(high), value - float(low))


def of_nearest(labels: Labels, places: Floats) -> Labels:
    """Label of the nearest other sample: what the smoothness of labels alone tells."""
    from scipy.spatial import KDTree

    _, nearest = KDTree(places).query(places, k=2)
    return np.asarray(labels[nearest[:, 1]], dtype=np.int64)
