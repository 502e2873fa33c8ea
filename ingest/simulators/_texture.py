r"""Preferred orientation of the crystallites of a powder, after March and Dollase.

.. math:: P(\alpha) = \left( r^2 \cos^2\alpha + \sin^2\alpha / r \right)^{-3/2}

alpha is the angle between a reflection and the axis of the texture; r < 1 for plates that lie
flat (the axis along the scattering vector is favoured), r > 1 for needles, r = 1 for none. The mean
of P over all directions is 1, so texture moves intensity between lines and makes none.

Source: Dollase, J. Appl. Cryst. 19, 267 (1986).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ingest.simulators._atoms import Integers
from registry.errors import WrongUse
from registry.records import Floats


@dataclass(frozen=True)
class Texture:
    """March coefficient r, and the Miller indices of the plane that lies flat."""

    march: float
    plane: tuple[float, float, float]

    def __post_init__(self) -> None:
        if self.march != 1 and not any(self.plane):
            raise WrongUse("plane_h, plane_k, plane_l", "a plane", "(0, 0, 0)")

    def weights(self, hkl: Integers | Floats, lattice: Floats) -> Floats:
        """Share of crystallites that reflect, relative to no texture.

        Args:
            hkl: Miller indices, shape ``(n, 3)``, none of them (0, 0, 0).
            lattice: Cell vectors as rows (angstrom), shape ``(3, 3)``.
        """
        if self.march == 1:
            return np.ones(len(hkl))
        reciprocal = np.linalg.inv(lattice).T
        axis = np.asarray(self.plane) @ reciprocal
        q = hkl @ reciprocal
        cos2 = (q @ axis) ** 2 / (np.einsum("nx,nx->n", q, q) * (axis @ axis))
        r = self.march
        return np.asarray((r**2 * cos2 + (1 - cos2) / r) ** -1.5)


RANDOM = Texture(1.0, (0.0, 0.0, 1.0))
