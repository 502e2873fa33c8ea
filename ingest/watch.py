"""Watch a folder: ingest what an instrument writes, as soon as it is complete.

The folder is looked at again and again, which works on every file system, network ones included.
What was ingested is known by its content, so a watch that was stopped just begins again.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest._at_rest import AtRest
from ingest.files import BATCH, IngestReport, find_files, ingest_files
from ingest.hints import Hints
from registry.errors import BadInput, LakeError
from registry.identity import canonical_json
from registry.lake import Lake

Tell = Callable[[IngestReport], None]
Complain = Callable[[str], None]


@dataclass(frozen=True)
class Pace:
    """How often a folder is looked at, and how long a file must be unchanged to be complete (s)."""

    every: float = 2.0
    settle: float = 5.0


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
        self._files = AtRest(self._pace.settle)

    def run(self, stop: Callable[[float], bool]) -> None:
        """Watch until told to stop; a batch that has begun is finished first.

        Args:
            stop: Waits up to so many seconds; returns whether to stop (``Event().wait`` will do).
        """
        while not stop(0.0 if self.step() else self._pace.every):
            pass

    def step(self) -> int:
        """Look once and ingest one batch of what is complete; returns how many files."""
        try:
            ready = self._files.look(self._found(), time.monotonic())[:BATCH]
            self._name_unfinished()
            for hints, files in self._by_hints(ready):
                report = ingest_files(self._lake, files, hints, workers=self._workers)
                self._files.take(files)
                self._tell(report)
        except (BadInput, LakeError, OSError) as error:
            self._complain_once(str(error))
            return 0
        self._complain_once("")
        return len(ready)

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
            self._complain(reason)
        self._complaint = reason
