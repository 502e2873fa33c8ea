"""What the user says about files: on the command line, or in ``scatterlake.yaml`` beside them.

The file maps patterns of file names (relative to its folder) to hints::

    "empty_cell/*.dat": {technique: sans, wavelength: 6.0}
    "*.csv": {x_unit: 1/nm}

All patterns that match apply, later ones win; what is given for a whole ingest wins over them.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import yaml

from registry.errors import WrongUse

HINTS_FILE = "scatterlake.yaml"


class Hints:
    """Hints for every file below some folders; each hints file is read once.

    Args:
        given: Hints for all files, which win.
        roots: Folders (or files) that are ingested; no hints file above them is looked at.
    """

    def __init__(self, given: Mapping[str, Any], roots: list[Path]) -> None:
        self._given = dict(given)
        self._roots = {root if root.is_dir() else root.parent for root in roots}
        self._read: dict[Path, dict[str, dict[str, Any]]] = {}

    def of(self, path: Path) -> dict[str, Any]:
        """Hints for one file.

        Raises:
            WrongUse: When a hints file is not a mapping of patterns to hints.
        """
        found: dict[str, Any] = {}
        for folder in self._folders(path):
            for pattern, hints in self._patterns(folder).items():
                if fnmatch(path.relative_to(folder).as_posix(), pattern):
                    found.update(hints)
        return {**found, **self._given}

    def _folders(self, path: Path) -> list[Path]:
        """Folders from the root down to the file: the nearest hints file has the last word."""
        above = list(path.parents)
        # of two roots one in the other the outer one counts
        depth = max((n for n, folder in enumerate(above, 1) if folder in self._roots), default=0)
        return above[:depth][::-1]

    def _patterns(self, folder: Path) -> dict[str, dict[str, Any]]:
        if folder not in self._read:
            file = folder / HINTS_FILE
            self._read[folder] = _load(file) if file.is_file() else {}
        return self._read[folder]


def _load(file: Path) -> dict[str, dict[str, Any]]:
    expected = "a mapping of file patterns to hints"
    try:
        content = yaml.safe_load(file.read_text()) or {}
    except yaml.YAMLError as error:
        raise WrongUse(str(file), expected, str(error)) from error
    if not isinstance(content, dict):
        raise WrongUse(str(file), expected, type(content).__name__)
    for pattern, hints in content.items():
        if not isinstance(hints, dict):
            raise WrongUse(f"{file}: {pattern}", expected, repr(hints))
    return content
