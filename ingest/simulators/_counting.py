"""Counting noise of curves that have no structure."""

from __future__ import annotations

from zlib import crc32

import numpy as np

from registry.identity import canonical_json
from registry.records import Floats


def counted(curve: Floats, expected: Floats, settings: dict[str, float]) -> tuple[Floats, Floats]:
    """A curve as it would be counted, and its standard deviation.

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
