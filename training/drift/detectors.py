"""Detectors of drift: each compares reference rows with recent ones and gives a p-value.

- ``stability``: largest population stability index over the columns (Siddiqi, Credit Risk
  Scorecards, 2006; bins are the deciles of all rows together, so that no bin is empty). Finds one
  quantity that moved, such as a peak position or a background.
- ``mmd``: squared maximum mean discrepancy with a Gaussian kernel as wide as the median distance
  (Gretton et al., J. Mach. Learn. Res. 13, 723 (2012)). Finds any change of the joint distribution.
- ``classifier``: accuracy of a logistic regression that tells recent rows from others it has not
  seen (Lopez-Paz & Oquab, ICLR 2017, arXiv:1610.06545). Finds small changes along a direction.

The first two count over random divisions of the rows; the third is scored on held-out groups, whose
number of right answers is binomial where nothing changed. Two more know something of each sample:
:mod:`training.drift.paired`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from registry.errors import BadInput
from registry.records import Floats
from training.drift.membership import Divisions, divisions, p_value

DIVISIONS = 1_999
"""Random divisions: p-values down to 0.0005."""
BINS = 10
FOLDS = 5
FLOOR = 0.5
"""Rows that an empty bin counts as, so that the index stays finite."""
SLAB = 500
"""Divisions worked on together."""


@dataclass(frozen=True)
class Evidence:
    """What one detector says.

    Attributes:
        detector: Its name.
        statistic: Its statistic; larger is more different.
        p_value: Chance of at least as much where nothing changed.
        column: Number of the column that moved most, where the detector tells.
        moved: Or what moved most and by how much, in words.
    """

    detector: str
    statistic: float
    p_value: float
    column: int | None = None
    moved: str = ""


Detector = Callable[[Floats, Floats, Sequence[str] | None, int], Evidence]


def stability(
    reference: Floats, recent: Floats, groups: Sequence[str] | None = None, seed: int = 0
) -> Evidence:
    """Largest population stability index over the columns.

    Args:
        reference: Shape ``(n, k)``.
        recent: Shape ``(m, k)``.
        groups: Group of each row, reference first; None when each row is one.
        seed: Of the divisions.

    Raises:
        BadInput: For no rows, other columns, values that are not finite, groups on both sides.
    """
    rows = _pooled(reference, recent)
    parts = divisions(len(reference), groups, len(rows), DIVISIONS, seed)
    # ranks, so that equal values are in one bin whatever the column holds
    edges = np.quantile(rows, np.linspace(0, 1, BINS + 1)[1:-1], axis=0)
    bins = np.stack([np.searchsorted(edges[:, k], rows[:, k]) for k in range(rows.shape[1])])
    index = np.zeros((len(parts), rows.shape[1]))
    for first in range(0, len(parts), SLAB):
        slab = parts[first : first + SLAB].astype(np.float32)
        for column, of_row in enumerate(bins):
            held = np.eye(BINS, dtype=np.float32)[of_row]
            new, every = slab @ held, held.sum(axis=0)
            index[first : first + SLAB, column] = _psi(every - new, new)
    worst = index.max(axis=1)
    return Evidence("stability", float(worst[0]), p_value(worst), int(index[0].argmax()))


def mmd(
    reference: Floats, recent: Floats, groups: Sequence[str] | None = None, seed: int = 0
) -> Evidence:
    """Squared maximum mean discrepancy of standardised rows; arguments as of :func:`stability`."""
    from scipy.spatial.distance import pdist, squareform

    rows = _standardised(_pooled(reference, recent))
    parts = divisions(len(reference), groups, len(rows), DIVISIONS, seed)
    squared = pdist(rows, "sqeuclidean")
    width = float(np.median(squared)) or 1.0
    kernel = squareform(np.exp(-squared / width)).astype(np.float32)  # zeros on the diagonal
    found = np.concatenate(
        [_discrepancy(kernel, parts[i : i + SLAB]) for i in range(0, len(parts), SLAB)]
    )
    return Evidence("mmd", float(found[0]), p_value(found))


def classifier(
    reference: Floats, recent: Floats, groups: Sequence[str] | None = None, seed: int = 0
) -> Evidence:
    """Held-out accuracy of telling the two apart; arguments as of :func:`stability`.

    Both sides count alike: of the larger one as many groups are drawn as the smaller one has.
    """
    from scipy.stats import binom
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rows = _pooled(reference, recent)
    label = np.arange(len(rows)) >= len(reference)
    divisions(len(reference), groups, len(rows), 0, seed)  # refuses groups on both sides
    names = np.arange(len(rows)) if groups is None else np.unique(groups, return_inverse=True)[1]
    fold = _folds(names, label, seed)
    right = total = 0
    for held in range(FOLDS):
        train, test = (fold != held) & (fold >= 0), fold == held
        if len(set(label[train])) < 2 or not test.any():
            continue
        model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=200))
        model.fit(rows[train], label[train])
        votes = model.decision_function(rows[test])
        # one answer a group: its rows are not independent
        for name in np.unique(names[test]):
            mine = names[test] == name
            right += int((votes[mine].mean() > 0) == label[test][mine][0])
            total += 1
    if total == 0:
        return Evidence("classifier", 0.5, 1.0)
    return Evidence("classifier", right / total, float(binom.sf(right - 1, total, 0.5)))


DETECTORS: dict[str, Detector] = {"stability": stability, "mmd": mmd, "classifier": classifier}


def _pooled(reference: Floats, recent: Floats) -> Floats:
    old, new = (np.atleast_2d(np.asarray(part, dtype=np.float64)) for part in (reference, recent))
    if old.shape[1] != new.shape[1]:
        raise BadInput("drift", f"{old.shape[1]} columns as in the reference", str(new.shape[1]))
    rows = np.concatenate([old, new])
    if not np.isfinite(rows).all():
        raise BadInput("drift", "finite values", f"{int((~np.isfinite(rows)).sum())} others")
    return rows


def _standardised(rows: Floats) -> Floats:
    spread = rows.std(axis=0)
    scaled: Floats = (rows - rows.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return scaled


def _psi(old: Floats, new: Floats) -> Floats:
    """Population stability index of counts per bin, along the last axis."""
    share_old = np.maximum(old, FLOOR) / old.sum(axis=-1, keepdims=True)
    share_new = np.maximum(new, FLOOR) / new.sum(axis=-1, keepdims=True)
    index: Floats = ((share_new - share_old) * np.log(share_new / share_old)).sum(axis=-1)
    return index


def _discrepancy(kernel: Floats, recent: Divisions) -> Floats:
    """Unbiased squared MMD of each division, shape ``(divisions,)``."""
    new = recent.astype(np.float32)
    n = new.sum(axis=1, dtype=np.float64)
    m = new.shape[1] - n
    towards = new @ kernel
    within = np.einsum("ij,ij->i", towards, new, dtype=np.float64)
    to_all = new @ kernel.sum(axis=1)
    across = to_all - within
    rest = float(kernel.sum(dtype=np.float64)) - within - 2 * across
    pairs = np.maximum(n * (n - 1), 1), np.maximum(m * (m - 1), 1)
    found: Floats = within / pairs[0] + rest / pairs[1] - 2 * across / (n * m)
    return found


def _folds(names: np.ndarray, label: np.ndarray, seed: int) -> np.ndarray:
    """Fold of each row, whole groups together, as many groups of either side; -1 is unused."""
    rng = np.random.default_rng(seed)
    sides = [rng.permutation(np.unique(names[label == side])) for side in (False, True)]
    most = min(map(len, sides))
    fold = np.full(len(names), -1)
    for side in sides:
        for place, name in enumerate(side[:most]):
            fold[names == name] = place % FOLDS
    return fold
