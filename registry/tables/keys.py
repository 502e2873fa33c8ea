"""Which keys a table already holds, kept in memory while a process appends.

Data files never change, so each is read once: its key columns become 128-bit digests, held as
two sorted arrays (16 bytes a row). Two keys count as equal when their digests are, which is the
same trust that content ids rest on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from hashlib import blake2b

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Words = npt.NDArray[np.uint64]


class KeySet:
    """Keys as digests, kept sorted."""

    def __init__(self) -> None:
        self._high: Words = np.empty(0, np.uint64)
        self._low: Words = np.empty(0, np.uint64)

    def add(self, digests: Words) -> None:
        """Take in keys, shape ``(n, 2)``."""
        order = np.argsort(digests[:, 0])
        high, low = digests[order, 0], digests[order, 1]
        places = np.searchsorted(self._high, high)
        self._high = np.insert(self._high, places, high)
        self._low = np.insert(self._low, places, low)

    def holds(self, digests: Words) -> npt.NDArray[np.bool_]:
        """Whether each key is among them, shape ``(n,)``."""
        first = np.searchsorted(self._high, digests[:, 0], side="left")
        last = np.searchsorted(self._high, digests[:, 0], side="right")
        found = np.zeros(len(digests), bool)
        for n in np.flatnonzero(last > first):
            found[n] = digests[n, 1] in self._low[first[n] : last[n]]
        return found


class KnownKeys:
    """Keys of the live files of one table.

    Args:
        key: Names of the key columns.
        read: Gives the key columns of a data file.
    """

    def __init__(self, key: tuple[str, ...], read: Callable[[str], pa.Table]) -> None:
        self._key = key
        self._read = read
        self._files: set[str] = set()
        self._keys = KeySet()

    def refresh(self, files: Iterable[str]) -> None:
        """Bring the keys in step with the live files."""
        live = set(files)
        if self._files - live:
            self._files, self._keys = set(), KeySet()
        for file in live - self._files:
            self.add(file, digests(self._read(file), self._key))

    def add(self, file: str, keys: Words) -> None:
        """Take in the keys of one more live file."""
        self._keys.add(keys)
        self._files.add(file)

    def holds(self, keys: Words) -> npt.NDArray[np.bool_]:
        """Whether each key is in a live file, shape ``(n,)``."""
        return self._keys.holds(keys)


def digests(rows: pa.Table, key: tuple[str, ...]) -> Words:
    """Digest of the key of each row, shape ``(n, 2)``."""
    whole = b"".join(
        [blake2b(text.encode(), digest_size=16).digest() for text in _texts(rows, key)]
    )
    return np.frombuffer(whole, np.uint64).reshape(-1, 2)


def first_of_each(keys: Words) -> npt.NDArray[np.bool_]:
    """Mark the first row of every key within a batch, shape ``(n,)``."""
    if len(np.unique(keys[:, 0])) == len(keys):
        return np.ones(len(keys), bool)
    keep = np.zeros(len(keys), bool)
    keep[np.unique(keys, axis=0, return_index=True)[1]] = True
    return keep


def _texts(rows: pa.Table, key: tuple[str, ...]) -> Iterable[str]:
    """A text for each row that no other key has."""
    columns = [rows[name] for name in key]
    if len(key) == 1 and columns[0].type == pa.string() and not columns[0].null_count:
        found: list[str] = columns[0].to_pylist()
        return found
    # the values of a key are text or counts: repr tells them and their limits apart
    return map(repr, zip(*(column.to_pylist() for column in columns), strict=True))
