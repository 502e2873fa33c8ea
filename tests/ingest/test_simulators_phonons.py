"""Densities of states against phonopy's own sums, and what a potential's phonons must fulfil."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from ingest.simulators import simulators
from ingest.simulators._incoherent import K_B, gamma, mean_square_displacement
from ingest.simulators._phonons import atomic_mass, density_of_states, modes_on_mesh, phonon_modes
from registry.errors import Unsupported, WrongUse

SILICON = Structure.from_spacegroup("Fd-3m", Lattice.cubic(5.4310), ["Si"], [[0, 0, 0]])
FCC = [[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]]
OCTAHEDRA = [[0.5, 0.5, 0.5], [0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5]]
TOLD = {"supercell": 4.0, "displacement": 0.02, "relax": 0.0, "q_spacing": 0.5, "stiffness": 1.0}
needs_phonopy = pytest.mark.skipif(find_spec("phonopy") is None, reason="needs the extra phonons")
needs_potential = pytest.mark.skipif(
    find_spec("sevenn") is None or find_spec("phonopy") is None, reason="needs the extra phonons"
)


@pytest.fixture(scope="module")
def rock_salt(shared_data: Path) -> Any:
    """NaCl from the forces that come with phonopy (density functional theory)."""
    import phonopy

    folder = shared_data / "phonon-phonopy" / "example" / "NaCl"
    return phonopy.load(
        folder / "phonopy_disp.yaml",
        primitive_matrix="F",
        force_sets_filename=folder / "FORCE_SETS",
        is_nac=False,
        log_level=0,
    )


@needs_phonopy
def test_heat_capacity_is_that_of_phonopy(rock_salt: Any) -> None:
    modes = modes_on_mesh(rock_salt, 0.08)
    energy = 0.05 * np.arange(1, 1000)
    dos = density_of_states(modes, energy, 0.0).mean(axis=0)
    rock_salt.run_mesh(60.0)
    rock_salt.run_thermal_properties(temperatures=[50, 150, 300], exclude_gamma_acoustic=True)
    theirs = rock_salt.thermal_properties.heat_capacity
    for kelvin, expected in zip((50, 150, 300), theirs, strict=True):
        x = energy / (K_B * kelvin)
        capacity = dos @ (x / 2 / np.sinh(x / 2)) ** 2 * 0.05
        assert 6 * 8.314462618 * capacity == pytest.approx(expected, rel=0.01)


@needs_phonopy
def test_displacements_are_those_of_phonopy(rock_salt: Any) -> None:
    """Debye-Waller factors of the two atoms, in a mesh of the same kind."""
    modes = modes_on_mesh(rock_salt, 0.08)
    energy = 0.05 * np.arange(1, 1000)
    densities = density_of_states(modes, energy, 0.0)
    rock_salt.run_thermal_displacements(temperatures=[300], exclude_gamma_acoustic=True)
    theirs = np.asarray(rock_salt.thermal_displacements.thermal_displacements)[0].reshape(2, 3)
    for element, dos, expected in zip(modes.elements, densities, theirs, strict=True):
        found = mean_square_displacement(atomic_mass(element), gamma(energy, dos, 300.0))
        assert found == pytest.approx(expected.mean(), rel=0.03)


@needs_potential
def test_silicon_has_its_phonons() -> None:
    """Raman line at 64.4 meV (Parker, Feldman & Ashkin 1967), less what the potential is soft."""
    simulator = simulators()["phonon_dos"]
    chosen = {"supercell": 5.0, "relax": 0.0, "q_spacing": 0.2, "energy_max": 80.0}
    curve = simulator.run(SILICON, simulator.settings(**chosen))
    energy, dos = curve.x.values, curve.intensity
    assert np.trapezoid(dos, energy) == pytest.approx(1, abs=0.01)
    top = energy[dos > 0.01 * dos.max()].max()
    assert 0.8 < top / 64.4 < 1.05


@pytest.mark.skipif(
    find_spec("phonopy") is not None and find_spec("sevenn") is not None,
    reason="the extra phonons is installed",
)
@pytest.mark.parametrize("name", ["phonon_dos", "ins"])
def test_without_the_potential_the_extra_is_named(name: str) -> None:
    simulator = simulators()[name]
    with pytest.raises(WrongUse, match=r"pip install 'scatterlake\[phonons\]'"):
        simulator.run(SILICON, simulator.settings())


@needs_potential
def test_deuterium_moves_as_fast_as_its_mass_lets_it() -> None:
    """One force field, two masses: H to D as the root of the masses, for the hydrogen modes."""
    top = {}
    for isotope in ("H", "D"):
        crystal = Structure(Lattice.cubic(4.08), ["Li"] * 4 + [isotope] * 4, FCC + OCTAHEDRA)
        modes = phonon_modes(crystal, TOLD)
        top[isotope] = (modes.energy * modes.share[:, 4:].sum(axis=1)).sum()
    assert top["H"] / top["D"] == pytest.approx(np.sqrt(2.0141 / 1.0078), rel=0.05)


@needs_potential
@pytest.mark.parametrize(
    ("structure", "reason"),
    [
        (Structure(Lattice.cubic(4), [{"Cu": 0.5}], [[0] * 3]), "one element"),
        (Structure(Lattice.cubic(1.0), ["Cu"], [[0] * 3]), "supercell"),
    ],
)
def test_what_cannot_be_simulated_is_refused(structure: Structure, reason: str) -> None:
    simulator = simulators()["phonon_dos"]
    with pytest.raises(Unsupported, match=reason):
        simulator.run(structure, simulator.settings(supercell=12.0))
