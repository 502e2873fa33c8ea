"""ZIP containers without surprises: read in memory, every size checked before it is unpacked.

Nothing is written to disk, so a member's name can lead nowhere.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from typing import TYPE_CHECKING

from ingest.readers._xml import parse
from registry.errors import BadInput, Unsupported

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from ingest.readers import Source

MAGIC = b"PK\x03\x04"
LARGEST = 512 * 2**20
"""Most bytes that are unpacked of one container."""
LARGEST_TEXT = 64 * 2**20
"""Most bytes of text of one container."""
_MOST_TAGS = 2_000_000
"""Most XML tags of one container: a tree costs by its elements, not by its bytes."""
_MOST_MEMBERS = 100_000
# What zipfile and zlib raise over damaged archives, found by damaging them.
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    ValueError,
    NotImplementedError,
    RuntimeError,
)


def has_member(source: Source, pattern: bytes) -> float:
    """Certainty that a file is a ZIP container with a member whose name has a pattern."""
    if not source.head.startswith(MAGIC):
        return 0
    return 0.95 if re.search(pattern, source.content) else 0


class Archive:
    """Members of a ZIP container.

    Args:
        content: Bytes of the container.
        where: Name for errors.
        largest: Most bytes that may be unpacked of it in all.

    Raises:
        BadInput: When it is not a complete ZIP container.
    """

    def __init__(self, content: bytes, where: str, largest: int = LARGEST) -> None:
        self._where = where
        self._bytes_left = largest
        self._tags_left = _MOST_TAGS
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(content))
        except _DAMAGED as error:
            raise BadInput(where, "a complete ZIP container", str(error)) from error
        self._members = {info.filename: info for info in self._zip.infolist()}
        if len(self._members) > _MOST_MEMBERS:
            raise Unsupported(where, f"up to {_MOST_MEMBERS} members", str(len(self._members)))

    def matching(self, pattern: str) -> list[str]:
        """Names of members that match a regular expression, numbers within in their order."""
        found = [name for name in self._members if re.fullmatch(pattern, name)]
        return sorted(found, key=lambda name: [int(n) for n in re.findall(r"\d+", name)])

    def read(self, name: str) -> bytes:
        """Content of one member.

        Raises:
            BadInput: When there is no such member or it is damaged.
            Unsupported: When the container is too large with it, or it is packed unusually.
        """
        place = f"{self._where}: {name}"
        info = self._members.get(name)
        if info is None:
            raise BadInput(place, "a member of this name", "none")
        if info.file_size > self._bytes_left:
            raise Unsupported(place, f"at most {self._bytes_left} bytes", f"{info.file_size}")
        self._bytes_left -= info.file_size
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            # the others may ask for gigabytes to unpack
            raise Unsupported(place, "a stored or deflated member", f"method {info.compress_type}")
        try:
            return self._zip.read(info)
        except _DAMAGED as error:
            raise BadInput(place, "an undamaged member", str(error)) from error

    def text(self, name: str) -> str:
        """Text of a member: UTF-8 with or without a mark, else Latin-1; raises as ``read``."""
        content = self.read(name)
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            return content.decode("latin-1")

    def xml(self, name: str) -> Element:
        """Root of an XML member.

        Raises:
            BadInput: As ``read``, and when it is malformed or declares a document type.
            Unsupported: As ``read``, and when the container has too many elements with it.
        """
        content = self.read(name)
        self._tags_left -= content.count(b"<")
        if self._tags_left < 0:
            raise Unsupported(f"{self._where}: {name}", f"at most {_MOST_TAGS} tags", "more")
        return parse(content, f"{self._where}: {name}")
