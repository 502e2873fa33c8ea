"""Photoemission surveys against published sensitivities, mean free paths and backgrounds."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from ingest.simulators import simulators
from ingest.simulators._photoelectrons import (
    core_levels,
    mean_free_path,
    tougaard_background,
    tpp_2m,
)
from ingest.simulators.xps import lines, spectrum
from registry.errors import Unsupported, WrongUse

GOLD = Structure.from_spacegroup("Fm-3m", Lattice.cubic(4.0782), ["Au"], [[0, 0, 0]])
SILICON = Structure.from_spacegroup("Fd-3m", Lattice.cubic(5.4310), ["Si"], [[0, 0, 0]])
ROCK_SALT = Structure.from_spacegroup(
    "Fm-3m", Lattice.cubic(5.6402), ["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]]
)
BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def conformance() -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        return importlib.import_module("_conformance_spectroscopy")


def subshell(element: str, name: str) -> float:
    return sum(level.cross_section for level in core_levels(element) if level.name[:2] == name)


def test_cross_sections_are_near_those_of_scofield(conformance: ModuleType) -> None:
    for level, expected in conformance.SCOFIELD.items():
        assert conformance.relative_cross_section(*level) == pytest.approx(expected, rel=0.15)


def test_spin_orbit_partners_share_by_their_multiplicity() -> None:
    sigma = {level.name: level.cross_section for level in core_levels("Au")}
    assert sigma["4f7/2"] / sigma["4f5/2"] == pytest.approx(4 / 3)
    assert sigma["4d5/2"] / sigma["4d3/2"] == pytest.approx(3 / 2)


def test_lines_are_where_handbooks_have_them() -> None:
    """NIST: Au 4f7/2 84.0, Ag 3d5/2 368.2, Cu 2p3/2 932.7, Si 2p 99.3 eV."""
    for element, name, expected in (
        ("Au", "4f7/2", 84.0),
        ("Ag", "3d5/2", 368.2),
        ("Cu", "2p3/2", 932.7),
        ("Si", "2p3/2", 99.3),
    ):
        level = next(level for level in core_levels(element) if level.name == name)
        assert level.binding_energy == pytest.approx(expected, abs=0.3)


@pytest.mark.parametrize(
    ("structure", "kinetic", "expected"),
    # optical data, Tanuma, Powell & Penn, Surf. Interface Anal. 43, 689 (2011)
    [(GOLD, 1400.0, 17.9), (SILICON, 1400.0, 30.6)],
)
def test_mean_free_paths_are_near_those_from_optical_data(
    structure: Structure, kinetic: float, expected: float
) -> None:
    found = mean_free_path(np.array([kinetic]), structure, 0.0)[0]
    assert found == pytest.approx(expected, rel=0.15)


def test_mean_free_path_does_not_depend_on_the_choice_of_formula() -> None:
    energy = np.array([100.0, 1000.0])
    np.testing.assert_allclose(
        tpp_2m(energy, 2.33, 28.085, 4, 1.1), tpp_2m(energy, 2.33, 8 * 28.085, 32, 1.1)
    )


def test_the_background_is_what_the_universal_loss_makes_of_a_line() -> None:
    """Each loss keeps B / 2C of the electrons: the sum is 1 / (1 - B / 2C)."""
    energy = np.arange(0, 6000, 2.0)
    line = np.exp(-0.5 * ((energy - 5900) / 4) ** 2)
    total = tougaard_background(energy, line)
    kept = 2866 / (2 * 1643)
    loss = 5900 - energy
    single = 2866 * loss / (1643 + loss**2) ** 2 * (loss > 0)
    assert np.trapezoid(single, energy) == pytest.approx(kept, rel=0.01)
    assert total.sum() / line.sum() == pytest.approx(1 / (1 - kept), rel=0.05)


def test_taking_the_background_away_gives_the_lines_back() -> None:
    energy = np.arange(200, 1400, 1.0)
    line = np.exp(-0.5 * ((energy - 900) / 3) ** 2)
    total = tougaard_background(energy, line)
    loss = energy[None, :] - energy[:, None]
    kernel = np.where(loss > 0, 2866 * loss / (1643 + loss**2) ** 2, 0.0)
    np.testing.assert_allclose(total - kernel @ total, line, atol=1e-12)


def test_intensities_are_composition_times_cross_section_times_path() -> None:
    found = lines(ROCK_SALT)
    path = mean_free_path(np.array([1486.6 - 270.0, 1486.6 - 1070.8]), ROCK_SALT, 0.0)
    expected = subshell("Cl", "2s") * path[0] / (subshell("Na", "1s") * path[1])
    assert found["Cl 2s"][2] / found["Na 1s"][2] == pytest.approx(expected, rel=1e-3)


def test_the_area_of_a_line_is_its_intensity() -> None:
    grid = np.arange(0.0, 600.0, 0.25)
    area = np.trapezoid(spectrum(grid, {"one": (100.0, 0.5, 7.0)}, 1.0)[376:424], grid[376:424])
    assert area == pytest.approx(7.0, rel=0.05)  # tails outside, background inside


def test_the_survey_of_gold_is_recognised() -> None:
    simulator = simulators()["xps"]
    curve = simulator.run(GOLD, simulator.settings())
    x, y = curve.x.values, curve.intensity
    assert (curve.x.quantity, curve.x.unit, len(y)) == ("binding_energy", "eV", 2401)
    assert x[y.argmax()] == pytest.approx(83.9, abs=0.5)
    assert y.max() == pytest.approx(100)
    for above, below in ((320, 370), (60, 100), (530, 560)):  # the background rises at each line
        assert y[np.argmin(abs(x - below))] > y[np.argmin(abs(x - above))]


def test_the_background_of_a_window_comes_from_the_lines_before_it() -> None:
    simulator = simulators()["xps"]
    whole = simulator.run(GOLD, simulator.settings(points=2401))
    chosen = {"energy_min": 300.0, "energy_max": 400.0, "points": 201}
    window = simulator.run(GOLD, simulator.settings(**chosen))
    inside = (whole.x.values >= 300) & (whole.x.values <= 400)
    expected = whole.intensity[inside]
    np.testing.assert_allclose(window.intensity, 100 * expected / expected.max(), rtol=1e-6)


@pytest.mark.parametrize(
    ("species", "reason"), [("H", "a core level"), ("U", "mean free path"), ("X", "cross sections")]
)
def test_what_cannot_be_simulated_is_refused(species: str, reason: str) -> None:
    simulator = simulators()["xps"]
    crystal = Structure(Lattice.cubic(3.0), [species], [[0, 0, 0]])
    with pytest.raises(Unsupported, match=reason):
        simulator.run(crystal, simulator.settings())


def test_an_empty_grid_is_refused() -> None:
    simulator = simulators()["xps"]
    with pytest.raises(WrongUse):
        simulator.run(GOLD, simulator.settings(energy_min=500.0, energy_max=400.0))
