"""Functions that break the process they run in, importable by a fresh one."""

from __future__ import annotations

import ctypes
import os
import time

from ingest.readers import Source


def naughty(what: str) -> str:
    """Break this process in the way told, or return what was given."""
    if what == "exit":
        os._exit(3)
    if what == "crash":
        ctypes.string_at(0)
    while what == "spin":
        pass
    if what == "sleep":
        time.sleep(60)
    return str(len(bytearray(2**31))) if what == "swell" else what


def read_naughtily(source: Source) -> str:
    """As ``naughty``, told by the name of the file."""
    return naughty(source.path.stem)
