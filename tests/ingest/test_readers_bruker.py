"""Bruker BRML and RAW: what the containers say decides, and an independent reader agrees."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ingest.readers import Source, reader_for
from ingest.readers import readers as all_readers
from registry.errors import BadInput, Unsupported
from registry.records import Spectrum

ANGLES = 20 + 0.02 * np.arange(50)
COUNTS = np.round(1000 + 900 * np.exp(-(((ANGLES - 20.5) / 0.1) ** 2)))


def read(content: bytes, name: str, **hints: Any) -> list[Spectrum]:
    source = Source(Path(name), content, hints)
    found = all_readers()[reader_for(source).name].read(source)
    assert all(isinstance(spectrum, Spectrum) for spectrum in found)
    return list(found)


def zipped(members: dict[str, str], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return stream.getvalue()


ROUTE = """<RawData xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<TimeStampStarted>2024-03-12T15:02:00+02:00</TimeStampStarted><FixedInformation><Instrument>
<WaveLengthAlpha1 Value="1.5406"/><WaveLengthAlpha2 Value="1.54439"/><WaveLengthRatio Value="0.5"/>
</Instrument></FixedInformation><DataRoutes><DataRoute RouteFlag="Measured">
<ScanInformation ScanName="{scan}"><TimePerStep>0.5</TimePerStep></ScanInformation>{rows}<DataViews>
<RawDataView xsi:type="FixedRawDataView" Start="0" Length="1" LogicName="MeasuredTime"/>
<RawDataView xsi:type="FixedRawDataView" Start="1" Length="1" LogicName="AbsorptionFactor"/>
<RawDataView xsi:type="VaryingRawDataView" Start="2" Length="2"><Varying>
<FieldDefinitions FieldName="{axes[0]}" AxisId="{axes[0]}"/>
<FieldDefinitions FieldName="{axes[1]}" AxisId="{axes[1]}"/></Varying></RawDataView>
<RawDataView xsi:type="RecordedRawDataView" Start="{recorded}" Length="{channels}"><Recording>
<Unit Base="Counts"/></Recording></RawDataView></DataViews></DataRoute></DataRoutes></RawData>"""
MANIFEST = '<DataContainer><MeasurementInfo SampleName="quartz"/></DataContainer>'


def route(
    axes: tuple[str, str] = ("TwoTheta", "Theta"),
    middle: str = "",
    absorption: int = 1,
    **more: Any,
) -> str:
    rows = "".join(
        f"<Datum>0.5,{absorption},{a:.4f},{a / 2:.4f},{middle}{c:g}</Datum>"
        for a, c in zip(ANGLES, COUNTS, strict=True)
    )
    what = {"scan": "Locked Coupled", "recorded": 4 + middle.count(","), "channels": 1, **more}
    return ROUTE.format(rows=rows, axes=axes, **what)


def brml(*routes: str, **more: str) -> bytes:
    members = {f"Experiment0/RawData{n}.xml": text for n, text in enumerate(routes)}
    return zipped({"Experiment0/DataContainer.xml": MANIFEST, **members, **more})


def test_columns_of_brml_are_where_its_views_say() -> None:
    for content in (brml(route()), brml(route(middle="7,8,9,"))):
        (spectrum,) = read(content, "a.brml")
        np.testing.assert_allclose(spectrum.x.values, ANGLES, atol=1e-9)
        np.testing.assert_array_equal(spectrum.intensity, COUNTS)
        assert spectrum.wavelength == pytest.approx((1.5406 + 0.5 * 1.54439) / 1.5)
        assert (spectrum.sample_id, spectrum.intensity_unit) == ("quartz", "counts")
        assert spectrum.time is not None and spectrum.time.hour == 13


def test_every_scan_of_brml_is_read_and_others_are_named() -> None:
    rocking = route(("Chi", "Theta"), scan="Rocking")
    first, second = read(brml(route(), rocking, route(absorption=8)), "a.brml")
    assert first.provenance.file_part == "Experiment0/RawData0.xml"
    assert second.provenance.parameters["absorption_factor"] == [8.0]
    assert first.provenance.parameters["passed_over"] == {"Experiment0/RawData1.xml": "Rocking"}
    with pytest.raises(Unsupported, match="Rocking"):
        read(brml(rocking), "a.brml")


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        (brml(route())[:-30], BadInput, "complete ZIP"),
        (brml(route(channels=2, recorded=3)), Unsupported, "2 channels"),
        (brml(route(recorded=9)), BadInput, "within 5 columns"),
        (brml(route().replace("<Datum>0.5,1,20.0200", "<Datum>20.0200")), BadInput, "Datum 2"),
        (brml(route().replace(",20.0200,", ",2O,")), BadInput, "Datum: expected numbers"),
        (brml("<!DOCTYPE a><RawData/>"), BadInput, "without document type"),
        (brml("<RawData/>"), BadInput, "at least one scan"),
        (brml("<a>" + " " * 2**26 + "</a>"), Unsupported, r"at most \d+ bytes"),
        (brml("<a>" + "<b/>" * 2_000_001 + "</a>"), Unsupported, "at most 2000000 tags"),
        (zipped({"Experiment0/RawData0.xml": route()}, zipfile.ZIP_LZMA), Unsupported, "method 14"),
    ],
)
def test_faults_of_brml_are_named(content: bytes, error: type[BadInput], message: str) -> None:
    with pytest.raises(error, match=message):
        read(content, "a.brml")


def raw3(kind: int = 0, varying: int = 0, ranges: int = 1) -> bytes:
    header = bytearray(712)
    header[:7] = b"RAW1.01"
    header[0x10:0x18], header[0x1A:0x22] = b"03/12/24", b"15:02:00"
    struct.pack_into("<I", header, 12, ranges)
    struct.pack_into("<4d", header, 0x270, 1.5406, 1.54439, 1.39222, 0.5)
    header[0x146:0x14C] = b"quartz"
    bank = bytearray(304)
    struct.pack_into("<2I", bank, 0, 304, len(COUNTS))
    struct.pack_into("<2d", bank, 8, 10.0, 20.0)
    struct.pack_into("<d", bank, 176, 0.02)
    struct.pack_into("<fI", bank, 192, 0.5, kind)
    struct.pack_into("<3I", bank, 248, varying, 4 + 8 * varying, 0)
    angle = [struct.pack("<d", a + 0.001) if varying else b"" for a in ANGLES]
    points = b"".join(struct.pack("<f", c) + a for c, a in zip(COUNTS, angle, strict=True))
    return bytes(header) + (bytes(bank) + points) * ranges


def segment(kind: int, payload: bytes) -> bytes:
    return struct.pack("<2I", kind, 8 + len(payload)) + payload


def raw4(drive: str = "2Theta", scan: str = "Locked Coupled", datum: int = 8) -> bytes:
    preamble = (b"RAW4.00" + bytes(5) + b"03/12/2024\0\0" + b"15:02:00").ljust(61, b"\0")
    name = segment(10, bytes(4) + b"SAMPLEID".ljust(24, b"\0") + b"quartz\n")
    lines = bytes(64) + struct.pack("<5d", 1.54186, 1.5406, 1.54439, 1.39222, 0.5) + bytes(20)
    moved = segment(
        50,
        struct.pack("<I", 1)
        + drive.encode().ljust(24, b"\0")
        + bytes(20)
        + struct.pack("<d", 20.0),
    )
    still = segment(
        50, struct.pack("<I", 0) + b"Chi".ljust(24, b"\0") + bytes(20) + struct.pack("<d", 20.0)
    )
    head = bytearray(160)
    head[32 : 32 + len(scan)] = scan.encode()
    struct.pack_into("<ddIf", head, 72, 20.0, 0.02, len(COUNTS), 500.0)
    struct.pack_into("<2I", head, 136, datum, len(moved + still))
    points = b"".join(struct.pack("<f", c) + bytes(datum - 4) for c in COUNTS)
    return preamble + name + segment(30, lines) + bytes(head) + still + moved + points


@pytest.mark.parametrize("content", [raw3(), raw4(), raw4(datum=4)])
def test_raw_is_read_as_an_independent_reader_does(content: bytes) -> None:
    (spectrum,) = read(content, "a.raw")
    np.testing.assert_allclose(spectrum.x.values, ANGLES)
    np.testing.assert_array_equal(spectrum.intensity, COUNTS)
    assert spectrum.wavelength == pytest.approx((1.5406 + 0.5 * 1.54439) / 1.5)
    assert (spectrum.sample_id, spectrum.provenance.parameters["counting_time"]) == ("quartz", 0.5)
    assert spectrum.time is not None and spectrum.time.isoformat().startswith("2024-03-12T15:02")
    geddes = pytest.importorskip("geddes")
    theirs = geddes.read_bytes(content, "a.raw")
    np.testing.assert_allclose(spectrum.x.values, theirs.x)
    np.testing.assert_array_equal(spectrum.intensity, theirs.y)


def test_brml_is_read_as_an_independent_reader_does() -> None:
    geddes = pytest.importorskip("geddes")
    content = zipped(
        {
            "Experiment0/DataContainer.xml": "<DataContainer><RawDataReferenceList><string>"
            "Experiment0/RawData0.xml</string></RawDataReferenceList></DataContainer>",
            "Experiment0/RawData0.xml": route(),
        }
    )
    theirs = geddes.read_bytes(content, "a.brml")
    (ours,) = read(content, "a.brml")
    np.testing.assert_allclose(ours.x.values, theirs.x)
    np.testing.assert_array_equal(ours.intensity, theirs.y)


def test_measured_angles_of_version_3_win_over_the_nominal_ones() -> None:
    (spectrum,) = read(raw3(varying=1), "a.raw")
    np.testing.assert_allclose(spectrum.x.values, ANGLES + 0.001)


def test_every_range_is_read() -> None:
    parts = [s.provenance.file_part for s in read(raw3(ranges=3), "a.raw")]
    assert parts == ["range 1", "range 2", "range 3"]


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        (raw3(kind=3), Unsupported, "scan type 3"),
        (raw4("Theta", "Rocking Curve"), Unsupported, "Rocking Curve"),
        (b"RAW2" + bytes(2000), Unsupported, r"RAW1\.01 or RAW4\.00"),
        (b"RAW " + bytes(2000), Unsupported, r"RAW1\.01 or RAW4\.00"),
        (raw3()[:-7], BadInput, "50 points of 4 bytes"),
        (raw4()[:-7], BadInput, "50 points of 8 bytes"),
        (raw4()[:90], BadInput, "segment at byte 61|a complete file"),
        (raw3()[:12] + b"\xff\xff\xff\xff" + raw3()[16:], BadInput, "ranges: expected 1 to 4096"),
    ],
)
def test_faults_of_raw_are_named(content: bytes, error: type[BadInput], message: str) -> None:
    with pytest.raises(error, match=message):
        read(content, "a.raw")
