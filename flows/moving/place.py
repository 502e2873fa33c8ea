"""The place something is moved or restored to: empty, or begun by the same before."""

from __future__ import annotations

import json

from registry.errors import LakeError
from registry.lake import MARKER
from registry.tables.storage import Storage

UNDER_WAY = "arriving.json"
"""Says what is arriving; no lake can be opened there until all of it has."""


def claim(target: Storage, what: str, source: str) -> bool:
    """Claim a place; returns whether the same was begun there before.

    Args:
        target: The place.
        what: What is done there.
        source: From where.

    Raises:
        LakeError: When something else is there.
    """
    mark = json.dumps({"what": what, "from": source}, indent=1).encode()
    begun = target.read(UNDER_WAY)
    if target.read(MARKER) is not None:
        raise LakeError(f"{target.uri} holds a lake already: choose an empty place")
    if begun is not None and begun != mark:
        known = json.loads(begun)
        raise LakeError(f"{target.uri}: a {known['what']} from {known['from']} is under way there")
    if begun is None:
        if next(target.walk(), None) is not None:
            raise LakeError(f"{target.uri} is not empty: choose an empty place")
        put(target, UNDER_WAY, mark)
    return begun is not None


def complete(target: Storage, marker: bytes) -> None:
    """Let the lake be opened: all of it is there."""
    put(target, MARKER, marker)
    target.files.delete_file(UNDER_WAY)


def put(target: Storage, path: str, content: bytes) -> None:
    """Write an object whole, with the folders above it, in place of an older one if there is one.

    Raises:
        LakeError: When the storage cannot be written.
    """
    if not target.create(path, content):
        target.write(path, content)
