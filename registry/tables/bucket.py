"""Files of a bucket as pyarrow reads them, so that a process that read some ends well.

Arrow reads on threads of its own, which give back what they hold of Python a little after the
read has returned. Up to Python 3.13 a thread that asks for the interpreter while that shuts down
is ended where it stands, which aborts the whole process (CPython issue 87135, Arrow issue 34314).
So at exit we wait until Arrow has let go of every file and every piece it read.
"""

from __future__ import annotations

import atexit
import time
from collections import deque
from collections.abc import Mapping
from typing import Any
from weakref import ref

import numpy as np
import pyarrow as pa
from deltalake.fs import DeltaStorageHandler
from pyarrow import fs

PATIENCE = 5.0  # s; what the program itself holds on to is never let go of
_POLL = 0.001
_held: set[ref[Any]] = set()
# the newest file systems: a thread must not be the last to hold one either
_kept: deque[fs.FileSystem] = deque(maxlen=100)


def bucket_files(uri: str, options: Mapping[str, str]) -> fs.FileSystem:
    """pyarrow file system whose root is a prefix of a bucket.

    Args:
        uri: ``s3://bucket/prefix``.
        options: How to reach it, as of :class:`~registry.tables.storage.Storage`.
    """
    files = fs.PyFileSystem(_Handler(uri, dict(options)))
    _kept.append(files)
    return files


class _Handler(DeltaStorageHandler):
    def open_input_file(self, path: str) -> pa.PythonFile:
        return pa.PythonFile(_Input(self._handler, path), mode="r")

    open_input_stream = open_input_file


class _Input:
    """An opened file."""

    def __init__(self, handler: Any, path: str) -> None:
        _watch(self)
        self._file = handler.open_input_file(path)

    def read(self, size: int) -> _Piece:
        """The next bytes."""
        piece = np.frombuffer(self._file.read(size), np.uint8).view(_Piece)
        _watch(piece)
        return piece

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


class _Piece(np.ndarray[Any, np.dtype[np.uint8]]):
    """Bytes of a file, told apart by identity."""

    __hash__ = object.__hash__  # type: ignore[assignment]


def _watch(thing: Any) -> None:
    # no Python may run after this call back: a thread could lose the interpreter in it
    _held.add(ref(thing, _held.discard))


@atexit.register
def _wait() -> None:
    end = time.monotonic() + PATIENCE
    while _held and time.monotonic() < end:
        time.sleep(_POLL)
