"""Watch a folder: ingest what an instrument writes, as soon as it is complete.

The folder is looked at again and again, which works on every file system, network ones included.
Where the system tells that a writer has closed a file (:mod:`ingest._closings`), it is looked at
then. What was ingested is known by its content, so a watch that was stopped just begins again.

While it runs, a watch keeps a note of how many files wait below ``watched`` in the lake's folder.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest._at_rest import AtRest
from ingest._closings import Closings
from ingest.files import BATCH, IngestReport, find_files, ingest_files
from ingest.hints import Hints
from ingest.telling import tell_ingested
from registry.errors import BadInput, LakeError
from registry.events import emit
from registry.identity import canonical_json, digest
from registry.lake import Lake

Tell = Callable[[IngestReport], None]
Complain = Callable[[str], None]


NOTES = "watched"
BEAT = 20.0
"""Seconds between two notes; one three times as old is of a watch that is gone."""
GLANCE = 0.05
"""Seconds between two questions whether a file was closed."""
REST = 4.0
"""Times the duration of a look that is waited between two looks, however many files are closed."""


@dataclass(frozen=True)
class Pace:
    """How often a folder is looked at, and how long a file must be unchanged to be complete (s).

    Attributes:
        every: Between two looks while no file is closed.
        settle: For a file nobody tells about, or that is written in several goes.
        grace: For one whose writer has just closed it.
    """

    every: float = 2.0
    settle: float = 5.0
    grace: float = 0.5


@dataclass(frozen=True)
class Waiting:
    """What a watch noted last: its folder, and how many files wait to be complete or taken."""

    folder: str
    files: int


def waiting(lake: Lake) -> list[Waiting]:
    """The watches that run over a lake, as far as they share this machine's folder of it."""
    notes = (lake.path / NOTES).glob("*.json")
    read = (json.loads(path.read_text()) for path in sorted(notes))
    return [
        Waiting(note["folder"], note["files"])
        for note in read
        if time.time() - note["at"] < 3 * BEAT
    ]


class Watch:
    """One folder that is watched.

    Args:
        lake: Where to; when its own folder is inside the watched one, it is passed over.
        folder: Folder to watch with all below it; it may come and go.
        hints: What the user says about the files.
        pace: How often to look.
        workers: Processes that read.
        tell: Called after every batch.
        complain: Called with the reason when nothing can be ingested, once a reason: the lake is
            out of reach, the folder is gone, a hints file cannot be understood; and once for a
            file that is at rest but not whole. All is tried again.
    """

    def __init__(
        self,
        lake: Lake,
        folder: Path,
        hints: dict[str, Any] | None = None,
        pace: Pace | None = None,
        workers: int = 1,
        *,
        tell: Tell,
        complain: Complain,
    ) -> None:
        self._lake = lake
        self._folder = folder.absolute()
        self._hints = hints or {}
        self._pace = pace or Pace()
        self._workers = workers
        self._tell = tell
        self._complain = complain
        self._complaint = ""
        self._unfinished: set[Path] = set()
        self._files = AtRest(self._pace.settle, self._pace.grace)
        self._closings = Closings(self._folder)
        self._deaf = False
        self._cost = 0.0
        name = digest(str(self._folder))
        self._note = lake.path / NOTES / f"{name}.json"
        self._noted = (-1, 0.0)

    def run(self, stop: Callable[[float], bool]) -> None:
        """Watch until told to stop; a batch that has begun is finished first.

        Args:
            stop: Waits up to so many seconds; returns whether to stop (``Event().wait`` will do).
        """
        try:
            while not (stop(0.0) if self.step() else self._pause(stop)):
                pass
        finally:
            self._closings.end()
            self._note.unlink(missing_ok=True)

    def step(self) -> int:
        """Look once and ingest one batch of what is complete; returns how many files."""
        try:
            ready = self._look()
            self._name_unfinished()
            for hints, files in self._by_hints(ready):
                report = ingest_files(self._lake, files, hints, workers=self._workers)
                self._files.take(files)
                tell_ingested(self._lake, report, folder=str(self._folder))
                self._tell(report)
            self._note_waiting()
        except (BadInput, LakeError, OSError) as error:
            self._complain_once(str(error))
            return 0
        self._complain_once("")
        return len(ready)

    def _look(self) -> list[Path]:
        """The next batch of complete files."""
        begin = time.monotonic()
        self._listen()
        # before the folder is walked: what was told of is then there, or gone for good
        for path, closed in self._closings.since():
            if closed:
                self._files.closed(path, begin)
            else:
                self._files.written(path)
        ready = self._files.look(self._found(), begin)[:BATCH]
        self._cost = time.monotonic() - begin
        return ready

    def _listen(self) -> None:
        if self._deaf:
            return
        try:
            self._closings.listen()
        except OSError as error:
            self._deaf = True
            said = f"{self._folder}: looked at every {self._pace.every:g} s only: {error}"
            emit("watch slowed", self._lake.uri, "warning", reason=said)
            self._complain(said)

    def _pause(self, stop: Callable[[float], bool]) -> bool:
        """Wait until the next look is due; whether to stop."""
        begin = time.monotonic()
        least = max(GLANCE, REST * self._cost)
        while (spent := time.monotonic() - begin) < self._pace.every:
            soon = self._closings.any or (not self._complaint and self._files.nearly)
            if soon and spent >= least:
                return False
            if stop(min(GLANCE, self._pace.every - spent)):
                return True
        return stop(0.0)

    def _note_waiting(self) -> None:
        files, at = self._files.waiting, time.time()
        if files == self._noted[0] and at - self._noted[1] < BEAT:
            return
        self._note.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"folder": str(self._folder), "files": files, "at": at})
        scratch = self._note.with_suffix(".new")
        scratch.write_text(text)
        scratch.replace(self._note)
        self._noted = (files, at)

    def _name_unfinished(self) -> None:
        for path in sorted(self._files.unfinished - self._unfinished):
            self._complain(f"{path}: expected a complete file, found it locked or cut short")
        self._unfinished |= self._files.unfinished

    def _found(self) -> list[Path]:
        own = self._lake.path.absolute()
        return [path for path in find_files([self._folder]) if not path.is_relative_to(own)]

    def _by_hints(self, files: list[Path]) -> list[tuple[dict[str, Any], list[Path]]]:
        """Files that are told the same, together: a hints file may be in a folder above them."""
        said = Hints(self._hints, [self._folder])
        groups: dict[str, tuple[dict[str, Any], list[Path]]] = defaultdict(lambda: ({}, []))
        for path in files:
            hints = said.of(path)
            name = canonical_json(hints)
            groups[name] = (hints, [*groups[name][1], path])
        return list(groups.values())

    def _complain_once(self, reason: str) -> None:
        if reason and reason != self._complaint:
            emit("waiting", self._lake.uri, "error", folder=str(self._folder), reason=reason)
            self._complain(reason)
        self._complaint = reason
