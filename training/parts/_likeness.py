"""How alike powder patterns are, whatever their widths and heights: search-match and families.

Patterns are compared as a person compares them, by where their lines are: what is above the median
(the background of a pattern with gaps between its lines), its square root, so that weak lines count
beside strong ones, a few points wide, so that a line next to a line still matches; then the cosine.
"""

from __future__ import annotations

import numpy as np

from registry.records import Floats
from training.domain import CHUNK, similarity
from training.models import Block, Labels

WIDTH = 2
"""Points to each side over which a line is spread, with falling weight."""


def comparable(curves: Block) -> Block:
    """Curves as they are compared, same shape ``(n, points)``."""
    from scipy.ndimage import convolve1d

    above = np.clip(curves - np.median(curves, axis=1, keepdims=True), 0, None)
    weights = np.concatenate([np.arange(1, WIDTH + 2), np.arange(WIDTH, 0, -1)])
    found = convolve1d(np.sqrt(above), weights / weights.sum(), axis=1, mode="constant")
    return np.asarray(found, dtype=np.float32)


def likeness(one: Block, other: Block) -> Floats:
    """Likeness of each curve to each other one, 0 to 1, shape ``(len(one), len(other))``."""
    return similarity(comparable(one), comparable(other))


def best_of_class(asked: Block, known: Block, labels: Labels, n_classes: int) -> Floats:
    """Likeness of curves to the most similar known one of each class, shape ``(n, n_classes)``.

    A class that is not known resembles nothing: -1.
    """
    found = np.full((len(asked), n_classes), -1.0)
    for first in range(0, len(asked), CHUNK):
        alike = likeness(asked[first : first + CHUNK], known)
        for label in np.unique(labels):
            found[first : first + CHUNK, label] = alike[:, labels == label].max(axis=1)
    return found


def families(curves: Block, alike: float) -> list[int]:
    """Number of the family of each curve: curves more alike than that, directly or through others.

    Args:
        curves: Shape ``(n, points)``.
        alike: Likeness from which two curves count as one material.
    """
    from scipy.sparse.csgraph import connected_components

    _, number = connected_components(likeness(curves, curves) >= alike, directed=False)
    return [int(n) for n in number]
