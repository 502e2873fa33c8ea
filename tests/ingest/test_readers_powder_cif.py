"""Powder CIF: measured and calculated profiles, uncertainties in brackets, structures beside."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ingest.readers import Source, reader_for
from registry.errors import BadInput, Unsupported
from registry.records import Material, Spectrum

HEAD = """data_pattern
_diffrn_radiation_probe {probe}
_diffrn_ambient_temperature 300
loop_
_diffrn_radiation_wavelength
_diffrn_radiation_wavelength_wt
1.540562 1.0
1.544390 0.5
"""
LOOP = """loop_
_pd_meas_2theta_scan
_pd_meas_counts_total
_pd_calc_intensity_total
_pd_proc_ls_weight
"""
ROWS = "".join(f"{10 + 0.1 * n:.1f} {100 + n}({10 + n % 3}) {99.5 + n} 0.04\n" for n in range(12))
PLAIN = ROWS.replace("(10)", "").replace("(11)", "").replace("(12)", "")
STRUCTURE = """data_halite
_cell_length_a 5.64
_cell_length_b 5.64
_cell_length_c 5.64
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_symmetry_space_group_name_H-M 'F m -3 m'
loop_
_atom_site_label
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
Na1 0 0 0
Cl1 0.5 0.5 0.5
"""


def read(text: str, **hints: Any) -> list[Any]:
    source = Source(Path("a.cif"), text.encode(), hints)
    assert reader_for(source).name == "powder_cif"
    return list(reader_for(source).read(source))


def cif(rows: str = ROWS, head: str = HEAD, probe: str = "x-ray", loop: str = LOOP) -> str:
    return head.format(probe=probe) + loop + rows


def test_measured_and_calculated_are_two_spectra() -> None:
    measured, calculated = read(cif())
    assert (measured.kind, calculated.kind) == ("experimental", "simulated")
    np.testing.assert_allclose(measured.x.values, 10 + 0.1 * np.arange(12))
    np.testing.assert_array_equal(measured.intensity, 100 + np.arange(12))
    np.testing.assert_array_equal(measured.uncertainty, 10 + np.arange(12) % 3)
    np.testing.assert_array_equal(calculated.intensity, 99.5 + np.arange(12))
    assert calculated.uncertainty is None
    assert measured.wavelength == pytest.approx((1.540562 + 0.5 * 1.54439) / 1.5)
    assert (measured.temperature, measured.technique) == (300, "xrd")


def test_an_independent_reader_agrees() -> None:
    geddes = pytest.importorskip("geddes")
    theirs = geddes.read_bytes(cif().encode(), "a.cif")
    np.testing.assert_allclose(read(cif())[0].x.values, theirs.x)
    np.testing.assert_allclose(read(cif())[0].intensity, theirs.y)


def test_brackets_are_of_the_last_digits() -> None:
    rows = "10 1.25(3) 1 1\n11 125(3) 1 1\n12 1.25(3)e2 1 1\n"
    (measured, _) = read(cif(rows))
    np.testing.assert_allclose(measured.intensity, [1.25, 125, 125])
    np.testing.assert_allclose(measured.uncertainty, [0.03, 3, 3])


def test_weights_stand_in_for_uncertainties() -> None:
    (measured, _) = read(cif(PLAIN))
    np.testing.assert_allclose(measured.uncertainty, 5.0)
    assert "_pd_proc_ls_weight" in measured.provenance.parameters["guessed"]["uncertainty"]


def test_points_without_a_value_are_left_out_and_counted() -> None:
    (measured, calculated) = read(cif(ROWS.replace("101.5", ".")))
    assert (len(measured.intensity), len(calculated.intensity)) == (12, 11)
    assert calculated.provenance.parameters["points_without_value"] == 1


def test_a_copper_tube_without_a_wavelength_is_a_guess() -> None:
    head = "data_a\n_diffrn_radiation_type 'Cu K\\a'\n_diffrn_radiation_probe {probe}\n"
    (measured, _) = read(cif(head=head))
    assert measured.wavelength == 1.54184
    assert "Cu Ka" in measured.provenance.parameters["guessed"]["wavelength"]


def test_positions_may_be_a_range() -> None:
    loop = "loop_\n_pd_proc_intensity_net\n"
    bounds = "_pd_proc_2theta_range_min 5.0\n_pd_proc_2theta_range_max 5.3\n"
    (measured,) = read(
        cif("1\n2\n3\n4\n", HEAD + bounds + "_pd_proc_2theta_range_inc 0.1\n", loop=loop)
    )
    np.testing.assert_allclose(measured.x.values, [5.0, 5.1, 5.2, 5.3])


def test_a_structure_beside_the_pattern_is_read_too() -> None:
    records = read(cif() + STRUCTURE)
    assert [type(record) for record in records] == [Spectrum, Spectrum, Material]
    assert len(records[-1].sites) == 8


def test_a_structure_alone_stays_with_its_own_reader() -> None:
    assert reader_for(Source(Path("a.cif"), STRUCTURE.encode())).name == "cif"


def test_time_of_flight_needs_d_spacings() -> None:
    loop = LOOP.replace("_pd_meas_2theta_scan", "_pd_meas_time_of_flight")
    with pytest.raises(Unsupported, match="time of flight"):
        read(cif(loop=loop, probe="neutron"))
    both = loop.replace("_pd_calc_intensity_total", "_pd_proc_d_spacing")
    (measured,) = read(cif(loop=both, probe="neutron"))
    assert (measured.technique, measured.x.quantity) == ("npd", "d_spacing")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (cif(ROWS.replace("104(", "1O4(")), "row 5: expected a number, found '1O4"),
        (cif(ROWS[:-20]), "well-formed CIF|of this length|a number"),
        (cif(probe="?"), r"--technique xrd\|npd"),
        (cif(loop=LOOP.replace("_pd_meas_2theta_scan", "_pd_other")), "axis"),
        ("data_a\n_pd_meas_2theta_range_min 5\n", "positions and intensities"),
    ],
)
def test_faults_are_named(text: str, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        read(text)
