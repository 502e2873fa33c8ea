"""S(Q) against Debye's sum, G(r), other codes, closed forms and measured curves."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from periodictable.cromermann import fxrayatstol
from pymatgen.core import Lattice, Structure

from ingest.readers import Source, reader_for
from ingest.simulators import _reflections, npdf, nsq, simulators, xpdf, xsq
from ingest.simulators._scattering import atomic_number, form_factor, scattering_length
from ingest.simulators._total_scattering import gaussian_lines
from registry.errors import Unsupported, WrongUse
from registry.records import Floats, Spectrum
from registry.vocabulary import TECHNIQUES

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
A_NI = 3.52
NICKEL = Structure.from_spacegroup("Fm-3m", Lattice.cubic(A_NI), ["Ni"], [[0, 0, 0]])
SHORT = {"q_min": 0.5, "q_max": 12.0, "points": 576.0}


@pytest.fixture(scope="module")
def conformance() -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        return importlib.import_module("_conformance_total_scattering")


def s_of(structure: Structure, name: str = "nsq", **chosen: float) -> Floats:
    simulator = simulators()[name]
    return simulator.run(structure, simulator.settings(**(SHORT | chosen))).intensity


def rock_salt(*species: str, a: float = 5.0) -> Structure:
    sites = [[0, 0, 0], [0.5, 0.5, 0.5]]
    return Structure.from_spacegroup("Fm-3m", Lattice.cubic(a), list(species), sites)


def test_s_is_debyes_sum_over_the_pairs(conformance: ModuleType) -> None:
    """What differs is the width of the term of an atom with itself: 3 u q_damp^2 = 1.5e-4."""
    of_nickel = conformance.debye_difference(xsq.SIMULATOR, NICKEL, atomic_number)
    of_salt = conformance.debye_difference(nsq.SIMULATOR, rock_salt("Na", "Cl"), scattering_length)
    assert max(of_nickel, of_salt) < 1e-4


@pytest.mark.parametrize("pair", [(xsq, xpdf, NICKEL), (nsq, npdf, rock_salt("Na", "Cl", a=5.64))])
def test_the_transform_of_s_is_the_simulated_g(
    conformance: ModuleType, pair: tuple[ModuleType, ModuleType, Structure]
) -> None:
    of_s, of_g, structure = pair
    assert conformance.pair_difference(of_s.SIMULATOR, of_g.SIMULATOR, structure) < 1.5e-3


def test_the_transform_of_g_is_the_simulated_s() -> None:
    width, q_max = 0.1, 40.0
    r = np.linspace(0.01, 50, 4000)
    pdf = npdf.SIMULATOR.settings(
        r_min=0.01, r_max=50.0, points=4000, q_max=q_max, q_damp=width, u_iso=0.01
    )
    g = npdf.SIMULATOR.run(rock_salt("Na", "Cl"), pdf).intensity
    q = np.linspace(1.0, 12.0, 200)
    f = np.trapezoid(g * np.sin(np.outer(q, r)), r, axis=1)
    ours = s_of(rock_salt("Na", "Cl"), q_min=1.0, points=200.0, q_damp=width, u_iso=0.01)
    np.testing.assert_allclose(ours, 1 + f / q, atol=2e-3 * ours.max())


def test_x_ray_weights_change_with_q_where_those_of_g_do_not(conformance: ModuleType) -> None:
    salt = rock_salt("Na", "Cl", a=5.64)
    assert 0.02 < conformance.pair_difference(xsq.SIMULATOR, xpdf.SIMULATOR, salt) < 0.15


def test_line_areas_are_those_of_pymatgen(conformance: ModuleType) -> None:
    assert conformance.areas_against_pymatgen() < 1e-5


@pytest.mark.parametrize("isotope", ["H", "D"])
def test_hydrogen_and_deuterium_differ_as_their_scattering_lengths_do(
    conformance: ModuleType, isotope: str
) -> None:
    ours, wanted = conformance.hydride_lines(isotope)
    assert ours == pytest.approx(wanted, rel=1e-4)


def test_x_rays_do_not_tell_deuterium_from_hydrogen() -> None:
    light, heavy = (s_of(rock_salt("Li", isotope), "xsq") for isotope in "HD")
    np.testing.assert_array_equal(light, heavy)


@pytest.mark.parametrize(("isotope", "sign"), [("H", -1), ("D", 1)])
def test_below_the_first_line_s_is_one_less_the_spread_of_the_lengths(
    isotope: str, sign: int
) -> None:
    """S(0) = 1 - <b^2> / <b>^2: far below 0 where lengths of both signs nearly cancel."""
    b = np.array([scattering_length("Ca"), *2 * [scattering_length(isotope)]])
    fluorite = Structure.from_spacegroup(
        "Fm-3m", Lattice.cubic(5.0), ["Ca", isotope], [[0, 0, 0], [0.25, 0.25, 0.25]]
    )
    s = s_of(fluorite, q_min=0.01, q_max=1.0, points=50.0, u_iso=0.0)
    np.testing.assert_allclose(s, 1 - (b**2).mean() / b.mean() ** 2, rtol=1e-9)
    assert np.sign(s[0] + 1) == sign


@pytest.mark.parametrize("name", ["xsq", "nsq"])
def test_s_ends_at_one(conformance: ModuleType, name: str) -> None:
    assert conformance.far_out(simulators()[name]) < 1e-6


@pytest.mark.parametrize("measured", range(3))
def test_measured_pairs_of_nickel_and_silicon_transform_into_s(
    conformance: ModuleType, shared_data: Path, measured: int
) -> None:
    element, name, q_max = conformance.MEASURED[measured]
    assert conformance.measured_pairs_correlation(shared_data, element, name, q_max) > 0.97


@pytest.mark.parametrize("measured", range(2))
def test_measured_intensities_of_nickel_and_silicon_are_those_of_s(
    conformance: ModuleType, shared_data: Path, measured: int
) -> None:
    element, name = conformance.POWDERS[measured]
    assert conformance.measured_intensity_correlation(shared_data, element, name) > 0.97


def test_of_one_element_x_rays_and_neutrons_see_the_same() -> None:
    np.testing.assert_allclose(s_of(NICKEL, "xsq"), s_of(NICKEL, "nsq"), rtol=1e-9)


def test_choice_of_cell_and_origin_does_not_matter() -> None:
    expected = s_of(NICKEL)
    moved = NICKEL * (2, 1, 1)
    moved.translate_sites(list(range(len(moved))), [0.313, 0.7, -1.2])
    np.testing.assert_allclose(s_of(NICKEL.get_primitive_structure()), expected, atol=1e-9)
    np.testing.assert_allclose(s_of(moved), expected, atol=1e-9)


@given(st.floats(0.2, 1.0))
@settings(max_examples=10, deadline=None)
def test_vacancies_thin_the_pairs(occupancy: float) -> None:
    """An atom has fewer neighbours by the share of sites that are filled."""
    thin = Structure(NICKEL.lattice, [{"Ni": occupancy}] * 4, NICKEL.frac_coords)
    np.testing.assert_allclose(s_of(thin) - 1, occupancy * (s_of(NICKEL) - 1), atol=1e-9)


def test_a_mixed_site_scatters_by_its_mean_length() -> None:
    """The spread of the lengths about it is subtracted by Faber and Ziman's definition."""
    alloy = Structure(NICKEL.lattice, [{"Ni": 0.7, "Pt": 0.3}] * 4, NICKEL.frac_coords)
    np.testing.assert_allclose(s_of(alloy), s_of(NICKEL), rtol=1e-9)


