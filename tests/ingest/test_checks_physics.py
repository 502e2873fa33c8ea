"""Physics checks against closed forms and measured files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from ingest.checks._line_shift import line_shift
from ingest.checks.inelastic import BOLTZMANN
from ingest.checks.pairs import pair_quality
from ingest.checks.spectra import spectrum_checks, spectrum_quality
from ingest.readers import Source, reader_for
from ingest.rows import row_of_material, row_of_spectrum
from ingest.simulators import xpdf, xrd
from registry.records import Floats, Material, Provenance, Spectrum
from registry.schemas import SCHEMAS
from registry.structures import material_of
from registry.units import canonical_axis

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


def test_a_structure_factor_that_does_not_end_at_one_is_told() -> None:
    q = np.linspace(0.5, 25, 500)
    liquid = 1 + np.sin(2.5 * q) / (2.5 * q)
    assert "s_of_q_end" not in broken("nsq", q, liquid)
    assert "s_of_q_end" in broken("nsq", q, liquid - 1)


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


def test_a_single_point_is_told_from_counting_noise_of_a_few_events() -> None:
    rng = np.random.default_rng(0)
    x = np.linspace(0, 1400, 600)
    for mean in (0.05, 0.5, 5.0, 500.0):
        counts = [rng.poisson(mean, 600).astype(float) for _ in range(30)]
        spoiled = [y + 40 * max(mean, mean**0.5) * (np.arange(600) == 300) for y in counts]
        assert sum("single_point" in broken("xps", x, y) for y in counts) <= 1
        assert sum("single_point" in broken("xps", x, y) for y in spoiled) >= 29


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
    assert "single_point" in broken("xas", x, spoiled, **told)
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
    assert line_shift("npd", *pattern, structure)[0] == pytest.approx(0, abs=0.005)
    strained = structure | {"lattice": [1.02 * value for value in structure["lattice"]]}
    assert line_shift("npd", *pattern, strained)[0] == pytest.approx(0.02, abs=0.005)


def test_a_measured_pdf_of_nickel_has_the_density_of_its_structure(shared_data: Path) -> None:
    """A PDF on absolute scale; one that was scaled to another height is told."""
    folder = shared_data / "pdf-diffpy-cmi" / "pdf" / "ch05Fit2Phase" / "data"
    records = []
    for name, hints in (("ni.gr", {"technique": "xpdf"}), ("Ni_Fm-3m.cif", {})):
        source = Source(folder / name, (folder / name).read_bytes(), hints)
        records += reader_for(source).read(source)
    spectrum, material = records
    assert isinstance(spectrum, Spectrum)
    assert isinstance(material, Material)
    row = row_of_material(material) | row_of_spectrum(spectrum) | {"homeless": False}
    scaled = row | {"intensity": row["intensity"] / 3}
    ratio = pair_quality(pa.Table.from_pylist([row, scaled]))["low_r_density_ratio"]
    assert ratio == pytest.approx([1, 1 / 3], rel=0.03)


@pytest.mark.parametrize("zero", [-0.4, 0.0, 0.12, 0.6])
@pytest.mark.parametrize("strain", [1.0, 1.004])
def test_a_shifted_zero_is_found_beside_a_cell_that_is_a_little_off(
    zero: float, strain: float
) -> None:
    """A counted pattern of quartz, simulated with the zero."""
    from pymatgen.core import Lattice, Structure

    quartz = Structure.from_spacegroup(
        "P3_221", Lattice.hexagonal(4.913, 5.405), ["Si", "O"],
        [[0.4697, 0, 2 / 3], [0.4133, 0.2672, 0.7855]],
    )  # fmt: skip
    settings = xrd.SIMULATOR.settings(zero=zero, counts=2000.0)
    curve = xrd.SIMULATOR.run(quartz, settings)
    q = canonical_axis(curve.x, "xrd", curve.wavelength, "test").values
    structure = row_of_material(material_of(quartz, provenance=Provenance("test", "1")))
    structure["lattice"] = [strain * value for value in structure["lattice"]]
    shift, found = line_shift("xrd", q, curve.intensity, structure, curve.wavelength)
    assert found == pytest.approx(zero, abs=0.1)
    assert np.isnan(line_shift("xrd", q, curve.intensity, structure)[1])
    if zero == 0:
        assert shift == pytest.approx(strain - 1, abs=0.001)


def test_the_density_at_low_r_is_that_of_the_structure_or_is_told() -> None:
    from pymatgen.core import Lattice, Structure

    nickel = Structure.from_spacegroup("Fm-3m", Lattice.cubic(3.52), ["Ni"], [[0, 0, 0]])
    material = row_of_material(material_of(nickel, provenance=Provenance("test", "1")))
    r = np.linspace(0, 1.2, 121)
    facts = {"shape": [121], "technique": "xpdf", "homeless": False, "parameters": None}
    facts |= {"kind": "experimental", "x": r, "absorber": None, "intensity_unit": ""}
    names = ("elements", "n_sites", "lattice", "species", "positions", "volume")
    facts |= {name: material[name] for name in names}
    g = -4 * np.pi * 4 / 3.52**3 * r
    table = pa.Table.from_pylist([facts | {"intensity": g}, facts | {"intensity": g / 3}])
    ratio = pair_quality(table)["low_r_density_ratio"]
    assert ratio == pytest.approx([1, 1 / 3])
