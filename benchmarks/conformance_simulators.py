"""Agreement of the simulators with other codes, closed forms and measured curves.

Run as a script to rewrite the table in ``docs/simulators.md``; the tests call the same
functions. Needs the open data beside the checkout (``../shared/data``), the extras ``xas`` and
``phonons``, and ``xraylarch`` for its FEFF 8: without them it stops before it writes anything.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import _conformance_contrast
import _conformance_dynamics
import _conformance_layers
import _conformance_pairs
import _conformance_small_angle
import _conformance_spectroscopy
import _conformance_total_scattering
import numpy as np
from bench_simulators import amcsd_sample

from ingest.simulators import npd, xrd
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
NEEDED = ("feff10", "larch", "sevenn")
SAME_LINE = 5e-5
"""Lines closer than this (degree) are compared by their sum: codes merge them differently."""


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


def bragg_angles() -> float:
    """Largest difference (degree) of the lines of silicon from Bragg's law, Cu K-alpha."""
    from registry.vocabulary import CU_KA

    silicon = _conformance_pairs.silicon()
    theta = np.radians(xrd.sticks(silicon, CU_KA, (5.0, 150.0)).two_theta) / 2
    squares = (2 * silicon.lattice.a / CU_KA * np.sin(theta)) ** 2  # h^2 + k^2 + l^2
    exact = np.arcsin(np.sqrt(np.rint(squares)) * CU_KA / (2 * silicon.lattice.a))
    return float(np.degrees(np.abs(2 * (theta - exact)).max()))


def table() -> str:
    """Markdown table of all figures."""
    sample = amcsd_sample()
    x_ray, neutron = xrd_against_pymatgen(sample), npd_against_pymatgen(sample)
    rows = [
        ("`xrd` lines", f"pymatgen XRDCalculator, {len(x_ray)} AMCSD cells", _worst(x_ray)),
        ("`npd` lines", f"pymatgen NDCalculator, {len(neutron)} AMCSD cells", _worst(neutron)),
        ("`xrd` of Si", "Bragg's law, 5 to 150 degree", f"at most {bragg_angles():.1e} degree"),
    ]
    rows += _conformance_pairs.rows(DATA)
    rows += _conformance_total_scattering.rows(DATA)
    rows += _conformance_small_angle.rows()
    rows += _conformance_contrast.rows()
    rows += _conformance_layers.rows(DATA)
    rows += _conformance_spectroscopy.rows()
    rows += _conformance_dynamics.rows()
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


if __name__ == "__main__":
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise SystemExit(f"not written: rows would be missing without {', '.join(missing)}")
    found = table()
    before, rest = PAGE.read_text().split(BEGIN)
    _, after = rest.split(END)
    PAGE.write_text(f"{before}{BEGIN}\n\n{found}\n\n{END}{after}")
