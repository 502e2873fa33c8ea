"""Agreement of simulated pair distribution functions with plain loops and measured curves."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ingest.simulators import Simulator, npdf, xpdf
from ingest.simulators._scattering import atomic_number, scattering_length
from registry.records import Floats

if TYPE_CHECKING:
    from pymatgen.core import Structure

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


def element_crystal(element: str) -> Structure:
    """Crystal of an element with a measured G(r)."""
    return {"Ni": nickel, "Si": silicon}[element]()


def rock_salt() -> Structure:
    """Primitive cell of NaCl, a = 5.6402 angstrom."""
    from pymatgen.core import Lattice, Structure

    half = 5.6402 / 2
    cell = Lattice([[0, half, half], [half, 0, half], [half, half, 0]])
    return Structure(cell, ["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])


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
    r, measured = read_gr(data / "pdf-diffpy-cmi" / "pdf" / name)
    use = (r > COMPARED_FROM - 1e-6) & (r < COMPARED_TO + 1e-6)
    grid = {"r_min": COMPARED_FROM, "r_max": COMPARED_TO, "points": float(use.sum())}
    structure = element_crystal(element)
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


def read_gr(path: Path) -> tuple[Floats, Floats]:
    """r (angstrom) and G(r) (1/angstrom^2) of a file."""
    lines = path.read_text().splitlines()
    first = next(n for n, line in enumerate(lines) if line.startswith("#L")) + 1
    r, g = np.loadtxt(lines[first:], usecols=(0, 1), unpack=True)
    return r, g


def rows(data: Path) -> list[tuple[str, str, str]]:
    """What, against what, and the figure found."""
    rows = []
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
        r = measured_correlation(data, element, name, q_max)
        against = f"measured {Path(name).name}, {COMPARED_FROM:g} to {COMPARED_TO:g} angstrom"
        rows.append((f"`xpdf` of {element}, nothing fitted", against, f"correlation {r:.3f}"))
    return rows


def _cubic(space_group: str, a: float, element: str) -> Structure:
    from pymatgen.core import Lattice, Structure

    return Structure.from_spacegroup(space_group, Lattice.cubic(a), [element], [[0, 0, 0]])
