"""Agreement of the simulators with other codes, closed forms and measured curves.

Run as a script to rewrite the table in ``docs/simulators.md``; the tests call the same
functions. Needs the open data beside the checkout (``../shared/data``).
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import _conformance_layers
import _conformance_small_angle
import _conformance_spectroscopy
import numpy as np
from bench_simulators import amcsd_sample

from ingest.simulators import Simulator, npd, npdf, xpdf, xrd
from ingest.simulators._powder import Sticks
from ingest.simulators._scattering import scattering_length
from registry.errors import Unsupported
from registry.records import Floats

if TYPE_CHECKING:
    from pymatgen.core import Structure

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data"
PAGE = ROOT / "docs" / "simulators.md"
BEGIN, END = "<!-- conformance -->", "<!-- /conformance -->"
SAME_LINE = 5e-5
"""Lines closer than this (degree) are compared by their sum: codes merge them differently."""
MEASURED = (
    ("Ni", "ch03NiModelling/data/Ni.gr", 25.0),
    ("Ni", "ch05Fit2Phase/data/ni.gr", 27.0),
    ("Si", "ch05Fit2Phase/data/si.gr", 27.0),
)
"""Element, measured X-ray G(r), Q_max (1/angstrom): of the file, or of diffpy's own fit example."""
FURTHER = 10.0
COMPARED_FROM, COMPARED_TO = 1.5, 20.0


def nickel() -> Structure:
    """Conventional cell of fcc Ni, a = 3.52 angstrom."""
    return _cubic("Fm-3m", 3.52, "Ni")


def silicon() -> Structure:
    """Conventional cell of diamond-type Si, a = 5.4310 angstrom."""
    return _cubic("Fd-3m", 5.4310, "Si")


