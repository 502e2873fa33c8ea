"""PANalytical XRDML: real files of two schemas, and every rule of positions and attenuation."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ingest.readers import Source, reader_for
from ingest.readers.xrdml import READER
from registry.errors import BadInput, Unsupported
from registry.records import Spectrum

SCAN = """<scan scanAxis="{axis}"><header><startTimeStamp>2024-11-14T16:22:49-08:00</startTimeStamp>
</header><dataPoints>{positions}{more}<{list} unit="counts">100 200 400 300</{list}></dataPoints>
</scan>"""
ENDS = """<positions axis="2Theta" unit="deg"><startPosition>10</startPosition>
<endPosition>13</endPosition></positions>"""
LISTED = """<positions axis="2Theta" unit="deg"><listPositions>10 11 12.5 13</listPositions>
</positions>"""
STILL = """<positions axis="2Theta" unit="deg"><commonPosition>30</commonPosition></positions>"""
FACTORS = "<beamAttenuationFactors>1 2 10 1</beamAttenuationFactors>"
TIME = "<commonCountingTime unit='seconds'>2.5</commonCountingTime>"
DOUBLET = """<usedWavelength intended="{intended}"><kAlpha1 unit="Angstrom">1.540598</kAlpha1>
<kAlpha2 unit="Angstrom">1.544426</kAlpha2><kBeta unit="Angstrom">1.39225</kBeta>
<ratioKAlpha2KAlpha1>0.5</ratioKAlpha2KAlpha1></usedWavelength>"""


def scan(
    positions: str = ENDS, more: str = TIME, list_: str = "counts", axis: str = "Gonio"
) -> str:
    return SCAN.format(positions=positions, more=more, list=list_, axis=axis)


def document(*scans: str, schema: str = "2.1", used: str = DOUBLET, beam: str = "") -> bytes:
    lines = used.format(intended="K-Alpha 1")
    return (
        f'<?xml version="1.0"?><xrdMeasurements xmlns="http://www.xrdml.com/XRDMeasurement/'
        f'{schema}"><sample><id>quartz</id></sample><xrdMeasurement>{lines}{beam}{"".join(scans)}'
        "</xrdMeasurement></xrdMeasurements>"
    ).encode()


def read(content: bytes, **hints: Any) -> list[Spectrum]:
    source = Source(Path("a.xrdml"), content, hints)
    assert reader_for(source).name == "xrdml"
    return list(READER.read(source))  # type: ignore[arg-type]


def test_every_real_file_gives_the_numbers_it_holds(shared_data: Path) -> None:
    files = sorted((shared_data / "xrd-alab-dara").rglob("*.xrdml"))
    assert len(files) > 10
    for path in files:
        (spectrum,) = READER.read(Source(path, path.read_bytes()))
        assert isinstance(spectrum, Spectrum)
        text = path.read_text("utf-8-sig")
        counts = re.search(r"<counts[^>]*>([^<]*)<", text)
        first = re.search(r'axis="2Theta".*?<startPosition>([\d.]+)', text, re.DOTALL)
        last = re.search(r'axis="2Theta".*?<endPosition>([\d.]+)', text, re.DOTALL)
        assert counts and first and last
        np.testing.assert_array_equal(spectrum.intensity, np.fromstring(counts[1], sep=" "))
        assert (spectrum.x.values[0], spectrum.x.values[-1]) == (float(first[1]), float(last[1]))
        assert spectrum.wavelength == pytest.approx(1.541874, abs=1e-6)
        assert spectrum.time is not None and spectrum.time.year in (2023, 2024, 2025)


def test_an_independent_reader_agrees(shared_data: Path) -> None:
    geddes = pytest.importorskip("geddes")
    path = next((shared_data / "xrd-alab-dara").rglob("*.xrdml"))
    theirs = geddes.read(str(path))
    (ours,) = READER.read(Source(path, path.read_bytes()))
    assert isinstance(ours, Spectrum)
    np.testing.assert_allclose(ours.x.values, theirs.x)
    np.testing.assert_array_equal(ours.intensity, theirs.y)


def test_raw_counts_are_multiplied_with_the_attenuation_and_intensities_are_not() -> None:
    (raw,) = read(document(scan(more=FACTORS)))
    (reduced,) = read(document(scan(more=FACTORS, list_="intensities"), schema="1.5"))
    assert raw.intensity.tolist() == [100, 400, 4000, 300]
    assert reduced.intensity.tolist() == [100, 200, 400, 300]
    assert raw.provenance.parameters["beam_attenuation"] == [1, 2, 10]


def test_positions_are_ends_or_a_list() -> None:
    ends, listed = read(document(scan(), scan(LISTED)))
    assert ends.x.values.tolist() == [10, 11, 12, 13]
    assert listed.x.values.tolist() == [10, 11, 12.5, 13]


def test_every_scan_is_read_and_rocking_curves_are_named() -> None:
    first, second = read(document(scan(), scan(STILL, axis="Omega"), scan()))
    assert first.provenance.file_part == "measurement 1, scan 1"
    assert second.provenance.file_part == "measurement 1, scan 3"
    assert first.provenance.parameters["passed_over"] == {"measurement 1, scan 2": "Omega"}
    with pytest.raises(Unsupported, match="over two theta, found measurement 1, scan 1: Omega"):
        read(document(scan(STILL, axis="Omega")))


def test_counting_time_sample_and_time_are_kept() -> None:
    (spectrum,) = read(document(scan()))
    assert spectrum.provenance.parameters["counting_time"] == 2.5
    assert spectrum.sample_id == "quartz"
    assert spectrum.time is not None and spectrum.time.isoformat() == "2024-11-15T00:22:49+00:00"


def test_one_line_is_taken_where_a_monochromator_selects_it() -> None:
    beam = "<incidentBeamPath><monochromator name='Ge'/></incidentBeamPath>"
    (selected,) = read(document(scan(), beam=beam))
    (doublet,) = read(document(scan()))
    assert selected.wavelength == 1.540598
    assert doublet.wavelength == pytest.approx((1.540598 + 0.5 * 1.544426) / 1.5)
    assert "K-alpha 2" not in doublet.provenance.parameters["guessed"]["wavelength"]
    (beta,) = read(document(scan(), used=DOUBLET.replace("{intended}", "K-Beta")))
    assert beta.wavelength == 1.39225


def test_what_the_user_says_wins() -> None:
    (spectrum,) = read(document(scan(), used=""), wavelength=0.7, technique="xrr")
    assert (spectrum.wavelength, spectrum.technique) == (0.7, "xrr")
    with pytest.raises(BadInput, match="--wavelength"):
        read(document(scan(), used=""))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (document(scan())[:-40], "well-formed XML"),
        (document(scan().replace("400", "4O0")), "counts: expected numbers"),
        (document(scan().replace("400", "nan")), "finite numbers"),
        (document(scan(LISTED.replace("11 ", ""))), "expected 4, as there are intensities"),
        (document(scan(ENDS.replace("deg", "rad"))), "degrees, found 'rad'"),
        (document(scan(more="<beamAttenuationFactors>1 2</beamAttenuationFactors>")), "1 or 4"),
        (document(), "at least one scan"),
        (document(scan()).replace(b"1.540598", b"0").replace(b"1.544426", b"0"), "--wavelength"),
    ],
)
def test_faults_are_named(content: bytes, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        read(content)


def test_entities_are_refused() -> None:
    bomb = b'<!DOCTYPE xrdMeasurements [<!ENTITY a "aaaa">]>'
    with pytest.raises(BadInput, match="without document type"):
        read(document(scan()).replace(b'<?xml version="1.0"?>', b'<?xml version="1.0"?>' + bomb))
