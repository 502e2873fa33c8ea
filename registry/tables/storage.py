"""Where the bytes of a lake are: a folder of this machine or a bucket of an S3 service.

Everything above asks a :class:`Storage` and does not know which of the two it is. Options are
those of the object_store crate, by which delta-rs, pyarrow and obstore reach the bucket alike:
``aws_endpoint_url``, ``aws_access_key_id``, ``aws_secret_access_key``, ``aws_region``,
``aws_allow_http`` ... and ``max_retries``, ``retry_timeout`` (such as ``10s``). Where an option
is not given, the environment variable of that name in capitals counts.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry.errors import LakeError
from registry.identity import digest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from obstore.store import ObjectStore

REMOTE = "s3://"
_BUCKET = re.compile(r"s3://[^/]+(/.*)?")
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
HOME_VARIABLE = "SCATTERLAKE_HOME"


@dataclass(frozen=True)
class Storage:
    """A folder, local or remote.

    Attributes:
        uri: Absolute path of a local folder, or ``s3://bucket/prefix``.
        options: How to reach a bucket, lower-case names; empty for a local folder.
    """

    uri: str
    options: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, uri: str | os.PathLike[str], options: Mapping[str, str] | None = None) -> Storage:
        """Storage of a path or address as the user gave it.

        Raises:
            LakeError: When the kind of address is not known.
        """
        text = os.fspath(uri)
        if _BUCKET.fullmatch(text):
            return cls(text.rstrip("/"), {k.lower(): v for k, v in (options or {}).items()})
        if "://" in text:
            raise LakeError(f"{text}: expected a folder or {REMOTE}bucket/prefix")
        return cls(str(Path(text).expanduser().resolve()))

    @property
    def is_remote(self) -> bool:
        """Whether the bytes are behind a network."""
        return self.uri.startswith(REMOTE)

    @property
    def folder(self) -> Path:
        """The local folder; for a bucket its companion on this machine.

        The companion holds what can be made again: pictures, indices. It lies in
        ``$SCATTERLAKE_HOME``, or else in ``~/.local/share/scatterlake``.
        """
        if not self.is_remote:
            return Path(self.uri)
        home = os.environ.get(HOME_VARIABLE)
        root = Path(home) if home else Path.home() / ".local" / "share" / "scatterlake"
        return root / digest("lake", self.uri)[:16]

    def at(self, name: str) -> Storage:
        """Storage of a sub-folder."""
        return Storage(f"{self.uri}/{name}", self.options)

    @cached_property
    def objects(self) -> ObjectStore:
        """Whole small objects by name, and the one thing a file system lacks: create if absent."""
        from obstore.store import LocalStore, S3Store

        if self.is_remote:
            return S3Store.from_url(self.uri, **_for_obstore(self.options))
        return LocalStore(self.uri, mkdir=True)

    @cached_property
    def files(self) -> Any:
        """pyarrow file system whose root is this storage."""
        from pyarrow import fs

        if not self.is_remote:
            return fs.SubTreeFileSystem(self.uri, fs.LocalFileSystem())
        from registry.tables.bucket import bucket_files

        return bucket_files(self.uri, self.options)

    def full(self, path: str) -> str:
        """Address of a file of this storage."""
        return f"{self.uri}/{path}"

    def read(self, path: str) -> bytes | None:
        """Content of a small object, None when there is none.

        Raises:
            LakeError: When the storage cannot be reached.
        """
        try:
            with self.files.open_input_stream(path) as file:
                return bytes(file.read())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise LakeError(f"{self.full(path)}: {reason(error)}") from error

    def create(self, path: str, content: bytes) -> bool:
        """Write an object unless it exists, in one step; returns whether it was written.

        Raises:
            LakeError: When the storage cannot be written.
        """
        import obstore

        try:
            obstore.put(self.objects, path, content, mode="create")
        except obstore.exceptions.AlreadyExistsError:
            return False
        except (obstore.exceptions.BaseError, OSError) as error:
            raise LakeError(f"{self.full(path)} not written: {reason(error)}") from error
        return True

    def write(self, path: str, content: Any) -> None:
        """Write an object, in place of an older one if there is one.

        Args:
            path: Its name.
            content: Bytes, or a buffer of bytes.

        Raises:
            LakeError: When the storage cannot be written; a part of it may be left.
        """
        import obstore

        try:
            if self.is_remote:
                obstore.put(self.objects, path, memoryview(content).cast("B"))
            else:
                with self.files.open_output_stream(path) as out:
                    out.write(content)
        except (obstore.exceptions.BaseError, OSError) as error:
            raise LakeError(f"{self.full(path)} not written: {reason(error)}") from error

    def exists(self, path: str) -> bool:
        """Whether there is a file of this name.

        Raises:
            LakeError: When the storage cannot be reached.
        """
        return self.size(path) is not None

    def size(self, path: str) -> int | None:
        """Bytes of a file, None when there is none.

        Raises:
            LakeError: When the storage cannot be reached.
        """
        try:
            found: int | None = self.files.get_file_info(path).size
        except OSError as error:
            raise LakeError(f"{self.full(path)}: {reason(error)}") from error
        return found

    def move(self, path: str, target: str) -> None:
        """Move an object within this storage."""
        import obstore

        obstore.rename(self.objects, path, target)

    def walk(self, prefix: str | None = None) -> Iterator[tuple[str, int, float]]:
        """Every object below a prefix: path, size (bytes), time of its writing (s since 1970)."""
        import obstore

        if not self.is_remote and not self.folder.exists():
            return
        for batch in obstore.list(self.objects, prefix):
            for entry in batch:
                yield entry["path"], entry["size"], entry["last_modified"].timestamp()


def reason(error: BaseException) -> str:
    """What an error of a storage library says, without its colours and inner structure."""
    text = _COLOURS.sub("", str(error)).split("Debug source")[0]
    lines = [line.strip(" \t\u21b3") for line in text.splitlines()]
    return ": ".join([line for line in lines if line][:2]) or type(error).__name__


def _for_obstore(options: Mapping[str, str]) -> dict[str, Any]:
    allow_http = options.get("aws_allow_http", os.environ.get("AWS_ALLOW_HTTP", "false"))
    kept = {"aws_allow_http", *_RETRIES}
    return {
        "config": {name: value for name, value in options.items() if name not in kept},
        "client_options": {"allow_http": allow_http.lower() == "true"},
        "retry_config": {n: read(options[n]) for n, read in _RETRIES.items() if n in options},
    }


def _seconds(text: str) -> timedelta:
    return timedelta(seconds=float(text.removesuffix("s")))


# delta-rs takes these among the options, obstore beside them
_RETRIES: dict[str, Callable[[str], Any]] = {"max_retries": int, "retry_timeout": _seconds}
