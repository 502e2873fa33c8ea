"""Backups: a pool of contents by their checksum, and a manifest for each backup.

What a backup has in common with an earlier one is in the pool once, so a second backup of a lake
costs what is new. A manifest names every file with its checksum; its own is in its name.

What refers is captured before what it refers to: the tables, then the data bases, then the files of
runs. So nothing in a backup names what is not in it, though others go on writing.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import pyarrow as pa

from flows.moving.capture import capture, content
from flows.moving.databases import Database, Sqlite
from flows.moving.place import claim, complete, put
from flows.moving.pool import POOL, Pool, path_of
from registry.errors import BadInput, LakeError
from registry.lake import MARKER, Lake, now
from registry.tables.parquet import checksum, fault
from registry.tables.storage import Storage

MANIFESTS = "backups"
TABLES, RUNS, DATABASES = "tables", "runs", "databases"
_KNOWN = re.compile(r"part-[0-9a-f]{32}-([0-9a-f]{32})\.parquet")
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Manifest:
    """A backup.

    Attributes:
        lake: Address of the lake.
        taken_at: When, UTC.
        marker: Content of the lake's marker.
        versions: Version of every table.
        rows: Rows of every table.
        files: Checksum and size (bytes) of everything, by path.
    """

    lake: str
    taken_at: str
    marker: str
    versions: dict[str, int]
    rows: dict[str, int]
    files: dict[str, tuple[str, int]]


@dataclass(frozen=True)
class Taken:
    """What a backup cost: its name, files in all, files and bytes that were new."""

    name: str
    files: int
    new: int
    new_bytes: int


def backup(
    lake: Lake, target: Storage, databases: Sequence[Database], runs: Storage, say: Progress
) -> Taken:
    """Back a lake up with the state of MLflow and Prefect; others may go on writing.

    Args:
        lake: The lake.
        target: Where backups are kept; the same for all backups of a lake.
        databases: Data bases of MLflow and Prefect.
        runs: Where MLflow keeps the files of runs.
        say: Called with a line for each step.

    Raises:
        LakeError: When a data file is damaged, or something cannot be reached.
    """
    pool = Pool(target)
    captured = capture(lake)
    for one in captured:
        for path, size in one.files:
            known = _KNOWN.fullmatch(path)
            where = f"{TABLES}/{one.name}/{path}"
            if known is None or not pool.has(where, known[1], size):
                found = content(one.table, path)
                if wrong := fault(path, size, pa.py_buffer(found)):
                    raise LakeError(f"{one.table.storage.full(path)}: {wrong}")
                pool.add(where, found)
        for path in one.entries:
            pool.add(f"{TABLES}/{one.name}/{path}", content(one.table, path))
    say(f"tables: {sum(one.rows for one in captured)} rows")
    with tempfile.TemporaryDirectory() as scratch:
        for database in databases:
            if isinstance(database, Sqlite) and not database.path.exists():
                continue
            copy = Path(scratch) / database.name
            database.dump(copy)
            pool.add(f"{DATABASES}/{database.name}", copy.read_bytes())
            say(f"data base {database.name}: {copy.stat().st_size} bytes")
    for path, _, _ in runs.walk():
        if (found_file := runs.read(path)) is not None:  # else deleted since it was listed
            pool.add(f"{RUNS}/{path}", found_file)
    manifest = Manifest(
        lake.uri,
        now().isoformat(timespec="microseconds"),
        (lake.storage.read(MARKER) or b"").decode(),
        {one.name: one.version for one in captured},
        {one.name: one.rows for one in captured},
        pool.files,
    )
    # last: a backup that was cut off has no manifest, and the next one uses what it left
    body = json.dumps(asdict(manifest), indent=0).encode()
    stamp = re.sub(r"[^0-9T]", "", manifest.taken_at.partition("+")[0])
    name = f"{stamp}-{checksum(pa.py_buffer(body))}"
    put(target, f"{MANIFESTS}/{name}.json", body)
    return Taken(name, len(pool.files), pool.new, pool.new_bytes)


def backups(place: Storage) -> list[str]:
    """Names of the backups in a place, the oldest first."""
    found = (path for path, _, _ in place.walk(MANIFESTS))
    return sorted(path.removeprefix(f"{MANIFESTS}/").removesuffix(".json") for path in found)


def read_manifest(place: Storage, name: str | None = None) -> tuple[str, Manifest]:
    """Name and manifest of a backup, the newest by default.

    Raises:
        BadInput: When there is none, or none of that name.
        LakeError: When the manifest is damaged.
    """
    known = backups(place)
    chosen = name or (known[-1] if known else "")
    if chosen not in known:
        raise BadInput(place.uri, f"a backup {chosen}".strip(), ", ".join(known) or "none")
    body = place.read(f"{MANIFESTS}/{chosen}.json") or b""
    expected = chosen.rpartition("-")[2]
    if (found := checksum(pa.py_buffer(body))) != expected:
        raise LakeError(
            f"backup {chosen}: expected a manifest of checksum {expected}, found {found}"
        )
    return chosen, Manifest(**json.loads(body))


def restore(
    place: Storage,
    name: str | None,
    target: Storage,
    databases: Sequence[Database],
    runs: Storage,
    replace: bool = False,
    say: Progress = lambda _: None,
) -> Manifest:
    """Bring a backup back; what was interrupted goes on when it is called again.

    Args:
        place: Where backups are kept.
        name: Which one, the newest by default.
        target: An empty folder or prefix for the lake.
        databases: Data bases of MLflow and Prefect to fill.
        runs: Where MLflow keeps the files of runs.
        replace: Whether data bases that hold something may lose it.
        say: Called with a line for each step.

    Raises:
        LakeError: When something else is in the way, or the backup is damaged: every file that is
            not what it was is named, and nothing was changed.
        WrongUse: When a data base holds something and ``replace`` was not given.
    """
    chosen, manifest = read_manifest(place, name)
    _insist_on_whole(place, manifest)
    kept = {database.name: database for database in databases}
    if not replace:
        for database in databases:
            database.insist_on_unused()
    claim(target, "restore", f"{place.uri} {chosen}")
    for path, size, read in _contents(place, manifest, (TABLES,)):
        _put(target, path, size, read)
    say(f"tables: {sum(manifest.rows.values())} rows")
    for path, size, read in _contents(place, manifest, (RUNS,)):
        _put(runs, path.removeprefix(f"{RUNS}/"), size, read)
    with tempfile.TemporaryDirectory() as scratch:
        for path, _, read in _contents(place, manifest, (DATABASES,)):
            database_name = path.removeprefix(f"{DATABASES}/")
            copy = Path(scratch) / database_name
            copy.write_bytes(read())
            kept[database_name].restore(copy)
            say(f"data base {database_name}")
    complete(target, manifest.marker.encode())
    return manifest


def _contents(
    place: Storage, manifest: Manifest, below: tuple[str, ...]
) -> Iterator[tuple[str, int, Callable[[], bytes]]]:
    """Files of a backup in the order they were taken: path, size, how to read them."""
    for path, (digest, size) in manifest.files.items():
        if path.partition("/")[0] in below:
            yield path, size, partial(_sound, place, path, digest)


def _put(target: Storage, path: str, size: int, read: Callable[[], bytes]) -> None:
    # the log of a table is small and comes last: it is written anew
    if target.size(path) != size or not path.endswith(".parquet"):
        put(target, path, read())


def _insist_on_whole(place: Storage, manifest: Manifest) -> None:
    sizes = {path: size for path, size, _ in place.walk(POOL)}
    lost = [
        path
        for path, (digest, size) in manifest.files.items()
        if sizes.get(path_of(digest)) != size
    ]
    if lost:
        raise LakeError(f"{place.uri}: {len(lost)} files are lost or cut: {', '.join(lost[:5])}")


def _sound(place: Storage, path: str, expected: str) -> bytes:
    found = place.read(path_of(expected)) or b""
    if (digest := checksum(pa.py_buffer(found))) != expected:
        raise LakeError(f"{place.uri}: {path}: expected checksum {expected}, found {digest}")
    return found
