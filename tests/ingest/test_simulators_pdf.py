"""G(r) against plain loops, closed forms and measured curves."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.core import Lattice, Structure

from ingest.simulators import _pairs, npdf, simulators, xpdf
from ingest.simulators._scattering import atomic_number, scattering_length
from registry.errors import Unsupported, WrongUse
from registry.records import Floats
from registry.vocabulary import TECHNIQUES

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
A_NI = 3.52
NICKEL = Structure.from_spacegroup("Fm-3m", Lattice.cubic(A_NI), ["Ni"], [[0, 0, 0]])
AMPLITUDE = {"xpdf": atomic_number, "npdf": scattering_length}


@pytest.fixture(scope="module")
def conformance() -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        return importlib.import_module("_conformance_pairs")


def g_of(structure: Structure, name: str = "xpdf", **chosen: float) -> Floats:
    simulator = simulators()[name]
    return simulator.run(structure, simulator.settings(**chosen)).intensity


@pytest.mark.parametrize("name", ["xpdf", "npdf"])
@pytest.mark.parametrize(
    "chosen",
    [
        {},
        {"delta2": 2.0, "q_max": 15.0},
        {"u_iso": 0.02, "q_damp": 0.0, "q_max": 12.0},
        {"r_min": 0.37, "r_max": 11.3},
    ],
)
def test_g_agrees_with_plain_loops(
    conformance: ModuleType, name: str, chosen: dict[str, float]
) -> None:
    difference = conformance.pdf_against_reference(simulators()[name], AMPLITUDE[name], **chosen)
    assert difference < 1e-3


def test_following_the_crystal_further_changes_little(conformance: ModuleType) -> None:
    further = conformance.pdf_against_reference(xpdf.SIMULATOR, atomic_number, further=10.0)
    assert further < 1e-2


@pytest.mark.parametrize("measured", range(3))
def test_measured_curves_of_nickel_and_silicon_correlate(
    conformance: ModuleType, shared_data: Path, measured: int
) -> None:
    element, name, q_max = conformance.MEASURED[measured]
    assert conformance.measured_correlation(shared_data, element, name, q_max) > 0.9


def test_an_atom_of_fcc_nickel_has_twelve_neighbours(conformance: ModuleType) -> None:
    assert conformance.coordination_of_nickel() == pytest.approx(12, abs=0.01)


def test_below_the_first_neighbour_only_the_mean_density_is_left() -> None:
    r = np.linspace(0.5, 10.5, 1001)
    g = g_of(NICKEL, r_min=0.5, r_max=10.5, points=1001, q_max=80.0, q_damp=0.0)
    empty = r < 1.9
    np.testing.assert_allclose(g[empty], -4 * np.pi * 4 / A_NI**3 * r[empty], atol=0.01)


def test_peaks_of_nickel_stand_at_its_shells() -> None:
    g = g_of(NICKEL, r_min=1.0, r_max=6.0, points=4000, q_max=60.0, u_iso=0.003)
    r = np.linspace(1.0, 6.0, 4000)
    peaks = r[1:-1][(g[1:-1] > g[:-2]) & (g[1:-1] > g[2:]) & (g[1:-1] > 2)]
    np.testing.assert_allclose(peaks, A_NI * np.sqrt([0.5, 1.0, 1.5, 2.0, 2.5]), atol=0.01)


def test_of_one_element_x_rays_and_neutrons_see_the_same() -> None:
    np.testing.assert_allclose(g_of(NICKEL, "xpdf"), g_of(NICKEL, "npdf"), atol=1e-9)


def test_unlike_neighbours_of_light_hydrogen_are_negative_and_of_deuterium_positive() -> None:
    def first_peak(hydrogen: str) -> float:
        rock_salt = Structure.from_spacegroup(
            "Fm-3m", Lattice.cubic(5.0), ["Ca", hydrogen], [[0, 0, 0], [0.5, 0.5, 0.5]]
        )
        simulator = npdf.SIMULATOR
        curve = simulator.run(rock_salt, simulator.settings(q_max=50.0))
        return float(curve.intensity[np.argmin(abs(curve.x.values - 2.5))])

    assert first_peak("H") < -1
    assert first_peak("D") > 1


@given(st.floats(0.3, 1.0))
@settings(max_examples=10, deadline=None)
def test_vacancies_thin_the_crystal(occupancy: float) -> None:
    """All pairs and the mean density fall by one factor: G follows the occupancy."""
    thin = Structure(NICKEL.lattice, [{"Ni": occupancy}] * 4, NICKEL.frac_coords)
    np.testing.assert_allclose(g_of(thin), occupancy * g_of(NICKEL), atol=1e-9)


def test_an_alloy_on_one_site_looks_like_one_element() -> None:
    alloy = Structure(NICKEL.lattice, [{"Ni": 0.7, "Pt": 0.3}] * 4, NICKEL.frac_coords)
    np.testing.assert_allclose(g_of(alloy), g_of(NICKEL), atol=1e-9)


def test_choice_of_cell_and_origin_does_not_matter() -> None:
    primitive = NICKEL.get_primitive_structure()
    moved = NICKEL * (2, 1, 1)
    moved.translate_sites(list(range(len(moved))), [0.313, 0.7, -1.2])
    expected = g_of(NICKEL)
    np.testing.assert_allclose(g_of(primitive), expected, atol=1e-6)
    np.testing.assert_allclose(g_of(moved), expected, atol=1e-6)


def test_a_split_site_is_never_occupied_twice() -> None:
    split = Structure(Lattice.cubic(4.0), [{"Fe": 0.5}, {"Fe": 0.5}], [[0, 0, 0], [0.05, 0, 0]])
    g = g_of(split, r_min=0.1, r_max=2.0, q_max=80.0)
    r = np.linspace(0.1, 2.0, len(g))
    np.testing.assert_allclose(g, -4 * np.pi / 64 * r, atol=0.02)


def test_correlated_motion_sharpens_the_nearest_peak_only() -> None:
    free, bound = g_of(NICKEL, q_max=40.0), g_of(NICKEL, q_max=40.0, delta2=3.0)
    r = np.linspace(1.0, 20.0, len(free))
    near, far = (r > 2.2) & (r < 2.8), r > 15
    assert bound[near].max() > 1.1 * free[near].max()
    np.testing.assert_allclose(bound[far], free[far], atol=0.02 * free[far].max())


def test_nothing_is_left_beyond_q_max() -> None:
    n = 3000
    g = g_of(NICKEL, r_min=0.01, r_max=30.0, points=n, q_max=12.0, q_damp=0.1)
    r = np.linspace(0.01, 30.0, n)
    step = r[1] - r[0]
    f = [abs(np.sum(g * np.sin(q * r)) * step) for q in np.linspace(14, 24, 41)]
    inside = [abs(np.sum(g * np.sin(q * r)) * step) for q in np.linspace(1, 11, 41)]
    assert max(f) < 0.01 * max(inside)


def test_searching_a_few_centres_at_a_time_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at_once = g_of(NICKEL)
    monkeypatch.setattr(_pairs, "_PAIRS_AT_ONCE", 1)
    np.testing.assert_allclose(g_of(NICKEL), at_once, atol=1e-12)


@pytest.mark.parametrize("name", ["xpdf", "npdf"])
def test_the_curve_says_what_it_is(name: str) -> None:
    simulator = simulators()[name]
    curve = simulator.run(NICKEL, simulator.settings())
    assert simulator.technique in TECHNIQUES
    assert (curve.x.quantity, curve.x.unit) == ("r", "angstrom")
    assert curve.intensity_unit == "1/angstrom^2"
    assert curve.x.values.shape == curve.intensity.shape == (951,)


def test_a_null_scattering_alloy_is_refused() -> None:
    null = Structure(Lattice.cubic(3.3), [{"Ti": 0.68, "Zr": 0.32}], [[0, 0, 0]])
    with pytest.raises(Unsupported, match="mean amplitude"):
        g_of(null, "npdf")


def test_a_cell_with_too_many_pairs_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_pairs, "MAX_PAIRS", 1000)
    with pytest.raises(Unsupported, match="pairs"):
        g_of(NICKEL)


def test_a_grid_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(WrongUse, match="r_max"):
        g_of(NICKEL, r_min=20.0, r_max=10.0)
