"""HDF5 without surprises: opened from memory, nothing outside the file is followed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ingest.readers._hdf5_guard import check_heaps
from registry.errors import BadInput

if TYPE_CHECKING:
    import h5py

MAGIC = b"\x89HDF\r\n\x1a\n"
_DEEPEST = 20
# What h5py raises over damaged files, found by damaging them.
_DAMAGED = (OSError, RuntimeError, KeyError, ValueError, TypeError)


@contextmanager
def opened(content: bytes, where: str) -> Iterator[h5py.File]:
    """Open HDF5 content for reading.

    Raises:
        BadInput: When the file is damaged, or refers to other files.
    """
    import h5py

    check_heaps(content, where)
    try:
        with h5py.File(h5py.h5f.open_file_image(content)) as file:
            _refuse_references(file, where, set())
            yield file
    except _DAMAGED as error:
        raise BadInput(where, "a complete HDF5 file", f"{type(error).__name__}: {error}") from error


def _refuse_references(group: h5py.Group, where: str, seen: set[int], depth: int = 0) -> None:
    """External links, external storage and virtual data sets would open other files.

    Groups are looked at once, however many links lead to them: ``seen`` has their addresses.
    """
    import h5py

    if depth > _DEEPEST:
        raise BadInput(f"{where}: {group.name}", f"at most {_DEEPEST} levels", "more")
    for name in group:
        link = group.get(name, getlink=True)
        place = f"{where}: {group.name}/{name}"
        if isinstance(link, h5py.ExternalLink):
            raise BadInput(place, "data in this file", f"a link to {link.filename!r}")
        if isinstance(link, h5py.SoftLink):
            continue
        item = group[name]
        address = h5py.h5o.get_info(item.id).addr
        if address in seen:
            continue
        seen.add(address)
        if isinstance(item, h5py.Group):
            _refuse_references(item, where, seen, depth + 1)
        elif isinstance(item, h5py.Dataset) and (item.external or item.is_virtual):
            raise BadInput(place, "data in this file", "data stored in another file")


def text_of(value: Any) -> str:
    """Text of a string data set or attribute, whichever way it is stored."""
    import numpy as np

    first = np.ravel(value)[0] if np.size(value) else ""
    return first.decode("utf-8", "replace") if isinstance(first, bytes) else str(first)
