"""Damaged diffraction and NeXus files give records or a reason within seconds, nothing else."""

from __future__ import annotations

import io
import struct
import time
import zipfile
from functools import lru_cache
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.readers import Source, readers
from ingest.rows import row_of_material, row_of_spectrum
from registry.errors import BadInput
from registry.records import Spectrum

ROWS = [(10 + 0.1 * n, 100 + n) for n in range(12)]
XRDML = """<xrdMeasurements xmlns="http://www.xrdml.com/XRDMeasurement/2.1"><xrdMeasurement>
<usedWavelength intended="K-Alpha"><kAlpha1 unit="Angstrom">1.5406</kAlpha1></usedWavelength>
<scan scanAxis="Gonio"><dataPoints><positions axis="2Theta" unit="deg"><startPosition>10
</startPosition><endPosition>13</endPosition></positions><commonCountingTime>2</commonCountingTime>
<beamAttenuationFactors>1 2 1 1</beamAttenuationFactors><counts>1 2 3 4</counts></dataPoints></scan>
</xrdMeasurement></xrdMeasurements>"""
RAS = (
    '*RAS_DATA_START\n*RAS_HEADER_START\n*MEAS_SCAN_AXIS_X "2Theta"\n*MEAS_DATA_COUNT "12"\n'
    '*HW_XG_WAVE_LENGTH_ALPHA1 "1.54"\n*MEAS_SCAN_STEP "0.1"\n*RAS_HEADER_END\n*RAS_INT_START\n'
    + "".join(f"{x} {y} 1.0\n" for x, y in ROWS)
    + "*RAS_INT_END\n*RAS_DATA_END\n"
)
GSAS = "neutron, wavelength = 1.5\nBANK 1 12 12 CONS 1000 10 0 0 FXYE\n" + "".join(
    f"{100 * x:.1f} {y} 2\n" for x, y in ROWS
)
CIF = (
    "data_a\n_diffrn_radiation_probe x-ray\n_diffrn_radiation_wavelength 1.54\nloop_\n"
    "_pd_meas_2theta_scan\n_pd_meas_counts_total\n_pd_proc_ls_weight\n"
    + "".join(f"{x} {y}(3) 0.1\n" for x, y in ROWS)
)
RRUFF = "##NAMES=Quartz\n##RRUFFID=R1\n" + "".join(f"{x}, {y}\n" for x, y in ROWS)
BRML = (
    '<RawData xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><DataRoutes><DataRoute>'
    + "".join(f"<Datum>1,1,{x},{y}</Datum>" for x, y in ROWS)
    + '<DataViews><RawDataView xsi:type="FixedRawDataView" Start="1" Length="1" '
    'LogicName="AbsorptionFactor"/><RawDataView xsi:type="VaryingRawDataView" Start="2" Length="1">'
    '<Varying><FieldDefinitions AxisId="TwoTheta"/></Varying></RawDataView><RawDataView '
    'xsi:type="RecordedRawDataView" Start="3" Length="1"/></DataViews></DataRoute></DataRoutes>'
    '<WaveLengthAlpha1 Value="1.54"/></RawData>'
)


def raw3() -> bytes:
    header, bank = bytearray(b"RAW1.01".ljust(712, b"\0")), bytearray(304)
    struct.pack_into("<I", header, 12, 1)
    struct.pack_into("<d", header, 0x270, 1.54)
    struct.pack_into("<2I", bank, 0, 304, 12)
    struct.pack_into("<d", bank, 16, 10.0)
    struct.pack_into("<d", bank, 176, 0.1)
    struct.pack_into("<I", bank, 252, 4)
    return bytes(header + bank) + np.arange(12, dtype="<f4").tobytes()


def npy() -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.arange(24, dtype=np.float32).reshape(2, 12))
    return stream.getvalue()