def test_a_split_site_is_never_occupied_twice() -> None:
    """Between its alternatives there is no pair: the transform of S has none either."""
    split = Structure(Lattice.cubic(4.0), [{"Fe": 0.5}, {"Fe": 0.5}], [[0, 0, 0], [0.1, 0, 0]])
    q = np.linspace(0.01, 40.0, 4000)
    s = s_of(split, q_min=0.01, q_max=40.0, points=4000.0, u_iso=0.01)
    r = np.linspace(0.2, 2.0, 181)
    g = 2 / np.pi * np.trapezoid(q * (s - 1) * np.sin(np.outer(r, q)), q, axis=1)
    np.testing.assert_allclose(g, -4 * np.pi / 64 * r, atol=0.03)


def test_a_site_that_says_how_far_it_moves_is_believed() -> None:
    told = NICKEL.copy(site_properties={"B_iso": [8 * np.pi**2 * 0.02] * 4})
    np.testing.assert_allclose(s_of(told, u_iso=0.001), s_of(NICKEL, u_iso=0.02), rtol=1e-12)


def test_the_resolution_widens_lines_in_proportion_to_q() -> None:
    """Second moments of well separated lines; without motion Q S(Q) is zero between them."""
    q = np.linspace(0.5, 12.0, 11_501)
    fine = {"points": 11_501.0, "q_damp": 0.005, "u_iso": 0.0}
    s = s_of(NICKEL, resolution=0.01, **fine)
    for hkl in (3, 4, 8):
        centre = 2 * np.pi / A_NI * np.sqrt(hkl)
        near = np.abs(q - centre) < 6 * 0.0101 * centre
        line = q[near] * s[near]
        width = np.sqrt(line @ (q[near] - centre) ** 2 / line.sum())
        assert width == pytest.approx(np.hypot(0.005, 0.01 * centre), rel=0.02)


