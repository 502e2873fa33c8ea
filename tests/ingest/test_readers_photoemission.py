"""Photoemission: VAMAS, SPECS, Scienta text, Igor waves, PHI."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from ingest.readers import Source, reader_for
from ingest.readers._vamas import MAGIC
from ingest.readers.igor_wave import read as read_wave
from ingest.readers.scienta_txt import read as read_scienta
from ingest.readers.specs_xy import read as read_specs
from ingest.readers.vamas import read as read_vamas
from registry.errors import BadInput, Unsupported
from registry.records import Spectrum
from registry.units import canonical_axis

FOLDER = "xps-pynxtools-xps"


def spectra(path: Path) -> list[Spectrum]:
    source = Source(path, path.read_bytes())
    found = reader_for(source).read(source)
    assert all(isinstance(each, Spectrum) for each in found)
    return [each for each in found if isinstance(each, Spectrum)]


@pytest.fixture
def xps(shared_data: Path) -> Path:
    return shared_data / FOLDER


def test_regular_and_irregular_vamas_are_one_measurement(xps: Path) -> None:
    (regular,) = spectra(xps / "examples/vms/regular.vms")
    (irregular,) = spectra(xps / "examples/vms/irregular.vms")
    # one has start and step, the other every energy
    np.testing.assert_allclose(regular.x.values, irregular.x.values, atol=1e-3)
    # one has counts in 0.1 s, the other counts/s
    np.testing.assert_allclose(regular.intensity / 0.1, irregular.intensity, rtol=1e-5)
    assert (regular.technique, regular.x.quantity) == ("xps", "binding_energy")
    assert regular.incident_energy == 1486.61
    assert regular.x.values[0] == pytest.approx(1486.61 - 136.61)
    assert regular.time is not None and regular.time.isoformat() == "2023-08-24T14:19:47+00:00"
    assert regular.provenance.parameters["not_applied"] == ["Transmission"]


def test_specs_gives_every_scan_and_agrees_with_the_vamas_export(xps: Path) -> None:
    found = spectra(xps / "examples/specs/xy/MgFe2O4.xy")
    # tables counted by their labels
    text = (xps / "examples/specs/xy/MgFe2O4.xy").read_text()
    assert len(found) == text.count("# ColumnLabels:") == 294
    (vamas,) = spectra(xps / "examples/vms/regular.vms")
    survey = [s for s in found if s.shape == vamas.shape and s.sample_id == vamas.sample_id]
    assert survey
    rate = vamas.intensity / 0.1  # counts in 0.1 s
    assert any(np.allclose(each.intensity, rate, rtol=1e-3) for each in survey)
    np.testing.assert_allclose(survey[0].x.values, vamas.x.values, atol=1e-3)


def test_a_region_at_fixed_energies_is_refused_alone(xps: Path) -> None:
    found = spectra(xps / "examples/specs/xy/MgFe2O4.xy")
    fixed = [s for s in found if s.provenance.parameters["Scan Mode"] == "FixedEnergies"]
    assert len(fixed) == 2
    for each in found:
        if each.x.quantity == "index":
            with pytest.raises(BadInput, match="index"):
                canonical_axis(each.x, each.technique, None, "here")
        else:
            assert canonical_axis(each.x, each.technique, None, "here").quantity == "binding_energy"


@pytest.mark.parametrize(
    ("text", "wave"),
    [
        ("examples/scienta/txt/Cu-HHTP_0002.txt", "Cu-HHTP_0002Cu-HHTP__002.ibw"),
        ("examples/scienta/txt/Cu-HHTP_0003.txt", "Cu-HHTP_0003Cu-HHTP__003.ibw"),
        ("tests/data/scienta_txt/Ag_0002.txt", "Ag_0002Ag__002.ibw"),
    ],
)
def test_text_and_igor_wave_of_one_measurement_agree(xps: Path, text: str, wave: str) -> None:
    (path,) = xps.rglob(wave)
    (written,), (binary,) = spectra(xps / text), spectra(path)
    np.testing.assert_allclose(written.x.values, binary.x.values, atol=1e-9)
    np.testing.assert_allclose(written.intensity, binary.intensity, rtol=1e-12)
    assert written.x.quantity == binary.x.quantity == "binding_energy"
    assert written.incident_energy == binary.incident_energy
    assert (written.sample_id, written.time) == (binary.sample_id, binary.time)


def test_phi_agrees_with_the_nexus_file_that_others_made_of_it(xps: Path) -> None:
    import h5py

    (phi,) = spectra(xps / "examples/phi/SnO2_10nm.spe")
    with h5py.File(xps / "examples/phi/SnO2_10nm.spe.nxs") as file:
        np.testing.assert_allclose(phi.x.values, file["Su1s/data/energy"][()], atol=1e-9)
        np.testing.assert_allclose(phi.intensity, file["Su1s/data/data"][()])
    assert phi.incident_energy == 1486.6


def test_casaxps_gives_every_region(xps: Path) -> None:
    path = xps / "tests/data/vms_txt_export/vms_txt_export.txt"
    found = spectra(path)
    assert [each.title for each in found] == ["Ni: Survey", "Ni: Ni2p", "NiO: Survey", "NiO: Ni2p"]
    rows = [line.split() for line in path.read_text().splitlines()]
    table = np.array([row for row in rows if len(row) == 4 and "e+" in row[0]], dtype=float)
    assert sum(len(each.intensity) for each in found) == len(table)
    np.testing.assert_array_equal(np.concatenate([e.intensity for e in found]), table[:, 3])
    # the convention for binding energies that is used for the other formats
    energy = np.concatenate([each.x.values for each in found])
    np.testing.assert_allclose(energy, 1486.61 - table[:, 0], atol=0.05)


# --- made here -----------------------------------------------------------------------------

SLICES = """[Info]
Number of Regions=1
Version=1.3.1

