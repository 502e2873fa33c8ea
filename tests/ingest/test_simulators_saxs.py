"""Small-angle simulators against closed forms, quadrature, and the values sasmodels publishes."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.simulators import simulators
from registry.errors import Unsupported, WrongUse

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
SHAPES = ("sphere", "core_shell", "cylinder", "ellipsoid")
ONE_DIMENSIONAL = [f"{probe}_{shape}" for probe in ("saxs", "sans") for shape in SHAPES]


@pytest.fixture(scope="module")
def conformance() -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        return importlib.import_module("_conformance_small_angle")


def test_every_shape_agrees_with_its_form_factor(conformance: ModuleType) -> None:
    found = conformance.shape_differences()
    assert set(found) == {
        "saxs_sphere",
        "sans_sphere",
        "sans_core_shell",
        "sans_cylinder",
        "saxs_ellipsoid",
        "sans_cylinder_2d",
    }
    assert max(found["saxs_sphere"], found["sans_core_shell"], found["sans_cylinder_2d"]) < 1e-12
    assert found["sans_sphere"] < 1e-5
    assert max(found["sans_cylinder"], found["saxs_ellipsoid"]) < 1e-4


def test_the_published_values_of_sasmodels_are_met(conformance: ModuleType) -> None:
    count, worst = conformance.published_difference()
    assert count >= 6
    assert worst < 1e-5


def test_guinier_and_porod(conformance: ModuleType) -> None:
    assert conformance.radius_of_gyration() == pytest.approx(1, abs=1e-3)
    assert conformance.porod_constant() == pytest.approx(1, abs=5e-3)


def test_smearing_is_the_mean_over_a_gaussian(conformance: ModuleType) -> None:
    assert conformance.smearing_difference() < 2e-3


def test_smearing_is_that_of_sasmodels() -> None:
    from sasmodels.resolution import Pinhole1D

    sans = simulators()["sans_sphere"]
    chosen = {"radius": 80.0, "polydispersity": 0.0, "background": 0.0}
    smeared = sans.run(None, sans.settings(**chosen, resolution=0.05))
    q = smeared.x.values
    fine = sans.settings(**chosen, resolution=0.0, q_min=0.003, q_max=0.6, points=8000.0)
    sharp = sans.run(None, fine)
    theirs = Pinhole1D(q, 0.05 * q, q_calc=sharp.x.values, nsigma=3.5).apply(sharp.intensity)
    assert np.allclose(smeared.intensity, theirs, rtol=2e-3)
    assert smeared.resolution is not None
    assert np.allclose(smeared.resolution, 0.05 * q)


@pytest.mark.parametrize("name", ONE_DIMENSIONAL)
def test_forward_scattering_is_contrast_squared_times_volume(name: str) -> None:
    simulator = simulators()[name]
    clean = {"polydispersity": 0.0, "background": 0.0, "resolution": 0.0}
    known = simulator.settings(**clean, q_min=1e-5, q_max=1e-3)
    first = simulator.run(None, known).intensity[0]
    shape = name.partition("_")[2]
    dims = [
        value for key, value in known.items() if key in simulator.parameters and key in DIMENSIONS
    ]
    volume = VOLUMES[shape](*dims)
    if shape == "core_shell":
        core, outer = VOLUMES["sphere"](dims[0]), volume
        mean = (known["sld_core"] * core + known["sld_shell"] * (outer - core)) / outer
    else:
        mean = known["sld"]
    # (1e-6/angstrom^2)^2 angstrom^3 is 1e-4/cm
    wanted = 0.01 * (mean - known["sld_solvent"]) ** 2 * volume * 1e-4
    assert first == pytest.approx(wanted, rel=1e-3)


DIMENSIONS = ("radius", "thickness", "length", "radius_polar", "radius_equatorial")
VOLUMES = {
    "sphere": lambda r: 4 / 3 * np.pi * r**3,
    "core_shell": lambda r, t: 4 / 3 * np.pi * (r + t) ** 3,
    "cylinder": lambda r, length: np.pi * r**2 * length,
    "ellipsoid": lambda polar, equatorial: 4 / 3 * np.pi * polar * equatorial**2,
}


def test_matched_particles_scatter_nothing_and_contrast_has_no_sign() -> None:
    sphere = simulators()["sans_sphere"]
    clean = {"background": 0.0, "points": 30.0}
    matched = sphere.run(None, sphere.settings(sld=6.37, **clean))
    assert np.all(matched.intensity == 0)
    above, below = (
        sphere.run(None, sphere.settings(sld=sld, sld_solvent=1.0, **clean)).intensity
        for sld in (3.0, -1.0)
    )
    assert np.allclose(above, below, rtol=1e-12)


@settings(max_examples=20, deadline=None)
@given(radius=st.floats(20, 200), factor=st.floats(0.5, 3))
def test_a_larger_particle_is_the_same_curve_at_smaller_q(radius: float, factor: float) -> None:
    sphere = simulators()["saxs_sphere"]
    clean = {"background": 0.0, "points": 30.0}
    grid = {"q_min": 0.005, "q_max": 0.2}
    first = sphere.run(None, sphere.settings(radius=radius, **grid, **clean))
    grid = {name: q / factor for name, q in grid.items()}
    other = sphere.run(None, sphere.settings(radius=radius * factor, **grid, **clean))
    assert np.allclose(other.intensity, factor**3 * first.intensity, rtol=1e-4)


def test_a_map_of_cylinders_without_order_about_the_beam_is_even() -> None:
    maps = simulators()["sans_cylinder_2d"]
    chosen = {"points": 21.0, "polydispersity": 0.0}
    along = maps.run(None, maps.settings(theta=0.0, **chosen)).intensity
    assert np.allclose(along, along.T)
    across = maps.run(None, maps.settings(theta=90.0, phi=0.0, **chosen)).intensity
    turned = maps.run(None, maps.settings(theta=90.0, phi=90.0, **chosen)).intensity
    assert np.allclose(turned, across.T)
    # a rod along Qx scatters in a streak along Qy
    assert across[10, 20] > 100 * across[20, 10]


def test_noise_is_that_of_counting() -> None:
    sphere = simulators()["saxs_sphere"]
    smooth = sphere.run(None, sphere.settings()).intensity
    noisy = [sphere.run(None, sphere.settings(counts=1e4, seed=n)) for n in range(60)]
    q = noisy[0].x.values
    expected = 1e4 * smooth * q**2 / (smooth * q**2).max()
    counts = np.array([curve.intensity for curve in noisy]) * expected / smooth
    assert np.allclose(counts, np.round(counts), atol=1e-6)
    well = expected > 20
    assert np.mean(counts[:, well] / expected[well]) == pytest.approx(1, abs=0.01)
    assert np.mean(counts[:, well].var(axis=0) / expected[well]) == pytest.approx(1, abs=0.1)
    sigma = noisy[0].uncertainty
    assert sigma is not None
    assert np.all(sigma > 0)
    again = sphere.run(None, sphere.settings(counts=1e4, seed=0))
    assert np.array_equal(again.intensity, noisy[0].intensity)


def test_what_cannot_be_resolved_is_refused() -> None:
    sphere = simulators()["saxs_sphere"]
    with pytest.raises(Unsupported, match="at most 5000 sizes"):
        sphere.run(None, sphere.settings(radius=5000.0, polydispersity=0.5, q_max=2.0))
    with pytest.raises(WrongUse, match="q_max"):
        sphere.run(None, sphere.settings(q_min=0.2, q_max=0.1))


def test_without_a_compiler_the_complaint_names_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from sasmodels import kerneldll

    from ingest.simulators import _sasmodels

    monkeypatch.setattr(kerneldll, "SAS_DLL_PATH", str(tmp_path))
    monkeypatch.setattr(kerneldll, "compiler", ["no-such-compiler"])
    _sasmodels._model.cache_clear()
    _sasmodels._kernel.cache_clear()
    sphere = simulators()["saxs_sphere"]
    with pytest.raises(WrongUse, match="C compiler"):
        sphere.run(None, sphere.settings())
