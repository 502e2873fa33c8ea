"""What belongs to a lattice, whichever vectors were chosen to span it.

Selling's algorithm finds four vectors that sum to zero, any two of them at no acute angle: an
obtuse superbasis. It exists for every lattice in three dimensions, and of the seven sums of its
members (up to sign) every face of the Voronoi cell is the half-way plane of one: Conway and
Sloane, Proc. R. Soc. Lond. A 436, 55 (1992). A vector is the shortest of its images when it lies
on the near side of each of those planes.
"""

from __future__ import annotations

from itertools import combinations, permutations, product

import numpy as np

from registry.records import Floats

TIE = 1e-8
"""Lengths and cosines that differ by less, relative, are the same."""


def voronoi_vectors(lattices: Floats) -> Floats:
    """Find the vectors across the faces of Voronoi cells.

    Args:
        lattices: Cell vectors, shape ``(cells, 3, 3)``, angstrom.

    Returns:
        Seven vectors of each, one of every opposite two, shape ``(cells, 7, 3)``; some may belong
        to an edge or a corner.
    """
    from features.materials._kernel_lattice import fill_voronoi

    vectors = np.empty((len(lattices), 7, 3))
    fill_voronoi(np.ascontiguousarray(lattices), vectors)
    return vectors


_TRIPLES = np.array(list(combinations(range(7), 3)))
# permutations of three vectors with all choices of sign, shape (48, 3, 3)
_SIGNED = np.array(
    [
        np.diag(s) @ np.eye(3)[list(p)]
        for p, s in product(permutations(range(3)), product((1.0, -1.0), repeat=3))
    ]
)


def shortest_bases(voronoi: Floats) -> Floats:
    """Find every set of three shortest vectors that spans a lattice, up to order and signs.

    Signs are Niggli's: all angles acute, or none. There is one such set, unless the lattice is
    symmetric (or by chance equally long along two of the vectors).

    Args:
        voronoi: What :func:`voronoi_vectors` gives of one lattice, shape ``(7, 3)``.

    Returns:
        Shape ``(bases, 3, 3)``, vectors by length.
    """
    triples = voronoi[_TRIPLES]
    volumes = np.abs(np.linalg.det(triples))
    squares = (triples**2).sum(axis=-1)
    # the smallest volume above zero is the cell's: sums of its vectors span it or a multiple
    spans = np.abs(volumes / np.abs(np.linalg.det(voronoi[:3])) - 1) < 0.5
    total = np.where(spans, squares.sum(axis=-1), np.inf)
    bases = triples[total < total.min() * (1 + TIE)]
    order = np.argsort((bases**2).sum(axis=-1), axis=-1)
    bases = np.take_along_axis(bases, order[..., None], axis=1)
    standard: Floats = bases * _niggli_signs(bases)[..., None]
    return standard


def ordered_signed(bases: Floats) -> Floats:
    """Give all orders and signs of sets of vectors that are ascending, with Niggli's signs.

    Args:
        bases: What :func:`shortest_bases` gives, shape ``(bases, 3, 3)``.

    Returns:
        Shape ``(at least 2 bases, 3, 3)``: turning all three vectors round changes no angle.
    """
    every = (_SIGNED @ bases[:, None]).reshape(-1, 3, 3)
    squares = (every**2).sum(axis=-1)
    ascends = (squares[:, 1:] > squares[:, :-1] * (1 - TIE)).all(axis=1)
    signs = _signs(cosines(every))
    acute, obtuse = (signs > 0).all(axis=1), (signs <= 0).all(axis=1)
    chosen: Floats = every[ascends & (acute | obtuse)]
    return chosen


def cosines(bases: Floats) -> Floats:
    """Cosines between a and b, a and c, b and c, shape ``(bases, 3)``."""
    unit = bases / np.linalg.norm(bases, axis=-1, keepdims=True)
    found: Floats = (unit[:, [0, 0, 1]] * unit[:, [1, 2, 2]]).sum(axis=-1)
    return found


def _signs(cosine: Floats) -> Floats:
    return np.where(np.abs(cosine) < TIE, 0.0, np.sign(cosine))


def _niggli_signs(bases: Floats) -> Floats:
    """Signs of the vectors that make all angles acute, or none, shape ``(bases, 3)``."""
    a_b, a_c, b_c = _signs(cosines(bases)).T
    one = np.ones(len(bases))
    signs: Floats = np.select(
        [a_b * a_c * b_c > 0, a_b == 0, a_c == 0],
        [(a_c, b_c, one), (_against(a_c), _against(b_c), one), (-a_b, one, _against(b_c))],
        (one, -a_b, -a_c),
    )
    return signs.T


def _against(sign: Floats) -> Floats:
    """The opposite sign; a right angle stays one whatever the sign."""
    return np.where(sign == 0, 1.0, -sign)