[Region 1]
Region Name=Cut
Dimension 1 name=Kinetic Energy [eV]
Dimension 1 size=3
Dimension 1 scale=16.0 16.1 16.2
Dimension 2 name=Y-Scale [deg]
Dimension 2 size=2
Dimension 2 scale=-5.0 5.0

[Info 1]
Excitation Energy=21.2
Sample=Au

[Data 1]
 16.0 1 2
 16.1 3 4
 16.2 5 6
"""


def test_slices_in_angle_are_arpes() -> None:
    (found,) = read_scienta(Source(Path("cut.txt"), SLICES.encode()))
    assert (found.technique, found.shape, found.x.quantity) == ("arpes", (3, 2), "energy")
    assert (found.axes[0].quantity, found.axes[0].unit) == ("emission_angle", "degree")
    np.testing.assert_array_equal(found.intensity, [[1, 2], [3, 4], [5, 6]])
    assert found.provenance.parameters["energy_scale"] == "kinetic"


def wave(data: np.ndarray[tuple[int, ...], np.dtype[np.float32]], note: bytes) -> bytes:
    """Igor binary wave, version 5, as WaveMetrics' technical note 3 lays it out."""
    units = [b"Kinetic Energy [eV]", b"Angle [deg]"][: data.ndim]
    header = bytearray(384)
    lengths = [len(u) for u in units] + [0] * (4 - data.ndim)
    struct.pack_into("<hhiiii4i", header, 0, 5, 0, 0, 0, len(note), 0, *lengths)
    struct.pack_into("<ih", header, 64 + 12, data.size, 2)
    struct.pack_into("<4i", header, 64 + 68, *data.shape, *[0] * (4 - data.ndim))
    struct.pack_into("<4d4d", header, 64 + 84, 0.5, 2, 1, 1, 10, -1, 0, 0)
    total = int(np.frombuffer(bytes(header), "<i2").sum(dtype=np.int64))
    struct.pack_into("<H", header, 2, -total % 2**16)
    return bytes(header) + data.tobytes(order="F") + note + b"".join(units)


def test_a_wave_of_two_dimensions() -> None:
    data = np.arange(6, dtype=np.float32).reshape(3, 2)
    source = Source(Path("map.ibw"), wave(data, b"[SES]\rExcitation Energy=21.2\rSample=Au\r"))
    assert reader_for(source).name == "igor_wave"
    (found,) = read_wave(source)
    np.testing.assert_array_equal(found.intensity, data)
    np.testing.assert_array_equal(found.x.values, [10, 10.5, 11])
    np.testing.assert_array_equal(found.axes[0].values, [-1, 1])
    assert (found.technique, found.incident_energy, found.sample_id) == ("arpes", 21.2, "Au")


def test_sizes_beyond_the_file_are_refused_before_reading() -> None:
    content = bytearray(wave(np.ones((2, 2), dtype=np.float32), b""))
    struct.pack_into("<i", content, 64 + 12, 2**31 - 1)
    with pytest.raises(BadInput, match="sizes that fit the file"):
        read_wave(Source(Path("a.ibw"), bytes(content)))


def vamas_text(blocks: int = 1, technique: str = "XPS", values: str = "3\n1\n9\n1\n5\n9\n") -> str:
    header = [MAGIC, "lab", "instrument", "me", "test", "0", "NORM", "REGULAR", "1", "0", "0", "0",
              "0", "0", str(blocks)]  # fmt: skip
    block = ["C 1s", "gold", "2024", "1", "2", "3", "4", "5", "0", "0", technique, "Al", "1486.6",
             "0", "0", "0", "0", "0", "FAT", "20", "1", "4.5", "0", "0", "0", "0", "0", "C", "1s",
             "-1", "kinetic energy", "eV", "1200", "0.1", "1", "counts", "d", "pulse counting",
             "0.1", "1", "0", "0", "0", "0", "0"]  # fmt: skip
    return "\n".join(header) + "\n" + ("\n".join(block) + "\n" + values) * blocks


def test_every_block_of_a_vamas_file_is_a_spectrum() -> None:
    found = read_vamas(Source(Path("a.vms"), vamas_text(blocks=3).encode()))
    assert [s.provenance.file_part for s in found] == [f"block {n}: C 1s" for n in (1, 2, 3)]
    np.testing.assert_allclose(found[0].x.values, [286.6, 286.5, 286.4])
    np.testing.assert_array_equal(found[0].intensity, [1, 5, 9])


def test_faults_are_named() -> None:
    with pytest.raises(BadInput, match=r"a\.vms, line \d+: number of ordinate values"):
        read_vamas(Source(Path("a.vms"), vamas_text(values="999999999\n1\n9\n1\n").encode()))
    with pytest.raises(Unsupported, match="XPS or UPS"):
        read_vamas(Source(Path("a.vms"), vamas_text(technique="EDX").encode()))
    with pytest.raises(BadInput, match="line 1"):
        read_vamas(Source(Path("a.vms"), b"a comment\n" * 5))
    with pytest.raises(BadInput, match=r"line 2\d: expected 3 numbers"):
        read_scienta(Source(Path("cut.txt"), SLICES.replace("16.1 3 4", "16.1 3").encode()))
    with pytest.raises(BadInput, match="at least one table"):
        read_specs(Source(Path("a.xy"), b"# Created by:   SpecsLab Prodigy\n"))
