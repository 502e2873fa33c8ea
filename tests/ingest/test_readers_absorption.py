"""X-ray absorption beyond XDI: Athena projects, FEFF, FDMNES, chi(k), scans of beamlines."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import numpy as np
import pytest

from ingest.readers import Source, reader_for
from ingest.readers._perl import parse
from ingest.readers.athena import read as read_athena
from ingest.readers.fdmnes import read as read_fdmnes
from registry.errors import BadInput, Unsupported
from registry.records import Spectrum
from registry.units import canonical_axis


def spectra(path: Path, **hints: str) -> list[Spectrum]:
    source = Source(path, path.read_bytes(), dict(hints))
    found = reader_for(source).read(source)
    return [each for each in found if isinstance(each, Spectrum)]


@pytest.fixture
def xafs(shared_data: Path) -> Path:
    return shared_data / "xafs-larch-examples"


def test_every_group_of_every_project_is_read(xafs: Path) -> None:
    from xraydb import xray_edge

    paths = sorted((xafs / "AthenaProjectFiles").glob("*.prj"))
    assert len(paths) > 20
    known = 0
    for path in paths:
        content = path.read_bytes()
        text = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
        records = len(re.findall(rb"^\[record\]", text, re.MULTILINE))
        groups = len(re.findall(rb'^ *"args": *\{', text, re.MULTILINE))
        found = spectra(path)
        assert len(found) == records + groups, path.name
        for each in found:
            axis = canonical_axis(each.x, each.technique, None, path.name)
            if each.absorber and each.edge and each.technique == "xas":
                edge = xray_edge(each.absorber, each.edge).energy
                assert axis.values.min() - 200 < edge < axis.values.max() + 200, path.name
                known += 1
    assert known > 200


def test_a_group_holds_the_data_of_the_file_it_was_made_from(xafs: Path) -> None:
    first, _ = spectra(xafs / "AthenaProjectFiles/cu_ex.prj")
    imported = np.loadtxt(xafs / "cu.xmu")
    np.testing.assert_allclose(first.x.values, imported[:, 0], atol=1e-3)
    np.testing.assert_allclose(first.intensity, imported[:, 1], atol=1e-6)
    assert (first.absorber, first.edge, first.technique) == ("Cu", "K", "xas")


PROJECT = """# Athena project file -- Demeter version 0.9.26

