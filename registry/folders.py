"""Folders of derived files: built beside their place, and given their name in one step.

So a name is never that of a folder half written, whenever its builder is killed, and of several
processes that build the same folder at once all take the first that was ready.
"""

from __future__ import annotations

import errno
import shutil
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

PARTIAL = ".partial"
ABANDONED_AFTER = 3600.0
"""Age (s) at which a partial folder is taken for one whose builder was killed."""
_TAKEN = (errno.EEXIST, errno.ENOTEMPTY)

Opened = TypeVar("Opened")


def opened(
    folder: Path, load: Callable[[Path], Opened | None], build: Callable[[Path], None]
) -> Opened:
    """What lies in a folder, built first when it is missing or damaged.

    Args:
        folder: Its place; its name says what is in it, so that what is there is what is meant.
        load: Opens it; gives None when it is missing or damaged.
        build: Writes everything that ``load`` asks for into an empty folder.
    """
    found = load(folder)
    if found is not None:
        return found
    partial = _partial(folder)
    partial.mkdir(parents=True)
    try:
        build(partial)
        return _published(partial, folder, load)
    finally:
        if partial.exists():
            shutil.rmtree(partial)


def remove(folder: Path) -> bool:
    """Take a folder out of sight in one step, then delete it; False where another process did.

    What a running process has mapped stays readable there until it lets go.
    """
    aside = _partial(folder)
    try:
        folder.rename(aside)
    except FileNotFoundError:
        return False
    shutil.rmtree(aside)
    return True


def is_partial(folder: Path) -> bool:
    """Whether its name is that of something being built or deleted."""
    return folder.suffix == PARTIAL


def is_abandoned(partial: Path) -> bool:
    """Whether a partial folder is older than anybody builds.

    Raises:
        FileNotFoundError: When it is gone by now.
    """
    return time.time() - partial.stat().st_mtime > ABANDONED_AFTER


def _published(partial: Path, folder: Path, load: Callable[[Path], Opened | None]) -> Opened:
    """Give a complete folder its name; where another process was first, take that one."""
    while True:
        try:
            partial.rename(folder)
        except OSError as error:
            if error.errno not in _TAKEN:
                raise
        found = load(folder)
        if found is not None:
            return found
        remove(folder)


def _partial(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.{uuid.uuid4().hex}{PARTIAL}")