def rock_salt() -> Structure:
    """Primitive cell of NaCl, a = 5.6402 angstrom."""
    from pymatgen.core import Lattice, Structure

    half = 5.6402 / 2
    cell = Lattice([[0, half, half], [half, 0, half], [half, half, 0]])
    return Structure(cell, ["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])


def line_difference(ours: Sticks, two_theta: Floats, intensity: Floats) -> float:
    """Largest difference of a line's intensity, as a share of the top line.

    A line that the other code has elsewhere, or not at all, counts with its full intensity.
    """
    angles = np.concatenate([ours.two_theta, two_theta])
    order = np.argsort(angles)
    line = np.empty(len(angles), dtype=int)
    line[order] = np.cumsum(np.diff(angles[order], prepend=angles.min()) > SAME_LINE)
    mine = np.bincount(line[: len(ours.two_theta)], ours.intensity, minlength=line.max() + 1)
    other = np.bincount(line[len(ours.two_theta) :], intensity, minlength=line.max() + 1)
    return float(np.abs(mine / mine.max() - other / other.max()).max())


def xrd_against_pymatgen(sample: list[Structure]) -> list[float]:
    """Line difference of each structure, Cu K-alpha, 0 to 90 degree."""
    from pymatgen.analysis.diffraction.xrd import XRDCalculator

    return _differences(xrd.sticks, XRDCalculator(wavelength=1.54184).get_pattern, sample)


def npd_against_pymatgen(sample: list[Structure]) -> list[float]:
    """Line difference of each structure without deuterium, both with our scattering lengths."""
    from pymatgen.analysis.diffraction import neutron

    ours = {symbol: _length_or_none(symbol) for symbol in neutron.ATOMIC_SCATTERING_LEN}
    known = {symbol: length for symbol, length in ours.items() if length is not None}
    with patch.dict(neutron.ATOMIC_SCATTERING_LEN, known):
        calculator = neutron.NDCalculator(wavelength=npd.WAVELENGTH)
        return _differences(npd.sticks, calculator.get_pattern, sample)


def reference_pdf(
    structure: Structure,
    amplitude: Callable[[str], float],
    settings: dict[str, float],
    further: float = 0.0,
) -> Floats:
    """G(r) of an ordered structure by plain loops and quadrature.

    The crystal is followed to ``r_max`` and ten ripples, or ``further`` (angstrom) than that.
    """
    edge = settings["r_max"] + 10 * 2 * np.pi / settings["q_max"] + further
    far, step = edge + 2.0, 0.004
    matrix = structure.lattice.matrix
    b = [amplitude(site.specie.name) for site in structure]
    heights = np.linalg.norm(np.linalg.inv(matrix), axis=0)
    images = [range(-n, n + 1) for n in np.ceil(far * heights).astype(int) + 1]
    shells: Counter[float] = Counter()
    for cell in itertools.product(*images):
        shift = np.array(cell) @ matrix
        for i, j in itertools.product(range(len(structure)), repeat=2):
            distance = np.linalg.norm(structure[j].coords + shift - structure[i].coords)
            if 0.1 < distance < far:
                shells[round(float(distance), 7)] += b[i] * b[j]
    x = np.arange(step / 2, edge, step)
    g = -4 * np.pi * len(structure) / structure.volume * x
    for distance, weight in shells.items():
        variance = 2 * settings["u_iso"] * (1 - settings["delta2"] / distance**2)
        peak = np.exp(-((x - distance) ** 2) / (2 * variance)) / np.sqrt(2 * np.pi * variance)
        g += weight / (len(structure) * np.mean(b) ** 2) * peak / distance
    g *= np.exp(-0.5 * (x * settings["q_damp"]) ** 2)
    r = np.linspace(settings["r_min"], settings["r_max"], int(settings["points"]))
    q = settings["q_max"]
    kernel = (
        q / np.pi * (np.sinc(q * (r[:, None] - x) / np.pi) - np.sinc(q * (r[:, None] + x) / np.pi))
    )
    return np.asarray((kernel @ g) * step)


def pdf_against_reference(
    simulator: Simulator,
    amplitude: Callable[[str], float],
    further: float = 0.0,
    **chosen: float,
) -> float:
    """Largest difference of G(r) of NaCl from the reference, as a share of the top peak."""
    settings = simulator.settings(points=191, **chosen)
    ours = simulator.run(rock_salt(), settings).intensity
    theirs = reference_pdf(rock_salt(), amplitude, settings, further)
    return float(np.abs(ours - theirs).max() / np.abs(theirs).max())


def measured_correlation(data: Path, element: str, name: str, q_max: float) -> float:
    """Pearson correlation of a measured G(r) with the simulated one, 1.5 to 20 angstrom.

    Nothing is fitted: default settings, lattice parameter from the literature.
    """
    r, measured = _read_gr(data / "pdf-diffpy-cmi" / "pdf" / name)
    use = (r > COMPARED_FROM - 1e-6) & (r < COMPARED_TO + 1e-6)
    grid = {"r_min": COMPARED_FROM, "r_max": COMPARED_TO, "points": float(use.sum())}
    structure = {"Ni": nickel, "Si": silicon}[element]()
    curve = xpdf.SIMULATOR.run(structure, xpdf.SIMULATOR.settings(q_max=q_max, **grid))
    if not np.allclose(curve.x.values, r[use], atol=1e-4):
        raise ValueError(f"{name}: not on an even grid")
    return float(np.corrcoef(curve.intensity, measured[use])[0, 1])


def coordination_of_nickel() -> float:
    """Neighbours in the first shell of fcc Ni: area of r G(r) + 4 pi rho0 r^2 up to 3 angstrom."""
    chosen = {"r_min": 1.0, "r_max": 3.0, "points": 401, "q_max": 60.0, "q_damp": 0.0}
    curve = xpdf.SIMULATOR.run(nickel(), xpdf.SIMULATOR.settings(**chosen))
    r = curve.x.values
    radial = r * curve.intensity + 4 * np.pi * len(nickel()) / nickel().volume * r**2
    return float(np.trapezoid(radial, r))


def table() -> str:
    """Markdown table of all figures."""
    from ingest.simulators._scattering import atomic_number

    sample = amcsd_sample()
    x_ray, neutron = xrd_against_pymatgen(sample), npd_against_pymatgen(sample)
    rows = [
        ("`xrd` lines", f"pymatgen XRDCalculator, {len(x_ray)} AMCSD cells", _worst(x_ray)),
        ("`npd` lines", f"pymatgen NDCalculator, {len(neutron)} AMCSD cells", _worst(neutron)),
    ]
    for simulator, b, chosen, further in (
        (xpdf.SIMULATOR, atomic_number, {}, 0.0),
        (xpdf.SIMULATOR, atomic_number, {"delta2": 2.0, "q_max": 15.0}, 0.0),
        (npdf.SIMULATOR, scattering_length, {}, 0.0),
        (xpdf.SIMULATOR, atomic_number, {}, FURTHER),
    ):
        difference = pdf_against_reference(simulator, b, further, **chosen)
        told = ", ".join(f"{name} = {value:g}" for name, value in chosen.items())
        range_ = f"crystal followed {further:g} angstrom further" if further else "same range"
        against = f"loops and quadrature, NaCl, {told or 'default settings'}, {range_}"
        rows.append((f"`{simulator.name}`", against, f"at most {difference:.1e} of the top peak"))
    rows.append(("`xpdf` first shell of Ni", "12 neighbours", f"{coordination_of_nickel():.4f}"))
    for element, name, q_max in MEASURED:
        r = measured_correlation(DATA, element, name, q_max)
        against = f"measured {Path(name).name}, {COMPARED_FROM:g} to {COMPARED_TO:g} angstrom"
        rows.append((f"`xpdf` of {element}, nothing fitted", against, f"correlation {r:.3f}"))
    rows += _conformance_small_angle.rows()
    rows += _conformance_layers.rows(DATA)
    rows += _conformance_spectroscopy.rows()
    lines = ["| what | against | found |", "|---|---|---|", *(f"| {' | '.join(r)} |" for r in rows)]
    return "\n".join(lines)


def _differences(
    ours: Callable[..., Sticks], theirs: Callable[..., Any], sample: list[Structure]
) -> list[float]:
    found = []
    for structure in sample:
        try:
            mine, other = ours(structure), theirs(structure)
        except (Unsupported, ValueError):  # an element that one of the two does not know
            continue
        found.append(line_difference(mine, np.array(other.x), np.array(other.y)))
    return found


def _worst(differences: list[float]) -> str:
    return f"at most {max(differences):.1e} of the top line, median {np.median(differences):.1e}"


def _length_or_none(symbol: str) -> float | None:
    try:
        return scattering_length(symbol)
    except (Unsupported, ValueError):  # not known, or an isotope spelt like 58Ni
        return None


def _cubic(space_group: str, a: float, element: str) -> Structure:
    from pymatgen.core import Lattice, Structure

    return Structure.from_spacegroup(space_group, Lattice.cubic(a), [element], [[0, 0, 0]])


def _read_gr(path: Path) -> tuple[Floats, Floats]:
    lines = path.read_text().splitlines()
    first = next(n for n, line in enumerate(lines) if line.startswith("#L")) + 1
    r, g = np.loadtxt(lines[first:], usecols=(0, 1), unpack=True)
    return r, g


if __name__ == "__main__":
    before, rest = PAGE.read_text().split(BEGIN)
    _, after = rest.split(END)
    text = f"{before}{BEGIN}\n\n{table()}\n\n{END}{after}"
    PAGE.write_text(text)
