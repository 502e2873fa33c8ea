"""Powder patterns: lines within what the wavelength can reach, on a background."""

from __future__ import annotations

import numpy as np

from ingest.checks import Check, CheckSet
from ingest.checks._curves import Curves, Lines, reduce
from registry.records import Floats

POWDER = ("xrd", "npd")
BLOCKS = 20


def measure(curves: Curves) -> dict[str, Floats]:
    """Columns of shape ``(n,)``."""
    lines = curves.lines
    # Q = 4 pi sin(theta) / lambda ends where the sine does, straight back
    reach = lines.last * lines.numbers("wavelength") / (4 * np.pi)
    return {
        "q_share_of_reach": lines.per_row(reach),
        "background_share": lines.per_row(background_share(lines)),
    }


def background_share(lines: Lines) -> Floats:
    """Share of the total that lies below the lowest points of ``BLOCKS`` pieces of the curve."""
    cuts = (lines.at[:-1, None] + lines.lengths[:, None] * np.arange(BLOCKS) // BLOCKS).ravel()
    lowest = reduce(np.minimum, lines.y, np.append(cuts, lines.at[-1]), np.nan)
    background = np.nanmean(lowest.reshape(-1, BLOCKS), axis=1) if len(lines) else np.zeros(0)
    mean = lines.total(lines.y) / np.maximum(lines.lengths, 1)
    return np.asarray(background / np.where(mean > 0, mean, np.nan))


CHECKS = CheckSet(
    "diffraction",
    (
        Check(
            "q_share_of_reach",
            "largest Q over 4 pi / wavelength, where scattering is straight back",
            upper=1.0001,
            techniques=POWDER,
        ),
        Check(
            "background_share",
            "share of the intensity that is background",
            upper=0.98,
            severity="warning",
            techniques=POWDER,
        ),
    ),
    measure,
    POWDER,
)
