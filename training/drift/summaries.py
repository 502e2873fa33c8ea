"""What a curve is summed up by to see drift: few numbers that instruments and samples move.

A model's own inputs hold hundreds of columns; a drifting instrument moves a handful of quantities
that a beamline scientist can name.
"""

from __future__ import annotations

import numpy as np

from registry.records import Floats

NAMES = ("mean", "spread", "centroid", "width", "skew", "highest", "peak", "floor", "roughness")
"""Columns of :func:`summaries`."""


def summaries(x: Floats, curves: Floats) -> Floats:
    """Sum up curves on one axis.

    Args:
        x: Axis, ascending, shape ``(n,)``.
        curves: Shape ``(m, n)``.

    Returns:
        Shape ``(m, 9)``: mean and standard deviation of the intensity; first moment, square root
        of the second and third root of the third central moment of the part above the floor
        along x; highest intensity and the x where it is; 10 % quantile; root mean square of the
        second difference, which noise makes large.
    """
    floor = np.quantile(curves, 0.1, axis=1)
    above = np.clip(curves - floor[:, None], 0, None)
    total = above.sum(axis=1)
    weight = above / np.where(total > 0, total, 1)[:, None]
    centroid = weight @ x
    away = x[None, :] - centroid[:, None]
    width = np.sqrt(np.einsum("ij,ij->i", weight, away**2))
    skew = np.cbrt(np.einsum("ij,ij->i", weight, away**3))
    rough = np.sqrt((np.diff(curves, 2, axis=1) ** 2).mean(axis=1))
    return np.column_stack(
        [
            curves.mean(axis=1),
            curves.std(axis=1),
            centroid,
            width,
            skew,
            curves.max(axis=1),
            x[curves.argmax(axis=1)],
            floor,
            rough,
        ]
    )
