"""Symmetry functions around atoms, by compiled loops; see ``acsf``."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from features.materials._compiled import compiled

if TYPE_CHECKING:
    from features.crystal import Integers
    from registry.records import Floats


@compiled
def symmetry_functions(
    apart: Floats,
    shares: Floats,
    start: Integers,
    r_cut: float,
    g2: Floats,
    g4: Floats,
    g5: Floats,
) -> Floats:
    """Symmetry functions of every site.

    Args:
        apart: From a centre to each neighbour, shape ``(n_pairs, 3)``, angstrom.
        shares: Occupancy of the neighbour by each class, shape ``(n_pairs, n_classes)``.
        start: Where the neighbours of each centre begin, shape ``(n_sites + 1,)``.
        r_cut: Cutoff, angstrom.
        g2: Pairs eta, R_s, shape ``(n_g2, 2)``.
        g4: Triples eta, zeta, lambda, shape ``(n_g4, 3)``.
        g5: Likewise.

    Returns:
        Shape ``(n_sites, width)``, in dscribe's order.
    """
    n_classes = shares.shape[1]
    radial, angular = 1 + len(g2), len(g4) + len(g5)
    n_pairs = n_classes * (n_classes + 1) // 2
    out = np.zeros((len(start) - 1, n_classes * radial + n_pairs * angular))
    longest = 0
    for i in range(len(out)):
        longest = max(longest, start[i + 1] - start[i])
    room = longest * n_classes
    who, kind = np.empty(room, np.int64), np.empty(room, np.int64)
    distance, height = np.empty(room), np.empty(room)
    for i in range(len(out)):
        m = 0
        for p in range(start[i], start[i + 1]):
            x, y, z = apart[p, 0], apart[p, 1], apart[p, 2]
            r = math.sqrt(x * x + y * y + z * z)
            if r > r_cut:
                continue
            for c in range(n_classes):
                if shares[p, c] > 0:
                    who[m], kind[m], distance[m] = p, c, r
                    height[m] = shares[p, c] * 0.5 * (math.cos(math.pi * r / r_cut) + 1)
                    _add_radial(out[i, c * radial : (c + 1) * radial], r, height[m], g2)
                    m += 1
        if angular == 0:
            continue
        for j in range(m):
            for k in range(j):
                dx = apart[who[j], 0] - apart[who[k], 0]
                dy = apart[who[j], 1] - apart[who[k], 1]
                dz = apart[who[j], 2] - apart[who[k], 2]
                far = dx * dx + dy * dy + dz * dz
                # two species that share a site are no two atoms
                if who[j] == who[k] or (len(g5) == 0 and far > r_cut * r_cut):
                    continue
                low, high = min(kind[j], kind[k]), max(kind[j], kind[k])
                place = n_classes * radial + (high * (high + 1) // 2 + low) * angular
                near = distance[j] * distance[j] + distance[k] * distance[k]
                cosine = 0.5 * (near - far) / (distance[j] * distance[k])
                both = height[j] * height[k]
                if far <= r_cut * r_cut:
                    cut = 0.5 * (math.cos(math.pi * math.sqrt(far) / r_cut) + 1)
                    _add_angular(
                        out[i, place : place + len(g4)], cosine, near + far, both * cut, g4
                    )
                _add_angular(out[i, place + len(g4) : place + angular], cosine, near, both, g5)
    return out


@compiled
def _add_radial(values: Floats, r: float, height: float, g2: Floats) -> None:
    values[0] += height
    for n in range(len(g2)):
        values[n + 1] += math.exp(-g2[n, 0] * (r - g2[n, 1]) ** 2) * height


@compiled
def _add_angular(
    values: Floats, cosine: float, squares: float, height: float, parameters: Floats
) -> None:
    eta, gauss = -1.0, 0.0
    for n in range(len(parameters)):
        # neighbouring parameter sets often share their eta
        if parameters[n, 0] != eta:
            eta = parameters[n, 0]
            gauss = 2.0 * math.exp(-eta * squares) * height
        base = max(0.5 * (1.0 + parameters[n, 2] * cosine), 0.0)
        values[n] += _power(base, parameters[n, 1]) * gauss


@compiled
def _power(base: float, exponent: float) -> float:
    """``base ** exponent``; by multiplication for whole exponents up to 64."""
    whole = int(exponent)
    if whole != exponent or whole < 0 or whole > 64:
        return math.pow(base, exponent)
    result = 1.0
    while whole:
        if whole & 1:
            result *= base
        base *= base
        whole >>= 1
    return result
