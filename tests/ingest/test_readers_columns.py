"""Column files: real patterns, PDFs and curves; what is not stated is recorded or asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ingest.readers import Source, reader_for
from ingest.readers.columns import read as read_columns
from registry.errors import BadInput, Unsupported
from registry.records import Floats, Spectrum
from registry.units import canonical_axis

ROWS = "".join(f"{10 + 0.1 * n:.1f} {100 + n} {1 + n / 10}\n" for n in range(30))
SMALL_Q = "".join(f"{0.01 * (n + 1):.2f} {100 - n} {1 + n / 10}\n" for n in range(30))


def read(text: str, name: str = "a.dat", **hints: str) -> Spectrum:
    (spectrum,) = read_columns(Source(Path(name), text.encode(), hints))
    return spectrum


def read_file(path: Path, **hints: str) -> Spectrum:
    source = Source(path, path.read_bytes(), hints)
    (spectrum,) = reader_for(source).read(source)
    assert isinstance(spectrum, Spectrum)
    canonical_axis(spectrum.x, spectrum.technique, spectrum.wavelength, path.name)
    return spectrum


def guessed(spectrum: Spectrum) -> dict[str, str]:
    return dict(spectrum.provenance.parameters.get("guessed", {}))


def test_measured_powder_patterns_are_read_with_a_wavelength(shared_data: Path) -> None:
    for path in sorted((shared_data / "xrd-autoanalyzer" / "Example" / "Spectra").glob("*.xy")):
        spectrum = read_file(path, wavelength="1.5406")
        stated = np.loadtxt(path)
        assert (spectrum.technique, spectrum.x.quantity) == ("xrd", "two_theta")
        np.testing.assert_array_equal(spectrum.x.values, stated[:, 0])
        np.testing.assert_array_equal(spectrum.intensity, stated[:, 1])
        # the third column of these is a background
        assert spectrum.uncertainty is None


def test_a_pattern_without_wavelength_asks_for_it() -> None:
    with pytest.raises(BadInput, match="--wavelength"):
        read(ROWS, "a.xy")


def test_a_damaged_measured_pattern_is_refused_with_its_line(shared_data: Path) -> None:
    folder = shared_data / "xrd-thinfilm-autoxrd" / "Datasets" / "Experimental" / "I4Imcm"
    with pytest.raises(BadInput, match=r"line 84: expected 2 numbers, found '14.11851260'"):
        read_file(folder / "15% SnPerovskite at 0.5M 4to1 dmftodmso.xy", wavelength="1.54")


def test_structure_functions_are_told_by_their_ending() -> None:
    q = np.linspace(0, 20, 201)
    s_of_q = 1 + np.exp(-q / 5) * np.cos(2 * q)
    f_of_q = q * (s_of_q - 1)

    def text(y: Floats, probe: str) -> str:
        header = f"# mode = {probe}\n#L Q y dy\n"
        return header + "".join(f"{a:.6f} {b:.9f} 0.02\n" for a, b in zip(q, y, strict=True))

    plain = read(text(s_of_q, "neutron"), "a.sq")
    assert plain.technique == "nsq"
    np.testing.assert_allclose(plain.intensity, s_of_q, atol=1e-8)
    reduced = read(text(f_of_q, "xray"), "a.fq")
    assert reduced.technique == "xsq"
    np.testing.assert_allclose(reduced.x.values, q[1:], atol=1e-6)
    np.testing.assert_allclose(reduced.intensity, s_of_q[1:], atol=1e-6)
    assert reduced.uncertainty is not None
    np.testing.assert_allclose(reduced.uncertainty, 0.02 / q[1:], rtol=1e-4)
    assert "1 points at Q = 0" in reduced.provenance.parameters["converted"]
    # told to be something else, it is left as it is
    kept = read(text(f_of_q, "xray"), "a.fq", technique="xrd")
    np.testing.assert_allclose(kept.intensity, f_of_q, atol=1e-8)
    with pytest.raises(BadInput, match=r"total scattering: expected --technique xsq\|nsq"):
        read(text(s_of_q, "unknown"), "a.sq")


def test_a_neutron_pattern_needs_its_probe_and_wavelength(shared_data: Path) -> None:
    (path,) = (shared_data / "neutron-powder-easydiffraction").glob("hrpt*.xye")
    with pytest.raises(BadInput, match=r"--technique xrd\|npd"):
        read_file(path, wavelength="1.494")
    spectrum = read_file(path, wavelength="1.494", technique="npd")
    np.testing.assert_array_equal(spectrum.uncertainty, np.loadtxt(path)[:, 2])


def test_time_of_flight_without_its_constant_is_refused(shared_data: Path) -> None:
    folder = shared_data / "neutron-powder-easydiffraction"
    for path in (*folder.glob("data/*.xye"), *folder.glob("data_old/[mw]*.xy[es]")):
        with pytest.raises(Unsupported, match="--set difc="):
            read_file(path, technique="npd")
        assert read_file(path, technique="npd", difc="20000").x.quantity == "d_spacing"


def test_time_of_flight_with_its_constant_becomes_a_d_spacing(shared_data: Path) -> None:
    path = shared_data / "neutron-powder-easydiffraction" / "data_old" / "reduced_LBCO.xye"
    spectrum = read_file(path)
    assert spectrum.technique == "npd"
    # the file was binned in steps of 0.002 angstrom from 0.700
    np.testing.assert_allclose(spectrum.x.values, 0.701 + 0.002 * np.arange(900), atol=1e-6)
    assert spectrum.provenance.parameters["converted"].startswith("d = TOF / 58742.4")
    with pytest.raises(BadInput, match="DIFC: expected a positive number"):
        read_file(path, technique="npd", difc="0")


FIT2D = "sample.chi: average\n{label}\nIntensity\n       6\n"
PYFAI = "# == pyFAI calibration ==\n# Wavelength: 1.033e-10 m\n#  {name}  I\n"
SIX = "".join(f"  {n}.0000000E+00  2.{n}000000E+01\n" for n in range(1, 7))


@pytest.mark.parametrize(
    ("header", "quantity", "unit"),
    [
        (FIT2D.format(label=" 2-Theta Angle (Degrees)"), "two_theta", "degree"),
        (FIT2D.format(label="Q (Inverse Nanometres)"), "Q", "1/nm"),
        (PYFAI.format(name="2th_deg"), "two_theta", "deg"),
        (PYFAI.format(name="q_nm^-1"), "Q", "nm^-1"),
        (PYFAI.format(name="q_A^-1"), "Q", "A^-1"),
    ],
)
def test_integrated_patterns_say_their_axis(header: str, quantity: str, unit: str) -> None:
    spectrum = read(header + SIX, "a.chi", technique="xrd", wavelength=1.033)
    assert (spectrum.x.quantity, spectrum.x.unit) == (quantity, unit)
    assert len(spectrum.x.values) == 6
    np.testing.assert_allclose(spectrum.x.values, range(1, 7))


def test_a_wavelength_in_metres_is_angstrom_in_the_record() -> None:
    spectrum = read(PYFAI.format(name="2th_deg") + SIX, "a.dat", technique="xrd")
    assert spectrum.wavelength == pytest.approx(1.033)


def test_a_unit_that_never_ends_is_refused() -> None:
    with pytest.raises(BadInput, match="a unit"):
        read("Q (9**9**9**9), I\n" + SIX, "a.csv", technique="saxs")


def test_pdf_headers_tell_probe_unit_and_wavelength(shared_data: Path) -> None:
    folder = shared_data / "pdf-diffpy-cmi" / "pdf"
    for path in (folder / "ch07StructuralPhaseTransitions" / "data").glob("*.gr"):
        spectrum = read_file(path)
        assert (spectrum.technique, spectrum.x.unit) == ("xpdf", "angstrom")
        assert spectrum.intensity_unit == "angstrom^-2"
    nickel = read_file(folder / "ch03NiModelling" / "data" / "Ni.gr")
    header = nickel.provenance.parameters["header"]
    assert (header["composition"], header["qmax"], header["rpoly"]) == ("Ni", "25.0", "0.9")
    assert nickel.wavelength == pytest.approx(0.1836)
    assert nickel.shape == (6001,)


def test_a_pdf_that_does_not_name_its_probe_asks_for_it(shared_data: Path) -> None:
    path = shared_data / "pdf-diffpy-cmi" / "pdf" / "nanoparticle-fit" / "CdS_ZnS_nano.gr"
    with pytest.raises(BadInput, match=r"--technique xpdf\|npdf"):
        read_file(path)
    assert read_file(path, technique="xpdf").x.quantity == "r"


def test_a_width_at_half_maximum_becomes_a_standard_deviation(shared_data: Path) -> None:
    path = shared_data / "nr-refnx/refnx/reflect/tests/c_PLP0007882.dat"
    spectrum = read_file(path, technique="nr")
    stated = np.loadtxt(path.read_text().splitlines()[1:])
    np.testing.assert_array_equal(spectrum.uncertainty, stated[:, 2])
    np.testing.assert_allclose(spectrum.resolution, stated[:, 3] / 2.354820045, rtol=1e-9)


def test_reflectivity_without_a_header_is_read_as_told(shared_data: Path) -> None:
    for path in sorted((shared_data / "nr-refnx/paper/supporting_information").glob("*.dat")):
        spectrum = read(path.read_text(), path.name, technique="nr")
        np.testing.assert_array_equal(spectrum.resolution, np.loadtxt(path)[:, 3])
        assert guessed(spectrum)["x_unit"].startswith("1/angstrom")


def test_absorption_scans_are_read(shared_data: Path) -> None:
    folder = shared_data / "xafs-larch-examples"
    copper = read_file(folder / "cu.xmu")
    assert (copper.technique, copper.x.unit, copper.shape) == ("xas", "eV", (612,))
    scan = read_file(folder / "beamlines" / "NSLS_XDAC_2011.dat")
    assert scan.provenance.parameters["formed"] == "ln(i0/it)"
    with pytest.raises(Unsupported, match="chi"):
        read((folder / "cu_chi.dat").read_text(), "cu_chi.dat")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("# wavelength = 0.7107\n", 0.7107),
        ("# Wavelength (nm): 0.15406\n", 1.5406),
        ("# lambda: 1.5406 A\n", 1.5406),
        ("# anode Cu Ka\n", 1.54184),
    ],
)
def test_a_wavelength_in_the_header_is_found(header: str, expected: float) -> None:
    spectrum = read(header + ROWS, "a.xy")
    assert spectrum.wavelength == pytest.approx(expected)
    assert ("wavelength" in guessed(spectrum)) == ("Cu" in header)


@pytest.mark.parametrize("separator", [",", ";", "\t", "  ", ", "])
def test_any_usual_separator_is_understood(separator: str) -> None:
    spectrum = read(ROWS.replace(" ", separator), "a.xye", technique="xrd", wavelength="1.54")
    np.testing.assert_allclose(spectrum.x.values, 10 + 0.1 * np.arange(30))
    np.testing.assert_allclose(spectrum.uncertainty, 1 + np.arange(30) / 10)


def test_decimal_commas_are_understood_with_semicolons() -> None:
    text = ROWS.replace(".", ",").replace(" ", ";")
    spectrum = read(text, "a.csv", technique="xrd", wavelength="1.54")
    assert spectrum.x.values[1] == pytest.approx(10.1)


def test_points_that_are_not_a_number_are_kept() -> None:
    lines = SMALL_Q.splitlines()
    lines[7] = "0.08 nan 1.7"
    spectrum = read("\n".join(lines), technique="saxs")
    assert spectrum.shape == (30,)
    assert np.isnan(spectrum.intensity[7])


@pytest.mark.parametrize("line", [2, 4, 15, 30])
@pytest.mark.parametrize("damage", ["0.0x 1 2", "0.05 1", "0.05 1 2 3", "end"])
def test_a_damaged_row_anywhere_is_named(line: int, damage: str) -> None:
    lines = SMALL_Q.splitlines()
    lines[line - 1] = damage
    with pytest.raises(BadInput, match=f"a.dat, line {line}:"):
        read("\n".join(lines), technique="saxs")


def test_named_columns_are_found_in_any_order() -> None:
    text = "# Q[1/nm]  dI  I[1/cm]  sigmaQ\n" + "".join(
        f"{n + 1} 0.1 {100 - n} 0.2\n" for n in range(10)
    )
    spectrum = read(text, technique="saxs")
    assert (spectrum.x.unit, spectrum.intensity_unit) == ("1/nm", "1/cm")
    assert spectrum.intensity[0] == 100
    assert spectrum.uncertainty is not None and spectrum.uncertainty[0] == 0.1
    assert spectrum.resolution is not None and spectrum.resolution[0] == 0.2


def test_options_win() -> None:
    hints = {"technique": "saxs", "columns": "y,x,-", "x_unit": "1/nm", "kind": "simulated"}
    spectrum = read(SMALL_Q, temperature="293", **hints)
    assert (spectrum.x.unit, spectrum.kind, spectrum.temperature) == ("1/nm", "simulated", 293.0)
    np.testing.assert_array_equal(spectrum.x.values, 100.0 - np.arange(30))


def test_a_unit_tells_the_axis_of_a_diffraction_pattern() -> None:
    spacing = read(ROWS, technique="xrd", x_unit="angstrom")
    angle = read(ROWS, technique="xrd", x_unit="degree", wavelength="1.54")
    assert (spacing.x.quantity, angle.x.quantity) == ("d_spacing", "two_theta")


@pytest.mark.parametrize(
    ("hints", "message"),
    [
        ({}, "--technique"),
        ({"technique": "magic"}, "option technique"),
        ({"technique": "saxs", "columns": "x,z"}, "option columns"),
        ({"technique": "saxs", "x_unit": "parrot"}, "option x_unit"),
        ({"technique": "saxs", "kind": "guess"}, "option kind"),
        ({"technique": "xrd", "x_unit": "degree", "wavelength": "short"}, "option wavelength"),
    ],
)
def test_options_that_are_missing_or_wrong_are_named(hints: dict[str, str], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        read(SMALL_Q, **hints)


def test_implausible_columns_are_asked_for() -> None:
    text = "".join(f"{n} {n} {-n} \n" for n in range(1, 20))
    with pytest.raises(BadInput, match="--columns"):
        read(text, technique="saxs")


def test_text_without_a_table_is_refused() -> None:
    with pytest.raises(BadInput, match="a table of at least 3 rows"):
        read("Dear reader,\nno numbers here.\n", "README.txt")
