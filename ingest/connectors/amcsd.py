"""Structures of minerals from a package that is installed: no network is asked.

The American Mineralogist Crystal Structure Database (Downs and Hall-Wallace 2003, Am. Mineral. 88,
247) travels inside ``larixite``. An entry becomes a CIF file, which is read like any other file.
"""

from __future__ import annotations

import json
import random
import re
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry.errors import BadInput, NotFound

if TYPE_CHECKING:
    from larixite.amcsd import AMCSD

SEED = 2021
"""Of the order in which entries are looked at: the same choice on every machine."""

_ENTRIES = """
    SELECT cif.id, minerals.name, a, b, c, alpha, beta, gamma, atoms_sites
    FROM cif JOIN minerals ON minerals.id = mineral_id
    WHERE atoms_sites != '0' AND a IS NOT NULL ORDER BY cif.id
"""


def choose_entries(
    per_lattice: int, most_sites: int, per_mineral: int, but: Collection[str] = ()
) -> list[int]:
    """Numbers of entries: equally many of each lattice shape, a few of each mineral.

    Only the shape of the cell is looked at, so that rare crystal systems are not drowned by common
    ones; trigonal and hexagonal crystals share one, which counts twice.

    Args:
        per_lattice: Most entries of one lattice shape.
        most_sites: Most sites in the asymmetric unit.
        per_mineral: Most determinations of one mineral.
        but: Minerals to leave out.

    Returns:
        Numbers in ascending order.
    """
    rows = _entries()
    random.Random(SEED).shuffle(rows)
    taken: dict[str, list[int]] = defaultdict(list)
    minerals: dict[str, int] = defaultdict(int)
    for number, mineral, *cell, sites in rows:
        shape = lattice_shape(*map(_length, cell))
        if (
            mineral not in but
            and len(json.loads(sites)) <= most_sites
            and len(taken[shape]) < per_lattice * (2 if shape == "hexagonal" else 1)
            and minerals[mineral] < per_mineral
        ):
            taken[shape].append(number)
            minerals[mineral] += 1
    return sorted(number for numbers in taken.values() for number in numbers)


def write_entries(
    folder: Path, numbers: Sequence[int], progress: Callable[[int, int], None] | None = None
) -> list[Path]:
    """Write entries as ``amcsd_<number>.cif``; files that exist are kept.

    Args:
        folder: Where to; made when it is not there.
        numbers: Which entries.
        progress: Called now and then with how many are written, and of how many.

    Returns:
        Path of each entry, in the order of their numbers.

    Raises:
        BadInput: For a number that the database does not have.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = {number: folder / f"amcsd_{number:05d}.cif" for number in numbers}
    missing = [number for number, path in paths.items() if not path.exists()]
    if missing:
        strange = sorted(set(missing) - {row[0] for row in _entries()})
        if strange:
            raise BadInput("AMCSD", "numbers of entries with a cell and sites", repr(strange[:5]))
        database = _opened()
        for done, number in enumerate(missing, 1):
            paths[number].write_text(database.get_cif(number).ciftext)
            if progress and done % 50 == 0:
                progress(done, len(missing))
    return list(paths.values())


def first_cif(mineral: str) -> str:
    """Text of the first entry of a mineral.

    Raises:
        NotFound: When there is no such mineral.
    """
    found = _opened().find_cifs(mineral_name=mineral)
    if not found:
        raise NotFound("mineral of AMCSD", mineral, [])
    return str(found[0].ciftext)


def lattice_shape(a: float, b: float, c: float, alpha: float, beta: float, gamma: float) -> str:
    """Shape of a cell (angstrom, degree): the lattice system its constants allow."""
    equal = [abs(p - q) < 1e-3 for p, q in ((a, b), (b, c), (alpha, beta), (beta, gamma))]
    right = [abs(angle - 90) < 1e-3 for angle in (alpha, beta, gamma)]
    if all(right):
        return "cubic" if equal[0] and equal[1] else "tetragonal" if equal[0] else "orthorhombic"
    if equal[0] and right[0] and right[1] and abs(gamma - 120) < 1e-3:
        return "hexagonal"
    if all(equal):
        return "rhombohedral"
    return "monoclinic" if sum(right) == 2 else "triclinic"


def _database() -> Path:
    import larixite

    return Path(larixite.__file__).parent / "amcsd_cif1.db"


def _opened() -> AMCSD:
    from larixite.amcsd import AMCSD

    # named explicitly: larixite would otherwise look for a larger database on the network
    return AMCSD(str(_database()), read_only=True)


def _entries() -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(f"file:{_database()}?mode=ro", uri=True)
    try:
        return connection.execute(_ENTRIES).fetchall()
    finally:
        connection.close()


def _length(text: str) -> float:
    """A number as the database writes it: ``5.431(2)``, but also ``3,2518`` and ``6.4235.``."""
    number = re.match(r"\s*(\d*)[.,]?(\d*)", text)
    return float(f"{number[1] or 0}.{number[2] or 0}") if number else 0.0
