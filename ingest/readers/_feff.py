"""What the headers of FEFF's output files say."""

from __future__ import annotations

import re

from ingest.readers._structures import symbol_of

_ABSORBER = re.compile(r"\bAbs\s+Z=\s*(\d+).*?\b([KLM]\d?)\s+shell", re.IGNORECASE)
_FEFF = re.compile(r"\bfeff\s*\d|@#", re.IGNORECASE)
_HEAVIEST = 118


def is_feff(header: str) -> bool:
    """Whether a header was written by FEFF."""
    return _FEFF.search(header) is not None


def absorber_of(header: str) -> tuple[str | None, str | None]:
    """Absorbing element and edge, from the line ``Abs Z=29 Rmt= 1.29 ... K shell``."""
    found = _ABSORBER.search(header)
    if found is None or not 1 <= int(found[1][:4]) <= _HEAVIEST:
        return None, None
    return symbol_of(int(found[1])), found[2].upper()
