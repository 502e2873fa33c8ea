"""Files read where they can do no harm: in processes of their own, within time and memory.

A damaged HDF5 file can end the process that reads it, or hold it for ever, inside the HDF5
library; no Python code can guard against that. Such files are therefore always read apart. Other
formats are read in this process with one worker, and apart with more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from ingest.readers import Source
from ingest.readers._hdf5 import MAGIC
from registry.errors import BadInput
from registry.isolated import Isolated, Lost

Result = TypeVar("Result")

SECONDS, SECONDS_PER_MIB = 5.0, 1.0
"""Computing time a file may take: so much, and so much more for its size."""
MEMORY = 4 * 2**30
"""Bytes a process that reads may allocate."""


@contextmanager
def reading(
    read: Callable[[Source], Result], workers: int
) -> Iterator[Callable[[Sequence[Source]], list[Result | Lost]]]:
    """Yield what reads many files in order; ``Lost`` stands for a file that broke its process.

    Args:
        read: Reads one file; importable by its name.
        workers: Processes that read.
    """
    with Isolated(read, workers, _seconds, MEMORY) as apart:

        def one(source: Source) -> Result | Lost:
            return apart.run(source) if source.head.startswith(MAGIC) else read(source)

        yield lambda sources: list(apart.map(sources) if workers > 1 else map(one, sources))


def why_lost(source: Source, lost: Lost) -> BadInput:
    """What is told of a file that broke the process reading it."""
    return BadInput(source.name, "a file that can be read within the limits", lost.reason)


def _seconds(source: Source) -> float:
    return SECONDS + SECONDS_PER_MIB * len(source.content) / 2**20
