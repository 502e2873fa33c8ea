"""Agreement of simulated S(Q) with Debye's sum, other codes, closed forms and measured curves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

import numpy as np
from _conformance_pairs import (
    MEASURED,
    element_crystal,
    nickel,
    read_gr,
    rock_salt,
)

from ingest.simulators import Simulator, npdf, nsq, xpdf, xsq
from ingest.simulators._scattering import atomic_number, scattering_length
from registry.records import Floats

if TYPE_CHECKING:
    from pymatgen.core import Structure

WIDE = 0.1
"""Width of the lines (1/angstrom) where a sum over pairs has to end."""
SPHERE = 65.0
"""Radius of that sum (angstrom): what is left of a pair there is exp(-21)."""
POWDERS = (("Ni", "ni.iq"), ("Si", "si.iq"))
LINE_WIDTH = 0.05
"""Of the instrument of these two (1/angstrom): the best of 0.03, 0.05 and 0.08."""
SMOOTH = 0.5
"""Background and what else is smoother than this (1/angstrom) is taken off both."""
HYDRIDES = {"H": 4.084, "D": 4.069}
"""Lattice parameter of LiH and LiD (angstrom)."""


def debye_sum(
    structure: Structure, amplitude: Callable[[str], float], q: Floats, u_iso: float, width: float
) -> Floats:
    r"""S(Q) by Debye's sum over the pairs of each atom of a cell with all atoms of a sphere.

    A pair at r_ij is a Gaussian of variance 2u in r times ``exp(-(r width)^2 / 2)``, which is a
    Gaussian again; the mean density under the same envelope is taken off in closed form.
    """
    b = np.array([amplitude(site.specie.name) for site in structure])
    i, j, _, distance = structure.get_neighbor_list(SPHERE)
    r, shell = np.unique(np.round(distance, 7), return_inverse=True)
    weight = np.bincount(shell, b[i] * b[j]) / (len(b) * b.mean() ** 2) / r
    c = 1 + 2 * u_iso * width**2
    weight *= np.exp(-((r * width) ** 2) / (2 * c)) / np.sqrt(c)
    f = np.sin(np.outer(q, r / c)) @ weight * np.exp(-u_iso / c * q**2)
    density = 4 * np.pi * len(b) / structure.volume
    f -= density * np.sqrt(np.pi / 2) * q / width**3 * np.exp(-((q / width) ** 2) / 2)
    return np.asarray(1 + f / q)


def debye_difference(
    simulator: Simulator, structure: Structure, amplitude: Callable[[str], float]
) -> float:
    """Largest difference of S(Q), 0.1 to 20 1/angstrom, as a share of its top."""
    settings = simulator.settings(q_min=0.1, q_max=20.0, points=400, q_damp=WIDE)
    curve = simulator.run(structure, settings)
    theirs = debye_sum(structure, amplitude, curve.x.values, settings["u_iso"], WIDE)
    return float(np.abs(curve.intensity - theirs).max() / theirs.max())


def transformed(q: Floats, s: Floats, r: Floats) -> Floats:
    """G(r) = 2/pi times the integral of Q (S - 1) sin(Q r) over the grid of Q."""
    integrand = q * (s - 1) * np.sin(np.outer(r, q))
    return np.asarray(2 / np.pi * np.trapezoid(integrand, q, axis=1))


def pair_difference(simulator: Simulator, pairs: Simulator, structure: Structure) -> float:
    """Largest difference of the transform of S(Q) from G(r), 1 to 20 angstrom, over its top."""
    curve = simulator.run(structure, simulator.settings(q_min=0.01, points=2500))
    # followed to 30 angstrom, so that the ripples of what lies beyond 20 are in it
    g = pairs.run(structure, pairs.settings(r_max=30.0, points=1451))
    ours = transformed(curve.x.values, curve.intensity, g.x.values)
    near = g.x.values <= 20.0
    return float(np.abs(ours - g.intensity)[near].max() / np.abs(g.intensity).max())


def line_areas(structure: Structure, q: Floats, **chosen: float) -> Floats:
    """Areas under F(Q) of neutron lines at ``q`` (1/angstrom), what lies between them taken off."""
    fine = {"q_min": 1.0, "q_max": 12.0, "points": 11_001, "q_damp": 0.004}
    curve = nsq.SIMULATOR.run(structure, nsq.SIMULATOR.settings(**(fine | chosen)))
    x, f = curve.x.values, curve.x.values * (curve.intensity - 1)
    areas = []
    for centre in q:
        beside = np.flatnonzero(np.abs(x - centre) < 0.03)
        between = np.linspace(f[beside[0]], f[beside[-1]], len(beside))
        areas.append(np.trapezoid(f[beside] - between, x[beside]))
    return np.array(areas)


def areas_against_pymatgen() -> float:
    """Largest difference of a line of NaCl from pymatgen's NDCalculator, over the top line."""
    from pymatgen.analysis.diffraction import neutron

    wavelength, b_iso = 1.2, 1.0
    lengths = {element: scattering_length(element) for element in ("Na", "Cl")}
    with patch.dict(neutron.ATOMIC_SCATTERING_LEN, lengths):
        calculator = neutron.NDCalculator(
            wavelength, debye_waller_factors=dict.fromkeys(lengths, b_iso)
        )
        lines = calculator.get_pattern(rock_salt(), scaled=False, two_theta_range=(0, 140))
    theta = np.radians(lines.x) / 2
    q = 4 * np.pi * np.sin(theta) / wavelength
    theirs = np.array(lines.y) * np.sin(theta) ** 2 * np.cos(theta) / q
    ours = line_areas(rock_salt(), q, u_iso=b_iso / (8 * np.pi**2))
    return float(np.abs(ours / ours.max() - theirs / theirs.max()).max())


