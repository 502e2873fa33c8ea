"""X-ray and neutron powder patterns against pymatgen, tables and closed forms."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.core import Lattice, Structure

from ingest.simulators import npd, simulators, xrd
from ingest.simulators._profile import line_width, pseudo_voigt
from ingest.simulators._scattering import form_factor, scattering_length
from registry.errors import Unsupported, WrongUse
from registry.vocabulary import TECHNIQUES

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
SILICON = Structure.from_spacegroup("Fd-3m", Lattice.cubic(5.4310), ["Si"], [[0, 0, 0]])
QUARTZ = Structure.from_spacegroup(
    "P3_221",
    Lattice.hexagonal(4.9133, 5.4053),
    ["Si", "O"],
    [[0.4697, 0, 2 / 3], [0.4135, 0.2669, 0.7858]],
)


def cesium_chloride(first: str | dict[str, float], second: str | dict[str, float]) -> Structure:
    return Structure(Lattice.cubic(4.0), [first, second], [[0, 0, 0], [0.5, 0.5, 0.5]])


@pytest.fixture(scope="module")
def conformance() -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        return importlib.import_module("conformance_simulators")


@pytest.fixture(scope="module")
def minerals(conformance: ModuleType) -> list[Structure]:
    sample: list[Structure] = conformance.amcsd_sample(40)
    return sample


def test_minerals_are_ordered_and_disordered(minerals: list[Structure]) -> None:
    assert {structure.is_ordered for structure in minerals} == {True, False}


def test_x_ray_lines_agree_with_pymatgen(
    conformance: ModuleType, minerals: list[Structure]
) -> None:
    differences = conformance.xrd_against_pymatgen(minerals)
    assert len(differences) > 35
    assert max(differences) < 1e-5


def test_neutron_lines_agree_with_pymatgen_at_equal_scattering_lengths(
    conformance: ModuleType, minerals: list[Structure]
) -> None:
    differences = conformance.npd_against_pymatgen(minerals)
    assert len(differences) > 35
    assert max(differences) < 1e-5


def test_angles_of_silicon_follow_bragg() -> None:
    found = xrd.sticks(SILICON, 1.54184, (5.0, 90.0))
    seen = found.two_theta[found.intensity > 0]
    allowed = np.sqrt([3, 8, 11, 16, 19, 24])  # 111 220 311 400 331 422
    expected = 2 * np.degrees(np.arcsin(1.54184 / 2 * allowed / 5.4310))
    np.testing.assert_allclose(seen, expected, atol=1e-9)


@pytest.mark.parametrize(
    ("space_group", "allowed"),
    [
        ("Pm-3m", [1, 2, 3, 4, 5, 6, 8, 9]),
        ("Im-3m", [2, 4, 6, 8]),
        ("Fm-3m", [3, 4, 8]),
        ("Fd-3m", [3, 8]),
    ],
)
def test_lattice_centring_extinguishes_lines(space_group: str, allowed: list[int]) -> None:
    a = 4.0
    crystal = Structure.from_spacegroup(space_group, Lattice.cubic(a), ["Fe"], [[0, 0, 0]])
    found = npd.sticks(crystal, 1.0, (1.0, 45.0))
    seen = found.q[found.intensity > 0]
    indices = np.rint((seen * a / (2 * np.pi)) ** 2).astype(int)
    assert indices[indices <= 9].tolist() == allowed


def test_multiplicities_of_a_cubic_crystal_are_those_of_its_forms() -> None:
    found = npd.sticks(Structure(Lattice.cubic(4.0), ["Fe"], [[0, 0, 0]]), 1.0, (1.0, 45.0))
    # 100 110 111 200 210 211 220
    assert found.multiplicity[:7].tolist() == [6, 12, 8, 6, 24, 24, 12]


@pytest.mark.parametrize("hydrogen", ["H", "D"])
def test_heavy_and_light_hydrogen_scatter_with_their_own_lengths(hydrogen: str) -> None:
    """CsCl type: (b1 + b2)^2 where h + k + l is even, (b1 - b2)^2 where it is odd."""
    found = npd.sticks(cesium_chloride(hydrogen, "O"), 1.0, (1.0, 60.0))
    b1 = {"H": -3.7390, "D": 6.671}[hydrogen]  # Sears, Neutron News 3, 26 (1992)
    b2 = 5.803
    odd = np.rint((found.q * 4.0 / (2 * np.pi)) ** 2).astype(int) % 2 == 1
    expected = np.where(odd, (b1 - b2) ** 2, (b1 + b2) ** 2)
    measured = found.intensity / found.multiplicity / npd.lorentz(np.radians(found.two_theta) / 2)
    np.testing.assert_allclose(measured, expected, rtol=0.01)  # tables differ by 0.003 fm


def test_a_mixed_site_scatters_with_the_mean_and_a_vacancy_not_at_all() -> None:
    pure = npd.sticks(Structure(Lattice.cubic(4.0), ["Cu"], [[0, 0, 0]]))
    mixed = npd.sticks(Structure(Lattice.cubic(4.0), [{"Cu": 0.4, "Au": 0.6}], [[0, 0, 0]]))
    vacant = npd.sticks(Structure(Lattice.cubic(4.0), [{"Cu": 0.5}], [[0, 0, 0]]))
    mean = 0.4 * scattering_length("Cu") + 0.6 * scattering_length("Au")
    share = (mean / scattering_length("Cu")) ** 2
    np.testing.assert_allclose(mixed.intensity, share * pure.intensity, rtol=1e-10)
    np.testing.assert_allclose(vacant.intensity, 0.25 * pure.intensity, rtol=1e-10)


def test_thermal_motion_damps_lines_by_the_debye_waller_factor() -> None:
    still, moving = xrd.sticks(SILICON), xrd.sticks(SILICON, b_iso=1.3)
    s = still.q / (4 * np.pi)
    expected = still.intensity * np.exp(-2 * 1.3 * s**2)
    np.testing.assert_allclose(moving.intensity, expected, rtol=1e-9)


def test_b_of_a_site_takes_the_place_of_the_global_one() -> None:
    known = SILICON.copy(site_properties={"B_iso": [1.3] * len(SILICON)})
    np.testing.assert_allclose(
        xrd.sticks(known, b_iso=0.2).intensity, xrd.sticks(SILICON, b_iso=1.3).intensity
    )


@given(st.tuples(*[st.floats(-1, 1)] * 3), st.randoms(use_true_random=False))
@settings(max_examples=20, deadline=None)
def test_origin_and_order_of_atoms_do_not_matter(shift: tuple[float, ...], random: object) -> None:
    order = list(range(len(QUARTZ)))
    random.shuffle(order)  # type: ignore[attr-defined]
    moved = Structure.from_sites([QUARTZ[n] for n in order])
    moved.translate_sites(list(range(len(moved))), shift)
    before, after = xrd.sticks(QUARTZ), xrd.sticks(moved)
    np.testing.assert_allclose(after.q, before.q)
    np.testing.assert_allclose(
        after.intensity, before.intensity, atol=1e-9 * before.intensity.max()
    )


def test_choice_of_cell_does_not_matter(conformance: ModuleType) -> None:
    primitive, conventional = xrd.sticks(SILICON.get_primitive_structure()), xrd.sticks(SILICON)
    difference = conformance.line_difference(
        primitive, conventional.two_theta, conventional.intensity
    )
    assert difference < 1e-9


@pytest.mark.parametrize("element", ["H", "C", "O", "Na", "Si", "Fe", "Ag", "W", "Pb", "U"])
@pytest.mark.parametrize(("up_to", "share"), [(0.65, 0.025), (xrd.S_MAX, 0.1)])
def test_form_factors_are_near_those_of_waasmaier_and_kirfel(
    element: str, up_to: float, share: float
) -> None:
    import xraydb

    s = np.linspace(0, up_to, 40)  # 0.65: all of a Cu K-alpha pattern
    expected = xraydb.f0(element, s)
    np.testing.assert_allclose(form_factor(element, s), expected, atol=share * expected[0])


def test_angles_beyond_the_form_factors_are_refused() -> None:
    simulator = simulators()["xrd"]
    with pytest.raises(WrongUse, match="form factors"):
        simulator.run(SILICON, simulator.settings(wavelength=0.2))
    with pytest.raises(WrongUse, match="form factors"):
        xrd.sticks(SILICON, 0.2)


def test_deuterium_has_the_electrons_of_hydrogen() -> None:
    s = np.linspace(0, 1, 5)
    np.testing.assert_array_equal(form_factor("D", s), form_factor("H", s))


def test_a_peak_has_its_area_height_and_width() -> None:
    grid = np.linspace(0, 100, 10_001)
    peak = pseudo_voigt(grid, np.array([50.0]), np.array([7.0]), np.array([0.5]), 0.0)
    half = grid[peak > peak.max() / 2]
    assert np.sum(peak) * 0.01 == pytest.approx(7.0, rel=1e-9)
    assert peak.max() == pytest.approx(7.0 * np.sqrt(4 * np.log(2) / np.pi) / 0.5, rel=1e-3)
    assert half[-1] - half[0] == pytest.approx(0.5, abs=0.02)


@given(st.floats(10, 80), st.floats(1e-3, 0.5), st.floats(0, 1))
@settings(max_examples=30, deadline=None)
def test_no_peak_falls_between_the_points(centre: float, fwhm: float, eta: float) -> None:
    grid = np.linspace(0, 90, 901)
    peak = pseudo_voigt(grid, np.array([centre]), np.array([3.0]), np.array([fwhm]), eta)
    assert np.sum(peak) * 0.1 == pytest.approx(3.0, rel=0.02)


def test_small_crystallites_widen_lines_as_scherrer_says() -> None:
    width = line_width(np.radians(np.array([20.0])), 0, 0, 0, 100.0, 1.54184)
    assert width[0] == pytest.approx(np.degrees(0.9 * 1.54184 / (100 * np.cos(np.radians(20)))))


@pytest.mark.parametrize("name", ["xrd", "npd"])
def test_the_default_pattern_of_silicon_is_recognised(name: str) -> None:
    simulator = simulators()[name]
    curve = simulator.run(SILICON, simulator.settings())
    assert (curve.x.quantity, curve.x.unit, curve.x.values.shape) == (
        "two_theta",
        "degree",
        (850,),
    )
    assert curve.wavelength == simulator.parameters["wavelength"].default
    assert simulator.technique in TECHNIQUES
    assert curve.intensity.max() == pytest.approx(100)
    assert curve.intensity.min() >= 0
    d111 = 5.4310 / np.sqrt(3)
    expected = 2 * np.degrees(np.arcsin(curve.wavelength / 2 / d111))
    near = abs(curve.x.values - expected) < 1
    assert curve.intensity[near].max() > 50


def test_background_lifts_the_pattern_and_keeps_the_maximum() -> None:
    simulator = simulators()["xrd"]
    curve = simulator.run(SILICON, simulator.settings(background=0.2))
    assert curve.intensity.max() == pytest.approx(100)
    assert curve.intensity.min() == pytest.approx(20, abs=0.5)


def test_the_same_structure_and_settings_give_the_same_bytes_and_nothing_is_changed() -> None:
    simulator = simulators()["xrd"]
    given_structure = QUARTZ.copy()
    first = simulator.run(given_structure, simulator.settings())
    second = simulator.run(QUARTZ, simulator.settings())
    assert first.intensity.tobytes() == second.intensity.tobytes()
    assert given_structure == QUARTZ


@pytest.mark.parametrize(
    ("structure", "reason"),
    [
        (Structure(Lattice.cubic(4), ["X"], [[0, 0, 0]]), "dummy"),
        (Structure(Lattice.cubic(4), ["Es"], [[0, 0, 0]]), "Es"),
        (Structure(Lattice.cubic(4000), ["Fe"], [[0, 0, 0]]), "Miller indices"),
        (Structure(Lattice.cubic(0.7), ["Fe"], [[0, 0, 0]]), "a line between"),
        (Structure(Lattice.cubic(4), [], []), "1 to"),
    ],
)
def test_what_cannot_be_simulated_is_refused_with_a_reason(
    structure: Structure, reason: str
) -> None:
    simulator = simulators()["xrd"]
    with pytest.raises(Unsupported, match=reason):
        simulator.run(structure, simulator.settings())


def test_a_range_with_extinct_lines_only_is_refused() -> None:
    simulator = simulators()["npd"]
    with pytest.raises(Unsupported, match="a line between"):  # 200 of silicon
        simulator.run(SILICON, simulator.settings(two_theta_min=32.0, two_theta_max=34.0))


def test_an_element_without_scattering_length_is_refused() -> None:
    simulator = simulators()["npd"]
    with pytest.raises(Unsupported, match="Po"):
        simulator.run(Structure(Lattice.cubic(4), ["Po"], [[0, 0, 0]]), simulator.settings())


@pytest.mark.parametrize(
    "chosen", [{"two_theta_min": 60.0, "two_theta_max": 50.0}, {"v": -1.0, "w": 0.0}]
)
def test_settings_that_contradict_each_other_are_refused(chosen: dict[str, float]) -> None:
    simulator = simulators()["xrd"]
    with pytest.raises(WrongUse):
        simulator.run(SILICON, simulator.settings(**chosen))
