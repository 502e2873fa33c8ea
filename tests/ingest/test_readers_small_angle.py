"""Small-angle formats: the examples of sasdata, checked against its loader and plain parsers."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
from pathlib import Path

import h5py
import numpy as np
import pytest

from flows import example_data
from ingest.readers import Source, reader_for
from registry.errors import BadInput, Unsupported
from registry.records import Spectrum
from registry.units import canonical_axis

EXAMPLES = example_data.folder()
# read in a test of its own: 240 sets
SERIES = "1d_data/VTMA.h5"


def read(name: str, **hints: str) -> list[Spectrum]:
    path = EXAMPLES / name
    source = Source(path, path.read_bytes(), example_data.HINTS.get(name, {}) | hints)
    return list(reader_for(source).read(source))


def read_bytes(name: str, content: bytes, **hints: str) -> list[Spectrum]:
    source = Source(Path(name), content, hints)
    return list(reader_for(source).read(source))


def sasdata_sets(name: str) -> list:  # type: ignore[type-arg]
    from sasdata.dataloader.loader import Loader

    return Loader().load(str(EXAMPLES / name))


@pytest.mark.parametrize("name", [n for n in example_data.MEASURED if n != SERIES])
def test_every_measured_example_is_read_and_converts(name: str) -> None:
    for spectrum in read(name):
        axis = canonical_axis(spectrum.x, spectrum.technique, spectrum.wavelength, name)
        lengths = [len(axis.values), *(len(a.values) for a in spectrum.axes)]
        assert spectrum.kind == "experimental"
        assert spectrum.shape == tuple(lengths)
        assert spectrum.uncertainty is None or spectrum.uncertainty.shape == spectrum.shape
        assert spectrum.resolution is None or spectrum.resolution.shape == axis.values.shape
        assert np.nanmax(np.abs(axis.values)) < 10 or spectrum.technique == "sesans"


def test_a_series_gives_every_set_with_radiation_and_wavelength() -> None:
    spectra = read(SERIES)
    assert len(spectra) == 240
    assert {(s.technique, round(s.wavelength or 0, 4)) for s in spectra} == {("saxs", 0.5904)}
    assert len({s.provenance.file_part for s in spectra}) == 240


def test_the_table_of_examples_names_every_file_once() -> None:
    folders = "1d_data 2d_data sesans_data reflectometry_data magnetic_data other_formats dls_data"
    present = {
        str(path.relative_to(EXAMPLES))
        for f in folders.split()
        for path in (EXAMPLES / f).iterdir()
    }
    named = [
        *example_data.MEASURED,
        *example_data.CALCULATED,
        *example_data.UNGRIDDED,
        *(n for n in example_data.OTHER if not n.startswith("other_files")),
    ]
    assert len(named) == len(set(named))
    assert set(named) == present


@pytest.mark.parametrize("name", example_data.CALCULATED[:10])
def test_a_file_that_says_it_is_calculated_is_simulated(name: str) -> None:
    assert {s.kind for s in read(name, technique="sans")} == {"simulated"}


@pytest.mark.parametrize("name", example_data.UNGRIDDED)
def test_a_map_off_any_rectangular_grid_is_refused(name: str) -> None:
    with pytest.raises(Unsupported, match="Qx, Qy"):
        read(name)


@pytest.mark.parametrize(
    "name",
    ["1d_data/Ludox_silica.xml", "1d_data/P123_D2O_10_percent.xml", "1d_data/ISIS_98929.TXT"],
)
def test_curves_agree_with_sasdata(name: str) -> None:
    (spectrum,), (reference,) = read(name), sasdata_sets(name)
    np.testing.assert_allclose(spectrum.x.values, reference.x)
    np.testing.assert_allclose(spectrum.intensity, reference.y)
    np.testing.assert_allclose(spectrum.uncertainty, reference.dy)


@pytest.mark.parametrize(
    "name", ["2d_data/33837rear_2D_1.75_16.5_NXcanSAS_v3.h5", "2d_data/P123_D2O_10_percent.dat"]
)
def test_maps_agree_with_sasdata_point_by_point(name: str) -> None:
    (spectrum,), (reference,) = read(name), sasdata_sets(name)
    column = np.searchsorted(spectrum.x.values, reference.qx_data - 1e-6)
    row = np.searchsorted(spectrum.axes[0].values, reference.qy_data - 1e-6)
    assert spectrum.axes[0].quantity == "Q_y"
    assert spectrum.uncertainty is not None
    np.testing.assert_allclose(spectrum.intensity[column, row], reference.data)
    np.testing.assert_allclose(spectrum.uncertainty[column, row], reference.err_data)


def test_xml_values_are_those_of_a_plain_parser() -> None:
    name = "1d_data/latex_smeared.xml"
    sans, usans = read(name)
    entries = ET.parse(EXAMPLES / name).getroot().findall("{*}SASentry")
    for spectrum, entry in zip((sans, usans), entries, strict=True):
        stated = [float(i.findtext("{*}I") or "nan") for i in entry.iter("{cansas1d/1.0}Idata")]
        np.testing.assert_array_equal(spectrum.intensity, stated)
    assert (sans.wavelength, usans.wavelength) == (5.0, 2.38)
    assert usans.resolution is None
    assert set(usans.provenance.parameters["slit"]["dQl"]) == {0.117}


def test_anton_paar_q_is_in_inverse_nanometres() -> None:
    (spectrum,) = read("1d_data/saxess_example.pdh")
    assert (spectrum.x.unit, spectrum.wavelength) == ("nm^-1", pytest.approx(1.542))
    assert spectrum.temperature == pytest.approx(303.15)
    assert canonical_axis(spectrum.x, "saxs", None, "x").values[0] == pytest.approx(0.0072644)


def test_detector_geometry_gives_q_of_small_angles() -> None:
    (spectrum,) = read("2d_data/P_New.sans")
    pixel_angle = 5.0 / 5414.99
    step = np.diff(spectrum.x.values)[60]
    assert step == pytest.approx(2 * np.pi / 7.5 * pixel_angle, rel=1e-3)
    first, last = spectrum.intensity[0, 0], spectrum.intensity[-1, -1]
    lines = (EXAMPLES / "2d_data/P_New.sans").read_text().split("DATA:\n")[1].splitlines()
    assert [first, last] == [float(lines[n].split()[0]) for n in (0, -1)]


def test_slit_height_is_no_resolution() -> None:
    (spectrum,) = read("1d_data/1umSlitSmearSphere.ABS")
    assert spectrum.resolution is None
    assert set(spectrum.provenance.parameters["slit_height"]) == {0.117}


def test_no_error_is_made_up() -> None:
    (spectrum,) = read("2d_data/SILIC010.DAT")
    assert spectrum.uncertainty is None
    assert spectrum.wavelength == 6.0
    (scan,) = read("sesans_data/sphere_isis.ses")
    assert scan.resolution is None


def test_masked_points_are_not_a_number() -> None:
    (spectrum,) = read("2d_data/BAM_2D.h5")
    with h5py.File(EXAMPLES / "2d_data/BAM_2D.h5") as file:
        masked = int(file["sasentry01/data/Imask"][()].sum())
    assert int(np.isnan(spectrum.intensity).sum()) == masked > 0


def test_radiation_that_is_nowhere_stated_is_asked_for() -> None:
    content = (EXAMPLES / "2d_data/BAM_2D.h5").read_bytes()
    with pytest.raises(BadInput, match=r"--technique sans\|saxs"):
        read_bytes("BAM_2D.h5", content)


def test_what_the_user_says_wins() -> None:
    hints = {"technique": "saxs", "kind": "simulated", "temperature": "300", "sample_id": "S1"}
    (spectrum,) = read("1d_data/Ludox_silica.xml", **hints)
    assert (spectrum.technique, spectrum.kind) == ("saxs", "simulated")
    assert (spectrum.temperature, spectrum.sample_id) == (300.0, "S1")
    assert spectrum.provenance.parameters["told"] == hints


@pytest.mark.parametrize(
    "declaration",
    [
        '<!DOCTYPE SASroot [<!ENTITY x SYSTEM "file:///etc/hostname">]>',
        '<!DOCTYPE SASroot SYSTEM "http://example.invalid/a.dtd">',
        '<!DOCTYPE SASroot [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>',
    ],
)
def test_xml_with_a_document_type_is_refused(declaration: str) -> None:
    text = f'<?xml version="1.0"?>{declaration}<SASroot><SASentry/></SASroot>'
    with pytest.raises(BadInput, match="without document type"):
        read_bytes("a.xml", text.encode())


def test_truncated_xml_is_refused_with_line_and_column() -> None:
    content = (EXAMPLES / "1d_data/Ludox_silica.xml").read_bytes()
    with pytest.raises(BadInput, match=r"line \d+, column \d+"):
        read_bytes("a.xml", content[:9000])


def nxcansas(tmp_path: Path, fill: object) -> bytes:
    path = tmp_path / "made.h5"
    with h5py.File(path, "w") as file:
        data = file.create_group("entry/data")
        file["entry"].attrs["canSAS_class"] = "SASentry"
        data.attrs.update({"canSAS_class": "SASdata", "signal": "I", "I_axes": "Q"})
        fill(file, data)  # type: ignore[operator]
    return path.read_bytes()


def test_hdf5_that_points_to_other_files_is_refused(tmp_path: Path) -> None:
    def external_link(_: h5py.File, data: h5py.Group) -> None:
        data["I"] = h5py.ExternalLink("/etc/hostname", "/I")

    def external_storage(_: h5py.File, data: h5py.Group) -> None:
        data.create_dataset("I", (4,), "f8", external=[(str(tmp_path / "raw"), 0, 32)])

    def virtual(_: h5py.File, data: h5py.Group) -> None:
        layout = h5py.VirtualLayout((4,), "f8")
        layout[:] = h5py.VirtualSource("other.h5", "I", (4,))
        data.create_virtual_dataset("I", layout)

    for fill in (external_link, external_storage, virtual):
        with pytest.raises(BadInput, match="data in this file"):
            read_bytes("made.h5", nxcansas(tmp_path, fill), technique="saxs")


def test_a_stack_of_frames_is_not_taken_for_one_curve(tmp_path: Path) -> None:
    def frames(_: h5py.File, data: h5py.Group) -> None:
        data["I"], data["Q"] = np.ones((3, 5)), np.arange(5.0)

    with pytest.raises(Unsupported, match=r"shape \(3, 5\)"):
        read_bytes("made.h5", nxcansas(tmp_path, frames), technique="saxs")


def test_points_missing_from_a_map_are_not_a_number() -> None:
    rows = [f"{x} {y} {10 * x + y} 1" for y in range(4) for x in range(3) if (x, y) != (1, 2)]
    text = "Data columns Qx - Qy - I(Qx,Qy) - err(I)\nASCII data\n" + "\n".join(rows)
    (spectrum,) = read_bytes("a.dat", text.encode())
    expected = np.add.outer(10.0 * np.arange(3), np.arange(4.0))
    expected[1, 2] = np.nan
    np.testing.assert_array_equal(spectrum.intensity, expected)


def test_garbage_is_refused_whatever_its_ending() -> None:
    garbage = io.BytesIO(bytes(range(256)) * 40).getvalue()
    for ending in (".xml", ".h5", ".pdh", ".ses", ".abs", ".dat", ".sans", ".ort", ".xdi", ".cif"):
        with pytest.raises(BadInput):
            read_bytes(f"a{ending}", garbage)
