"""Agreement of the small-angle simulators with closed forms, quadrature and published values."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

import numpy as np

from ingest.simulators import sans_cylinder_2d, simulators
from ingest.simulators._sasmodels import model_intensity
from ingest.simulators._small_angle import CORE_SHELL, CYLINDER, ELLIPSOID, SPHERE
from ingest.simulators._smearing import REACH
from registry.records import Floats

ORDER = 1500
"""Points of the Gauss-Legendre quadrature over orientations."""
SIZES = 4001
CLEAN = {"background": 0.0, "resolution": 0.0, "volume_fraction": 0.01}
CENTIMETRE = 1e-4
"""(1e-6/angstrom^2)^2 angstrom^3 in 1/cm."""


def curve(name: str, **chosen: float) -> tuple[Floats, Floats]:
    """Q and I of a simulator without background, resolution and noise, unless chosen."""
    simulator = simulators()[name]
    made = simulator.run(None, simulator.settings(**(CLEAN | chosen)))
    return made.x.values, made.intensity


def sphere_amplitude(q: Floats, radius: Floats | float) -> Floats:
    """Amplitude of a sphere over its volume: 3 (sin x - x cos x) / x^3, x = Q R."""
    x = q * radius
    return np.asarray(3 * (np.sin(x) - x * np.cos(x)) / x**3)


def sphere(q: Floats, radius: float, contrast: float) -> Floats:
    """Equal spheres at volume fraction 0.01 (1/cm); contrast in 1e-6/angstrom^2."""
    volume = 4 / 3 * np.pi * radius**3
    return np.asarray(0.01 * volume * contrast**2 * sphere_amplitude(q, radius) ** 2 * CENTIMETRE)


def schulz_spheres(q: Floats, radius: float, width: float, contrast: float) -> Floats:
    """Spheres of Schulz-distributed radius (a gamma distribution), by quadrature."""
    from scipy.stats import gamma

    shape = 1 / width**2
    reach = min(12 * width, 1 - 1e-3)
    r = np.linspace(radius * (1 - reach), radius * (1 + 12 * width), SIZES)
    f = gamma.pdf(r, shape, scale=radius / shape)
    volume = 4 / 3 * np.pi * r**3
    square = (volume * sphere_amplitude(q[:, None], r)) ** 2
    mean = np.trapezoid(square * f, r, axis=1) / np.trapezoid(volume * f, r)
    return np.asarray(0.01 * contrast**2 * mean * CENTIMETRE)


def core_shell(q: Floats, radius: float, thickness: float, sld: tuple[float, ...]) -> Floats:
    """Spheres with a shell; densities of core, shell and solvent."""
    outer = radius + thickness
    volumes = [4 / 3 * np.pi * r**3 for r in (radius, outer)]
    amplitude = (sld[0] - sld[1]) * volumes[0] * sphere_amplitude(q, radius) + (
        sld[1] - sld[2]
    ) * volumes[1] * sphere_amplitude(q, outer)
    return np.asarray(0.01 * amplitude**2 / volumes[1] * CENTIMETRE)


def cylinder_amplitude(q: Floats, radius: float, length: float, cosine: Floats) -> Floats:
    """Amplitude of a cylinder over its volume, by the cosine of its axis with Q."""
    from scipy.special import j1

    sine = np.sqrt(1 - cosine**2)
    x = np.maximum(q * radius * sine, 1e-12)
    return np.asarray(2 * j1(x) / x * np.sinc(q * length * cosine / 2 / np.pi))


def cylinder(q: Floats, radius: float, length: float, contrast: float) -> Floats:
    """Cylinders in all directions, by quadrature."""
    volume = np.pi * radius**2 * length
    mean = _all_directions(lambda c: cylinder_amplitude(q[:, None], radius, length, c) ** 2)
    return np.asarray(0.01 * volume * contrast**2 * mean * CENTIMETRE)


def ellipsoid(q: Floats, polar: float, equatorial: float, contrast: float) -> Floats:
    """Ellipsoids of revolution in all directions, by quadrature."""
    volume = 4 / 3 * np.pi * polar * equatorial**2

    def square(cosine: Floats) -> Floats:
        radius = np.sqrt(equatorial**2 * (1 - cosine**2) + polar**2 * cosine**2)
        return sphere_amplitude(q[:, None], radius) ** 2

    return np.asarray(0.01 * volume * contrast**2 * _all_directions(square) * CENTIMETRE)


def shape_differences() -> dict[str, float]:
    """Largest relative difference of each simulator from its closed form or quadrature."""
    neutron, x_ray = 3.47 - 6.37, 18.9 - 9.47
    same = {"polydispersity": 0.0}
    q, ours = curve("saxs_sphere", radius=80.0, **same)
    found = {"saxs_sphere": _apart(ours, sphere(q, 80.0, x_ray), floor=1e-9)}
    q, ours = curve("sans_sphere", radius=80.0, polydispersity=0.2)
    found["sans_sphere"] = _apart(ours, schulz_spheres(q, 80.0, 0.2, neutron))
    q, ours = curve("sans_core_shell", **same)
    wanted = core_shell(q, 60.0, 20.0, (3.47, 1.06, 6.37))
    found["sans_core_shell"] = _apart(ours, wanted, floor=1e-9)
    q, ours = curve("sans_cylinder", **same)
    found["sans_cylinder"] = _apart(ours, cylinder(q, 20.0, 400.0, neutron))
    q, ours = curve("saxs_ellipsoid", **same)
    found["saxs_ellipsoid"] = _apart(ours, ellipsoid(q, 100.0, 50.0, x_ray))
    found["sans_cylinder_2d"] = map_difference()
    return found


def map_difference() -> float:
    """Largest difference of the map of cylinders 30 degree off the detector, over its maximum."""
    simulator = sans_cylinder_2d.SIMULATOR
    theta, phi = 60.0, 25.0
    settings = simulator.settings(
        theta=theta, phi=phi, polydispersity=0.0, background=0.0, volume_fraction=0.01
    )
    made = simulator.run(None, settings)
    qx, qy = np.meshgrid(made.x.values, made.axes[0].values, indexing="ij")
    q = np.hypot(qx, qy)
    across = np.sin(np.radians(theta))
    along = qx * np.cos(np.radians(phi)) + qy * np.sin(np.radians(phi))
    amplitude = cylinder_amplitude(q, 20.0, 400.0, across * along / q)
    wanted = 0.01 * np.pi * 20.0**2 * 400.0 * (3.47 - 6.37) ** 2 * amplitude**2 * CENTIMETRE
    return float(np.abs(made.intensity - wanted).max() / wanted.max())


def published_difference() -> tuple[int, float]:
    """Number of values that sasmodels publishes for our models, and the largest difference."""
    worst = [
        _apart(model_intensity(shape.model, (np.atleast_1d(q).astype(float),), dict(given)), value)
        for shape in (SPHERE, CORE_SHELL, CYLINDER, ELLIPSOID)
        for given, q, value in _published(shape.model)
    ]
    return len(worst), max(worst)


def radius_of_gyration() -> float:
    """R_g of spheres of 60 angstrom by Guinier's law, over sqrt(3/5) R."""
    q, ours = curve("saxs_sphere", q_min=1e-4, q_max=2e-3, polydispersity=0.0)
    slope = np.polyfit(q**2, np.log(ours), 1)[0]
    return float(np.sqrt(-3 * slope) / (np.sqrt(3 / 5) * 60.0))


