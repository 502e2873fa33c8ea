"""Guinier, Porod and the volumes of Franke, against closed forms, sasmodels and measured files."""

from __future__ import annotations

from importlib.resources import files

import numpy as np
import pytest
from scipy.integrate import quad

from features.curve import Curve
from features.spectra._guinier import guinier
from registry.errors import Unsupported

Q = np.linspace(0.002, 0.8, 1600)
RADIUS = 50.0
SPHERE_RG = np.sqrt(3 / 5) * RADIUS
SPHERE_VOLUME = 4 / 3 * np.pi * RADIUS**3


def form_factor(qr):
    return (3 * (np.sin(qr) - qr * np.cos(qr)) / qr**3) ** 2


SPHERE = Curve("saxs", Q, 7 * form_factor(Q * RADIUS))


def sasmodel(name, q=Q, **parameters):
    from sasmodels.core import load_model
    from sasmodels.direct_model import call_kernel

    kernel = load_model(name, dtype="double", platform="dll").make_kernel([q])
    return Curve("saxs", q, np.asarray(call_kernel(kernel, {"background": 0.0, **parameters})))


@pytest.mark.parametrize("limit", [0.6, 0.9, 1.3])
def test_the_radius_of_a_sphere(limit):
    fit = guinier(SPHERE, limit)
    # the next term of ln I is -(q Rg)^4 / 63: the fit to the limit lies above by that much
    assert fit.rg == pytest.approx(SPHERE_RG, rel=0.012 * limit**2)
    assert fit.i0 == pytest.approx(7, rel=0.003)
    assert fit.last * fit.rg <= limit
    assert (fit.last + 0.0005) * fit.rg > limit


def test_a_gaussian_is_fitted_exactly(described):
    """Whose logarithm is a line in q^2: Rg and I0 without any error of the approximation."""
    curve = Curve("sans", Q, 3 * np.exp(-((Q * 30) ** 2) / 3))
    rg, rg_error, i0, i0_error, first, last = described("guinier", curve)
    assert (rg, i0) == (pytest.approx(30), pytest.approx(3))
    assert rg_error < 1e-6
    assert i0_error < 1e-6
    assert first == pytest.approx(0.06)
    assert last == pytest.approx(1.3, abs=0.02)


def test_the_stated_uncertainty_is_the_scatter_of_repeated_measurements(described):
    rng = np.random.default_rng(7)
    q = np.linspace(0.005, 0.2, 150)
    clean = 3 * np.exp(-((q * 30) ** 2) / 3)
    sigma = 0.02 * clean + 0.005
    runs = [
        described("guinier", Curve("sans", q, clean + sigma * rng.normal(size=len(q)), sigma))
        for _ in range(200)
    ]
    rg, rg_error, i0, i0_error = np.array(runs)[:, :4].T
    # within the scatter of a scatter of 200, and of the region that each run finds for itself
    assert rg.mean() == pytest.approx(30, abs=0.2)
    assert np.std(rg) == pytest.approx(rg_error.mean(), rel=0.25)
    assert np.std(i0) == pytest.approx(i0_error.mean(), rel=0.25)


def test_without_uncertainties_the_scatter_tells_them(described):
    rng = np.random.default_rng(8)
    q = np.linspace(0.005, 0.2, 150)
    clean = 3 * np.exp(-((q * 30) ** 2) / 3)
    runs = np.array(
        [
            described("guinier", Curve("sans", q, clean * (1 + 0.02 * rng.normal(size=len(q)))))
            for _ in range(200)
        ]
    )
    assert np.std(runs[:, 0]) == pytest.approx(runs[:, 1].mean(), rel=0.25)


def test_points_without_uncertainty_do_not_count():
    sigma = 0.01 * SPHERE.y
    sigma[3] = np.nan
    wild = SPHERE.y.copy()
    wild[3] = 50
    curve = Curve("saxs", Q, wild, sigma)
    assert guinier(curve).rg == pytest.approx(guinier(SPHERE).rg, rel=0.01)
    unknown = Curve("saxs", Q, SPHERE.y, np.zeros(len(Q)))
    assert guinier(unknown) == guinier(SPHERE)


def test_the_region_starts_where_told():
    upturn = Curve("saxs", Q, SPHERE.y + 20 * np.exp(-((Q / 0.005) ** 2)))
    assert guinier(upturn, q_min=0.02).rg == pytest.approx(guinier(SPHERE, q_min=0.02).rg, rel=1e-3)


@pytest.mark.parametrize(
    ("q", "y", "reason"),
    [
        (Q, 1 + Q, "falls with q"),
        (Q, -SPHERE.y, "found 0"),
        (Q[100:], SPHERE.y[100:], "with q Rg up to 1.3"),
        (Q[::40], SPHERE.y[::40], "5 points"),
    ],
)
def test_what_has_no_guinier_region_is_refused(q, y, reason):
    with pytest.raises(Unsupported, match=reason):
        guinier(Curve("saxs", q, y))


