"""Ising spins on the pyrochlore lattice, and the moves of a Monte Carlo over them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from registry.records import Floats

Spins = npt.NDArray[np.int8]
Indices = npt.NDArray[np.int64]

FCC = np.array([[0.0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
"""Centres of the up tetrahedra in the cubic cell."""
AXES = np.array([[1.0, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) / np.sqrt(3)
"""Local axis of each of the four spins of an up tetrahedron; the spin is at axis * sqrt(3)/8."""
LONGEST_WALK = 1000
"""Tetrahedra after which a walk that found no loop is given up."""


@dataclass(frozen=True)
class Pyrochlore:
    """A periodic block of the lattice.

    Attributes:
        position: Of each spin, in cubic cells, shape ``(n, 3)``.
        axis: Local axis of each spin, shape ``(n, 3)``.
        tetrahedra: Spins of each tetrahedron, the up ones first, shape ``(n / 2, 4)``.
        member: The up and the down tetrahedron of each spin, shape ``(n, 2)``.
    """

    position: Floats
    axis: Floats
    tetrahedra: Indices
    member: Indices


@lru_cache(maxsize=2)
def pyrochlore(size: int) -> Pyrochlore:
    """Block of ``size``^3 cubic cells with 16 spins each."""
    cells = np.stack(np.meshgrid(*[np.arange(size)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    up = (cells[:, None, :] + FCC).reshape(-1, 3)
    offset = AXES * np.sqrt(3) / 8
    position = (up[:, None, :] + offset).reshape(-1, 3)
    tetrahedra = np.arange(len(position)).reshape(-1, 4)
    # the down tetrahedron of a spin is centred as far behind it as the up one is before it
    down = np.rint(4 * (up[:, None, :] + 2 * offset)).astype(np.int64) % (4 * size)
    code = (down.reshape(-1, 3) * [1, 4 * size, 16 * size**2]).sum(axis=1)
    _, number = np.unique(code, return_inverse=True)
    downs = np.argsort(number, kind="stable").reshape(-1, 4)
    member = np.column_stack([np.arange(len(position)) // 4, number + len(tetrahedra)])
    return Pyrochlore(
        position % size,
        np.tile(AXES, (len(up), 1)),
        np.concatenate([tetrahedra, downs]),
        member,
    )


def sweep(
    spins: Spins, block: Pyrochlore, temperature: float, generator: np.random.Generator
) -> None:
    """One flip tried for each spin, then one loop to every 16 tetrahedra; changes ``spins``."""
    n, tetrahedra = len(spins), len(block.tetrahedra)
    metropolis, flip_loop = _kernels()
    metropolis(
        spins,
        block.tetrahedra,
        block.member,
        generator.integers(0, n, n),
        generator.random(n),
        temperature,
    )
    starts = generator.integers(0, tetrahedra, max(1, tetrahedra // 16))
    for start in starts:
        turns = generator.integers(0, 2, LONGEST_WALK)
        flip_loop(spins, block.tetrahedra, block.member, start, turns)


@lru_cache(maxsize=1)
def _kernels() -> tuple[Callable[..., None], Callable[..., None]]:
    from numba import njit

    return njit(cache=True)(_metropolis), njit(cache=True)(_flip_loop)


def _metropolis(
    spins: Spins,
    tetrahedra: Indices,
    member: Indices,
    sites: Indices,
    uniform: Floats,
    temperature: float,
) -> None:
    for n in range(len(sites)):
        site = sites[n]
        neighbours = -2 * spins[site]  # it is itself a member of both tetrahedra
        for side in range(2):
            for k in range(4):
                neighbours += spins[tetrahedra[member[site, side], k]]
        cost = -2.0 * spins[site] * neighbours
        if cost <= 0 or uniform[n] < np.exp(-cost / temperature):
            spins[site] = -spins[site]


def _flip_loop(
    spins: Spins, tetrahedra: Indices, member: Indices, start: int, turns: Indices
) -> None:
    """Follow spins head to tail until a tetrahedron is met again, and flip that loop.

    A walk that meets a tetrahedron without two in and two out is given up, so no energy changes.
    """
    ups = len(tetrahedra) // 2
    seen = np.full(len(tetrahedra), -1, dtype=np.int64)
    path = np.empty(len(turns), dtype=np.int64)
    at = start
    for step in range(len(turns)):
        total = 0
        for k in range(4):
            total += spins[tetrahedra[at, k]]
        if total != 0:
            return
        seen[at] = step
        outwards = 1 if at < ups else -1
        skip = turns[step]
        for k in range(4):
            site = tetrahedra[at, k]
            if spins[site] == outwards:
                if skip == 0:
                    path[step] = site
                    break
                skip -= 1
        at = member[path[step], 1] if at < ups else member[path[step], 0]
        if seen[at] >= 0:
            for n in range(seen[at], step + 1):
                spins[path[n]] = -spins[path[n]]
            return
