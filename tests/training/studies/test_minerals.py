"""The study of minerals: what its file says of the measured patterns is what is in them."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest

from ingest.simulators import simulators
from registry.errors import BadInput
from registry.lake import Lake
from training.assembly import assemble
from training.datasets import Dataset
from training.studies import minerals, studies


@pytest.fixture(scope="module")
def measured(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A lake with the measured patterns and their labels."""
    lake = Lake.open(tmp_path_factory.mktemp("minerals") / "lake")
    path = shared_data / "xrd-rruff-experimental" / "rruff.npz"
    minerals._measured(lake, path, lambda _: None)
    return lake


@pytest.fixture(scope="module")
def hard(measured: Lake) -> Dataset:
    return assemble(measured, minerals.HARD)


def space_groups(lake: Lake) -> dict[str, int]:
    rows = lake.sql(
        "SELECT entity_id, text FROM properties WHERE property = $1", [minerals.GROUP.name]
    ).to_pylist()
    return {row["entity_id"]: int(row["text"]) for row in rows}


def test_the_study_is_found_and_its_parts_ask_the_same_of_both_sets():
    study = studies()["minerals"]
    assert study is minerals.STUDY
    assert [part.name for part in study.parts] == ["crystal-system", "space-group"]
    assert all("Fine-tuning" in part.claim for part in study.parts)


def test_recipes_are_what_the_simulator_takes_and_differ():
    xrd = simulators()["xrd"]
    assert len({xrd.recipe(xrd.settings(**recipe)) for recipe in minerals.RECIPES}) == 3


def test_without_measured_patterns_it_says_what_is_missing(tmp_path: Path):
    lake = Lake.open(tmp_path / "lake")
    for data in (None, tmp_path):
        with pytest.raises(BadInput, match=r"a folder with rruff\.npz"):
            minerals.prepare(lake, data, lambda _: None)


def test_labels_are_those_of_the_international_tables(hard, measured):
    from pymatgen.symmetry.groups import SpaceGroup

    groups = space_groups(measured)
    assert len(hard.members) == 455
    assert len(hard.class_names) == 6
    for number in set(groups.values()):
        system = SpaceGroup.from_int_number(number).crystal_system
        labels = {m.label for m in hard.members if groups[m.entity_id] == number}
        assert labels == {system}


def test_families_are_of_one_space_group_and_on_one_side(hard, measured):
    groups, sides = space_groups(measured), defaultdict(set)
    families = defaultdict(list)
    for member in hard.members:
        families[member.group].append(groups[member.entity_id])
        sides[member.group].add(member.split)
    assert all(len(side) == 1 for side in sides.values())
    large = [own for own in families.values() if len(own) > 1]
    kept = sum(Counter(own).most_common(1)[0][1] for own in large)
    assert kept / sum(map(len, large)) > 0.85
    garnets = max((own for own in large if own[0] == 230), key=len)
    assert len(garnets) >= 9


def test_sides_are_as_large_as_the_study_needs(hard, measured):
    assert len(hard.rows("train")) >= max(minerals.STUDY.parts[0].sizes)
    rare = assemble(measured, minerals.HARD_GROUPS)
    assert len(rare.rows("train")) >= max(minerals.STUDY.parts[1].sizes)
    for dataset in (hard, rare):
        of_class = Counter(dataset.members[i].label for i in dataset.rows("test"))
        assert set(of_class) == set(dataset.class_names)
        assert min(of_class.values()) >= 5


def test_the_space_groups_asked_for_are_the_frequent_ones(hard, measured):
    groups, families = space_groups(measured), defaultdict(set)
    counts = Counter(groups.values())
    for member in hard.members:
        families[groups[member.entity_id]].add(member.group)
    frequent = [n for n in counts if counts[n] >= 10 and len(families[n]) >= 8]
    assert sorted(frequent) == sorted(minerals.GROUPS)


def test_the_file_says_that_its_axis_is_cu_k_alpha(measured):
    row = measured.sql("SELECT x, wavelength FROM spectra LIMIT 1").to_pylist()[0]
    ends = 4 * np.pi / minerals.CU_KA * np.sin(np.radians([5.0, 89.99]) / 2)
    assert [row["x"][0], row["x"][-1]] == pytest.approx(ends)
