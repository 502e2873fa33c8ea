"""What the operating system tells of a folder: files written to, and files closed by their writer.

On Linux by inotify, through watchdog. It tells nothing of what other machines write on a network
file system, and elsewhere there is no such event: whoever uses this looks at the folder as well.
"""

from __future__ import annotations

import os
import sys
import threading
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from watchdog.events import FileSystemEvent
    from watchdog.observers.api import BaseObserver


class Closings:
    """Files of a folder, with all below it, that were written to or closed since asked last.

    Args:
        folder: Folder; it may come and go.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._observer: BaseObserver | None = None
        self._listening_to: int | None = None
        self._told: deque[tuple[Path, bool]] = deque()
        self._closed = threading.Event()
        self._lost = threading.Event()

    @property
    def any(self) -> bool:
        """Whether a file was closed since asked last."""
        return self._closed.is_set()

    def listen(self) -> None:
        """Begin to listen, again where the folder is another one than before.

        Raises:
            OSError: When the system allows no more folders to be listened to.
        """
        if not sys.platform.startswith("linux"):
            return
        try:
            inode = self._folder.stat().st_ino
        except OSError:
            inode = None
        # a folder made anew may get the number of the one that was deleted
        if inode == self._listening_to and not self._lost.is_set():
            return
        self.end()
        if inode is None:
            return
        try:
            self._observer = self._listening()
        except FileNotFoundError:
            return  # gone meanwhile
        self._listening_to = inode

    def since(self) -> list[tuple[Path, bool]]:
        """Each file told of since asked last, in order, and whether it was closed (or moved in)."""
        self._closed.clear()
        return [self._told.popleft() for _ in range(len(self._told))]

    def end(self) -> None:
        """Stop listening."""
        if self._observer is not None:
            self._observer.stop()
            self._observer.join()
        self._observer = self._listening_to = None
        self._lost.clear()

    def _listening(self) -> BaseObserver:
        from watchdog.events import (
            DirDeletedEvent,
            FileClosedEvent,
            FileModifiedEvent,
            FileMovedEvent,
        )
        from watchdog.observers import Observer

        telling = self

        class Handler:
            def dispatch(self, event: FileSystemEvent) -> None:
                moved = isinstance(event, FileMovedEvent)
                path = Path(os.fsdecode(event.dest_path if moved else event.src_path))
                if not isinstance(event, DirDeletedEvent):
                    telling._tell(path, closed=not isinstance(event, FileModifiedEvent))
                elif path == telling._folder:
                    telling._lost.set()

        kinds = [DirDeletedEvent, FileClosedEvent, FileModifiedEvent, FileMovedEvent]
        observer = Observer()
        observer.schedule(Handler(), str(self._folder), recursive=True, event_filter=kinds)  # type: ignore[arg-type]
        observer.start()
        return observer

    def _tell(self, path: Path, closed: bool) -> None:
        if not closed and self._told and self._told[-1] == (path, False):
            return  # a writer's next line
        self._told.append((path, closed))
        if closed:
            self._closed.set()
