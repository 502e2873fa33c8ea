"""Values of one input of a dataset, as files that are mapped into memory and never unpickled.

A folder for each input, of plain ``.npy`` arrays (n members):

============  ===========================================================================
``values``    float32, shape ``(n, width)``; a row of NaN where a member lacks the input.
              Of a ragged input all rows of all members, shape ``(total, width)``
``present``   whether a member has it, shape ``(n,)``
``offsets``   only of a ragged input: its rows by member, shape ``(n + 1,)``
============  ===========================================================================

``cache.json``, written last, names the digest of every file. A folder that differs from it is
damaged or half-written, and is built anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from registry import folders
from registry.errors import LakeError
from training.models import Block, Ragged

FORMAT, VERSION = "scatterlake reading", 1
HEADER = "cache.json"
VALUES, PRESENT, OFFSETS = "values.npy", "present.npy", "offsets.npy"

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Mapped:
    """One input of all members, mapped into memory.

    Attributes:
        values: As models take them.
        present: Whether a member has it, shape ``(n,)``.
        folder: Where its files are; None for values that are in memory.
    """

    values: Block | Ragged
    present: Flags
    folder: Path | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        """Another process maps the same files: no value is sent."""
        if self.folder is None:
            return Mapped, (self.values, self.present)
        return _again, (self.folder,)

    def span(self, rows: slice) -> Block | Ragged:
        """Values of neighbouring members; a view, nothing is read."""
        if isinstance(self.values, Ragged):
            offsets = self.values.offsets[rows.start : rows.stop + 1]
            return Ragged(self.values.values[offsets[0] : offsets[-1]], offsets - offsets[0])
        return self.values[rows]


def opened(folder: Path, build: Callable[[Path], None], verify: bool = True) -> Mapped:
    """What lies in a folder, built first when it is missing or damaged.

    Args:
        folder: Its place; its name says what is in it, so that what is there is what is meant.
        build: Writes the arrays into an empty folder.
        verify: Compare digests, which reads every byte once; without it, sizes.
    """

    def sealed(files: Path) -> None:
        build(files)
        seal(files)

    return folders.opened(folder, partial(load, verify=verify), sealed)


def load(folder: Path, verify: bool = True) -> Mapped | None:
    """Map what lies in a folder; None when it is missing, damaged or of another version."""
    try:
        header = json.loads((folder / HEADER).read_text())
        if (header["format"], header["version"]) != (FORMAT, VERSION):
            return None
        if any(_size(folder / name) != size for name, (size, _) in header["files"].items()):
            return None
        if verify and any(_digest(folder / n) != d for n, (_, d) in header["files"].items()):
            return None
        # copy on write: torch refuses arrays that it could not write to
        values = _map(folder / VALUES)
        present = np.load(folder / PRESENT, allow_pickle=False)
        if OFFSETS not in header["files"]:
            return Mapped(values, present, folder)
        offsets = np.load(folder / OFFSETS, allow_pickle=False)
        return Mapped(Ragged(values, offsets), present, folder)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def seal(folder: Path) -> None:
    """Write the header over arrays that are complete."""
    files = {p.name: (_size(p), _digest(p)) for p in sorted(folder.glob("*.npy"))}
    header = {"format": FORMAT, "version": VERSION, "files": files}
    (folder / HEADER).write_text(json.dumps(header, indent=1))


def forget(folder: Path) -> int:
    """Remove a folder and all below it; gives the bytes set free.

    What a running process has mapped stays readable there until it lets go.
    """
    size = sum(_size(path) for path in folder.rglob("*") if path.is_file())
    return size if folders.remove(folder) else 0


def _again(folder: Path) -> Mapped:
    found = load(folder, verify=False)
    if found is None:
        raise LakeError(f"{folder}: files of a dataset are gone or altered since they were opened")
    return found


def _map(path: Path) -> Any:
    # a plain view of the map: every slice of an np.memmap would pay for being one
    return np.asarray(np.load(path, mmap_mode="c", allow_pickle=False))


def _size(path: Path) -> int:
    return path.stat().st_size


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()[:32]