$old_group = 'abcd';
@args = ('bkg_z','Fe','fft_edge','k','label','it\\'s rust','nested',[1,{{'a',2}}],'is_chi',{chi});
@x = ({x});
@y = ('1e-1',2,'3');
@stddev = (0.1,0.1);
[record]   # create object
@journal = {{}};
"""


def project(chi: int = 0, x: str = "'7100','7112.5','7200'") -> Source:
    text = PROJECT.format(chi=chi, x=x)
    return Source(Path("a.prj"), gzip.compress(text.encode()))


def test_a_project_in_perl() -> None:
    assert reader_for(project()).name == "athena"
    (found,) = read_athena(project())
    np.testing.assert_array_equal(found.x.values, [7100, 7112.5, 7200])
    np.testing.assert_array_equal(found.intensity, [0.1, 2, 3])
    assert (found.title, found.edge) == ("it's rust", "K")
    # deviations of a merge stand on another grid
    assert found.uncertainty is None
    assert found.provenance.parameters["uncertainty_not_kept"] == "2 values"
    (chi,) = read_athena(project(chi=1, x="0,0.05,0.1"))
    assert (chi.technique, chi.x.quantity) == ("exafs", "wavenumber")
    assert canonical_axis(chi.x, "exafs", None, "a.prj").unit == "1/angstrom"


def test_a_project_in_json() -> None:
    group = {"args": {"bkg_z": "Fe", "label": "rust"}, "x": ["7100", 7200], "y": [3, "4"]}
    document = {"_____header1": "# Athena project file -- Larch", "abcd": group}
    (found,) = read_athena(Source(Path("a.prj"), json.dumps(document).encode()))
    np.testing.assert_array_equal(found.intensity, [3, 4])
    assert (found.absorber, found.sample_id) == ("Fe", "rust")


@pytest.mark.parametrize(
    "text",
    [
        "(system('ls'))",
        "(`ls`)",
        "('a'",
        "(1, $x)",
        "('a\\')",
        "[" * 30,
        "(1]",
        "(qx/ls/)",
        "(1 . 2)",
    ],
)
def test_only_literals_are_read(text: str) -> None:
    with pytest.raises(BadInput):
        parse(text, "here")


def test_an_edge_outside_the_scan_is_not_taken() -> None:
    source = project()
    text = gzip.decompress(source.content).replace(b"'Fe'", b"'Ho'")
    (found,) = read_athena(Source(Path("a.prj"), text))
    assert found.absorber is None and found.edge is None
    assert "not in the scan" in found.provenance.parameters["absorber_not_taken"]


def test_faults_of_a_project_are_named() -> None:
    with pytest.raises(BadInput, match="line 5: @x: expected a literal"):
        read_athena(project(x="1, system('x'), 2"))
    with pytest.raises(BadInput, match="group abcd: @y: expected 2 values"):
        read_athena(project(x="1, 2"))
    with pytest.raises(BadInput, match="group abcd: @x: expected numbers"):
        read_athena(project(x="1, 2, 'three'"))
    whole = project().content
    with pytest.raises(BadInput, match="a complete gzip file"):
        read_athena(Source(Path("a.prj"), whole[:-12]))
    bomb = gzip.compress(b"# Athena project file\n" + bytes(80 * 2**20), 9)
    with pytest.raises(Unsupported, match="64 MiB"):
        read_athena(Source(Path("a.prj"), bomb))


# header lines as FEFF 6 and 8.4 write them
XMU = """# Cu crystal                                      Feff 6L.02   potph 4.12
# Abs   Z=29 Rmt= 1.276 Rnm= 1.418 K  shell
# Gam_ch=1.761E+00 H-L exch
# Mu=-3.820E+00 kf=1.872E+00 Vint=-1.717E+01 Rs_int= 1.937
#  xsedge+ 50, used to normalize mu           3.6503E-04
#  -----------------------------------------------------------------------
#  omega    e    k    mu    mu0     chi     @#
    8976.200    -18.512   -1.534  1.11E-02  1.11E-02  0.0E+00
    8982.214    -12.498   -0.900  2.54E-01  2.60E-01 -6.0E-03
    8990.000     -4.700    0.800  9.54E-01  9.60E-01 -7.0E-03
"""


def read_text(name: str, text: str, **hints: str) -> Spectrum:
    source = Source(Path(name), text.encode(), dict(hints))
    (found,) = reader_for(source).read(source)
    assert isinstance(found, Spectrum)
    return found


def test_feff_absorption() -> None:
    found = read_text("xmu.dat", XMU)
    assert (found.technique, found.kind, found.absorber, found.edge) == (
        "xas", "simulated", "Cu", "K",
    )  # fmt: skip
    np.testing.assert_array_equal(found.x.values, [8976.2, 8982.214, 8990.0])
    np.testing.assert_array_equal(found.intensity, [0.0111, 0.254, 0.954])


def test_chi_of_feff_and_of_ifeffit(xafs: Path) -> None:
    header = "".join(XMU.splitlines(keepends=True)[:2])
    rows = "".join(f"{0.05 * n:10.4f}  {n / 7:.6E}  1.0E+00 2.0E+00\n" for n in range(6))
    found = read_text(
        "chi.dat", f"{header}#       k          chi          mag           phase @#\n{rows}"
    )
    assert (found.technique, found.kind, found.absorber) == ("exafs", "simulated", "Cu")
    np.testing.assert_allclose(found.intensity, np.arange(6) / 7, rtol=1e-6)
    for name in ("cu_chi.dat", "nonuniform.chi"):
        (measured,) = spectra(xafs / name)
        table = np.loadtxt(xafs / name)
        assert (measured.technique, measured.kind) == ("exafs", "experimental")
        np.testing.assert_array_equal(measured.x.values, table[:, 0])
        np.testing.assert_array_equal(measured.intensity, table[:, 1])


def test_fdmnes_energies_count_from_the_edge(xafs: Path) -> None:
    path = xafs / "beamlines/FDMNES_2022_Mo2C_out.dat"
    (found,) = spectra(path)
    table = np.loadtxt(path, skiprows=5)
    np.testing.assert_allclose(found.x.values, 20000 + table[:, 0])
    np.testing.assert_array_equal(found.intensity, table[:, 1])
    assert (found.kind, found.absorber, found.edge) == ("simulated", "Mo", "K")
    convoluted = "    Energy    <xanes>\n" + "".join(f"{n:10.3f} {n * n}\n" for n in range(-5, 9))
    with pytest.raises(BadInput, match="--absorber and --edge"):
        read_fdmnes(Source(Path("a_conv.txt"), convoluted.encode()))
    told = read_text("a_conv.txt", convoluted, absorber="Fe", edge="K")
    np.testing.assert_allclose(told.x.values, 7112 + np.arange(-5, 9))


def test_scans_of_beamlines(xafs: Path) -> None:
    folder = xafs / "beamlines"
    (zinc,) = spectra(folder / "APS13ID_2008.dat")
    table = np.loadtxt(folder / "APS13ID_2008.dat", comments=";")
    np.testing.assert_allclose(zinc.intensity, np.log(table[:, 2] / table[:, 3]))
    assert (zinc.absorber, zinc.edge) == ("Zn", "K")
    transmitted, lead = spectra(folder / "APS20ID_2022.dat")
    table = np.loadtxt(folder / "APS20ID_2022.dat")
    np.testing.assert_allclose(transmitted.intensity, np.log(table[:, 6] / table[:, 7]))
    np.testing.assert_allclose(lead.intensity, table[:, 10] / table[:, 6])
    assert (lead.absorber, lead.edge) == ("Pb", "L3")
    (germanium,) = spectra(folder / "SSRLmicro_2008.dat")
    assert germanium.shape == (296,)
    assert germanium.provenance.file_part == "fluorescence: sum of 32 elements"
    iron = spectra(xafs / "fexafs/fexanes_d.001")
    parts = [each.provenance.file_part for each in iron]
    # calcium is counted too, but its edge is not in the scan
    assert parts == ["transmission: i1", "fluorescence: sum_fe_ka"]
    table = np.loadtxt(xafs / "fexafs/fexanes_d.001")
    np.testing.assert_allclose(iron[1].intensity, table[:, 7] / table[:, 2])
    assert (iron[1].absorber, iron[1].edge) == ("Fe", "K")
    assert (
        reader_for(Source(Path("a.xdi"), b"# XDI/1.0 Epics StepScan\n# Element.symbol: V\n")).name
        == "xdi"
    )


@pytest.mark.parametrize(
    ("name", "edge"),
    [("beamlines/APS20ID_2022.dat", 13035), ("beamlines/SSRLmicro_2008.dat", 11103),
     ("fexafs/fexanes_d.001", 7112)],
)  # fmt: skip
def test_fluorescence_rises_at_the_edge(xafs: Path, name: str, edge: float) -> None:
    found = spectra(xafs / name)[-1]
    energy, mu = found.x.values, found.intensity
    assert mu[energy > edge + 20].mean() > 1.5 * mu[energy < edge - 20].mean()
