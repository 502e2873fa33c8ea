"""Compressed files: unpacked up to a limit, so that a small file cannot fill the memory."""

from __future__ import annotations

import zlib

from registry.errors import BadInput, Unsupported

MAGIC = b"\x1f\x8b"
MOST_BYTES = 64 * 2**20
_GZIP_FORMAT = 16 + zlib.MAX_WBITS


def unpacked(content: bytes, where: str, most: int = MOST_BYTES) -> bytes:
    """Content of a gzip file; other content is returned as it is.

    Raises:
        BadInput: When the file is cut or damaged.
        Unsupported: When it unpacks to more than ``most`` bytes.
    """
    if not content.startswith(MAGIC):
        return content
    stream = zlib.decompressobj(_GZIP_FORMAT)
    try:
        found = stream.decompress(content, most + 1)
    except zlib.error as error:
        raise BadInput(where, "a complete gzip file", str(error)) from error
    if len(found) > most:
        raise Unsupported(where, f"at most {most // 2**20} MiB unpacked", "more")
    if not stream.eof:
        raise BadInput(where, "a complete gzip file", f"an end after {len(found)} bytes")
    return found


def head(content: bytes, size: int) -> bytes:
    """First bytes, unpacked where they are compressed; empty when they cannot be."""
    if not content.startswith(MAGIC):
        return content[:size]
    try:
        return zlib.decompressobj(_GZIP_FORMAT).decompress(content[: 4 * size], size)
    except zlib.error:
        return b""
