"""Physics checks against closed forms and measured files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from ingest.checks._line_shift import line_shift
from ingest.checks.inelastic import BOLTZMANN
from ingest.checks.spectra import spectrum_checks, spectrum_quality
from ingest.readers import Source, reader_for
from ingest.rows import row_of_spectrum
from ingest.simulators import xpdf
from registry.records import Floats, Spectrum
from registry.schemas import SCHEMAS

LBCO_CELL = 3.88
"""Cell of the cubic perovskite La0.5 Ba0.5 Co O3 (angstrom), of the example the file belongs to."""


def measured(technique: str, x: Floats, y: Floats, **conditions: Any) -> dict[str, float]:
    """Columns of one row; a map has its shape in ``conditions``."""
    row = {"technique": technique, "x": x, "intensity": np.ravel(y), "shape": [len(x)]}
    table = pa.Table.from_pylist([row | conditions], schema=SCHEMAS["spectra"].arrow)
    return {name: float(values[0]) for name, values in spectrum_quality(table).items()}


def broken(technique: str, x: Floats, y: Floats, **conditions: Any) -> set[str]:
    columns = measured(technique, x, y, **conditions)
    checks = spectrum_checks(technique)
    return {check.name for check in checks if check.broken_by(columns[check.name])}


def test_the_slope_of_a_pdf_at_low_r_gives_the_number_density() -> None:
    r, rho = np.linspace(0, 1.2, 121), 0.0917
    assert measured("xpdf", r, -4 * np.pi * rho * r)["low_r_density"] == pytest.approx(rho)


def test_the_simulated_pdf_of_nickel_gives_its_number_density() -> None:
    from pymatgen.core import Lattice, Structure

    nickel = Structure.from_spacegroup("Fm-3m", Lattice.cubic(3.52), ["Ni"], [[0, 0, 0]])
    settings = xpdf.SIMULATOR.settings(r_min=0.01, r_max=20, points=2000, q_max=40)
    curve = xpdf.SIMULATOR.run(nickel, settings)
    found = measured("xpdf", curve.x.values, curve.intensity)["low_r_density"]
    assert found == pytest.approx(4 / 3.52**3, rel=0.1)


def test_guinier_and_porod_slopes_are_those_of_the_laws() -> None:
    q = np.geomspace(1e-3, 0.5, 400)
    law = measured("saxs", q, q**-4.0)
    assert (law["guinier_slope"], law["porod_slope"]) == pytest.approx((-4, -4))
    guinier = measured("saxs", q, np.exp(-((q * 3.0) ** 2) / 3))
    assert guinier["guinier_slope"] == pytest.approx(0, abs=1e-3)


def test_a_curve_cut_by_a_beam_stop_rises_too_steeply() -> None:
    q = np.geomspace(1e-3, 0.5, 400)
    shadow = 1 / (1 + (5e-3 / q) ** 8)
    assert "guinier_slope" in broken("saxs", q, q**-2.0 * shadow)


def detailed_balance(temperature: float) -> tuple[Floats, Floats]:
    """A symmetric response times its thermal factor, on 3 values of Q."""
    energy = np.linspace(-40, 40, 401)
    response = np.exp(-((np.abs(energy) - 20) ** 2) / 20) + 5 * np.exp(-(energy**2))
    thermal = np.exp(energy / (2 * BOLTZMANN * temperature))
    return energy, np.outer(response * thermal, [1.0, 2.0, 3.0])


def test_detailed_balance_is_kept_or_told() -> None:
    energy, s = detailed_balance(100)
    told = {"shape": [401, 3], "temperature": 100.0}
    assert measured("ins", energy, s, **told)["detailed_balance"] == pytest.approx(0, abs=1e-6)
    assert "detailed_balance" in broken("ins", energy, s[::-1], **told)
    assert "detailed_balance" in broken("ins", energy, s, **(told | {"temperature": 300.0}))
    assert np.isnan(measured("ins", energy, s, shape=[401, 3])["detailed_balance"])


def test_a_neutron_cannot_lose_more_than_it_has() -> None:
    energy, s = detailed_balance(100)
    assert "energy_share" in broken("ins", energy, s, shape=[401, 3], incident_energy=0.03)
    assert "energy_share" not in broken("ins", energy, s, shape=[401, 3], incident_energy=0.05)


def test_no_line_lies_beyond_back_scattering() -> None:
    q = np.linspace(1, 8.2, 300)
    y = 1 + np.exp(-((q - 3) ** 2) / 0.01)
    # 4 pi / 1.54184 angstrom = 8.150
    assert "q_share_of_reach" in broken("xrd", q, y, wavelength=1.54184)
    assert "q_share_of_reach" not in broken("xrd", q * 0.99, y, wavelength=1.54184)
    assert "q_share_of_reach" not in broken("xrd", q, y)


def test_the_background_of_a_pattern_without_lines_is_all_of_it() -> None:
    q = np.linspace(1, 6, 2001)
    flat = 1000 + np.sin(q)
    assert "background_share" in broken("xrd", q, flat)
    assert "background_share" not in broken("xrd", q, flat + 500 * np.exp(-((q - 3) ** 2) / 0.1))


def test_carbon_off_its_place_is_told_where_there_is_carbon() -> None:
    energy = np.linspace(0, 600, 1201)
    carbon = np.exp(-((energy - 284.8) ** 2))
    assert measured("xps", energy, carbon)["carbon_offset"] == pytest.approx(0, abs=0.5)
    assert "carbon_offset" in broken("xps", energy + 5, carbon)
    assert np.isnan(measured("xps", energy, energy)["carbon_offset"])
    assert "binding_share" in broken("xps", energy, carbon, incident_energy=150.0)


def test_a_fresnel_edge_passes_and_a_scale_error_does_not() -> None:
    q, critical = np.linspace(0.005, 0.3, 300), 0.022
    inside = np.sqrt((q**2 - critical**2).astype(complex))
    r = np.abs((q - inside) / (q + inside)) ** 2
    assert broken("nr", q, r) == set()
    assert broken("nr", q, r * 100) == {"reflectivity_max"}
    assert "reflectivity_fall" in broken("nr", q, r[::-1])


def test_the_direction_of_the_axis_changes_nothing() -> None:
    energy = np.linspace(0, 600, 1201)
    y = np.exp(-((energy - 284.8) ** 2)) + 0.001 * energy
    up, down = measured("xps", energy, y), measured("xps", energy[::-1], y[::-1])
    assert up == pytest.approx(down, nan_ok=True)


@pytest.fixture(scope="module")
def pyrite(shared_data: Path) -> Spectrum:
    path = shared_data / "xas-xasdatalibrary" / "Fe" / "FeS2_rt_01.xdi"
    source = Source(path, path.read_bytes())
    (spectrum,) = reader_for(source).read(source)
    assert isinstance(spectrum, Spectrum)
    return spectrum


def test_a_measured_edge_is_where_iron_has_it(pyrite: Spectrum) -> None:
    row = row_of_spectrum(pyrite)
    told = {"absorber": "Fe", "edge": "K"}
    x, y = row["x"], row["intensity"]
    # Elam: 7112 eV; pyrite's steepest rise lies within some eV of it
    assert abs(measured("xas", x, y, **told)["edge_offset"]) < 15
    assert not broken("xas", x, y, **told)
    assert "edge_offset" in broken("xas", x + 100, y, **told)
    assert "edge_offset" in broken("xas", x, y, absorber="Co", edge="K")
    assert "edge_step" in broken("xas", x, -y, **told)
    spoiled = y.copy()
    spoiled[len(y) // 4] += np.ptp(y)
    assert "glitch" in broken("xas", x, spoiled, **told)
    assert "axis_end" in broken("xas", x / 1000, y, **told)


def test_measured_lines_meet_their_structure_and_no_strained_one(shared_data: Path) -> None:
    """Neutron pattern of LBCO (easydiffraction) and the cell that its own example gives."""
    folder = shared_data / "neutron-powder-easydiffraction"
    path, hints = folder / "data_old" / "reduced_LBCO.xye", {"technique": "npd"}
    source = Source(path, path.read_bytes(), hints)
    (spectrum,) = reader_for(source).read(source)
    assert isinstance(spectrum, Spectrum)
    row = row_of_spectrum(spectrum)
    a, mixed = LBCO_CELL, [{"symbol": "La", "occupancy": 0.5}, {"symbol": "Ba", "occupancy": 0.5}]
    alone = [[{"symbol": symbol, "occupancy": 1.0}] for symbol in ("Co", "O", "O", "O")]
    structure = {
        "lattice": [a, 0, 0, 0, a, 0, 0, 0, a],
        "species": [mixed, *alone],
        "positions": [0, 0, 0, 0.5, 0.5, 0.5, 0, 0.5, 0.5, 0.5, 0, 0.5, 0.5, 0.5, 0],
    }
    order = np.argsort(row["x"])
    pattern = row["x"][order], np.asarray(row["intensity"])[order]
    assert line_shift("npd", *pattern, structure) == pytest.approx(0, abs=0.005)
    strained = structure | {"lattice": [1.02 * value for value in structure["lattice"]]}
    assert line_shift("npd", *pattern, strained) == pytest.approx(0.02, abs=0.005)