def test_lines_keep_their_area_wherever_they_fall() -> None:
    grid = np.linspace(0.0, 10.0, 501)
    centre = np.array([2.0, 5.003, 7.511])
    area, sigma = np.array([1.0, -2.0, 3.0]), np.array([0.02, 0.03, 0.1])
    total = gaussian_lines(grid, centre, area, sigma)
    assert total.sum() * 0.02 == pytest.approx(area.sum(), rel=1e-6)
    assert gaussian_lines(grid, centre[:1], area[:1], sigma[:1])[100] == pytest.approx(
        1 / (np.sqrt(2 * np.pi) * 0.02)
    )


@pytest.mark.parametrize("element", ["H", "C", "O", "Si", "Fe", "Au", "U"])
def test_form_factors_are_those_of_another_copy_of_the_table(element: str) -> None:
    s = np.linspace(0, 6.0, 61)
    np.testing.assert_allclose(xsq.wide_form_factor(element, s), fxrayatstol(element, s), atol=1e-6)


def test_form_factors_agree_with_those_of_the_powder_patterns_where_both_hold() -> None:
    """Beyond s = 0.8 the latter are up to 7 % off for silicon."""
    s = np.linspace(0, 0.8, 50)
    for element in ("C", "O", "Si", "Fe"):
        ours, theirs = xsq.wide_form_factor(element, s), form_factor(element, s)
        np.testing.assert_allclose(ours, theirs, atol=0.01 * atomic_number(element))


def test_counting_noise_has_the_deviation_it_states() -> None:
    counts = {"counts": 1e4}
    clean = s_of(NICKEL, "xsq")
    curves = [
        xsq.SIMULATOR.run(NICKEL, xsq.SIMULATOR.settings(**SHORT, **counts, seed=seed))
        for seed in range(20)
    ]
    pulls = np.array([(c.intensity - clean) / c.uncertainty for c in curves])
    counted = curves[0].uncertainty
    assert counted is not None
    assert abs(pulls.mean()) < 0.1
    assert pulls.std() == pytest.approx(1, abs=0.1)
    between = clean < 1.5
    assert counted[between][-50:].mean() > 2 * counted[between][:50].mean()


