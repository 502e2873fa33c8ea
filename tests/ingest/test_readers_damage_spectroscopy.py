"""Whatever happens to a file of spectroscopy, imaging or structures: records or a BadInput."""

from __future__ import annotations

import time
from functools import lru_cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.readers import Source, readers
from registry.errors import BadInput
from registry.records import Material, Spectrum

SHARED = {
    "athena": "xafs-larch-examples/AthenaProjectFiles/fbo.prj",
    "casaxps_txt": "xps-pynxtools-xps/tests/data/vms_txt_export/vms_txt_export.txt",
    "cxi": "ptycho-cdtools/PETRAIII_P25_Near_Field_Ptycho.cxi",
    "danse_histogram": "ins-multiphonon/tests/data/graphite-Ei_130-dos.h5",
    "epics_scan": "xafs-larch-examples/beamlines/APS13ID_2008.dat",
    "exafs_chi": "xafs-larch-examples/cu_chi.dat",
    "fdmnes": "xafs-larch-examples/beamlines/FDMNES_2022_Mo2C_out.dat",
    "igor_wave": "xps-pynxtools-xps/tests/data/scienta_ibw/Ag_0002Ag__002.ibw",
    "inx": "qens-qensmodels/examples_from_experiments/data/toftof/In20_2p5_350K__tt_cr.txt",
    "labview_scan": "xafs-larch-examples/beamlines/APS20ID_2022.dat",
    "lamp": "qens-qensmodels/data/V_273K_5A.hdf",
    "phi_spe": "xps-pynxtools-xps/examples/phi/SnO2_10nm.spe",
    "phonon_dos": "ins-multiphonon/tests/data/V-dos.dat",
    "poscar": "xanes-sim-li3feo35/POSCAR_0k",
    "pymatgen_json": "phonon-dos-ffonons/mp/mp-10163-Na2Al2Te4.json.gz",
    "reflectivity": "nr-refnx/refnx/dataset/tests/c_PLP0000708.dat",
    "scienta_txt": "xps-pynxtools-xps/tests/data/scienta_txt/Ag_0002.txt",
    "ssrl_scan": "xafs-larch-examples/beamlines/SSRLmicro_2008.dat",
    "vamas": "xps-pynxtools-xps/examples/vms/irregular.vms",
}
WRITTEN = {
    "dave_group": b"# Number of Energy transfer values\n3\n# Number of q values\n1\n"
    b"# Energy transfer (meV) values\n-1\n0\n1\n# q (1/Angstroms) values\n0.5\n# Group 0\n"
    b"1 0.1\n2 0.2\n3 0.3\n",
    "extxyz": b'2\nLattice="3 0 0 0 3 0 0 0 3" Properties=species:S:1:pos:R:3\n'
    b"Na 0 0 0\nCl 1.5 1.5 1.5\n" * 2,
    "feff_xmu": b"# Cu  Feff 6L.02\n# Abs   Z=29 Rmt= 1.276 K  shell\n"
    b"#  omega    e    k    mu    mu0     chi     @#\n"
    b"8976.2 -18.5 -1.5 1.1E-02 1.1E-02 0.0E+00\n8982.2 -12.4 -0.9 2.5E-01 2.6E-01 -6.0E-03\n"
    b"8990.0 -4.7 0.8 9.5E-01 9.6E-01 -7.0E-03\n",
    "isis_spe": b"       1       3\n### Phi Grid\n 5.000E-01 1.500E+00\n### Energy Grid\n"
    b"-1.000E+00 0.000E+00 1.000E+00 2.000E+00\n### S(Phi,w)\n 1.000E+00 2.000E+00-1.000E+30\n"
    b"### Errors\n 1.000E-01 1.000E-01 0.000E+00\n",
    "specs_xy": b"# Created by:        SpecsLab Prodigy\n#   Energy Axis:   Binding Energy\n"
    b"# Region:   C1s\n# Excitation Energy:   1486.6\n# Cycle: 0, Curve: 0, Scan: 0\n"
    b"# ColumnLabels:   energy counts/s\n290 10\n289 20\n288 10\n",
}
TOKENS = [b"nan", b"inf", b"1e400", b"-", b"'", b"(", b"\n", b"=", b"9" * 12, b"\xff\xfe", b"\0"]
DAMAGE = st.one_of(
    st.tuples(st.just("cut"), st.floats(0, 1), st.just(b"")),
    st.tuples(st.just("insert"), st.floats(0, 1), st.sampled_from(TOKENS)),
    st.tuples(st.just("insert"), st.floats(0, 0.05), st.sampled_from(TOKENS)),
    st.tuples(st.just("replace"), st.floats(0, 1), st.binary(min_size=1, max_size=8)),
    st.tuples(st.just("replace"), st.floats(0, 0.05), st.binary(min_size=1, max_size=4)),
    st.tuples(st.just("remove"), st.floats(0, 1), st.binary(min_size=1, max_size=60)),
)
QUICKLY = settings(
    max_examples=30, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
SLOWEST = 5.0


def damaged(content: bytes, damages: list[tuple[str, float, bytes]]) -> bytes:
    for what, share, piece in damages:
        at = int(share * len(content))
        behind = {"cut": len(content), "insert": at}.get(what, at + len(piece))
        middle = piece if what in ("insert", "replace") else b""
        content = content[:at] + middle + content[behind:]
    return content


@lru_cache
def content_of(path: Path) -> bytes:
    return path.read_bytes()


def check(name: str, source: Source) -> None:
    start = time.perf_counter()
    assert 0 <= readers()[name].recognise(source) <= 1
    try:
        records = readers()[name].read(source)
    except BadInput as error:
        assert error.where.startswith((source.name, "PARAMETERS")), error.where
    else:
        assert all(isinstance(record, Spectrum | Material) for record in records)
    assert time.perf_counter() - start < SLOWEST


@pytest.mark.parametrize("name", WRITTEN)
@given(damages=st.lists(DAMAGE, min_size=1, max_size=3))
@QUICKLY
def test_a_damaged_text(name: str, damages: list[tuple[str, float, bytes]]) -> None:
    check(name, Source(Path("file"), damaged(WRITTEN[name], damages)))


@pytest.mark.parametrize("name", SHARED)
@given(damages=st.lists(DAMAGE, min_size=1, max_size=3))
@QUICKLY
def test_a_damaged_file_of_an_open_library(
    shared_data: Path, name: str, damages: list[tuple[str, float, bytes]]
) -> None:
    path = shared_data / SHARED[name]
    check(name, Source(path, damaged(content_of(path), damages)))


@pytest.mark.parametrize("name", [*WRITTEN, *SHARED])
@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"0" * 8192, b" 1" * 4096, b"A " * 4096, b"1\n" * 4096, b"#\n" * 4096,
     b"\x1f\x8b", b"\x89HDF\r\n\x1a\n", b"\xff" * 500, b"9" * 400 + b"\n" + b"x" * 400],
    ids=lambda content: repr(content[:6]),
)  # fmt: skip
def test_what_is_of_no_format_is_told_at_once(name: str, content: bytes) -> None:
    check(name, Source(Path("file"), content))
