"""SPECS XML: every region and cycle, channels of the detector put on one energy axis."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.readers import Source, reader_for
from ingest.readers.specs_xml import read
from ingest.rows import row_of_spectrum
from registry.errors import BadInput, Unsupported
from registry.records import Spectrum

DOCTYPE = """<!DOCTYPE any [
<!ELEMENT any (sequence|struct|string|enum|boolean|ulong|double)?>
<!ATTLIST any name NMTOKEN #IMPLIED type_id CDATA #IMPLIED version CDATA #IMPLIED>
<!ELEMENT double (#PCDATA)>
]>
"""
PASS_ENERGY, STEP, START, PHOTON = 50.0, 0.5, 553.6, 1253.6
SHIFTS = (-0.0744451, -0.0348058, 0.00538331, 0.0444291, 0.0824935)
"""Shifts of a five-channel detector: with 50 eV and steps of 0.5 eV, 7 steps down to 8 up."""
HEAD, TAIL = 8, 7


def sequence(name: str, members: list[str]) -> str:
    kind = f'<sequence name="{name}" length="{len(members)}" type_id="IDL:specs.de/x:1.0">\n'
    return kind + "".join(members) + "</sequence>\n"


def struct(name: str, *members: str) -> str:
    named = f' name="{name}"' if name else ""
    return f'<struct{named} type_id="IDL:specs.de/x:1.0">\n' + "".join(members) + "</struct>\n"


def value(kind: str, name: str, text: object) -> str:
    return f'<{kind} name="{name}">{text}</{kind}>\n'


def counts(numbers: list[int]) -> str:
    text = "\n".join(map(str, numbers))
    inner = f'<ulong type_id="IDL:specs.de/SurfaceAnalysis/Counts:1.0">\n{text}\n</ulong>\n'
    return f'<sequence name="counts" length="{len(numbers)}">\n{inner}</sequence>\n'


def region(
    cycles: list[list[list[int]]],
    points: int,
    mode: str = "FixedAnalyzerTransmission",
    method: str = "XPS",
    shifts: tuple[float, ...] = SHIFTS,
    edges: tuple[int, int] = (HEAD, TAIL),
) -> str:
    """A region of cycles of scans of counts."""
    definition = struct(
        "region",
        value("string", "analysis_method", method),
        value("string", "analyzer_lens", "MediumMagnification:1.5kV"),
        value("string", "analyzer_slit", "1:0.2x20c"),
        struct("scan_mode", value("string", "name", mode), value("ulong", "flags", 2)),
        value("ulong", "num_scans", 1),
        value("ulong", "curves_per_scan", 1),
        value("ulong", "values_per_curve", points),
        value("double", "dwell_time", 0.1),
        value("double", "scan_delta", STEP),
        value("double", "excitation_energy", PHOTON),
        value("double", "kinetic_energy", START),
        value("double", "pass_energy", PASS_ENERGY),
        value("double", "bias_voltage", 90),
        value("double", "detector_voltage", 2400),
        value("double", "effective_workfunction", 4.37),
    )
    detectors = [
        struct("", value("double", "shift", shift), value("double", "gain", 1)) for shift in shifts
    ]
    scans = [sequence("scans", [struct("", counts(scan)) for scan in cycle]) for cycle in cycles]
    return struct(
        "",
        value("string", "name", "Au 4f"),
        definition,
        value("ulong", "mcd_head", edges[0]),
        value("ulong", "mcd_tail", edges[1]),
        struct(
            "analyzer_info",
            value("string", "name", "PHOIBOS MCD-5"),
            sequence("detectors", detectors),
        ),
        struct("source_info", value("string", "name", "XR50")),
        sequence(
            "cycles", [struct("", value("ulong", "time", 1643415878), scan) for scan in scans]
        ),
    )


def document(*regions: str, doctype: str = DOCTYPE) -> bytes:
    group = struct("", value("string", "name", "gold"), sequence("regions", list(regions)))
    groups = (
        '<sequence length="1" type_id="IDL:specs.de/Serializer/RegionGroupSeq:1.0" '
        f'type_name="RegionGroupSeq">\n{group}</sequence>\n'
    )
    remark = "<!-- CORBA XML document created by XMLSerializer2 1.6 -->\n"
    text = f'<?xml version="1.0"?>\n{remark}{doctype}<any version="1.6">\n{groups}</any>\n'
    return text.encode()


def source(content: bytes) -> Source:
    return Source(Path("gold.xml"), content)


def swept(spectrum: np.ndarray, points: int) -> list[int]:
    """Counts as the instrument writes them, when each energy gives ``spectrum[its index]``.

    A channel whose shift is s looks at a kinetic energy s times the pass energy above the nominal.
    """
    offsets = [round(s * PASS_ENERGY / STEP) for s in SHIFTS]
    nominal = range(-HEAD, points + TAIL)
    return [int(spectrum[step + offset + 100]) for step in nominal for offset in offsets]


def test_channels_of_a_peak_are_put_on_one_energy() -> None:
    points = 60
    spectrum = np.zeros(points + 200)
    spectrum[100 + 20] = 1000  # one sharp peak at START + 20 steps
    found = read(source(document(region([[swept(spectrum, points)]], points))))
    (peak,) = found
    assert isinstance(peak, Spectrum)
    expected = np.zeros(points)
    expected[20] = 5 * 1000
    np.testing.assert_array_equal(peak.intensity, expected)
    row = row_of_spectrum(peak)
    assert (row["technique"], row["x_quantity"], row["intensity_unit"]) == (
        "xps",
        "binding_energy",
        "counts",
    )
    assert row["x"][20] == pytest.approx(PHOTON - (START + 20 * STEP))
    assert peak.time is not None and peak.time.isoformat() == "2022-01-29T00:24:38+00:00"
    assert peak.incident_energy == PHOTON
    about = peak.provenance.parameters
    assert (about["pass_energy"], about["dwell_time"], about["analyzer_slit"]) == (
        50,
        0.1,
        "1:0.2x20c",
    )


@given(
    st.integers(1, 5), st.integers(1, 3), st.lists(st.integers(0, 10**6), min_size=3, max_size=20)
)
def test_every_count_of_all_scans_is_in_the_sum_of_its_cycle(
    channels: int, scans: int, values: list[int]
) -> None:
    shifts = (0.0,) * channels
    scan = [value for value in values for _ in range(channels)]
    cycles = [[scan] * scans, [scan]]
    content = document(region(cycles, len(values), shifts=shifts, edges=(0, 0)))
    first, second = read(source(content))
    np.testing.assert_array_equal(first.intensity, np.array(values) * channels * scans)
    np.testing.assert_array_equal(second.intensity, np.array(values) * channels)
    assert first.provenance.parameters["scans"] == scans
    assert first.provenance.file_part == "gold, region 1: Au 4f, cycle 1"


def test_after_a_new_calibration_only_energies_that_all_channels_saw_are_kept() -> None:
    points, shifts = 20, (-0.02, 0.03)  # 2 steps down, 3 up; but head and tail are of one step
    scan = [n for n in range(points + 2) for _ in shifts]
    (kept,) = read(
        source(document(region([[scan]], points, shifts=shifts, edges=(1, 1)))),
    )
    assert len(kept.intensity) == 20 - 2 - 1
    assert kept.provenance.parameters["not_seen_by_all_channels"] == 3
    # the first energy all saw is two steps in
    assert kept.x.values[0] == pytest.approx(PHOTON - (START + 2 * STEP))
    # seen by the lower channel at step 2 + 1 + 2, by the upper at step 2 + 1 - 3
    assert kept.intensity[0] == 5 + 0


def test_other_modes_and_methods_are_named_and_do_not_hinder() -> None:
    scan = [1] * 5 * (10 + HEAD + TAIL)
    fixed = region([[scan]], 10, mode="FixedEnergies")
    ions = region([[scan]], 10, method="ISS")
    (found,) = read(source(document(region([[scan]], 10), fixed, ions)))
    assert found.provenance.parameters["passed_over"] == {
        "gold, region 2: Au 4f": "scan mode 'FixedEnergies'",
        "gold, region 3: Au 4f": "analysis method 'ISS'",
    }
    with pytest.raises(Unsupported, match="scan mode 'FixedEnergies'"):
        read(source(document(fixed)))
    with pytest.raises(Unsupported, match="no scan"):
        read(source(document(region([], 10))))


def test_a_cycle_that_was_stopped_before_its_first_scan_is_left_out() -> None:
    scan = [1] * 5 * (10 + HEAD + TAIL)
    first, third = read(source(document(region([[scan], [], [scan]], 10))))
    assert first.provenance.file_part == "gold, region 1: Au 4f, cycle 1"
    assert third.provenance.file_part == "gold, region 1: Au 4f, cycle 3"


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        ((b'"values_per_curve">10<', b'"values_per_curve">11<'), "counts"),
        ((b"\n1\n", b"\n-1\n"), "no negative count"),
        ((b"\n1\n", b"\nnan\n"), "finite numbers"),
        ((b'"scan_delta">0.5', b'"scan_delta">0'), "positive step"),
        ((b'name="regions" length="1"', b'name="regions" length="2"'), "as it says"),
        ((b'"pass_energy">50', b'"pass_energy">5000'), "energies that all of them saw"),
        ((b'"time">1643415878', b'"time">16434158781643415878'), "seconds since 1970"),
        ((b"</any>", b""), "well-formed XML"),
    ],
)  # fmt: skip
def test_damage_is_named(damage: tuple[bytes, bytes], reason: str) -> None:
    whole = document(region([[[1] * 5 * (10 + HEAD + TAIL)]], 10))
    assert damage[0] in whole
    with pytest.raises(BadInput, match=reason):
        read(source(whole.replace(*damage, 1)))


@pytest.mark.parametrize(
    "declaration",
    [
        '<!ENTITY e "lol">',
        '<!ENTITY e SYSTEM "file:///etc/hostname">',
        '<!ATTLIST double long CDATA "a value for all">',
    ],
)
def test_no_entity_and_no_default_value_gets_in(declaration: str) -> None:
    content = document(region([[[1] * 125]], 10), doctype=f"<!DOCTYPE any [\n{declaration}\n]>\n")
    with pytest.raises(BadInput, match="without document type"):
        read(source(content))


def test_it_is_known_by_its_content() -> None:
    content = document(region([[[1] * 125]], 10))
    assert reader_for(Source(Path("a.dat"), content)).name == "specs_xml"
    assert reader_for(Source(Path("a.xml"), b"<SASroot></SASroot>")).name != "specs_xml"
