"""Input of the quickstart, from data that installed packages carry, written as plain files.

Structures: the American Mineralogist Crystal Structure Database (Downs and Hall-Wallace 2003,
Am. Mineral. 88, 247) inside ``larixite``. Curves: the example data of ``sasdata``. Three broken
files are made on purpose.
"""

from __future__ import annotations

import json
import random
import re
import shutil
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import yaml

from flows.example_data import HINTS, MEASURED, UNGRIDDED
from flows.example_data import folder as sasdata_folder
from ingest.hints import HINTS_FILE

PER_MINERAL = 3
MOST_SITES = 24
SEED = 2021
UNSEEN = ("Fluorite", "Zircon", "Calcite")
"""Minerals kept out of the lake, to be asked about at the end."""
PEAK_COUNTS, BACKGROUND = 2000.0, 0.02
BROKEN = ("truncated.xml", "nan_and_back.csv", "two_atoms_on_one_spot.cif")

_ENTRIES = """
    SELECT cif.id, minerals.name, a, b, c, alpha, beta, gamma, atoms_sites
    FROM cif JOIN minerals ON minerals.id = mineral_id
    WHERE atoms_sites != '0' AND a IS NOT NULL ORDER BY cif.id
"""


def write_examples(
    folder: Path, per_lattice: int, progress: Callable[[int, int], None] | None = None
) -> dict[str, Path]:
    """Write all example files below ``folder``; files that exist are kept.

    Returns:
        Folder by kind: ``structures``, ``measured``, ``broken``.
    """
    folders = {kind: folder / kind for kind in ("structures", "measured", "broken")}
    for each in folders.values():
        each.mkdir(parents=True, exist_ok=True)
    _write_structures(folders["structures"], per_lattice, progress)
    _copy_curves(folders["measured"])
    _write_broken(folders)
    return folders


def _database() -> Path:
    import larixite

    return Path(larixite.__file__).parent / "amcsd_cif1.db"


def _write_structures(
    folder: Path, per_lattice: int, progress: Callable[[int, int], None] | None
) -> None:
    chosen = choose_entries(per_lattice)
    missing = [n for n in chosen if not (folder / f"amcsd_{n:05d}.cif").exists()]
    if not missing:
        return
    from larixite.amcsd import AMCSD

    # named explicitly: larixite would otherwise look for a larger database on the network
    database = AMCSD(str(_database()), read_only=True)
    for done, number in enumerate(missing, 1):
        (folder / f"amcsd_{number:05d}.cif").write_text(database.get_cif(number).ciftext)
        if progress and done % 50 == 0:
            progress(done, len(missing))


def choose_entries(per_lattice: int) -> list[int]:
    """Numbers of AMCSD entries: equally many of each lattice shape, a few of each mineral.

    The same choice on every machine. Only the shape of the cell is looked at, so that rare
    crystal systems are not drowned by common ones; trigonal and hexagonal crystals share one.
    """
    connection = sqlite3.connect(f"file:{_database()}?mode=ro", uri=True)
    try:
        rows = connection.execute(_ENTRIES).fetchall()
    finally:
        connection.close()
    random.Random(SEED).shuffle(rows)
    taken: dict[str, list[int]] = defaultdict(list)
    minerals: dict[str, int] = defaultdict(int)
    for number, mineral, *cell, sites in rows:
        shape = lattice_shape(*map(_length, cell))
        if (
            mineral not in UNSEEN
            and len(json.loads(sites)) <= MOST_SITES
            and len(taken[shape]) < per_lattice * (2 if shape == "hexagonal" else 1)
            and minerals[mineral] < PER_MINERAL
        ):
            taken[shape].append(number)
            minerals[mineral] += 1
    return sorted(number for numbers in taken.values() for number in numbers)


def _length(text: str) -> float:
    """A number as the database writes it: ``5.431(2)``, but also ``3,2518`` and ``6.4235.``."""
    number = re.match(r"\s*(\d*)[.,]?(\d*)", text)
    return float(f"{number[1] or 0}.{number[2] or 0}") if number else 0.0


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


def write_unseen(folder: Path) -> dict[str, Path]:
    """Write a noisy powder pattern of each mineral that the lake has never seen.

    They are counted anew, with a seed of their own, so that the answer is not a look-up.
    Returns the file by mineral.
    """
    from ingest.readers import Source, reader_for
    from ingest.simulators import simulators
    from registry.records import Material
    from registry.structures import structure_of

    folder.mkdir(parents=True, exist_ok=True)
    simulator = simulators()["xrd"]
    settings = simulator.settings(counts=PEAK_COUNTS, background=BACKGROUND, seed=SEED)
    written = {}
    for mineral in UNSEEN:
        source = Source(Path(f"{mineral}.cif"), _first_cif(mineral).encode())
        (material,) = (r for r in reader_for(source).read(source) if isinstance(r, Material))
        curve = simulator.run(structure_of(material), settings)
        rows = zip(curve.x.values, curve.intensity, strict=True)
        header = f"# an unknown powder, wavelength = {curve.wavelength} A\n# two_theta intensity\n"
        written[mineral] = folder / f"unknown_{mineral.lower()}.xy"
        written[mineral].write_text(header + "".join(f"{x:.4f} {y:.4f}\n" for x, y in rows))
    return written


def _first_cif(mineral: str) -> str:
    from larixite.amcsd import AMCSD

    database = AMCSD(str(_database()), read_only=True)
    return str(database.find_cifs(mineral_name=mineral)[0].ciftext)


def _copy_curves(folder: Path) -> None:
    for name in (*MEASURED, *UNGRIDDED):
        target = folder / name
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(sasdata_folder() / name, target)
    (folder / HINTS_FILE).write_text(yaml.safe_dump(HINTS))


def _write_broken(folders: dict[str, Path]) -> None:
    xml = next(p for p in sorted(folders["measured"].rglob("*.xml")))
    content = xml.read_bytes()
    (folders["broken"] / BROKEN[0]).write_bytes(content[: len(content) // 2])
    (folders["broken"] / BROKEN[1]).write_text("\n".join(_broken_curve()) + "\n")
    (folders["broken"] / BROKEN[2]).write_text(_TWO_ATOMS)


def _broken_curve() -> Iterator[str]:
    yield "# SAXS of a sample that moved; Q in 1/A"
    yield "Q,I,dI"
    for n in range(60):
        q = 0.01 * (n if n % 9 else n - 4)
        yield f"{q:.4f},{'nan' if n == 30 else f'{100 / (1 + n):.4f}'},0.1"


_TWO_ATOMS = """data_two_atoms_on_one_spot
_chemical_name_mineral 'Halite, damaged'
_cell_length_a 5.64
_cell_length_b 5.64
_cell_length_c 5.64
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_symmetry_space_group_name_H-M 'P 1'
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
_atom_site_occupancy
Na1 Na 0.00 0.00 0.00 1.0
Cl1 Cl 0.01 0.00 0.00 1.0
"""
