"""GSAS powder histograms: each kind of record, fixed columns, several banks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ingest.readers import Source, reader_for
from registry.errors import BadInput, Unsupported
from registry.records import Spectrum

X = 1000.0 + 2.0 * np.arange(20)  # centidegrees
Y = 100.0 + np.arange(20)
TITLE = "Neutron pattern of LaB6, wavelength = 1.54\n"
BANK = "BANK 1 20 4 CONS 1000.0 2.0 0 0 {kind}\n"


def columns(fields: list[str], in_a_line: int) -> str:
    return "".join(
        "".join(fields[n : n + in_a_line]).ljust(80) + "\n"
        for n in range(0, len(fields), in_a_line)
    )


STD = TITLE + BANK.format(kind="STD") + columns([f" 2{y:6.0f}" for y in Y], 10)
ESD = TITLE + BANK.format(kind="ESD") + columns([f"{y:8.1f}{y / 10:8.2f}" for y in Y], 5)
FXYE = (
    TITLE
    + BANK.format(kind="FXYE")
    + "".join(f"{x:.4f} {y:.2f} {y / 10:.3f}\n" for x, y in zip(X, Y, strict=True))
)
FXY = (
    TITLE
    + BANK.format(kind="FXY")
    + "".join(f"{x:.4f} {y:.2f}\n" for x, y in zip(X, Y, strict=True))
)


def read(text: str, name: str = "a.gsa", **hints: Any) -> list[Spectrum]:
    source = Source(Path(name), text.encode(), hints)
    assert reader_for(source).name == "gsas"
    return list(reader_for(source).read(source))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "errors"),
    [(STD, np.sqrt(Y / 2)), (ESD, Y / 10), (FXYE, Y / 10), (FXY, None)],
    ids=["STD", "ESD", "FXYE", "FXY"],
)
def test_each_kind_of_record_is_read(text: str, errors: Any) -> None:
    (spectrum,) = read(text)
    np.testing.assert_allclose(spectrum.x.values, X / 100)
    np.testing.assert_allclose(spectrum.intensity, Y)
    if errors is None:
        assert spectrum.uncertainty is None
    else:
        np.testing.assert_allclose(spectrum.uncertainty, errors, atol=5e-3)
    assert (spectrum.technique, spectrum.wavelength) == ("npd", 1.54)
    assert spectrum.title is not None and spectrum.title.startswith("Neutron pattern")


# which does not read the number of detectors
@pytest.mark.parametrize(
    "text", [STD.replace(" 2   1", "     1"), ESD, FXYE], ids=["STD", "ESD", "FXYE"]
)
def test_an_independent_reader_agrees(text: str) -> None:
    geddes = pytest.importorskip("geddes")
    theirs = geddes.read_bytes(text.encode(), "a.gsas")
    (ours,) = read(text)
    np.testing.assert_allclose(ours.x.values, theirs.x)
    np.testing.assert_allclose(ours.intensity, theirs.y)


def test_a_raw_file_is_told_from_one_of_bruker_by_its_content() -> None:
    assert len(read(FXYE, "a.raw")) == 1


def test_every_bank_is_read() -> None:
    both = read(
        FXYE + BANK.format(kind="FXYE").replace("BANK 1", "BANK 2") + FXYE.split("\n", 2)[2]
    )
    assert [s.provenance.file_part for s in both] == ["bank 1", "bank 2"]
    np.testing.assert_array_equal(both[0].intensity, both[1].intensity)


def test_probe_and_wavelength_are_asked_for() -> None:
    text = FXYE.replace(TITLE, "LaB6\n")
    with pytest.raises(BadInput, match=r"--technique xrd\|npd"):
        read(text)
    with pytest.raises(BadInput, match="--wavelength"):
        read(text, technique="xrd")
    (spectrum,) = read(text, technique="xrd", wavelength=0.41)
    assert (spectrum.technique, spectrum.wavelength) == ("xrd", 0.41)


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        (FXYE.replace("CONS", "SLOG"), Unsupported, "constant steps in angle.*SLOG"),
        (FXYE.replace("CONS", "RALF"), Unsupported, "RALF"),
        (STD.replace("STD", "ALT"), Unsupported, "CONS ALT"),
        (FXYE.rsplit("\n", 4)[0], BadInput, "20 channels, found 17"),
        (FXYE.replace("1006.0000", "10O6.0"), BadInput, "line 6: expected a number"),
        (FXYE.replace("1006.0000 ", ""), BadInput, "line 6: expected 3 numbers"),
        (ESD.replace("   104.0", "   1O4.0"), BadInput, "line 3: expected a number"),
        (FXYE.replace("1000.0 2.0 0 0", ""), BadInput, "start and step|finite|number"),
        (FXYE.replace("BANK 1 20", "BANK 1 99999999999"), BadInput, "99999999999 channels"),
    ],
)
def test_faults_are_named(text: str, error: type[BadInput], message: str) -> None:
    with pytest.raises(error, match=message):
        read(text)
