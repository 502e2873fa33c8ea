"""What was compared after a move, line by line."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path


@dataclass(frozen=True)
class Line:
    """One thing that must be the same on both sides.

    Attributes:
        what: The thing.
        source: What was found at the source.
        target: What was found at the target.
    """

    what: str
    source: str
    target: str

    @property
    def same(self) -> bool:
        """Whether both sides agree."""
        return self.source == self.target


def short(content: bytes) -> str:
    """Digest for a person to compare: the first 16 digits of SHA-256."""
    return sha256(content).hexdigest()[:16]


def tree(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below a folder, by its relative path."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): sha256(path.read_bytes()).hexdigest() for path in files
    }
