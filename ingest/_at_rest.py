"""Which files of a folder are complete: at rest, closed by their writer, and whole.

Nothing here touches a file in a way its writer could notice: no lock is taken, no name changed.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

HALF_WRITTEN = (".part", ".partial", ".filepart", ".crdownload", ".tmp", ".temp", ".swp", "~")
"""Endings under which programs write what they will rename."""
_LOCKS = Path("/proc/locks")
_HDF5 = b"\x89HDF\r\n\x1a\n"
_SUPERBLOCK = 48
"""Bytes of the smallest superblock."""
_OPEN_FOR_WRITING = 0b101
"""Consistency flags of HDF5: bit 0 is set while a writer is there, bit 2 for a SWMR writer."""

PAUSE = 60.0
"""Seconds a writer that has a file open may pause before the file is taken as at rest."""

Mark = tuple[int, int, int, int]


@dataclass(frozen=True)
class _Seen:
    mark: Mark
    since: float


@dataclass(frozen=True)
class _Closed:
    mark: Mark
    when: float
    first: bool
    """Whether this file was not closed before: one that is closed again is appended to."""


class AtRest:
    """Remembers the files of a folder from one look to the next.

    Sizes and times are only compared with those of an earlier look, never with the clock of this
    machine: the clock of a file server may go differently.

    Where the system tells that a file was written to or closed (:meth:`written`,
    :meth:`closed`), that counts more than the clock: a file that is open is waited for, one that
    was closed once and left alone is complete soon.

    Args:
        settle: How long a file must be unchanged (s).
        grace: How long one must be unchanged whose writer has closed it (s).

    Attributes:
        unfinished: Files that are at rest, but locked or not whole: a writer pauses, or is gone.
    """

    def __init__(self, settle: float, grace: float | None = None) -> None:
        self.unfinished: set[Path] = set()
        self._settle = settle
        self._grace = settle if grace is None else min(grace, settle)
        self._seen: dict[Path, _Seen] = {}
        self._taken: dict[Path, Mark] = {}
        self._open: set[Path] = set()
        self._closed: dict[Path, _Closed] = {}

    def written(self, path: Path) -> None:
        """A writer has the file open."""
        self._open.add(path)

    def closed(self, path: Path, now: float) -> None:
        """The writer of a file has closed it, or it was moved to where it is.

        Args:
            path: The file.
            now: Monotonic time (s).
        """
        self._open.discard(path)
        mark = _mark(path)
        if mark is None:
            return
        before = self._closed.get(path)
        first = before is None or before.mark[-1] != mark[-1]  # of this inode
        if before is not None and before.mark == mark:
            first = before.first
        self._closed[path] = _Closed(mark, now, first)

    @property
    def waiting(self) -> int:
        """Files seen at the last look that were not taken as they are."""
        return sum(self._taken.get(path) != seen.mark for path, seen in self._seen.items())

    @property
    def nearly(self) -> bool:
        """Whether a file was closed that is to be taken soon."""
        return any(
            each.first
            and self._taken.get(path) != each.mark
            and (path not in self._seen or self._seen[path].mark == each.mark)
            for path, each in self._closed.items()
            if path not in self.unfinished
        )

    def look(self, files: Iterable[Path], now: float) -> list[Path]:
        """Files that are complete and were not taken as they are now, oldest first.

        Args:
            files: All files there are.
            now: Monotonic time (s).
        """
        finished = (path for path in files if not path.name.lower().endswith(HALF_WRITTEN))
        marks = {path: mark for path in finished if (mark := _mark(path)) is not None}
        self._seen = {
            path: seen if (seen := self._seen.get(path)) and seen.mark == mark else _Seen(mark, now)
            for path, mark in marks.items()
        }
        self._closed = {path: each for path, each in self._closed.items() if path in marks}
        self._open &= marks.keys()
        resting = [
            path
            for path, seen in self._seen.items()
            if self._taken.get(path) != seen.mark and self._rests(path, seen, now)
        ]
        locked = _locked() if resting else set()
        self.unfinished = {path for path in resting if _half_written(path, locked)}
        ready = (path for path in resting if path not in self.unfinished)
        return sorted(ready, key=lambda path: (marks[path][1], path))

    def _rests(self, path: Path, seen: _Seen, now: float) -> bool:
        still = now - seen.since
        if path in self._open and still < max(PAUSE, self._settle):
            return False
        closed = self._closed.get(path)
        if closed and closed.first and closed.mark == seen.mark:
            return now - closed.when >= self._grace
        return still >= self._settle

    def take(self, files: Iterable[Path]) -> None:
        """These were worked on as they were at the last look."""
        self._taken.update({path: self._seen[path].mark for path in files})


def _mark(path: Path) -> Mark | None:
    """Size, times of content and of inode, and inode: any change of them is another file."""
    try:
        found = path.stat()
    except OSError:
        return None  # gone, or for now out of reach: it is looked for again
    return (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)


def _half_written(path: Path, locked: set[tuple[int, int, int]]) -> bool:
    try:
        found = path.stat()
        with path.open("rb") as file:
            head = file.read(96)
    except FileNotFoundError:
        return True
    except OSError:
        return False  # ingesting it says what is wrong with it
    place = (os.major(found.st_dev), os.minor(found.st_dev), found.st_ino)
    return place in locked or _growing_hdf5(head, found.st_size)


def _locked() -> set[tuple[int, int, int]]:
    """Device and inode of files locked for writing, on systems (Linux) that tell without a lock."""
    if not _LOCKS.is_file():
        return set()
    found = set()
    for line in _LOCKS.read_text().splitlines():
        # 1: FLOCK  ADVISORY  WRITE 4711 fe:00:2375915 0 EOF; waiting ones have "->" after the colon
        words = [word for word in line.split() if word != "->"]
        if len(words) > 5 and words[3] == "WRITE" and words[5].count(":") == 2:
            major, minor, inode = words[5].split(":")
            found.add((int(major, 16), int(minor, 16), int(inode)))
    return found


def _growing_hdf5(head: bytes, size: int) -> bool:
    """Whether an HDF5 file is marked as open for writing, or shorter than it says.

    The superblock is laid out as in the HDF5 File Format Specification, section II.A.
    """
    if not head.startswith(_HDF5):
        return False
    if len(head) < _SUPERBLOCK:
        return True
    version = head[8]
    if version == 3 and head[11] & _OPEN_FOR_WRITING:
        return True
    if version >= 2:
        start, width = 12 + 2 * head[9], head[9]
    else:
        start, width = 24 + 4 * (version == 1) + 2 * head[13], head[13]
    end = int.from_bytes(head[start : start + width], "little")
    undefined = (1 << 8 * width) - 1
    return end != undefined and end > size
