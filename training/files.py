"""Files of a saved model: which there are, and whether they are what was written.

Nothing but plain files and folders is looked into: a link could lead out of the folder, to a file
that changes after it was verified.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Collection
from pathlib import Path
from typing import Any

from registry.errors import ModelRefused
from registry.identity import digest


def relative_files(folder: Path) -> set[str]:
    """Every file below a folder, as paths relative to it.

    Raises:
        ModelRefused: When the folder, or something in it, is a link or a device.
    """
    found = set()
    for path in (folder, *folder.rglob("*")):
        if path.is_symlink() or not (path.is_dir() or path.is_file()):
            raise ModelRefused(f"{path}: not a plain file or folder")
        if path.is_file():
            found.add(path.relative_to(folder).as_posix())
    return found


def expect_files(folder: Path, names: set[str]) -> None:
    """Insist on exactly these files.

    Raises:
        ModelRefused: Naming what is there and should not be, or is missing.
    """
    found = relative_files(folder)
    if found != names:
        unexpected, missing = sorted(found - names), sorted(names - found)
        raise ModelRefused(f"{folder}: unexpected files {unexpected}, missing files {missing}")


def digests(folder: Path) -> dict[str, str]:
    """Content digest of every file below a folder."""
    return {name: digest((folder / name).read_bytes()) for name in sorted(relative_files(folder))}


def verify(folder: Path, expected: dict[str, str], beside: Collection[str] = ()) -> None:
    """Insist that a folder holds exactly these files with exactly this content.

    Args:
        folder: Where they are.
        expected: Digest by path.
        beside: Files that may be there as well, whatever is in them: nobody reads them.

    Raises:
        ModelRefused: Naming the first file that was added, removed or altered.
    """
    expect_files(folder, set(expected) | (relative_files(folder) & set(beside)))
    for name, wanted in expected.items():
        found = digest((folder / name).read_bytes())
        if found != wanted:
            raise ModelRefused(f"{folder / name}: altered: digest {found}, not {wanted}")
        if zipfile.is_zipfile(folder / name):
            refuse_bomb(folder / name)


def refuse_bomb(path: Path) -> None:
    """Insist on an archive as models are saved: not compressed, so no larger than it looks.

    Raises:
        ModelRefused: For members that are compressed, overlap, or are named outside the archive.
    """
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
    for one in members:
        if one.compress_type != zipfile.ZIP_STORED or one.file_size != one.compress_size:
            raise ModelRefused(f"{path}: {one.filename!r} is compressed: a zip bomb?")
        if one.filename.startswith("/") or ".." in Path(one.filename).parts:
            raise ModelRefused(f"{path}: {one.filename!r} is named outside the archive")
    if sum(one.file_size for one in members) > path.stat().st_size:
        raise ModelRefused(f"{path}: its members overlap: a zip bomb?")


def read_json(path: Path) -> Any:
    """Content of a JSON file.

    Raises:
        ModelRefused: When it is not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:  # also what is not UTF-8
        raise ModelRefused(f"{path}: not JSON: {error}") from error