def hydride_lines(isotope: str) -> tuple[float, float]:
    """Area of (111) over that of (200) of LiH or LiD, and by the scattering lengths.

    The amplitudes of lithium and hydrogen are subtracted in the first and added in the second;
    8 and 6 reflections, and 1/Q.
    """
    from pymatgen.core import Lattice, Structure

    cell = Lattice.cubic(HYDRIDES[isotope])
    sites = [[0, 0, 0], [0.5, 0.5, 0.5]]
    crystal = Structure.from_spacegroup("Fm-3m", cell, ["Li", isotope], sites)
    q = 2 * np.pi / HYDRIDES[isotope] * np.sqrt([3, 4])
    first, second = line_areas(crystal, q, u_iso=0.0)
    lithium, hydrogen = scattering_length("Li"), scattering_length(isotope)
    wanted = (lithium - hydrogen) ** 2 * 8 / np.sqrt(3) / ((lithium + hydrogen) ** 2 * 6 / 2)
    return float(first / second), float(wanted)


def far_out(simulator: Simulator) -> float:
    """Largest distance from 1 of S(Q) of NaCl from 45 to 50 1/angstrom, u = 0.01 angstrom^2."""
    settings = simulator.settings(q_min=45.0, q_max=50.0, points=251, u_iso=0.01)
    return float(np.abs(simulator.run(rock_salt(), settings).intensity - 1).max())


def measured_pairs_correlation(data: Path, element: str, name: str, q_max: float) -> float:
    """Correlation of S(Q) by transform of a measured G(r) with ours, 1 1/angstrom to Q_max."""
    r, g = read_gr(data / "pdf-diffpy-cmi" / "pdf" / name)
    crystal = element_crystal(element)
    # both under one envelope: the measured curve ends at 60 angstrom
    width = float(np.hypot(WIDE, xsq.SIMULATOR.parameters["q_damp"].default))
    settings = xsq.SIMULATOR.settings(q_min=1.0, q_max=q_max, points=1001, q_damp=width)
    curve = xsq.SIMULATOR.run(crystal, settings)
    q = curve.x.values
    enveloped = g * np.exp(-((r * WIDE) ** 2) / 2)
    s = 1 + np.trapezoid(enveloped * np.sin(np.outer(q, r)), r, axis=1) / q
    return float(np.corrcoef(s, curve.intensity)[0, 1])