def test_noise_is_that_of_its_seed_and_structure() -> None:
    once = s_of(NICKEL, counts=100.0, seed=3)
    np.testing.assert_array_equal(once, s_of(NICKEL, counts=100.0, seed=3))
    assert np.abs(once - s_of(NICKEL, counts=100.0, seed=4)).max() > 0.1


@pytest.mark.parametrize(("element", "barn"), [("H", 80.26), ("D", 2.05), ("V", 5.08)])
def test_incoherent_lengths_are_those_of_the_published_cross_sections(
    element: str, barn: float
) -> None:
    """Sears, Neutron News 3, 26 (1992)."""
    length = np.sqrt(nsq.incoherent_square(element))
    assert 4 * np.pi * length**2 / 100 == pytest.approx(barn, rel=0.01)


def test_hydrogen_drowns_the_structure_in_incoherent_counts() -> None:
    def noise(isotope: str) -> float:
        settings = nsq.SIMULATOR.settings(**SHORT, counts=1e4)
        sigma = nsq.SIMULATOR.run(rock_salt("Li", isotope), settings).uncertainty
        assert sigma is not None
        return float(sigma.mean())

    assert noise("H") > 2 * noise("D")


def test_without_counts_there_is_no_uncertainty() -> None:
    curve = nsq.SIMULATOR.run(NICKEL, nsq.SIMULATOR.settings())
    assert curve.uncertainty is None


@pytest.mark.parametrize("name", ["xsq", "nsq"])
def test_the_curve_says_what_it_is(name: str) -> None:
    simulator = simulators()[name]
    curve = simulator.run(NICKEL, simulator.settings())
    technique = TECHNIQUES[simulator.technique]
    assert (curve.x.quantity, curve.x.unit) == (technique.quantity, technique.unit)
    assert curve.x.values.shape == curve.intensity.shape == (1226,)
    np.testing.assert_allclose(curve.resolution, 0.03)


def test_a_measured_s_is_read_under_the_same_technique(tmp_path: Path) -> None:
    path = tmp_path / "nickel.sq"
    q = np.linspace(0.5, 12.0, 576)
    np.savetxt(path, np.column_stack([q, s_of(NICKEL)]))
    source = Source(path, path.read_bytes(), {"technique": "nsq"})
    (spectrum,) = reader_for(source).read(source)
    assert isinstance(spectrum, Spectrum)
    assert (spectrum.technique, spectrum.x.quantity) == ("nsq", "Q")


def test_a_null_scattering_alloy_is_refused() -> None:
    null = Structure(Lattice.cubic(3.3), [{"Ti": 0.68, "Zr": 0.32}], [[0, 0, 0]])
    with pytest.raises(Unsupported, match="mean amplitude"):
        s_of(null)


def test_atoms_on_top_of_one_another_cannot_be_counted() -> None:
    twice = Structure(Lattice.cubic(4.0), ["Fe", "Fe"], [[0, 0, 0], [0.01, 0, 0]])
    with pytest.raises(Unsupported, match="on top of one another"):
        s_of(twice, counts=100.0, u_iso=0.0)


def test_a_cell_with_too_many_reflections_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_reflections, "MAX_BOX", 100)
    with pytest.raises(Unsupported, match="Miller indices"):
        s_of(NICKEL)


def test_an_element_without_form_factor_is_refused() -> None:
    heavy = Structure(Lattice.cubic(4.0), ["Es"], [[0, 0, 0]])
    with pytest.raises(Unsupported, match="form factor"):
        s_of(heavy, "xsq")


def test_a_grid_coarser_than_its_lines_is_refused() -> None:
    with pytest.raises(WrongUse, match="q_damp, points"):
        s_of(NICKEL, q_damp=0.001)


def test_a_grid_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(WrongUse, match="q_max"):
        s_of(NICKEL, q_min=20.0, q_max=10.0)


def test_the_structure_is_left_as_it_was() -> None:
    before = NICKEL.as_dict()
    s_of(NICKEL, "xsq", counts=10.0)
    assert NICKEL.as_dict() == before
