"""The header of NIST and ORNL Igor files: a line of titles, then a line of values."""

from __future__ import annotations

import re
from itertools import pairwise

from ingest.readers._common import number


def wavelength_of(header: list[str], where: str) -> float | None:
    """Wavelength (angstrom): second value below the line ``MON CNT  LAMBDA ...``."""
    for titles, values in pairwise(header):
        words = values.split()
        if re.match(r"\s*MON CNT\s+LAMBDA", titles) and len(words) > 1:
            return number(words[1], f"{where}: LAMBDA")
    return None


def sample_label(header: list[str]) -> str | None:
    """What stands behind ``LABEL:``."""
    found = (re.match(r"LABEL:\s*(.*\S)", line) for line in header)
    return next((match[1] for match in found if match), None)