def test_porod_of_a_sphere(described):
    invariant, exponent, porod, background, surface, volume = described(
        # over six whole oscillations of q^4 I
        "porod",
        SPHERE,
        background="none",
        tail=1 - 6 * np.pi / (RADIUS * Q[-1]),
    )
    # Q = 2 pi^2 I0 / V, K = 2 pi S I0 / V^2, S/V = 3/R
    assert invariant == pytest.approx(2 * np.pi**2 * 7 / SPHERE_VOLUME, rel=5e-3)
    area = 4 * np.pi * RADIUS**2
    assert porod == pytest.approx(2 * np.pi * area * 7 / SPHERE_VOLUME**2, rel=0.01)
    assert background == 0
    assert surface == pytest.approx(3 / RADIUS, rel=0.01)
    assert volume == pytest.approx(SPHERE_VOLUME, rel=5e-3)
    assert exponent == pytest.approx(4, abs=0.4)


def test_a_flat_background_is_found_and_taken_away(described):
    bare = described("porod", SPHERE)
    lifted = described("porod", Curve("saxs", Q, SPHERE.y + 1e-3))
    assert lifted[3] - bare[3] == pytest.approx(1e-3)
    np.testing.assert_allclose(np.delete(lifted, 3), np.delete(bare, 3), rtol=1e-6)
    assert lifted[5] == pytest.approx(SPHERE_VOLUME, rel=5e-3)


def test_particles_of_sasmodels_have_their_size(described):
    radius, length = 40.0, 400.0
    rod = sasmodel("cylinder", np.linspace(0.0005, 1.6, 3000), radius=radius, length=length)
    values = described("guinier", rod, limit=0.5)
    assert values[0] == pytest.approx(np.sqrt(radius**2 / 2 + length**2 / 12), rel=0.01)
    porod = described("porod", rod, limit=0.5, background="none")
    assert porod[4] == pytest.approx(2 / radius + 2 / length, rel=0.05)
    assert porod[5] == pytest.approx(np.pi * radius**2 * length, rel=0.03)
    chain = sasmodel("mono_gauss_coil", rg=60.0, i_zero=10.0)
    assert described("guinier", chain, limit=0.4)[0] == pytest.approx(60, rel=0.02)
    # the Debye function falls as q^-2
    assert described("porod", chain, background="none")[1] == pytest.approx(2, abs=0.06)


def test_volumes_of_a_sphere_are_its_integrals(described):
    found = described("franke_volumes", SPHERE, limit=0.5)
    ratio = SPHERE_RG / RADIUS
    for value, end in zip(found, (3, 4, 5), strict=True):
        integral, _ = quad(lambda t: t**2 * form_factor(t / ratio), 1e-9, end)
        assert value == pytest.approx(2 * np.pi**2 / integral, rel=0.01)
    # the Porod volume over Rg^3, which they fall to
    assert 4 / 3 * np.pi / ratio**3 == pytest.approx(9.01, abs=0.01)
    assert (np.diff(found) < 0).all()


def test_extended_particles_have_smaller_volumes(described):
    ball = described("franke_volumes", SPHERE)
    chain = described("franke_volumes", sasmodel("mono_gauss_coil", rg=40.0, i_zero=1.0))
    vesicle = {"radius": 60.0, "thickness": 6.0, "sld": 6.0, "sld_solvent": 1.0}
    shell = described("franke_volumes", sasmodel("vesicle", **vesicle, volfraction=0.01))
    assert (chain < 0.7 * ball).all()
    assert shell[-1] < ball[-1]


def test_volumes_need_the_range(described):
    with pytest.raises(Unsupported, match="q Rg up to 5"):
        described("franke_volumes", Curve("saxs", Q[:200], SPHERE.y[:200]))


def test_a_tail_that_rises_or_is_missing_is_refused(described):
    with pytest.raises(Unsupported, match="falls with q"):
        described("porod", Curve("saxs", Q, SPHERE.y + Q))
    with pytest.raises(Unsupported, match="tail: expected 8 points"):
        described("porod", Curve("saxs", Q[:10], SPHERE.y[:10]))


# name, Rg by a fit of ln I against q^2 with scipy's curve_fit over the region the descriptor found
@pytest.mark.parametrize("name", ["conalbumin.txt", "apoferritin.txt"])
def test_measured_proteins_agree_with_a_fit_by_scipy(read_curves, name):
    from scipy.optimize import curve_fit

    path = files("sasdata") / "example_data" / "1d_data" / name
    (curve,) = read_curves(path, technique="saxs")
    fit = guinier(curve)
    region = (curve.x >= fit.first) & (curve.x <= fit.last) & (curve.y > 0)
    q, i, sigma = curve.x[region], curve.y[region], curve.uncertainty[region]
    found, covariance = curve_fit(
        lambda q, level, rg: level - rg**2 * q**2 / 3,
        q,
        np.log(i),
        (np.log(fit.i0), fit.rg),
        sigma / i,
        absolute_sigma=True,
    )
    assert fit.points == len(q)
    assert fit.rg == pytest.approx(found[1], rel=1e-5)
    assert fit.rg_error == pytest.approx(np.sqrt(covariance[1, 1]), rel=1e-3)
    assert fit.i0_error == pytest.approx(fit.i0 * np.sqrt(covariance[0, 0]), rel=1e-3)
