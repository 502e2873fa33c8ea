"""Non-negative mixing: every row is a sum of non-negative parts with non-negative shares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from registry.errors import BadInput
from registry.records import Floats
from training.models import Block, Inputs
from training.models._arrays import ArraysModel
from training.models._calm import calm
from training.models._layout import Layout

STEPS = 1000
"""Most iterations of a factorisation."""


class Mixing(ArraysModel):
    """Parts, shape ``(k, width)``."""

    sizes: ClassVar[Mapping[str, tuple[str, ...]]] = {"parts": ("k", "width")}

    def encode(self, inputs: Inputs) -> Block:
        """How much of each part is in a row, shape ``(n, k)``.

        Raises:
            BadInput: When a value is negative.
        """
        rows = non_negative(self.layout, inputs)
        return np.asarray(amounts(rows, self.arrays["parts"]), dtype=np.float32)

    def decode(self, codes: Block) -> Block:
        """Sum of the parts, shape ``(n, width)``."""
        return np.asarray(codes @ self.arrays["parts"], dtype=np.float32)


def non_negative(layout: Layout, inputs: Inputs) -> Floats:
    """All blocks side by side in double precision, shape ``(n, width)``.

    Raises:
        BadInput: When a value is negative.
    """
    rows = layout.rows(inputs).astype(np.float64)
    negative = int((rows < 0).sum())
    if negative:
        raise BadInput("inputs", "values of 0 or more", f"{negative} of {rows.size} below 0")
    return rows


def factorised(rows: Floats, k: int, init: str, seed: int) -> tuple[Floats, Floats]:
    """Amounts ``(n, k)`` and parts ``(k, width)`` whose product is nearest to the rows.

    Least squares by coordinate descent (Cichocki & Phan, IEICE Trans. E92-A, 708, 2009).
    """
    from sklearn.decomposition import NMF

    with calm(len(rows)):
        found = NMF(k, init=init, random_state=seed, max_iter=STEPS)
        return found.fit_transform(rows), found.components_


def amounts(rows: Floats, parts: Floats) -> Floats:
    """Least squares amounts of given parts in rows, shape ``(n, k)``."""
    from sklearn.decomposition import non_negative_factorization

    with calm(len(rows)):
        found: Floats = non_negative_factorization(
            rows,
            H=np.asarray(parts, dtype=np.float64),
            n_components=len(parts),
            init="custom",
            update_H=False,
            max_iter=STEPS,
            tol=1e-6,
        )[0]
    return found


def refuse_count(name: str, k: int, rows: Floats) -> None:
    """Insist that there can be so many parts.

    Raises:
        BadInput: When there are fewer rows or columns.
    """
    if not 1 <= k <= min(rows.shape):
        found = f"{k} of rows and columns {rows.shape}"
        raise BadInput(f"{name}: parts", "at least 1, no more than rows or columns", found)