def porod_constant() -> float:
    """Mean of I Q^4 of polydisperse spheres at large Q, over 2 pi drho^2 S/V phi."""
    q, ours = curve("saxs_sphere", q_min=0.5, q_max=1.0, points=400.0, polydispersity=0.2)
    ratio = 3 / 60.0 / (1 + 2 * 0.2**2)  # S/V = 3 <r^2> / <r^3> of a Schulz distribution
    wanted = 2 * np.pi * 0.01 * (18.9 - 9.47) ** 2 * ratio * CENTIMETRE
    return float(np.mean(ours * q**4) / wanted)


def smearing_difference(resolution: float = 0.05) -> float:
    """Largest relative difference of smeared spheres from adaptive quadrature."""
    from scipy.integrate import quad
    from scipy.special import erf

    share = np.sqrt(2 * np.pi) * erf(REACH / np.sqrt(2))
    grid = {"q_min": 0.01, "q_max": 0.3, "points": 25.0, "resolution": resolution}
    q, ours = curve("sans_sphere", radius=80.0, polydispersity=0.0, **grid)
    wanted = []
    for centre in q:
        sigma = resolution * centre

        def integrand(u: float, centre: float = centre, sigma: float = sigma) -> float:
            at = np.array([centre + u * sigma])
            return float(np.exp(-(u**2) / 2) * sphere(at, 80.0, 3.47 - 6.37)[0])

        wanted.append(quad(integrand, -REACH, REACH, limit=200)[0] / share)
    return _apart(ours, np.array(wanted))


def rows() -> list[tuple[str, str, str]]:
    """What, against what, and the figure found."""
    against = {
        "saxs_sphere": "closed form, equal spheres",
        "sans_sphere": "closed form under a gamma distribution, polydispersity 0.2",
        "sans_core_shell": "closed form, equal particles",
        "sans_cylinder": f"quadrature of the closed form, {ORDER} points",
        "saxs_ellipsoid": f"quadrature of the closed form, {ORDER} points",
        "sans_cylinder_2d": "closed form, equal cylinders, all 4096 pixels",
    }
    found = [
        (f"`{name}`", against[name], f"at most {value:.1e}{_of(name)}")
        for name, value in shape_differences().items()
    ]
    count, worst = published_difference()
    return [
        *found,
        ("models", f"{count} tests that sasmodels carries", f"at most {worst:.1e} of the value"),
        ("`saxs_sphere`, Guinier R_g", "sqrt(3/5) R", f"ratio {radius_of_gyration():.5f}"),
        ("`saxs_sphere`, Porod constant", "2π Δρ² φ S/V", f"ratio {porod_constant():.4f}"),
        (
            "`sans_sphere`, dQ/Q = 0.05",
            f"adaptive quadrature to {REACH} standard deviations",
            f"at most {smearing_difference():.1e} of the value",
        ),
    ]


def _published(model: str) -> list[tuple[dict[str, float], Floats | float, Floats | float]]:
    """Cases (parameters, Q, I) of sasmodels' tests that are a curve without structure factor."""
    tests = import_module(f"sasmodels.models.{model}").tests
    return [
        (case[0], case[1], case[2])
        for case in tests
        if len(case) == 3
        and "@S" not in case[0]
        and not isinstance(case[1], tuple)
        and np.ndim(case[1]) < 2
    ]


def _all_directions(square: Callable[[Floats], Floats]) -> Floats:
    nodes, weights = np.polynomial.legendre.leggauss(ORDER)
    return np.asarray(square((nodes + 1) / 2) @ (weights / 2))


def _apart(ours: Floats, wanted: Floats | float, floor: float = 0.0) -> float:
    """Largest relative difference; at zeros of the curve over ``floor`` times its maximum."""
    theirs = np.atleast_1d(np.asarray(wanted, dtype=float))
    return float(np.max(np.abs(ours - theirs) / np.maximum(theirs, floor * theirs.max())))


def _of(name: str) -> str:
    return " of the maximum" if name.endswith("2d") else " of the value"