def measured_intensity_correlation(data: Path, element: str, name: str) -> float:
    """Correlation of a measured I(Q) over f^2 with S(Q), 1 to 20 1/angstrom, smooth part off."""
    from scipy.ndimage import gaussian_filter1d

    folder = data / "pdf-diffpy-cmi" / "pdf" / "ch05Fit2Phase" / "data" / "iq"
    q, intensity = np.loadtxt(folder / name, skiprows=2, unpack=True)
    settings = xsq.SIMULATOR.settings(q_min=1.0, q_max=20.0, points=1901, q_damp=LINE_WIDTH)
    curve = xsq.SIMULATOR.run(element_crystal(element), settings)
    x = curve.x.values
    sharp = intensity - gaussian_filter1d(intensity, SMOOTH / (q[1] - q[0]))
    theirs = np.interp(x, q, sharp) / xsq.wide_form_factor(element, x / (4 * np.pi)) ** 2
    ours = curve.intensity - gaussian_filter1d(curve.intensity, SMOOTH / (x[1] - x[0]))
    return float(np.corrcoef(ours, theirs)[0, 1])


def rows(data: Path) -> list[tuple[str, str, str]]:
    """What, against what, and the figure found."""
    sphere = f"Debye's sum over a sphere of {SPHERE:g} angstrom, q_damp = {WIDE:g}"
    found = [
        (f"`{simulator.name}` of {name}", sphere, f"at most {difference:.1e} of the top peak")
        for simulator, name, difference in (
            (xsq.SIMULATOR, "Ni", debye_difference(xsq.SIMULATOR, nickel(), atomic_number)),
            (
                nsq.SIMULATOR,
                "NaCl",
                debye_difference(nsq.SIMULATOR, rock_salt(), scattering_length),
            ),
        )
    ]
    for simulator, pairs, structure, name in (
        (xsq.SIMULATOR, xpdf.SIMULATOR, nickel(), "Ni"),
        (nsq.SIMULATOR, npdf.SIMULATOR, rock_salt(), "NaCl"),
        (xsq.SIMULATOR, xpdf.SIMULATOR, rock_salt(), "NaCl: Z stands for f(Q) in `xpdf`"),
    ):
        difference = pair_difference(simulator, pairs, structure)
        against = f"G(r) of `{pairs.name}`, default settings, {name}"
        what = f"`{simulator.name}`, sine transform"
        found.append((what, against, f"at most {difference:.1e} of the top peak"))
    lines = areas_against_pymatgen()
    found.append(
        (
            "`nsq` of NaCl, line areas",
            "pymatgen NDCalculator, B = 1",
            f"{lines:.1e} of the top line",
        )
    )
    for isotope in HYDRIDES:
        ours, wanted = hydride_lines(isotope)
        against = f"scattering lengths: {wanted:.4f}"
        found.append((f"`nsq` of Li{isotope}, (111) over (200)", against, f"{ours:.4f}"))
    for simulator in (xsq.SIMULATOR, nsq.SIMULATOR):
        value = far_out(simulator)
        found.append((f"`{simulator.name}` from Q = 45", "S = 1", f"at most {value:.1e} away"))
    for element, name, q_max in MEASURED:
        r = measured_pairs_correlation(data, element, name, q_max)
        against = f"transform of the measured {Path(name).name}, Q = 1 to {q_max:g}"
        found.append((f"`xsq` of {element}, nothing fitted", against, f"correlation {r:.3f}"))
    for element, name in POWDERS:
        r = measured_intensity_correlation(data, element, name)
        against = f"measured I(Q) / f² of {name}, Q = 1 to 20, smooth part taken off both"
        found.append(
            (f"`xsq` of {element}, q_damp = {LINE_WIDTH:g}", against, f"correlation {r:.3f}")
        )
    return found
