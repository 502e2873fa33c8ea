"""Whether a curve resembles anything a model was trained on.

The similarity is the cosine between resampled blocks. A member counts as known when its most
similar training member is at least as similar as that of all but the oddest 1 % of the training
members themselves, each compared with the members of other groups only: a second determination of
the same mineral would make every mineral look known.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from registry.records import Floats
from training.models import Block

ODDEST = 1.0
"""Percent of the training members that are taken as outside."""
CHUNK = 2048


def similarity(one: Block, other: Block) -> Floats:
    """Cosine between rows, shape ``(len(one), len(other))``; a row of zeros resembles nothing."""
    return np.asarray(_unit(one) @ _unit(other).T, dtype=np.float64)


def domain_threshold(block: Block, groups: Sequence[str]) -> float:
    """Similarity below which a member is outside the domain of a training block.

    Args:
        block: Training rows, shape ``(n, width)``, of two groups or more.
        groups: Group of each row.
    """
    _, group = np.unique(np.asarray(groups), return_inverse=True)
    nearest = np.empty(len(block))
    for first in range(0, len(block), CHUNK):
        rows = slice(first, first + CHUNK)
        found = similarity(block[rows], block)
        found[group[rows, None] == group[None, :]] = -np.inf
        nearest[rows] = found.max(axis=1)
    return float(np.percentile(nearest, ODDEST))


def _unit(block: Block) -> Block:
    length = np.linalg.norm(block, axis=1, keepdims=True)
    unit: Block = np.divide(block, length, out=np.zeros_like(block), where=length > 0)
    return unit
