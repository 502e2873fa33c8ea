"""The absorption edge, its step, its white line and its pre-edge peak."""

from __future__ import annotations

from math import log, pi, sqrt

import numpy as np
import pytest

from features.curve import Curve
from features.spectra._edge import edge_energy, normalised, tabulated_edge
from registry.errors import Unsupported

IRON = 7112.0
GRID = np.arange(IRON - 150, IRON + 400, 0.25)


def arctangent(energy, e0, width=1.0):
    return 0.5 + np.arctan((energy - e0) / width) / pi


def gaussian(energy, centre, deviation, area):
    t = (energy - centre) / deviation
    return area / (deviation * sqrt(2 * pi)) * np.exp(-(t**2) / 2)


def iron(mu, energy=GRID):
    return Curve("xas", energy, mu, None, "Fe", "K")


STEP = arctangent(GRID, 7120.3)

# E0 and edge step by larch 2026.3: find_e0, and pre_edge with the E0 found here, pre1=-150,
# pre2=-20, norm1=50, norm2=300, nnorm=1. larch smooths otherwise and takes E0 on the grid.
LARCH = {
    "Cu/cu_metal_10K": (8977.58, 2.29729),
    "Fe/Fe2O3_rt_01": (7125.618, 1.33371),
    "Fe/FeS2_rt_01": (7117.0, 0.73471),
    "Fe/Fe_Foil_rt_2016Foils": (7110.8, 4.15414),
    "Fe/Fe_metal_rt_01": (7111.0, 2.95312),
    "V/V2O5": (5469.998, 1.04455),
    "V/VO2": (5469.764, 0.91955),
}


def test_an_arctangent_has_its_edge_where_it_is_steepest_and_at_half(described):
    assert described("edge_position", iron(STEP))[0] == pytest.approx(7120.3, abs=0.01)
    half = described("edge_position", iron(STEP), rule="half_step")[0]
    # the fitted lines see the slow tails of the arctangent
    assert half == pytest.approx(7120.3, abs=0.05)
    table = described("edge_position", iron(STEP), origin="table")[0]
    assert table == pytest.approx(8.3, abs=0.01)


def test_the_step_is_the_distance_of_the_lines_at_the_edge():
    # a sharp edge between two lines: 2 up to 7120, rising; 3.5 above it, falling
    energy = GRID - 7120
    mu = 2 + 1e-3 * energy + 0.5 * (1 + np.sign(energy)) * (1.5 - 3e-3 * energy)
    done = normalised(iron(mu))
    assert done.e0 == pytest.approx(7120, abs=0.15)
    assert done.step == pytest.approx(1.5, abs=2e-3)
    away = np.abs(done.energy) > 1
    np.testing.assert_allclose(done.mu[away], done.energy[away] > 0, atol=1e-9)


def test_edges_are_looked_for_near_the_table():
    """A glitch that is steeper than the edge but far from it does not count."""
    glitch = iron(STEP + gaussian(GRID, IRON + 250, 0.5, 3.0))
    assert edge_energy(glitch) == pytest.approx(7120.3, abs=0.05)
    unnamed = Curve("xas", glitch.x, glitch.y)
    assert edge_energy(unnamed) == pytest.approx(IRON + 249.5, abs=1)


def test_energies_that_are_relative_are_searched_whole():
    curve = iron(STEP, GRID - IRON)
    assert edge_energy(curve) == pytest.approx(8.3, abs=0.01)


def test_the_post_edge_ends_before_the_next_edge():
    """L3 of cadmium is 189 eV below its L2: fitted across, the step of L2 would count."""
    energy = np.arange(3400.0, 4000, 0.5)
    mu = arctangent(energy, 3538, 0.2) + 0.5 * arctangent(energy, 3727, 0.2)
    named = Curve("xas", energy, mu, None, "Cd", "L3")
    assert tabulated_edge(named) == pytest.approx(3538, abs=1)
    assert normalised(named).step == pytest.approx(1, abs=0.01)
    assert normalised(Curve("xas", energy, mu)).step != pytest.approx(1, abs=0.03)


def test_a_given_normalisation_is_kept(described):
    energy = np.arange(7100.0, 7140, 0.25)
    curve = iron(arctangent(energy, 7120), energy)
    with pytest.raises(Unsupported, match="pre-edge"):
        normalised(curve)
    half = described("edge_position", curve, rule="half_step", normalise="given")[0]
    assert half == pytest.approx(7120, abs=1e-6)


