"""Whatever happens to a file, reading it gives records or a BadInput, nothing else."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.example_data import folder
from ingest.readers import Source, readers
from registry.errors import BadInput
from registry.records import Material, Spectrum

INSTALLED = {
    "cansas_xml": "1d_data/Ludox_silica.xml",
    "nxcansas": "1d_data/33837rear_1D_1.75_16.5_NXcanSAS_v3.h5",
    "anton_paar": "1d_data/Anton-Paar.pdh",
    "sesans": "sesans_data/sphere_isis.ses",
    "nist_abs": "1d_data/AUSANS_run3_2_no_buffer.ABS",
    "columns": "1d_data/ISIS_83404.TXT",
}
SHARED = {
    "orso": "nr-orso/orsopy/fileio/tests/test_example2.ort",
    "xdi": "xas-xasdatalibrary/Fe/FeS2_rt_01.xdi",
    "cif": "xrd-autoanalyzer/Example/References/Mn3O4_141.cif",
}
TOKENS = [b"nan", b"inf", b"1e400", b"-", b"'", b";", b"\n", b"_", b"<a>", b"\xff\xfe", b"?", b"\0"]
DAMAGE = st.one_of(
    st.tuples(st.just("cut"), st.floats(0, 1), st.just(b"")),
    st.tuples(st.just("insert"), st.floats(0, 1), st.sampled_from(TOKENS)),
    st.tuples(st.just("replace"), st.floats(0, 1), st.binary(min_size=1, max_size=8)),
    st.tuples(st.just("remove"), st.floats(0, 1), st.binary(min_size=1, max_size=60)),
)
QUICKLY = settings(
    max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)


def damaged(content: bytes, damages: list[tuple[str, float, bytes]]) -> bytes:
    for what, share, piece in damages:
        at = int(share * len(content))
        if what == "cut":
            content = content[:at]
        elif what == "insert":
            content = content[:at] + piece + content[at:]
        elif what == "replace":
            content = content[:at] + piece + content[at + len(piece) :]
        else:
            content = content[:at] + content[at + len(piece) :]
    return content


@lru_cache
def content_of(path: Path) -> bytes:
    return path.read_bytes()


def check(name: str, path: Path, damages: list[tuple[str, float, bytes]]) -> None:
    source = Source(path, damaged(content_of(path), damages))
    assert 0 <= readers()[name].recognise(source) <= 1
    try:
        records = readers()[name].read(source)
    except BadInput as error:
        assert error.where.startswith(path.name)
    else:
        assert all(isinstance(record, Spectrum | Material) for record in records)


@pytest.mark.parametrize("name", INSTALLED)
@given(damages=st.lists(DAMAGE, min_size=1, max_size=3))
@QUICKLY
def test_a_damaged_example(name: str, damages: list[tuple[str, float, bytes]]) -> None:
    check(name, folder() / INSTALLED[name], damages)


@pytest.mark.parametrize("name", SHARED)
@given(damages=st.lists(DAMAGE, min_size=1, max_size=3))
@QUICKLY
def test_a_damaged_file_of_an_open_library(
    shared_data: Path, name: str, damages: list[tuple[str, float, bytes]]
) -> None:
    check(name, shared_data / SHARED[name], damages)


def test_every_reader_says_what_it_reads() -> None:
    for reader in readers().values():
        assert reader.title and reader.reference
        assert all(ending.startswith(".") and ending.islower() for ending in reader.endings)
        assert reader.recognise(Source(Path("empty"), b"")) == 0
