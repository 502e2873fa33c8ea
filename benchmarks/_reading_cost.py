"""What reading one file costs: in a module of its own, so that worker processes can import it."""

from __future__ import annotations

import resource
import time
from dataclasses import dataclass
from pathlib import Path

from ingest.files import _read
from ingest.readers import Source


@dataclass(frozen=True)
class Cost:
    """Of reading one file: wall time (s) and the peak memory of its process so far (MiB)."""

    seconds: float
    memory: float


def read_with_cost(path: Path) -> Cost:
    """Read one file as an ingest does and say what it took."""
    begin = time.perf_counter()
    _read(Source(path, path.read_bytes()))
    seconds = time.perf_counter() - begin
    return Cost(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
