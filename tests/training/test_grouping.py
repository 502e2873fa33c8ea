"""Splits by sample, prototype, space group and time: who stays together, who comes first."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import BadInput
from training.assembly import assemble
from training.definitions import Split
from training.entities import Subject
from training.grouping import Kin, anonymous_formula, keys, keys_of
from training.splits import assign, assign_by_time, leaks

FIRST = datetime(2020, 1, 1, tzinfo=UTC)
FRACTIONS = (0.7, 0.15, 0.15)
# one of each anonymous formula, and its name in the AFLOW library of prototypes
FORMULAS = {"Si": "A", "NaCl": "AB", "SiO2": "AB2", "Al2O3": "A2B3", "CaTiO3": "ABC3"}


def row(formula: str, space_group: int = 225, name: str | None = None) -> dict:
    return {
        "material_id": f"{formula}-{space_group}",
        "formula": formula,
        "name": name,
        "space_group_number": space_group,
        "chemical_system": "",
    }


@pytest.mark.parametrize(("formula", "anonymous"), FORMULAS.items())
def test_elements_of_a_prototype_do_not_matter(formula, anonymous):
    assert anonymous_formula(row(formula)) == anonymous


@pytest.mark.parametrize("formula", ["", "Xcubicite000", "rock salt"])
def test_a_formula_that_is_none_has_no_prototype(formula):
    with pytest.raises(BadInput, match="formula: expected a chemical formula, for its prototype"):
        anonymous_formula(row(formula))


def test_rock_salts_are_one_prototype_and_caesium_chloride_is_another():
    salt, magnesia, caesium = row("NaCl"), row("MgO"), row("CsCl", 221)
    together = set(keys("prototype", salt)) & set(keys("prototype", magnesia))
    assert together == {"by-prototype:AB 225"}
    assert not set(keys("prototype", salt)) & set(keys("prototype", caesium))


@pytest.mark.parametrize("by", ["sample", "prototype", "space_group", "chemical_system"])
def test_a_coarser_split_keeps_together_what_a_material_does_and_names_the_group(by):
    salt = Subject("salt", (row("NaCl", name="Halite"),))
    kin = Kin(samples={"salt": ["s1"]} if by == "sample" else {})
    own = keys_of("material", by, salt, ("c1",), kin)
    assert set(keys_of("material", "material", salt, ("c1",), Kin())) < set(own)
    assert min(own).startswith(("by-", "chemistry:"))


@pytest.fixture
def varied(empty, world, monkeypatch):
    """The invented minerals, with real formulas and five space groups for each system."""
    plain = world.material

    def material(name, copy, system):
        i = int(name[-3:])
        kind = [*FORMULAS, "MgAl2O4", "Fe3O4"][i % 7]
        first = {"monoclinic": 3, "hexagonal": 168, "cubic": 195}[system]
        made = plain(name, copy, system)
        return {**made, "formula": kind, "space_group_number": first + i % 5}

    monkeypatch.setattr(world, "material", material)
    world.fill(empty, 35)
    return empty


@pytest.mark.parametrize("by", ["prototype", "space_group"])
def test_no_prototype_or_space_group_is_on_two_sides(by, varied, world):
    data = assemble(varied, replace(world.DEFINITION, split=Split(by)))
    known = {
        m["material_id"]: (m["space_group_number"], anonymous_formula(m) if by[0] == "p" else "")
        for m in varied.sql("SELECT * FROM materials").to_pylist()
    }
    sides = defaultdict(set)
    for member in data.members:
        sides[known[member.entity_id]].add(member.split)
    assert len(sides) == (105 if by == "prototype" else 15)
    assert {len(s) for s in sides.values()} == {1}
    assert leaks(data.members) == []


def test_minerals_of_one_sample_stay_together(empty, world):
    world.fill(empty, 16)
    pairs = [
        (f"{system}ite{i:03d}-0", f"{system}ite{i + 1:03d}-0")
        for system in world.SYSTEMS
        for i in range(0, 16, 2)
    ]
    for n, owners in enumerate(pairs):
        for owner in owners:
            x = [0.4, 2.0, 5.8]
            spectrum = world.curve(world.XRD, owner, x, [1, n, 2], kind="experimental")
            empty.append("spectra", [{**spectrum, "sample_id": f"S{n}"}])
    definition = replace(world.DEFINITION, inputs=(world.SOAP,))
    side = {
        m.entity_id: m.split
        for m in assemble(empty, replace(definition, split=Split("sample"))).members
    }
    assert all(len({side[owner] for owner in owners}) == 1 for owners in pairs)
    plain = {m.entity_id: m.split for m in assemble(empty, definition).members}
    assert any(len({plain[owner] for owner in owners}) > 1 for owners in pairs)


@pytest.mark.parametrize(
    ("by", "what"), [("sample", "a sample_id on a spectrum"), ("time", "a time on a measured")]
)
def test_a_lake_that_does_not_know_samples_or_times_says_so(by, what, minerals, world):
    with pytest.raises(BadInput, match=f"split by {by}: expected {what}.*, found none"):
        assemble(minerals, replace(world.DEFINITION, split=Split(by)))


def test_the_newest_measurements_are_the_test_side(empty, world):
    world.fill(empty, 12)
    ids = empty.sql("SELECT material_id FROM materials ORDER BY name, material_id")
    when = {}
    for n, owner in enumerate(ids["material_id"].to_pylist()[:-1]):
        # every fifth day another system
        when[owner] = FIRST + timedelta(days=n * 5 % 53)
        spectrum = world.curve(world.XRD, owner, [0.4, 2.0, 5.8], [1, n, 2], kind="experimental")
        empty.append("spectra", [{**spectrum, "time": when[owner]}])
    data = assemble(empty, replace(world.DEFINITION, split=Split("time")))
    assert data.left_out == {"time: never measured": 1}
    ends = defaultdict(lambda: FIRST)
    for m in data.members:
        ends[m.group] = max(ends[m.group], when[m.entity_id])
    of = {s: [ends[m.group] for m in data.members if m.split == s] for s in ("train", "test")}
    assert max(of["train"]) < min(of["test"])
    assert leaks(data.members) == []


def test_a_class_that_was_only_measured_late_is_refused(empty, world):
    world.fill(empty, 8)
    for n, system in enumerate(world.SYSTEMS):
        for i in range(8):
            owner = f"{system}ite{i:03d}-0"
            spectrum = world.curve(world.XRD, owner, [0.4, 2.0, 5.8], [1, n, i], "experimental")
            time = FIRST + timedelta(days=n * 100 + i)
            empty.append("spectra", [{**spectrum, "time": time}])
    with pytest.raises(BadInput, match="split: expected every class on every side, found no"):
        assemble(empty, replace(world.DEFINITION, split=Split("time")))


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 60)), min_size=1))
def test_time_never_runs_backwards_and_no_group_is_divided(rows):
    groups = [str(group) for group, _ in rows]
    times = [FIRST + timedelta(days=day) for _, day in rows]
    sides = assign_by_time(groups, times, FRACTIONS)
    newest = {g: max(t for h, t in zip(groups, times, strict=True) if h == g) for g in groups}
    order = sorted(zip([newest[g] for g in groups], sides, strict=True))
    ranks = [("train", "validation", "test").index(side) for _, side in order]
    assert ranks == sorted(ranks)
    assert len(set(zip(groups, sides, strict=True))) == len(set(groups))


def test_sides_have_their_share_of_evenly_spread_times():
    times = [FIRST + timedelta(hours=i) for i in range(1000)]
    sides = assign_by_time([str(t) for t in times], times, FRACTIONS)
    assert [sides.count(s) for s in ("train", "validation", "test")] == [700, 150, 150]


def test_two_sides_are_filled_as_three_are():
    groups = [str(i) for i in range(2000)]
    sides = assign(groups, ["member"] * 2000, (0.8, 0.2), 0, ("train", "validation"))
    assert set(sides) == {"train", "validation"}
    assert sides.count("train") / 2000 == pytest.approx(0.8, abs=0.03)
    # a class of two groups has one on each side
    few = assign(["a", "b"], ["rare", "rare"], (0.8, 0.2), 0, ("train", "validation"))
    assert set(few) == {"train", "validation"}
