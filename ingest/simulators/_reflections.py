r"""Bragg reflections of a crystal and their structure factors.

.. math:: F(hkl) = \sum_j n_j f_j(s) e^{-B_j s^2} e^{2\pi i (h x_j + k y_j + l z_j)},
          \quad s = Q / 4\pi

The phase is a product of three, so the sum over atoms of one kind is, for each h, a matrix
product of (k, atom) by (atom, l): no exponential is taken per reflection and atom.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ingest.simulators._atoms import Atoms, Integers
from ingest.simulators._scattering import Scattering
from ingest.simulators._texture import RANDOM, Texture
from registry.errors import Unsupported
from registry.records import Floats

MAX_BOX = 1_000_000
"""Largest number of hkl triples looked at, about 100 MB."""
EXTINCT = 1e-10
"""Below this share of all atoms scattering in phase, ``|F|`` is rounding and counts as zero."""
SAME_Q = 1e-8
"""Reflections whose Q differ by less than this share form one line."""


@dataclass(frozen=True)
class Lines:
    """Powder lines, ascending in Q, each the sum over all its reflections.

    Attributes:
        q: Momentum transfer (1/angstrom), shape ``(n,)``.
        multiplicity: Number of reflections, shape ``(n,)``.
        f_squared: Sum of ``|F|^2`` over them, shape ``(n,)``.
    """

    q: Floats
    multiplicity: Integers
    f_squared: Floats


def powder_lines(
    atoms: Atoms,
    scattering: Scattering,
    q_min: float,
    q_max: float,
    b_iso: float = 0.0,
    texture: Texture = RANDOM,
) -> Lines:
    """Lines with ``q_min <= Q <= q_max`` (1/angstrom); extinct ones have no intensity.

    Friedel mates have one ``|F|^2`` because the amplitudes are real: half of the reciprocal
    space is summed and counted twice. ``b_iso`` (angstrom^2) holds for atoms that carry none.
    ``texture`` weighs each reflection of a line for itself.

    Raises:
        Unsupported: When an element has no amplitude, or there are too many reflections.
    """
    axes = _miller_axes(atoms.lattice, q_max)
    q_box = _q_of(axes, atoms.lattice)
    inside = (q_box >= q_min) & (q_box <= q_max) & _half_space(axes)
    q = q_box[inside]
    line, q_line = _group(q)
    s = q_line / (4 * np.pi)
    b_atom = np.where(np.isnan(atoms.b_iso), b_iso, atoms.b_iso)[atoms.site]
    total = np.zeros(len(q), dtype=np.complex128)
    in_phase = np.zeros(len(q_line))
    for e, element in enumerate(atoms.elements):
        f = scattering(element, s)
        for b in np.unique(b_atom[atoms.element == e]):
            of_kind = (atoms.element == e) & (b_atom == b)
            geometric = _geometric(
                axes, atoms.position[atoms.site[of_kind]], atoms.occupancy[of_kind]
            )
            amplitude = f * np.exp(-b * s**2)
            total += amplitude[line] * geometric[inside]
            in_phase += np.abs(amplitude) * atoms.occupancy[of_kind].sum()
    total[np.abs(total) < EXTINCT * in_phase[line]] = 0
    hkl = np.column_stack([a[n] for a, n in zip(axes, np.nonzero(inside), strict=True)])
    weights = 2 * (total.real**2 + total.imag**2) * texture.weights(hkl, atoms.lattice)
    return Lines(
        q_line,
        2 * np.bincount(line, minlength=len(q_line)),
        np.asarray(np.bincount(line, weights, minlength=len(q_line)), dtype=np.float64),
    )


def _miller_axes(lattice: Floats, q_max: float) -> tuple[Integers, Integers, Integers]:
    # |h| = |Q . a| / 2 pi <= Q_max |a| / 2 pi: a box around the sphere for any cell
    reach = np.floor(q_max * np.linalg.norm(lattice, axis=1) / (2 * np.pi) + 1e-9).astype(int)
    h, k, l = (int(n) for n in reach)  # noqa: E741 (Miller indices have these names)
    if (h + 1) * (2 * k + 1) * (2 * l + 1) > MAX_BOX:
        raise Unsupported(
            "structure",
            f"at most {MAX_BOX} Miller indices up to Q = {q_max:.3g} 1/angstrom",
            f"cell edges of {np.round(np.linalg.norm(lattice, axis=1), 2).tolist()} angstrom",
        )
    return np.arange(h + 1), np.arange(-k, k + 1), np.arange(-l, l + 1)


def _q_of(axes: tuple[Integers, Integers, Integers], lattice: Floats) -> Floats:
    reciprocal = 2 * np.pi * np.linalg.inv(lattice).T
    h, k, l = (  # noqa: E741
        np.multiply.outer(index, vector) for index, vector in zip(axes, reciprocal, strict=True)
    )
    vectors = h[:, None, None] + k[None, :, None] + l[None, None, :]
    return np.asarray(np.sqrt(np.einsum("hklx,hklx->hkl", vectors, vectors)))


def _half_space(
    axes: tuple[Integers, Integers, Integers],
) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    h, k, l = axes[0][:, None, None], axes[1][None, :, None], axes[2][None, None, :]  # noqa: E741
    return np.asarray((h > 0) | (k > 0) | ((k == 0) & (l > 0)))


def _group(q: Floats) -> tuple[Integers, Floats]:
    """Number the distinct values of ``q``; returns the number of each and the values."""
    order = np.argsort(q)
    ascending = q[order]
    first = np.ones(len(q), dtype=bool)
    first[1:] = np.diff(ascending) > SAME_Q * ascending[1:]
    line = np.empty(len(q), dtype=np.intp)
    line[order] = np.cumsum(first) - 1
    return line, ascending[first]


def _geometric(
    axes: tuple[Integers, Integers, Integers], position: Floats, occupancy: Floats
) -> np.ndarray[tuple[int, ...], np.dtype[np.complex128]]:
    """Sum of occupancy times phase over atoms of one kind, on the whole box ``(h, k, l)``."""
    h, k, l = (  # noqa: E741
        np.exp(2j * np.pi * np.multiply.outer(index, x))
        for index, x in zip(axes, position.T, strict=True)
    )
    along_l = np.ascontiguousarray((l * occupancy).T)
    return np.stack([(k * plane) @ along_l for plane in h])
