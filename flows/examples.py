"""Input of the quickstart, from data that installed packages carry, written as plain files.

Structures: minerals of AMCSD (:mod:`ingest.connectors.amcsd`). Curves: the example data of
``sasdata``. Three broken files are made on purpose.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import yaml

from flows.example_data import HINTS, MEASURED, UNGRIDDED
from flows.example_data import folder as sasdata_folder
from ingest.connectors.amcsd import choose_entries, first_cif, write_entries
from ingest.hints import HINTS_FILE

PER_MINERAL = 3
MOST_SITES = 24
SEED = 2021
UNSEEN = ("Fluorite", "Zircon", "Calcite")
"""Minerals kept out of the lake, to be asked about at the end."""
PEAK_COUNTS, BACKGROUND = 2000.0, 0.02
BROKEN = ("truncated.xml", "nan_and_back.csv", "two_atoms_on_one_spot.cif")


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
    chosen = choose_entries(per_lattice, MOST_SITES, PER_MINERAL, but=UNSEEN)
    write_entries(folders["structures"], chosen, progress)
    _copy_curves(folders["measured"])
    _write_broken(folders)
    return folders


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
        source = Source(Path(f"{mineral}.cif"), first_cif(mineral).encode())
        (material,) = (r for r in reader_for(source).read(source) if isinstance(r, Material))
        curve = simulator.run(structure_of(material), settings)
        rows = zip(curve.x.values, curve.intensity, strict=True)
        header = f"# an unknown powder, wavelength = {curve.wavelength} A\n# two_theta intensity\n"
        written[mineral] = folder / f"unknown_{mineral.lower()}.xy"
        written[mineral].write_text(header + "".join(f"{x:.4f} {y:.4f}\n" for x, y in rows))
    return written


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
