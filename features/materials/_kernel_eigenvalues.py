"""Kernel of ``_matrix``: eigenvalues of many small symmetric matrices of different sizes.

The matrices of crystals have some ten rows. LAPACK takes half as long again for those, and many
times as long where BLAS shares its steps among threads of a busy machine. These are its two
algorithms, written out: Householder's reduction to a tridiagonal matrix (dsytd2) and the QL
iteration without square roots of Pal, Walker and Kahan (dsterf); Parlett, The Symmetric Eigenvalue
Problem (1998), sections 7 and 8.15.
"""

from __future__ import annotations

import math

import numpy as np

from features.materials._cells import Integers
from features.materials._compiled import compiled
from registry.records import Floats

EPSILON = 1.1e-16
HUGE = 1e200
SWEEPS = 60
"""QL takes two sweeps or less an eigenvalue."""


@compiled
def fill_eigenvalues(matrices: Floats, offset: Integers, sizes: Integers, values: Floats) -> None:
    """Write the eigenvalues of each matrix to the front of its row, largest magnitude first.

    Args:
        matrices: Row by row and end to end; matrix m from ``offset[m]`` on. Overwritten.
        offset: Shape ``(matrices + 1,)``.
        sizes: Rows of each; a matrix of none is left out.
        values: Shape ``(matrices, at least the largest size)``.
    """
    largest = sizes.max() if len(sizes) else 0
    diagonal, beside, work = np.empty(largest), np.empty(largest), np.empty(largest)
    for m in range(len(sizes)):
        n = sizes[m]
        if n == 0:
            continue
        _to_tridiagonal(
            matrices[offset[m] : offset[m] + n * n].reshape(n, n), diagonal, beside, work
        )
        _ql(diagonal, beside, n)
        _write_by_magnitude(diagonal, n, values, m)


@compiled
def _to_tridiagonal(a: Floats, diagonal: Floats, beside: Floats, p: Floats) -> None:
    """Reduce a symmetric matrix; writes the diagonal and the squares of what is beside it.

    From the last row upwards: loops that begin at zero are the ones numba makes fast.
    """
    for i in range(len(a) - 1, 0, -1):
        row = a[i]
        rest = 0.0
        for j in range(i - 1):
            rest += row[j] * row[j]
        last = row[i - 1]
        beside[i - 1] = last * last + rest
        diagonal[i] = row[i]
        if rest == 0:
            continue
        # the reflector 1 - tau v v^T, with v in row i
        beta = -math.copysign(math.sqrt(beside[i - 1]), last)
        tau = (beta - last) / beta
        scale = 1 / (last - beta)
        row[i - 1] = 1 / scale
        for j in range(i):
            row[j] *= scale
            p[j] = 0.0
        for k in range(i):
            factor, other = row[k], a[k]
            for j in range(i):
                p[j] += factor * other[j]
        dot = 0.0
        for j in range(i):
            p[j] *= tau
            dot += p[j] * row[j]
        for j in range(i):
            p[j] -= 0.5 * tau * dot * row[j]
        for k in range(i):
            v, w, other = row[k], p[k], a[k]
            for j in range(i):
                other[j] -= v * p[j] + w * row[j]
    diagonal[0] = a[0, 0]


@compiled
def _ql(d: Floats, square: Floats, n: int) -> None:
    """Turn the diagonal of a tridiagonal matrix into its eigenvalues."""
    norm = 0.0
    for i in range(n):
        norm = max(norm, abs(d[i]))
    for i in range(n - 1):
        norm = max(norm, math.sqrt(square[i]))
    small = (EPSILON * norm) ** 2
    for low in range(n):
        for sweep in range(SWEEPS + 1):
            end = low
            while end < n - 1 and square[end] > small:
                end += 1
            if end == low:
                break
            if sweep == SWEEPS:
                raise ArithmeticError("no eigenvalues: the matrix is not finite")
            beside = math.sqrt(square[low])
            half = (d[low + 1] - d[low]) / (2 * beside)
            shift = d[low] - beside / (half + math.copysign(math.hypot(half, 1.0), half))
            cosine, sine, gamma = 1.0, 0.0, d[end] - shift
            p = gamma * gamma
            for i in range(end - 1, low - 1, -1):
                r = p + square[i]
                if i != end - 1:
                    square[i + 1] = sine * r
                # 1 / cosine beside cosine: one division does not wait for the other
                before, cosine, secant, sine = cosine, p / r, r / p, square[i] / r
                old = gamma
                gamma = cosine * (d[i] - shift) - sine * old
                d[i + 1] = old + (d[i] - gamma)
                p = gamma * gamma * secant if secant < HUGE else before * square[i]
            square[low] = sine * p
            d[low] = shift + gamma


@compiled
def _write_by_magnitude(d: Floats, n: int, values: Floats, row: int) -> None:
    """Insertion sort, which is quickest for few."""
    for i in range(n):
        value = d[i]
        place = i
        while place > 0 and abs(values[row, place - 1]) < abs(value):
            values[row, place] = values[row, place - 1]
            place -= 1
        values[row, place] = value
