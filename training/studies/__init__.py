"""Studies: one file each, declaring itself as ``STUDY``."""

from __future__ import annotations

import sys
from functools import lru_cache

from registry.plugins import discover
from training.study import Study


@lru_cache(maxsize=1)
def studies() -> dict[str, Study]:
    """All studies by name."""
    return discover("STUDY", sys.modules[__name__])
