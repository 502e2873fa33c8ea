"""Counting noise: what decides its random numbers, the same on every machine."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from registry.identity import canonical_json
from registry.records import Floats

if TYPE_CHECKING:
    from pymatgen.core import Structure


def formula_number(structure: Structure) -> int:
    """A number for the formula of a structure: other structures get other noise."""
    with warnings.catch_warnings():
        # pymatgen orders a formula by electronegativity, which noble gases lack
        warnings.filterwarnings("ignore", message="No Pauling electronegativity")
        return crc32(structure.composition.alphabetical_formula.encode())


def counted(curve: Floats, expected: Floats, settings: dict[str, float]) -> tuple[Floats, Floats]:
    """Count a curve that has no structure; its standard deviation, too.

    Args:
        curve: Smooth curve, any shape.
        expected: Counts expected at each point, positive, same shape.
        settings: Of the curve; they and their ``seed`` decide the random numbers, so that the
            same settings give the same noise on every machine.

    Returns:
        Curve with Poisson noise and its standard deviation, both in the unit of ``curve``.
    """
    generator = np.random.default_rng(
        [int(settings["seed"]), crc32(canonical_json(settings).encode())]
    )
    counts = generator.poisson(expected).astype(np.float64)
    unit = curve / expected
    # at least one count: a channel that saw none is not known to be empty
    return counts * unit, np.sqrt(np.maximum(counts, 1.0)) * unit
