"""Damaged copies of real files: every kind of damage to a few files of every format, from seeds."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from ingest.readers import Source, reader_for
from registry.errors import BadInput

LARGEST = 400_000
"""Files above (bytes) are not damaged: they would cost time and show nothing more."""
NUMBER = re.compile(rb"(?<![\w.])[-+]?\d+\.?\d*(?:[eE][-+]?\d+)?(?![\w.])")
UNIT = re.compile(rb"(?<![A-Za-z])(eV|keV|meV|deg|nm|angstroms?|1/A|A|K|cm)(?![A-Za-z])")
ROW = re.compile(rb"^[ \t]*[-+\d.][-+\d.eE]*(?:[ \t,;]+[-+\d.][-+\d.eE]*)+[ \t]*\r?$", re.MULTILINE)

Damage = Callable[[bytes, Random], bytes]


def _at(content: bytes, chance: Random) -> int:
    return chance.randrange(len(content))


def _over(content: bytes, at: int, piece: bytes) -> bytes:
    return content[:at] + piece + content[at + len(piece) :]


def _flipped(content: bytes, chance: Random, bits: int) -> bytes:
    changed = bytearray(content)
    for _ in range(bits):
        changed[_at(content, chance)] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _removed(content: bytes, chance: Random) -> bytes:
    at = _at(content, chance)
    return content[:at] + content[at + chance.randint(1, 2000) :]


def _repeated(content: bytes, chance: Random) -> bytes:
    at = _at(content, chance)
    return content[: at + chance.randint(1, 2000)] + content[at:]


def _one(pattern: re.Pattern[bytes], word: bytes) -> Damage:
    """Replace one match of a pattern; content without any is returned as it is."""

    def damage(content: bytes, chance: Random) -> bytes:
        found = list(pattern.finditer(content))
        if not found:
            return content
        match = chance.choice(found)
        return content[: match.start()] + word + content[match.end() :]

    return damage


def _rows(change: Callable[[list[bytes], Random], list[bytes]], share: float = 1.0) -> Damage:
    """Change the words of all rows of numbers, or of a share of them."""

    def damage(content: bytes, chance: Random) -> bytes:
        def of(match: re.Match[bytes]) -> bytes:
            if chance.random() > share:
                return match[0]
            return b" ".join(change(re.split(rb"[ \t,;]+", match[0].strip()), chance))

        return ROW.sub(of, content)

    return damage


def _nan(words: list[bytes], chance: Random) -> list[bytes]:
    words[chance.randrange(len(words))] = b"nan"
    return words


DAMAGES: dict[str, Damage] = {
    "truncated": lambda content, chance: content[: _at(content, chance)],
    "cut off near the start": lambda content, chance: content[: chance.randint(1, 300)],
    "last bytes missing": lambda content, chance: content[: -chance.randint(1, 9)],
    "start missing": lambda content, chance: content[chance.randint(1, 300) :],
    "one bit flipped": lambda content, chance: _flipped(content, chance, 1),
    "16 bits flipped": lambda content, chance: _flipped(content, chance, 16),
    "bits flipped in the header": lambda content, chance: (
        _flipped(content[:400], chance, 3) + content[400:]
    ),
    "block of zeros": lambda content, chance: _over(content, _at(content, chance), bytes(512)),
    "block of random bytes": lambda content, chance: _over(
        content, _at(content, chance), chance.randbytes(64)
    ),
    "piece missing": _removed,
    "piece twice": _repeated,
    "another file behind it": lambda content, _: content + b"\n" + content[: len(content) // 2],
    "in UTF-16": lambda content, _: content.decode("latin-1").encode("utf-16"),
    "nan for a number": _one(NUMBER, b"nan"),
    "1e400 for a number": _one(NUMBER, b"1e400"),
    "huge count for a number": _one(NUMBER, b"999999999999"),
    "negative for a number": _one(NUMBER, b"-7"),
    "word for a number": _one(NUMBER, b"****"),
    "wrong unit": _one(UNIT, b"furlong"),
    "endless unit": _one(UNIT, b"9**9**9**9"),
    "columns swapped": _rows(lambda words, _: words[1::-1] + words[2:]),
    "column missing": _rows(lambda words, _: words[1:]),
    "column missing in some rows": _rows(lambda words, _: words[:-1], 0.1),
    "nan in some rows": _rows(_nan, 0.05),
    "decimal commas": _rows(lambda words, _: [word.replace(b".", b",") for word in words]),
}


def examples(roots: list[Path], of_each: int) -> dict[str, list[Path]]:
    """Files of each format by its reader, at most ``of_each``, spread over their folders."""
    found: defaultdict[str, list[Path]] = defaultdict(list)
    for path in (path for root in roots for path in sorted(root.rglob("*")) if path.is_file()):
        if not 0 < path.stat().st_size <= LARGEST or path.suffix == ".py":
            continue
        try:
            found[reader_for(Source(path, path.read_bytes())).name].append(path)
        except BadInput:
            continue
    return {
        name: paths[:: max(1, len(paths) // of_each)][:of_each] for name, paths in found.items()
    }


def damaged(path: Path, times: int) -> Iterator[tuple[str, bytes]]:
    """Kind of damage and content, for every kind that changes the file."""
    content = path.read_bytes()
    seen = {content}
    for kind, damage in DAMAGES.items():
        for n in range(times):
            changed = damage(content, Random(f"{path.name} {kind} {n}"))
            if changed not in seen:
                seen.add(changed)
                yield kind, changed


@dataclass(frozen=True)
class Damaged:
    """Kind of damage, and the whole file."""

    kind: str
    whole: Path


def write_damaged(folder: Path, roots: list[Path], of_each: int, times: int) -> dict[Path, Damaged]:
    """Write damaged files below ``folder``; returns what each is by file."""
    written: dict[Path, Damaged] = {}
    for reader, paths in sorted(examples(roots, of_each).items()):
        for n, path in enumerate(paths):
            below = folder / reader
            below.mkdir(parents=True, exist_ok=True)
            for m, (kind, content) in enumerate(damaged(path, times)):
                target = below / f"{n}-{m}-{path.name}"
                target.write_bytes(content)
                written[target] = Damaged(kind, path)
    return written
