"""VASP's POSCAR and CONTCAR: one structure, direct or Cartesian.

Elements stand in line 6 (VASP 5). Files of VASP 4 have none there: they are taken from the
first line when it lists as many elements as there are counts, which is recorded as a guess.
Velocities and what else follows the positions are not read.
"""

from __future__ import annotations

import re

import numpy as np

from ingest.readers import Reader, Source
from ingest.readers._common import number
from ingest.readers._lines import Lines
from ingest.readers._structures import crystal, element
from registry.errors import BadInput
from registry.records import Floats, Material

NAME, VERSION = "poscar", "1"
_NAMES = re.compile(r"(POSCAR|CONTCAR)", re.IGNORECASE)
_MODES = ("d", "c", "k", "s")
_ENDINGS = (".poscar", ".contcar", ".vasp")


def read(source: Source) -> list[Material]:
    """Read the structure.

    Raises:
        BadInput: With the line that does not fit, or when no elements are named.
    """
    lines = Lines(source.text(), source.name)
    comment = lines.next("a title")
    lattice, scale = _lattice(lines)
    symbols, counts, guessed = _contents(lines, comment)
    mode = lines.next("Direct or Cartesian").lower()
    selective = mode.startswith("s")
    if selective:
        mode = lines.next("Direct or Cartesian").lower()
    if mode[:1] not in ("d", "c", "k"):
        raise BadInput(lines.place, "Direct or Cartesian", repr(mode[:60]))
    positions = lines.table(sum(counts), 3, "a position")
    _check_end(lines)
    if not mode.startswith("d"):
        positions = _fractional(positions * scale, lattice)
    species = [{s: 1.0} for s, n in zip(symbols, counts, strict=True) for _ in range(n)]
    return [
        crystal(
            source, (NAME, VERSION), lattice, species, positions, title=comment, guessed=guessed
        )
    ]


def _check_end(lines: Lines) -> None:
    """Refuse numbers right behind the positions; velocities come after a line without any."""
    if lines.left and re.match(r"\s*[-+.\d]", lines.raw("the end of the positions")):
        raise BadInput(lines.place, "no more positions than counted", "another row of numbers")


def _lattice(lines: Lines) -> tuple[Floats, Floats]:
    """Cell vectors and the factor of Cartesian positions; a negative scale is the volume."""
    words = lines.next("the scale").split()
    if len(words) not in (1, 3):
        raise BadInput(lines.place, "one scale or three", " ".join(words)[:60])
    scale = np.array([number(word, f"{lines.place}: scale") for word in words])
    vectors = lines.table(3, 3, "a cell vector")
    if len(scale) == 1 and scale[0] < 0:
        volume = abs(np.linalg.det(vectors))
        if not volume > 0:
            raise BadInput(f"{lines.place}: lattice", "three independent vectors", "a flat cell")
        scale = np.cbrt(-scale / volume)
    if (scale <= 0).any():
        raise BadInput(f"{lines.place}: scale", "positive numbers", " ".join(words))
    return vectors * scale, scale


def _contents(lines: Lines, comment: str) -> tuple[list[str], list[int], dict[str, str]]:
    """Elements and how many of each."""
    words, place = lines.next("elements or counts").split(), lines.place
    guessed = {}
    if words and words[0].isdecimal():
        symbols, counts = comment.split(), words
        guessed["elements"] = f"{comment!r}: the title; there is no line of elements"
        if len(symbols) != len(counts):
            found = f"counts {' '.join(counts)[:60]} and the title {comment[:60]!r}"
            raise BadInput(place, "elements (VASP 5), or as many in the title", found)
    else:
        symbols, counts = words, lines.next("counts").split()
    if len(symbols) != len(counts) or not counts:
        raise BadInput(lines.place, f"{len(symbols)} counts", " ".join(counts)[:60])
    # potentials may follow the symbol: Fe_pv, Fe/0123abc
    bare = [re.split("[_/.]", word)[0] for word in symbols]
    checked = [element(word, f"{place}: elements") for word in bare]
    return checked, [lines.counted(word, "count") for word in counts], guessed


def _fractional(cartesian: Floats, lattice: Floats) -> Floats:
    try:
        return np.asarray(np.linalg.solve(lattice.T, cartesian.T).T)
    except np.linalg.LinAlgError:
        return cartesian  # the flat cell is refused by name when the crystal is put together


def recognise(source: Source) -> float:
    """Sure by the layout of the first lines, likely by the name."""
    if _looks_like(source.head.decode("latin-1").splitlines()[1:8]):
        return 0.95
    named = _NAMES.match(source.name) or source.path.suffix.lower() in _ENDINGS
    return 0.5 if named else 0


def _looks_like(lines: list[str]) -> bool:
    """Whether a scale, three vectors, elements or counts, and a mode follow each other."""
    words = [line.split() for line in lines]
    if len(words) < 7 or [len(w) for w in words[1:4]] != [3, 3, 3]:
        return False
    counts, mode = (words[4], words[5]) if _whole(words[4]) else (words[5], words[6])
    numbers = all(_real(word) for line in words[:4] for word in line)
    return numbers and _whole(counts) and " ".join(mode).lower().startswith(_MODES)


def _real(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _whole(words: list[str]) -> bool:
    return bool(words) and all(word.isdecimal() for word in words)


READER = Reader(
    name=NAME,
    version=VERSION,
    title="VASP structure",
    endings=_ENDINGS,
    recognise=recognise,
    read=read,
    reference="VASP manual, POSCAR; vasp.at/wiki/POSCAR",
)
