"""Definitions as YAML: the same there and back, and errors that say line and field."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import BadInput
from training.alignment import Alignment
from training.assembly import assemble
from training.definition_files import definition_yaml, read_definition
from training.definitions import (
    BY,
    MISSING,
    DatasetDefinition,
    FeatureInput,
    SpectrumInput,
    Split,
)
from training.studies import studies
from training.targets import Property

GOOD = """\
name: minerals
where: n_sites < 100
split: {by: prototype, seed: 1}
inputs:
  - name: pattern
    technique: xrd
    grid: [0.6, 5.6, 501]
    parameters:
      counts: 2000.0
  - name: soap
    view: soap
    missing: mask
"""

names = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1)
curves = st.builds(
    SpectrumInput,
    names,
    st.sampled_from(["xrd", "npd", "xpdf"]),
    st.tuples(st.floats(0.1, 2), st.floats(3, 9), st.integers(2, 900)),
    missing=st.sampled_from(MISSING),
)
views = st.builds(
    FeatureInput,
    names,
    st.sampled_from(["soap", "prdf"]),
    parameters=st.sampled_from([{}, {"cutoff": 5.0}]),
    missing=st.sampled_from(MISSING),
).filter(lambda i: not (i.view == "soap" and i.parameters))
splits = st.builds(
    Split,
    st.sampled_from(BY),
    st.just((0.5, 0.25, 0.25)),
    st.integers(0, 9),
    together=st.none() | st.builds(Property, names, names, names | st.just("")),
)
tolerances = st.none() | st.builds(
    Alignment, st.floats(1e-3, 50), st.none() | st.floats(1e-3, 5), st.none() | st.floats(1e-3, 1)
)


def with_tolerances(definition: DatasetDefinition) -> st.SearchStrategy[DatasetDefinition]:
    if len(definition.curves) < 2:
        return st.just(definition)
    return tolerances.map(lambda align: replace(definition, align=align))


definitions = st.builds(
    DatasetDefinition,
    names,
    st.lists(curves | views, min_size=1, max_size=4, unique_by=lambda i: i.name).map(tuple),
    st.sampled_from(["crystal_system", "space_group_number"])
    | st.builds(Property, names, names, names | st.just("")),
    names,
    splits,
    st.integers(3, 30),
).flatmap(with_tolerances)


def write(folder: Path, text: str) -> Path:
    path = folder / "data.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_says_what_python_would(tmp_path):
    assert read_definition(write(tmp_path, GOOD)) == DatasetDefinition(
        "minerals",
        (
            SpectrumInput("pattern", "xrd", (0.6, 5.6, 501), parameters={"counts": 2000.0}),
            FeatureInput("soap", "soap", missing="mask"),
        ),
        where="n_sites < 100",
        split=Split("prototype", seed=1),
    )


@given(definitions)
def test_a_definition_comes_back_from_its_file(definition):
    with TemporaryDirectory() as folder:
        back = read_definition(write(Path(folder), definition_yaml(definition)))
    assert back == definition
    assert back.json() == definition.json()


@pytest.mark.parametrize("study", sorted(studies()))
def test_the_definition_of_every_study_can_be_a_file(study, tmp_path):
    definition = studies()[study].dataset
    assert read_definition(write(tmp_path, definition_yaml(definition))) == definition


def test_a_target_may_be_a_property_or_nothing(tmp_path):
    text = GOOD + "task: regression\ntarget: {property: gap, method: GGA, unit: eV}\n"
    assert read_definition(write(tmp_path, text)).target == Property("gap", "GGA", "eV")
    text = GOOD + "task: unsupervised\ntarget: null\n"
    assert read_definition(write(tmp_path, text)).target is None


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("technique: xrd", "technique: xrf", "line 6, inputs.1..technique: .*xrd.*found 'xrf'"),
        ("view: soap", "view: soup", "line 11, inputs.2..view: .*soap.*found 'soup'"),
        ("view: soap", "view: guinier", "line 11, inputs.2..view .*found one for each spectrum"),
        ("view: soap", "technique: npd\n    view: soap", "line 10, inputs.2.: .*, found both"),
        ("view: soap", "viev: soap", "inputs.2.: expected either a 'technique'.*found neither"),
        ("counts", "count", "line 9, inputs.1..parameters.* expected one of.*counts.*'count'"),
        ("2000.0", "-3", r"line 9, inputs.1..parameters.counts .*expected 0.0 to 1.*found -3"),
        ("2000.0", "many", r"line 9, inputs.1..parameters.counts .*expected 0.0 to 1.*'many'"),
        ("missing: mask", "missing: hide", "line 12, inputs.2..missing .*require, drop, mask"),
        ("prototype", "colour", "line 3, split.by .*material, sample, .*found 'colour'"),
        ("seed: 1", "seed: 1.5", "line 3, split.seed: expected a whole number, found float 1.5"),
        ("seed: 1", "fractions: [1, 2]", "split.fractions: expected a list of 3, found .1, 2."),
        ("seed: 1", "test: real", "line 3, split.test .*any, measured, found 'real'"),
        ("seed: 1", "together: x", "line 3, split.together: expected fields, found 'x'"),
        ("seed: 1", "fractions: [1, 2, 3]", "split.fractions .*three above 0 with sum 1"),
        ("n_sites < 100", "yes", "line 2, where: expected text .*found bool True"),
        ("501", "on", r"line 7, inputs.1..grid.3.: expected a whole number, found bool True"),
        ("0.6", "1e-1", r"line 7, inputs.1..grid.1.: expected a number.*found '1e-1'"),
        ("[0.6", "[6", "line 7, inputs.1..grid .*low < high"),
        ("name: soap", "name: pattern", "line 5, inputs .*one or more, named apart"),
        ("name: minerals", "name: a\nentity: grain", "line 2, entity .*material, sample, spectrum"),
        (
            "name: minerals",
            "name: a\nentity: sample",
            "parameters.* none: where says which samples",
        ),
        ("name: minerals", "name: a\nalign: {}", "line 2, align.*a tolerance on one of temp"),
        ("name: minerals", "name: a\nalign: {pressure: 0}", "line 2, align.pressure .*above 0"),
        ("name: minerals", "name: a\nalign: {field: 1}", "line 2, align.field: .*temperature"),
        ("name: minerals", "name: a\nalign: {pressure: 1}", "line 2, align .*two inputs of curves"),
        ("view: soap", "view: soap\n    measured: true", "inputs.2..measured: expected one of"),
        (
            "parameters:",
            "measured: 1\n    parameters:",
            "line 8, .*measured: expected true or false",
        ),
        ("parameters:", "measured: true\n    parameters:", "line 10, .*none: it reads measured"),
        ("name: minerals", "title: minerals", "line 1, title: .*fields name, .*found 'title'"),
        ("name: minerals", "target: colour", "line 1: expected a field 'name'"),
        ("name: minerals", "name: a\ntarget: x", "line 2, target .*a column of materials"),
        ("name: minerals", "name: a\nname: b", "line 2, name: expected each field once"),
        ("name: minerals", "name: a\nmin_groups: 1", "line 2, min_groups .*3 or more"),
        ("name: minerals", "name: [", "line 3: expected YAML"),
        ("name: minerals", "? [a]\n: b", "line 1: expected the name of a field"),
        ("name: minerals", "name: &a [*a]", "line 1: expected a value, found an alias"),
        ("name: minerals", "name: !!python/name:os.system x", "line 1: expected YAML"),
    ],
)
def test_what_is_wrong_is_named_with_line_and_field(old, new, message, tmp_path):
    assert old in GOOD
    with pytest.raises(BadInput, match=rf"data\.yaml.*{message}"):
        read_definition(write(tmp_path, GOOD.replace(old, new, 1)))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "expected a definition, found an empty file"),
        (b"- 1", "line 1: expected fields"),
        (b"\xff\xfe\xfa", "a text file in UTF-8"),
        (b"name: a\nwhere: \x07", "line 2: expected YAML"),
    ],
)
def test_what_is_no_definition_is_refused(content, message, tmp_path):
    path = tmp_path / "data.yaml"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=message):
        read_definition(path)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(BadInput, match=r"no\.yaml: expected a YAML file, found no file"):
        read_definition(tmp_path / "no.yaml")


def test_usual_values_are_not_written(world):
    assert yaml.safe_load(definition_yaml(world.DEFINITION)) == {
        "name": "minerals",
        "inputs": [
            {"name": "xrd", "technique": "xrd", "grid": [0.6, 5.6, 120]},
            {"name": "xpdf", "technique": "xpdf", "grid": [1.0, 20.0, 100]},
            {"name": "soap", "view": "soap"},
        ],
    }


ELSEWHERE = """
import sys
from pathlib import Path
from registry.lake import Lake
from training.alignment import Alignment
from training.assembly import assemble
from training.definition_files import read_definition
print(assemble(Lake.existing(sys.argv[1]), read_definition(Path(sys.argv[2]))).manifest)
"""


def test_another_process_finds_the_same_manifest_from_the_file(minerals, world, tmp_path):
    path = write(tmp_path, definition_yaml(world.DEFINITION))
    command = [sys.executable, "-c", ELSEWHERE, minerals.uri, str(path)]
    there = subprocess.run(command, capture_output=True, text=True, check=True)
    assert there.stdout.strip() == assemble(minerals, world.DEFINITION).manifest