def nexus() -> bytes:
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        entry = file.create_group("entry")
        entry.attrs["NX_class"] = "NXentry"
        data = entry.create_group("data")
        data.attrs.update({"NX_class": "NXdata", "signal": "s", "axes": ["q", "de"]})
        data["s"], data["q"], data["de"] = np.ones((3, 4)), np.arange(1.0, 4), np.arange(5.0)
        data["de"].attrs["units"] = "meV"
    return stream.getvalue()


WITHIN = {
    "brml": "Experiment0/RawData0.xml",
    "rigaku_rasx": "Data0/MesurementConditions0.xml",
    "npz": "intensity.npy",
}
RASX = "<a><ScanInformation><AxisName>2Theta</AxisName><Step>1</Step></ScanInformation></a>"
TOLD = {"technique": "xrd", "wavelength": 1.54, "x": "10:11.1"}


@lru_cache
def example(name: str) -> bytes:
    """A whole file, or for containers the member that is damaged."""
    made: dict[str, Any] = {
        "xrdml": XRDML,
        "rigaku_ras": RAS,
        "gsas": GSAS,
        "powder_cif": CIF,
        "rruff": RRUFF,
        "brml": BRML,
        "rigaku_rasx": RASX,
        "bruker_raw": raw3(),
        "npz": npy(),
        "nexus": nexus(),
    }
    return made[name] if isinstance(made[name], bytes) else made[name].encode()


def packed(name: str, content: bytes) -> bytes:
    if name not in WITHIN:
        return content
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(WITHIN[name], content)
        archive.writestr("Data0/Profile0.txt", "".join(f"{x} {y} 1\n" for x, y in ROWS))
    return stream.getvalue()


TOKENS = [b"nan", b"inf", b"1e400", b"-", b"'", b"\n", b"_", b"<a>", b"\xff" * 4, b"?", b"\0" * 8]
DAMAGE = st.tuples(
    st.sampled_from(["cut", "insert", "overwrite", "remove", "flip"]),
    st.floats(0, 1, exclude_max=True),
    st.one_of(st.sampled_from(TOKENS), st.binary(min_size=1, max_size=40)),
)


def damaged(content: bytes, damages: list[tuple[str, float, bytes]]) -> bytes:
    for what, share, piece in damages:
        at = int(share * len(content))
        before, after = content[:at], content[at:]
        content = {
            "cut": before,
            "insert": before + piece + after,
            "overwrite": before + piece + after[len(piece) :],
            "remove": before + after[len(piece) :],
            "flip": before + bytes(b ^ 1 << piece[0] % 8 for b in after[:1]) + after[1:],
        }[what]
    return content


def outcome(name: str, content: bytes) -> int | BadInput:
    source = Source(Path("some.file"), content, TOLD if name == "npz" else {})
    assert 0 <= readers()[name].recognise(source) <= 1
    try:
        records = readers()[name].read(source)
        for record in records:
            # what was read can be written, or is refused with a reason
            row_of_spectrum(record) if isinstance(record, Spectrum) else row_of_material(record)
    except BadInput as error:
        assert error.where.startswith("some.file")
        return error
    return len(records)


NAMES = sorted(
    {*WITHIN, "xrdml", "rigaku_ras", "gsas", "powder_cif", "rruff", "bruker_raw", "nexus"}
)


@pytest.mark.parametrize("name", NAMES)
def test_the_example_is_whole(name: str) -> None:
    told = outcome(name, packed(name, example(name)))
    assert told in (1, 2) or "--wavelength" in str(told)


@pytest.mark.parametrize("name", NAMES)
@given(damages=st.lists(DAMAGE, min_size=1, max_size=3))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_damage_gives_records_or_a_reason(
    name: str, damages: list[tuple[str, float, bytes]]
) -> None:
    begun = time.perf_counter()
    outcome(name, packed(name, damaged(example(name), damages)))
    outcome(name, damaged(packed(name, example(name)), damages))
    assert time.perf_counter() - begun < 5
