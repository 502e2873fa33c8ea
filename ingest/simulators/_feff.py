"""FEFF 10 for one absorbing site: its input, its run in a folder of its own, its table.

FEFF runs in a process of its own: it prints, stops and keeps state as Fortran programs do.

Source: Kas, Vila, Pemmaraju, Tan & Rehr, J. Synchrotron Rad. 28, 1801 (2021).
"""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from ingest.simulators import Parameter
from ingest.simulators._scattering import atomic_number
from registry.errors import Unsupported, WrongUse
from registry.records import Floats

if TYPE_CHECKING:
    from pymatgen.core import Structure

EDGES = ("K", "L1", "L2", "L3")
"""Edges in the numbering of FEFF: 1 is K."""
MAX_ATOMS = 1000
"""Atoms that FEFF's arrays hold."""
NEAREST = 0.5
"""Atoms closer than this (angstrom) make FEFF stop."""
MEAN = -1
"""Value of ``site`` for the mean over all sites of the absorber."""

FEFF_PARAMETERS = {
    "absorber": Parameter(0, "", "atomic number; 0 for the heaviest element", 0, 98),
    "edge": Parameter(1, "", "1 for K, 2 for L1, 3 for L2, 4 for L3", 1, 4),
    "site": Parameter(MEAN, "", "which inequivalent site; -1 for their mean", MEAN, 1000),
    "scf_radius": Parameter(
        4.0, "angstrom", "cluster of the self-consistent potential; 0 for atomic ones", 0.0, 8.0
    ),
}


def absorbing_element(structure: Structure, number: float) -> str:
    """Symbol of the absorber: that of a charge number, or the heaviest for 0.

    Raises:
        Unsupported: When the structure is disordered, or does not have the element.
    """
    if not structure.is_ordered:
        raise Unsupported("structure", "one element on each site", "mixed or vacant sites")
    present = {atomic_number(_symbol(site.specie)): _symbol(site.specie) for site in structure}
    wanted = int(number) or max(present)
    if wanted not in present:
        raise Unsupported("structure", f"an absorber of Z = {wanted}", str(sorted(present)))
    return present[wanted]


def absorbing_sites(structure: Structure, element: str, which: float) -> list[tuple[int, float]]:
    """Index and share of each inequivalent site of an element, or of one of them alone.

    Raises:
        Unsupported: When there is no such site.
    """
    from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

    symmetric = SpacegroupAnalyzer(structure).get_symmetrized_structure()
    orbits = [o for o in symmetric.equivalent_indices if _symbol(structure[o[0]].specie) == element]
    if which != MEAN:
        if int(which) >= len(orbits):
            raise Unsupported(
                "structure", f"a site {int(which)} of {element}", f"{len(orbits)} inequivalent ones"
            )
        orbits = [orbits[int(which)]]
    total = sum(len(orbit) for orbit in orbits)
    return [(int(orbit[0]), len(orbit) / total) for orbit in orbits]


def feff_input(structure: Structure, site: int, edge: str, radius: float, cards: list[str]) -> str:
    """Text of ``feff.inp`` for the cluster within ``radius`` (angstrom) of a site.

    Raises:
        Unsupported: For more than ``MAX_ATOMS`` atoms, none, or two that nearly coincide.
    """
    centre = structure[site]
    around = sorted(structure.get_neighbors(centre, radius), key=lambda n: (n.nn_distance, n.index))
    if not 0 < len(around) < MAX_ATOMS:
        raise Unsupported(
            "structure", f"1 to {MAX_ATOMS - 1} atoms within {radius} angstrom", str(len(around))
        )
    if structure.distance_matrix[~np.eye(len(structure), dtype=bool)].min(initial=9) < NEAREST:
        raise Unsupported("structure", f"atoms {NEAREST} angstrom apart", "closer ones")
    symbols = sorted({_symbol(atom.specie) for atom in around})
    kinds = {symbol: n for n, symbol in enumerate(symbols, start=1)}
    own = _symbol(centre.specie)
    rows = ["TITLE " + structure.composition.reduced_formula, f"EDGE {edge}", "S02 1.0", *cards]
    rows += ["POTENTIALS", f"0 {atomic_number(own)} {own}"]
    rows += [f"{kind} {atomic_number(symbol)} {symbol}" for symbol, kind in kinds.items()]
    rows += ["ATOMS", "0.0 0.0 0.0 0"]
    for atom in around:
        x, y, z = atom.coords - centre.coords
        rows.append(f"{x:.6f} {y:.6f} {z:.6f} {kinds[_symbol(atom.specie)]}")
    return "\n".join([*rows, "END", ""])


def run_feff(text: str, output: str) -> Floats:
    """Run FEFF 10 and return the columns of one of its tables, shape ``(columns, n)``.

    Raises:
        WrongUse: When FEFF is not installed.
        Unsupported: When FEFF stops; with the last it said.
    """
    if find_spec("feff10") is None:
        raise WrongUse("xanes, exafs", "FEFF 10: pip install 'scatterlake[xas]'", "no feff10")
    with TemporaryDirectory(prefix="feff-") as folder:
        (Path(folder) / "feff.inp").write_text(text)
        done = subprocess.run(
            [sys.executable, "-c", "import feff10; feff10.run('feff.inp', '.')"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        table = Path(folder) / output
        if done.returncode or not table.exists():
            said = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
            raise Unsupported("structure", "one that FEFF can calculate", " ".join(said))
        return np.atleast_2d(np.loadtxt(table)).T


def scf_cards(radius: float) -> list[str]:
    """Card of the self-consistent potential; none for a radius of 0."""
    return [f"SCF {radius:.3f}"] if radius else []


def _symbol(specie: Any) -> str:
    return str(specie.symbol)  # deuterium scatters electrons as hydrogen does
