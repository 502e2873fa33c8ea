"""Linear interpolation of many curves on one axis, as weights on their points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from registry.records import Floats

Numbers = npt.NDArray[np.float64]


def is_axis(x: Floats) -> bool:
    """Whether x is finite and strictly ascending or descending, with at least two points."""
    steps = np.diff(x)
    return len(x) > 1 and bool(np.isfinite(x).all() and ((steps > 0).all() or (steps < 0).all()))


@dataclass(frozen=True)
class Interpolation:
    r"""Values at new places from those at an axis: :math:`z_j = (1 - t_j) y_{l_j} + t_j y_{r_j}`.

    Attributes:
        left: Index of the point below each place, shape ``(g,)``.
        right: Index of the point above it, shape ``(g,)``.
        share: Weight :math:`t` of the point above, 0 to 1, shape ``(g,)``.
        inside: Whether a place is within the axis, shape ``(g,)``.
        points: Points of the axis, n.
    """

    left: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]
    share: Numbers
    inside: npt.NDArray[np.bool_]

    points: int

    @classmethod
    def onto(cls, grid: Floats, x: Floats) -> Interpolation:
        """From an axis (:func:`is_axis`), shape ``(n,)``, onto places, shape ``(g,)``."""
        rising = x[0] < x[-1]
        axis = x if rising else x[::-1]
        low = np.clip(np.searchsorted(axis, grid, side="right") - 1, 0, len(x) - 2)
        share = (grid - axis[low]) / (axis[low + 1] - axis[low])
        left, right = (low, low + 1) if rising else (len(x) - 1 - low, len(x) - 2 - low)
        return cls(left, right, share, (grid >= axis[0]) & (grid <= axis[-1]), len(x))

    def of(self, curves: npt.NDArray[np.float32]) -> Numbers:
        """Interpolated curves, shape ``(m, g)``; NaN outside the axis."""
        values = curves[:, self.left] * (1 - self.share) + curves[:, self.right] * self.share
        values[:, ~self.inside] = np.nan
        return np.asarray(values, dtype=np.float64)

    def products(self, weights: Numbers) -> tuple[Numbers, Numbers, Numbers]:
        r"""What gives sums over the places inside without interpolating.

        With :math:`A` the interpolation onto the places inside and y a curve,
        :math:`w \cdot A y = p \cdot y` and
        :math:`|A y|^2 = \sum_i d_i y_i^2 + \sum_i b_i y_i y_{i+1}`.

        Args:
            weights: w, one per place inside.

        Returns:
            p, shape ``(n,)``; d, shape ``(n,)``; b, shape ``(n - 1,)``.
        """
        left, right, t = self.left[self.inside], self.right[self.inside], self.share[self.inside]
        p = self._sums(left, weights * (1 - t)) + self._sums(right, weights * t)
        d = self._sums(left, (1 - t) ** 2) + self._sums(right, t**2)
        b = 2 * self._sums(np.minimum(left, right), t * (1 - t))
        return p, d, b[:-1]

    def _sums(self, at: npt.NDArray[np.int64], weights: Numbers) -> Numbers:
        return np.asarray(np.bincount(at, weights, minlength=self.points), dtype=np.float64)
