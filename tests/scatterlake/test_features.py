"""``scatterlake features``: compute, list, show and check views."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from pymatgen.core import Lattice, Structure

from registry.lake import Lake
from registry.records import Provenance
from registry.structures import material_of, material_row
from scatterlake import cli


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake.open(tmp_path / "lake")
    contents = [{"Cu": 1}, {"Ni": 1}, {"Cu": 0.5, "Au": 0.5}]
    for n, species in enumerate(contents):
        structure = Structure(Lattice.cubic(3.5 + n / 10), [species], [[0, 0, 0]])
        material = material_of(structure, provenance=Provenance("test", "1"), name=str(n))
        row = {**material_row(material), "producer": "test", "producer_version": "1"}
        lake.append("materials", [row])
    return lake


@pytest.fixture
def run(lake: Lake, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Run a command on the lake; gives its exit code and what it printed."""

    def call(*arguments: str) -> tuple[int, str]:
        command = ["scatterlake", "features", *arguments, "--lake", str(lake.path)]
        monkeypatch.setattr(sys, "argv", command)
        with pytest.raises(SystemExit) as stop:
            cli.main()
        said = capsys.readouterr()
        return int(stop.value.code or 0), said.out + said.err

    return call


def test_a_view_is_computed_and_listed(run, lake):
    code, said = run("compute", "rdc", "--set", "alpha=20")
    assert code == 0
    assert "3 computed, 0 already there, 0 refused" in said
    assert "0 computed, 3 already there" in run("compute", "rdc", "--set", "alpha=20")[1]
    code, said = run("list")
    assert code == 0
    for text in ("of structures", "of spectra", "rdc", "soap", "alpha=20.0"):
        assert text in said
    (speed,) = lake.sql("SELECT count(*) / sum(seconds) AS s FROM features")["s"].to_pylist()
    assert f"{speed:.4g}" in said


def test_parameters_may_be_numbers_words_flags_and_lists(run, lake):
    assert run("compute", "rdc", "--set", "periodic=false", "--set", "variant=cluster")[0] == 0
    given = ("--set", "g2=[[1.0, 2.0]]", "--set", "r_cut=4")
    assert run("compute", "acsf", *given)[0] == 0
    kept = lake.sql("SELECT parameters FROM feature_views ORDER BY view")["parameters"]
    symmetry, curve = map(json.loads, kept.to_pylist())
    assert (symmetry["g2"], symmetry["r_cut"]) == ([[1.0, 2.0]], 4.0)
    assert (curve["periodic"], curve["variant"]) == (False, "cluster")


def test_a_view_is_shown_with_its_refusals_and_picture(run, lake):
    run("compute", "soap", "--set", "n_max=2", "--set", "l_max=1")
    code, said = run("show", "soap")
    assert code == 0
    for text in ("56 numbers", "5.0 angstrom", "full occupancy", "Bartok", "refused"):
        assert text in said
    (picture,) = lake.pictures.glob("soap-*.png")
    assert str(picture) in said


def test_a_descriptor_without_values_is_shown_as_declared(run):
    code, said = run("show", "prdf")
    assert code == 0
    assert "bin_size" in said
    assert "weighted" in said
    code, said = run("show", "nothing")
    assert code == 2
    assert "no feature view 'nothing'" in said


def test_a_view_is_checked(run, lake):
    run("compute", "rdc")
    code, said = run("check", "rdc")
    assert code == 0
    assert "features_finite" in said
    assert lake.sql("SELECT count(*) AS n FROM checks")["n"][0].as_py() == 3
    code, said = run("check", "rdc", "--against", "2020-01-01")
    assert code == 2


def test_wrong_use_is_told(run):
    assert run("compute", "sopa")[0] == 2
    code, said = run("compute", "rdc", "--on", "spark://here")
    assert code == 2
    assert "ray://host:port" in said
