"""Guards against damaged HDF5 on which the HDF5 library never returns, or ends the process.

Global heaps: a collection (``GCOL``) is a row of objects, each a header of 16 bytes with index
and size, then its bytes. Index 0 is the free space at the end; the library walks on by its size,
so that a size of zero keeps it at one place for ever.
"""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, Any

from registry.errors import BadInput

if TYPE_CHECKING:
    import h5py

_COLLECTION = re.compile(rb"GCOL\x01\x00\x00\x00")
_HEADER = 16


def check_heaps(content: bytes, where: str) -> None:
    """Walk all global heap collections as the HDF5 library does, with 8-byte lengths.

    Raises:
        BadInput: When an object or the free space cannot be where the heap says it is.
    """
    for found in _COLLECTION.finditer(content):
        start = found.start()
        if start + _HEADER > len(content):
            raise BadInput(f"{where}: heap at byte {start}", "a complete HDF5 file", "its end")
        (size,) = struct.unpack_from("<Q", content, start + 8)
        end = start + size
        if end > len(content):
            place = f"{where}: heap at byte {start}"
            raise BadInput(place, f"{size} bytes", f"{len(content) - start}")
        at = start + _HEADER
        while at + _HEADER <= end:
            index, length = struct.unpack_from("<H6xQ", content, at)
            step = length if index == 0 else _HEADER + (length + 7) // 8 * 8
            if step < _HEADER or at + step > end:
                place = f"{where}: heap object at byte {at}"
                raise BadInput(place, f"{_HEADER} to {end - at} bytes", str(step))
            at += step


def attribute(owner: h5py.Group | h5py.Dataset, name: str, default: Any = "") -> Any:
    """Value of an attribute that is text or numbers, or the default where there is none.

    Raises:
        ValueError: For another type, which :func:`ingest.readers._hdf5.opened` turns into
            BadInput: a text type with a damaged class makes HDF5 read anywhere.
    """
    import h5py

    if name not in owner.attrs:
        return default
    dtype = owner.attrs.get_id(name).dtype
    if dtype.kind not in "fiubS" and h5py.check_string_dtype(dtype) is None:
        raise ValueError(f"{owner.name}@{name} is neither text nor numbers: {dtype}")
    return owner.attrs[name]