@pytest.mark.parametrize(
    ("mu", "reason"),
    [
        (1 - STEP, "step up|edge inside"),
        (np.ones(len(GRID)), "edge inside"),
        (GRID - GRID[0], "step up|edge inside"),
    ],
)
def test_what_has_no_edge_is_refused(mu, reason):
    with pytest.raises(Unsupported, match=reason):
        normalised(iron(mu))


def test_a_gaussian_white_line_is_measured(described):
    """A step far below the line, so that under it mu is 1: only the Gaussian exceeds it."""
    mu = arctangent(GRID, 7110, 0.01) + gaussian(GRID, 7125, 3.0, 6.0)
    height, position, width, area = described("white_line", iron(mu), smoothing=0.3)
    top = 6 / (3 * sqrt(2 * pi))
    assert height == pytest.approx(1 + top, rel=3e-3)
    assert position == pytest.approx(15, abs=0.1)
    assert width == pytest.approx(3 * sqrt(8 * log(2)), rel=0.02)
    assert area == pytest.approx(6, rel=0.02)


def test_an_absorption_that_stays_below_its_step_has_no_white_line(described):
    slow = iron(arctangent(GRID, 7120, 8.0))
    height, _, width, area = described("white_line", slow)
    assert height < 1
    assert (width, area) == (0, 0)


def test_a_gaussian_on_the_foot_of_an_edge_is_measured(described):
    centre, area = 7111.5, 0.12
    mu = arctangent(GRID, 7121, 1.5) + gaussian(GRID, centre, 0.8, area)
    half = described("edge_position", iron(mu), rule="half_step")[0]
    found = described("pre_edge", iron(mu))
    assert half + found[0] == pytest.approx(centre, abs=0.1)
    assert found[1] == pytest.approx(area, rel=0.05)
    assert found[2] == pytest.approx(area / (0.8 * sqrt(2 * pi)), rel=0.05)


def test_an_edge_without_a_peak_before_it_has_no_centroid(described):
    rng = np.random.default_rng(1)
    plain = iron(STEP + 1e-3 * rng.normal(size=len(GRID)))
    with pytest.raises(Unsupported, match="peak above the foot"):
        described("pre_edge", plain)


def test_half_the_step_ignores_a_high_pre_edge_peak(described):
    """Chromate: the pre-edge peak is steeper than the edge and higher than half of it."""
    mu = arctangent(GRID, 7121, 3.0) + gaussian(GRID, 7109, 0.8, 1.6)
    curve = iron(mu)
    assert described("edge_position", curve)[0] == pytest.approx(7108.2, abs=0.2)
    half = described("edge_position", curve, rule="half_step")[0]
    assert half == pytest.approx(7121, abs=0.3)
    assert half + described("pre_edge", curve)[0] == pytest.approx(7109, abs=0.2)


@pytest.mark.parametrize("name", LARCH)
def test_measured_edges_agree_with_larch(read_curves, shared_data, name):
    (curve,) = read_curves(shared_data / "xas-xasdatalibrary" / f"{name}.xdi")
    e0, step = LARCH[name]
    done = normalised(curve)
    assert done.e0 == pytest.approx(e0, abs=0.2)
    assert done.step == pytest.approx(step, rel=5e-3)


def test_vanadium_shows_its_valence(described, read_curves, shared_data):
    """The pre-edge peak grows and the edge moves up with the valence (Wong et al., 1984)."""
    folder = shared_data / "xas-xasdatalibrary" / "V"
    names = ("VO", "VO2", "V2O5")
    (two, four, five) = (read_curves(folder / f"{name}.xdi")[0] for name in names)
    halves = [described("edge_position", c, rule="half_step")[0] for c in (two, four, five)]
    assert halves == sorted(halves)
    areas = [described("pre_edge", c)[1] for c in (four, five)]
    assert areas[1] > 1.3 * areas[0]
    assert halves[2] + described("pre_edge", five)[0] == pytest.approx(5470.8, abs=1.0)


def test_chromate_is_told_from_chromic_oxide_by_its_pre_edge(described, read_curves, shared_data):
    """Tetrahedral Cr(VI) has a strong pre-edge peak, octahedral Cr(III) a weak one."""
    folder = shared_data / "xas-xasdatalibrary" / "Cr"
    (chromate,) = read_curves(folder / "k2cro4_rt_001.xdi")
    (oxide,) = read_curves(folder / "cr2o3_rt_002.xdi")
    found = described("pre_edge", chromate)
    half = described("edge_position", chromate, rule="half_step")[0]
    before = (chromate.x > 5985) & (chromate.x < 6001)
    assert half + found[0] == pytest.approx(chromate.x[before][chromate.y[before].argmax()], abs=1)
    assert found[2] > 0.5
    assert found[1] > 5 * described("pre_edge", oxide, contrast=0.5)[1]
