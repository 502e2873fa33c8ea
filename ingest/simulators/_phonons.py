"""Phonons of a crystal by finite displacements and a machine-learned potential.

SevenNet-0 (its weights are in the wheel of ``sevenn``) gives the forces, phonopy the rest.
Universal potentials are soft, by an amount that differs from crystal to crystal: what is known of
it is stored with every row as ``softness``, and ``stiffness`` is there for who knows better. There
is no splitting of longitudinal and transverse modes at Gamma, which needs Born charges.

Sources: Togo, Chaput, Tadano & Tanaka, J. Phys.: Condens. Matter 35, 353001 (2023) for phonopy;
Park, Kim, Hwang & Han, J. Chem. Theory Comput. 20, 4857 (2024) for SevenNet; Deng et al., npj
Comput. Mater. 11, 9 (2025) for the softness.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from ingest.simulators import Parameter
from registry.errors import Unsupported, WrongUse
from registry.records import Floats

if TYPE_CHECKING:
    from pymatgen.core import Structure

MODEL = "7net-0"
SOFTNESS = 0.05
"""Mean over NaCl, MgO, Al2O3, ZnO and TiO2, each 0 to 0.09 (docs/simulators.md)."""
MEV_PER_THZ = 4.135667696
"""Planck constant, CODATA 2018."""
MAX_ATOMS = 400
"""Atoms of a supercell: forces of more take minutes each on a desk."""
IMAGINARY = -0.5
"""Modes below this (meV, imaginary ones are negative) are unstable, not numerical noise."""
UNSTABLE_SHARE = 0.01
STEPS = 200
"""Steps of the relaxation."""

PHONON_PARAMETERS = {
    "supercell": Parameter(10.0, "angstrom", "least edge of the supercell", 4.0, 30.0),
    "displacement": Parameter(0.02, "angstrom", "displacement of an atom", 0.001, 0.1),
    "relax": Parameter(0.005, "eV/angstrom", "largest force after relaxing; 0 for as is", 0.0, 0.1),
    "q_spacing": Parameter(0.1, "1/angstrom", "spacing of the mesh in the zone", 0.02, 1.0),
    "softness": Parameter(
        SOFTNESS, "", "share by which the potential is known to be low; told, not applied", 0.0, 0.5
    ),
    "stiffness": Parameter(1.0, "", "factor on all frequencies", 0.5, 2.0),
}


@dataclass(frozen=True)
class Modes:
    """Modes of a crystal on a mesh.

    Attributes:
        energy: Of each mode (meV), imaginary ones negative, shape ``(q, 3n)``.
        share: Share of each atom in each mode, sum 1 over atoms, shape ``(q, n, 3n)``.
        elements: Of the atoms of the primitive cell, length ``n``.
    """

    energy: Floats
    share: Floats
    elements: tuple[str, ...]


def phonon_modes(structure: Structure, settings: dict[str, float]) -> Modes:
    """Modes of a structure; settings as ``PHONON_PARAMETERS`` lists.

    Raises:
        WrongUse: When the extra ``phonons`` is not installed.
        Unsupported: For a disordered or too large structure, one that does not relax, or one
            that is not stable.
    """
    if find_spec("phonopy") is None or find_spec("sevenn") is None:
        raise WrongUse(
            "phonon_dos, ins", "the extra phonons: pip install 'scatterlake[phonons]'", "none"
        )
    if not structure.is_ordered:
        raise Unsupported("structure", "one element on each site", "mixed or vacant sites")
    repeats = [int(np.ceil(settings["supercell"] / edge)) for edge in structure.lattice.abc]
    atoms = len(structure) * int(np.prod(repeats))
    if atoms > MAX_ATOMS:
        raise Unsupported("structure", f"a supercell of up to {MAX_ATOMS} atoms", str(atoms))
    crystal = _ase_atoms(structure)
    if settings["relax"]:
        _relax(crystal, settings["relax"])
    masses = [atomic_mass(site.specie.name) for site in structure]
    phonons = _displaced(crystal, masses, repeats, settings["displacement"])
    phonons.forces = np.array([_forces(cell) for cell in phonons.supercells_with_displacements])
    phonons.produce_force_constants()
    phonons.symmetrize_force_constants()
    modes = modes_on_mesh(phonons, settings["q_spacing"])
    scaled = Modes(settings["stiffness"] * modes.energy, modes.share, modes.elements)
    unstable = float(np.mean(scaled.energy < IMAGINARY))
    if unstable > UNSTABLE_SHARE:
        raise Unsupported("structure", "a stable crystal", f"{unstable:.1%} of modes imaginary")
    return scaled


def modes_on_mesh(phonons: Any, spacing: float) -> Modes:
    """Modes of a ``Phonopy`` with force constants, on a mesh of about ``spacing`` (1/angstrom).

    The mesh goes through the whole zone and leaves Gamma out.
    """
    reciprocal = 2 * np.pi * np.linalg.inv(phonons.primitive.cell).T
    mesh = [max(1, int(np.ceil(edge / spacing))) for edge in np.linalg.norm(reciprocal, axis=1)]
    # an even mesh about Gamma leaves it out: a mode of no energy has no thermal meaning
    phonons.run_mesh(
        [n + n % 2 for n in mesh],
        is_mesh_symmetry=False,
        with_eigenvectors=True,
        is_gamma_center=False,
    )
    vectors = np.abs(phonons.mesh.eigenvectors) ** 2
    q, bands = phonons.mesh.frequencies.shape
    share = vectors.reshape(q, bands // 3, 3, bands).sum(axis=2)
    energy = np.asarray(phonons.mesh.frequencies) * MEV_PER_THZ
    return Modes(energy, share, tuple(phonons.primitive.symbols))


def density_of_states(modes: Modes, energy: Floats, fwhm: float) -> Floats:
    """Density of states of each atom (1/meV), area 1, shape ``(n, len(energy))``.

    Args:
        modes: The modes; imaginary ones are left out.
        energy: Even and ascending (meV).
        fwhm: Full width of the Gaussian that stands for each mode (meV).
    """
    step = (energy[-1] - energy[0]) / (len(energy) - 1)
    edges = np.append(energy - step / 2, energy[-1] + step / 2)
    sigma = max(fwhm, 2 * step) / (2 * np.sqrt(2 * np.log(2)))
    reach = np.arange(-int(np.ceil(5 * sigma / step)), int(np.ceil(5 * sigma / step)) + 1) * step
    kernel = np.exp(-0.5 * (reach / sigma) ** 2)
    real = modes.energy > 0
    found = []
    for atom in range(len(modes.elements)):
        weight = modes.share[:, atom][real]
        counted, _ = np.histogram(modes.energy[real], bins=edges, weights=weight)
        found.append(np.convolve(counted, kernel / kernel.sum(), mode="same") / weight.sum())
    return np.asarray(np.array(found) / step)


def atomic_mass(element: str) -> float:
    """Mass of an element or isotope (u)."""
    import periodictable

    return float(periodictable.elements.symbol(element).mass)


@lru_cache(maxsize=1)
def _calculator() -> Any:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="`torch.jit.script` is deprecated")
        warnings.filterwarnings("ignore", message="No tensor product accelerator")
        from sevenn.calculator import (  # type: ignore[import-not-found,unused-ignore]
            SevenNetCalculator,
        )

        return SevenNetCalculator(MODEL, device="cpu")


def _ase_atoms(structure: Structure) -> Any:
    from ase import Atoms

    return Atoms(  # type: ignore[no-untyped-call]
        [site.specie.symbol for site in structure],
        cell=structure.lattice.matrix,
        scaled_positions=structure.frac_coords,
        pbc=True,
    )


def _relax(crystal: Any, largest_force: float) -> None:
    """Move atoms and cell of ``crystal`` to where forces and stress vanish."""
    from ase.filters import FrechetCellFilter
    from ase.optimize import BFGS

    crystal.calc = _calculator()
    filtered: Any = FrechetCellFilter(crystal)  # type: ignore[no-untyped-call]
    optimiser: Any = BFGS(filtered, logfile=None)
    if not optimiser.run(fmax=largest_force, steps=STEPS):
        raise Unsupported("structure", f"one that relaxes in {STEPS} steps", "forces left")


def _displaced(crystal: Any, masses: list[float], repeats: list[int], distance: float) -> Any:
    from phonopy import Phonopy  # type: ignore[import-not-found,unused-ignore]
    from phonopy.structure.atoms import (  # type: ignore[import-not-found,unused-ignore]
        PhonopyAtoms,
    )

    cell = PhonopyAtoms(
        symbols=crystal.get_chemical_symbols(),
        masses=masses,
        cell=np.array(crystal.cell),
        scaled_positions=crystal.get_scaled_positions(),
    )
    phonons = Phonopy(cell, supercell_matrix=np.diag(repeats), primitive_matrix="P")
    phonons.generate_displacements(distance=distance)
    return phonons


def _forces(cell: Any) -> Floats:
    from ase import Atoms

    atoms: Any = Atoms(  # type: ignore[no-untyped-call]
        cell.symbols, cell=cell.cell, scaled_positions=cell.scaled_positions, pbc=True
    )
    atoms.calc = _calculator()
    return np.asarray(atoms.get_forces(), dtype=np.float64)
