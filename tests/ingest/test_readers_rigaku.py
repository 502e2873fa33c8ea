"""Rigaku RAS and RASX: the same scan from both, with attenuation, line and counting time."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from ingest.readers import Source, reader_for
from registry.errors import BadInput, Unsupported
from registry.records import Spectrum

ROWS = [(10 + 0.01 * n, 100.0 + n, 1.0 if n < 30 else 11.23) for n in range(40)]
RAS = """*RAS_DATA_START
*RAS_HEADER_START
*FILE_SAMPLE "quartz"
*HW_XG_TARGET_NAME "Cu"
*HW_XG_WAVE_LENGTH_ALPHA1 "1.540593"
*HW_XG_WAVE_LENGTH_ALPHA2 "1.544414"
*HW_XG_WAVE_LENGTH_BETA "1.392246"
*MEAS_COND_XG_WAVE_TYPE "{wave}"
*MEAS_DATA_COUNT "{count}"
*MEAS_SCAN_AXIS_X "{axis}"
*MEAS_SCAN_SPEED "8.0000"
*MEAS_SCAN_SPEED_UNIT "deg/min"
*MEAS_SCAN_STEP "0.0100"
*MEAS_SCAN_START_TIME "11/21/2017 08:32:31"
*MEAS_SCAN_UNIT_Y "counts"
*RAS_HEADER_END
*RAS_INT_START
{rows}
*RAS_INT_END
*RAS_DATA_END
"""
CONDITIONS = """<MeasurementConditions><GeneralInformation><SampleName>quartz</SampleName>
</GeneralInformation><HWConfigurations><XrayGenerator><WavelengthKalpha1>1.540593</WavelengthKalpha1>
<WavelengthKalpha2>1.544414</WavelengthKalpha2><WaveType>Ka</WaveType></XrayGenerator>
</HWConfigurations><ScanInformation><AxisName>{axis}</AxisName><Step>0.01</Step><Speed>8</Speed>
<SpeedUnit>deg/min</SpeedUnit><IntensityUnit>counts</IntensityUnit>
<StartTime>2017-11-21T08:32:31Z</StartTime></ScanInformation></MeasurementConditions>"""


def ras(axis: str = "TwoThetaTheta", count: int = 40, wave: str = "Ka") -> str:
    rows = "\r\n".join(f"{x:.4f} {y:.4f} {a:.4f}" for x, y, a in ROWS)
    return RAS.format(axis=axis, count=count, wave=wave, rows=rows)


def rasx(*axes: str) -> bytes:
    stream = io.BytesIO()
    rows = "\ufeff" + "\n".join(f"{x:.4f}\t{y:.4f}\t{a:.4f}" for x, y, a in ROWS)
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for n, axis in enumerate(axes):
            archive.writestr(f"Data{n}/Profile{n}.txt", rows)
            archive.writestr(f"Data{n}/MesurementConditions{n}.xml", CONDITIONS.format(axis=axis))
    return stream.getvalue()


def read(content: bytes, name: str) -> list[Spectrum]:
    source = Source(Path(name), content)
    return list(reader_for(source).read(source))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("content", "name"), [(ras().encode(), "a.ras"), (rasx("TwoThetaTheta"), "a.rasx")]
)
def test_both_formats_give_the_same_scan(content: bytes, name: str) -> None:
    (spectrum,) = read(content, name)
    x, y, attenuation = np.array(ROWS).T
    np.testing.assert_allclose(spectrum.x.values, x)
    np.testing.assert_allclose(spectrum.intensity, y * attenuation)
    assert spectrum.wavelength == pytest.approx((1.540593 + 0.5 * 1.544414) / 1.5)
    assert (spectrum.sample_id, spectrum.technique) == ("quartz", "xrd")
    assert spectrum.time is not None and spectrum.time.isoformat() == "2017-11-21T08:32:31+00:00"
    parameters = spectrum.provenance.parameters
    assert parameters["counting_time"] == pytest.approx(60 * 0.01 / 8)
    assert parameters["attenuation"] == [1.0, 11.23]


def test_angles_are_those_of_an_independent_reader() -> None:
    geddes = pytest.importorskip("geddes")
    (spectrum,) = read(ras().encode(), "a.ras")
    theirs = geddes.read_bytes(ras().encode(), "a.ras")  # which leaves the attenuation out
    np.testing.assert_allclose(spectrum.x.values, theirs.x)
    np.testing.assert_allclose(spectrum.intensity[:30], theirs.y[:30])


@pytest.mark.parametrize(("wave", "wavelength"), [("Ka1", 1.540593), ("Kb", 1.392246)])
def test_the_line_that_was_selected_is_the_wavelength(wave: str, wavelength: float) -> None:
    assert read(ras(wave=wave).encode(), "a.ras")[0].wavelength == wavelength


def test_every_scan_is_read_and_other_axes_are_named() -> None:
    first, second = read((ras() + ras("Omega") + ras("2-Theta/Omega")).encode(), "a.ras")
    assert (first.provenance.file_part, second.provenance.file_part) == ("scan 1", "scan 3")
    assert first.provenance.parameters["passed_over"] == {"scan 2": "Omega"}
    packed = read(rasx("TwoThetaTheta", "Phi", "TwoTheta"), "a.rasx")
    assert [s.provenance.file_part for s in packed] == [
        "Data0/Profile0.txt",
        "Data2/Profile2.txt",
    ]
    with pytest.raises(Unsupported, match="Omega"):
        read(ras("Omega").encode(), "a.ras")


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        (ras(count=41).encode(), "a.ras", "MEAS_DATA_COUNT: expected 41 rows, found 40"),
        (ras().replace("10.0500", "1O.05").encode(), "a.ras", r"line 23: expected angle"),
        (ras().replace("10.0500", "nan").encode(), "a.ras", r"line 23: expected angle"),
        (ras().split("*RAS_INT_END")[0].encode(), "a.ras", r"\*RAS_INT_END, found the end"),
        (ras().replace("1.540593", "x").encode(), "a.ras", "ALPHA1: expected a number"),
        (rasx("TwoTheta")[:-20], "a.rasx", "complete ZIP"),
        (rasx("TwoTheta").replace(b"MesurementC", b"MesurementX"), "a.rasx", "its Mesurement"),
    ],
)
def test_faults_are_named(content: bytes, name: str, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        read(content, name)
