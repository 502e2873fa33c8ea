"""Files of a saved model: which there are, and whether they are what was written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from registry.errors import ModelRefused
from registry.identity import digest


def relative_files(folder: Path) -> set[str]:
    """Every file below a folder, as paths relative to it."""
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if not p.is_dir()}


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


def verify(folder: Path, expected: dict[str, str]) -> None:
    """Insist that a folder holds exactly these files with exactly this content.

    Raises:
        ModelRefused: Naming the first file that was added, removed or altered.
    """
    expect_files(folder, set(expected))
    for name, found in digests(folder).items():
        if found != expected[name]:
            raise ModelRefused(f"{folder / name}: altered: digest {found}, not {expected[name]}")


def read_json(path: Path) -> Any:
    """Content of a JSON file.

    Raises:
        ModelRefused: When it is not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:  # also what is not UTF-8
        raise ModelRefused(f"{path}: not JSON: {error}") from error
