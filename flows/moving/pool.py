"""Contents by their checksum: what a backup has in common with an earlier one is there once."""

from __future__ import annotations

import pyarrow as pa

from flows.moving.place import put
from registry.tables.parquet import checksum
from registry.tables.storage import Storage

POOL = "pool"


def path_of(digest: str) -> str:
    """Where the content of a checksum is kept."""
    return f"{POOL}/{digest[:2]}/{digest}"


class Pool:
    """Contents by checksum, and what was taken into them this time."""

    def __init__(self, target: Storage) -> None:
        self.files: dict[str, tuple[str, int]] = {}
        self.new = 0
        self.new_bytes = 0
        self._target = target
        self._there = {path: size for path, size, _ in target.walk(POOL)}

    def has(self, path: str, digest: str, size: int) -> bool:
        """Note a file whose content is there already; whether it is."""
        if self._there.get(path_of(digest)) != size:
            return False
        self.files[path] = (digest, size)
        return True

    def add(self, path: str, found: bytes) -> None:
        """Take in a file."""
        digest = checksum(pa.py_buffer(found))
        if not self.has(path, digest, len(found)):
            put(self._target, path_of(digest), found)
            self._there[path_of(digest)] = len(found)
            self.files[path] = (digest, len(found))
            self.new += 1
            self.new_bytes += len(found)
