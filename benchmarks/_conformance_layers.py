"""Agreement of the reflectometry simulators with the ORSO validation and with closed forms."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ingest.simulators import nr
from ingest.simulators._layers import reflectivity
from registry.records import Floats

ORSO = Path("nr-orso-analysis") / "validation" / "test" / "unpolarised"
CASES = {
    0: "four layers with absorption",
    1: "Ti-Ni multilayer, 10 repeats",
    2: "bare surface, rough",
    3: "the same roughness as 2001 slices",
    4: "case 0 smeared by dQ/Q = 0.0212",
    5: "case 1 smeared by dQ/Q = 0.0212",
    6: "absorbing layer near the critical edge",
    7: "the same from a front medium without density",
}
SMEARED = (4, 5)
FWHM = 0.05 / (2 * np.sqrt(2 * np.log(2)))
"""dQ/Q of the smeared cases, given as full width at half maximum, as a standard deviation."""


def orso_case(data: Path, number: int) -> tuple[Floats, Floats, Floats]:
    """Slabs, Q and R of a case of the reflectivity validation."""
    folder = data / ORSO
    told = (folder / f"test{number}.txt").read_text().splitlines()
    slabs, curve = (folder / line for line in told if line and line[0] != "#")
    points = np.loadtxt(curve)
    return np.loadtxt(slabs), points[:, 0], points[:, 1]


def orso_difference(data: Path, number: int) -> float:
    """Largest relative difference of R from a case."""
    slabs, q, wanted = orso_case(data, number)
    ours = reflectivity(q, slabs, FWHM if number in SMEARED else 0.0)
    return float(np.max(np.abs(ours / wanted - 1)))


def fresnel(q: Floats, sld: float, roughness: float = 0.0) -> Floats:
    """Reflectivity of a bare surface in air; sld in 1e-6/angstrom^2, roughness in angstrom."""
    front = q / 2 + 0j
    back = np.sqrt(q**2 / 4 - 4e-6 * np.pi * sld + 0j)
    amplitude = (front - back) / (front + back) * np.exp(-2 * front * back * roughness**2)
    return np.abs(amplitude) ** 2


def curve(**chosen: float) -> tuple[Floats, Floats]:
    """Q and R of ``nr`` without background, resolution and noise, unless chosen."""
    clean = {"background": 0.0, "resolution": 0.0}
    made = nr.SIMULATOR.run(None, nr.SIMULATOR.settings(**(clean | chosen)))
    return made.x.values, made.intensity


def fresnel_difference() -> float:
    """Largest relative difference of bare rough silicon from the closed form."""
    q, ours = curve(thickness_1=0.0, roughness_back=4.0)
    wanted = fresnel(q, 2.07, 4.0)
    return float(np.max(np.abs(ours / wanted - 1)))


def critical_edge() -> float:
    """Largest Q with R > 0.999 of bare silicon, over 4 sqrt(pi rho)."""
    q, ours = curve(thickness_1=0.0, roughness_back=0.0, q_max=0.02, points=10_000.0)
    return float(q[ours > 0.999].max() / (4 * np.sqrt(np.pi * 2.07e-6)))


def kiessig_thickness() -> float:
    """Thickness of a film of 1000 angstrom by the fringes far above the edge, over it."""
    q, ours = curve(thickness_1=1000.0, roughness_1=0.0, roughness_back=0.0, points=10_000.0)
    scaled = (ours * q**4)[q > 0.1]
    tops = np.flatnonzero((scaled[1:-1] > scaled[:-2]) & (scaled[1:-1] > scaled[2:])) + 1
    spacing = np.diff(q[q > 0.1][tops]).mean()
    return float(2 * np.pi / spacing / 1000.0)


def rows(data: Path) -> list[tuple[str, str, str]]:
    """What, against what, and the figure found."""
    cases = [
        (
            "layers",
            f"ORSO validation {number}: {what}",
            f"at most {orso_difference(data, number):.1e} of R",
        )
        for number, what in CASES.items()
    ]
    return [
        *cases,
        ("`nr` of bare silicon", "Fresnel with Nevot-Croce", f"at most {fresnel_difference():.1e}"),
        ("`nr` critical edge", "4 sqrt(π ρ)", f"ratio {critical_edge():.4f}"),
        ("`nr` Kiessig fringes", "2π / thickness", f"ratio {kiessig_thickness():.4f}"),
    ]
