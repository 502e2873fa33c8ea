"""One split authority: no relative on two sides, the same on every machine, stable as data grow."""

from __future__ import annotations

from collections import defaultdict

import networkx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import BadInput
from training.splits import Leak, Member, assign, connected, leaks, refuse_leaks

FRACTIONS = (0.7, 0.15, 0.15)
keys = st.lists(st.lists(st.integers(0, 15).map(str), min_size=1, max_size=3), max_size=25)


@given(keys)
def test_groups_are_the_connected_components_of_shared_keys(own):
    graph = networkx.Graph()
    for i, row in enumerate(own):
        graph.add_edges_from((("row", i), ("key", key)) for key in row)
    expected = {
        frozenset(n for kind, n in component if kind == "row")
        for component in networkx.connected_components(graph)
    }
    found = defaultdict(set)
    for i, group in enumerate(connected(own)):
        found[group].add(i)
    assert {frozenset(rows) for rows in found.values()} == expected


@given(keys, st.randoms())
def test_a_group_keeps_its_name_in_whatever_order_rows_come(own, random):
    order = list(range(len(own)))
    random.shuffle(order)
    shuffled = connected([own[i] for i in order])
    assert [connected(own)[i] for i in order] == shuffled


@given(st.lists(st.tuples(st.integers(0, 40), st.sampled_from("abc"))), st.integers(0, 5))
def test_a_group_is_never_divided(rows, seed):
    groups = [str(group) for group, _ in rows]
    sides = assign(groups, [label for _, label in rows], FRACTIONS, seed)
    assert len(set(zip(groups, sides, strict=True))) == len(set(groups))


@given(st.integers(0, 1000))
def test_every_class_is_on_every_side(seed):
    groups = [f"{label}{i}" for label, n in (("a", 3), ("b", 5), ("c", 60)) for i in range(n)]
    labels = [group[0] for group in groups]
    sides = set(zip(labels, assign(groups, labels, FRACTIONS, seed), strict=True))
    assert len(sides) == 9


def test_fractions_are_met_within_what_chance_allows():
    groups = [str(i) for i in range(20_000)]
    sides = assign(groups, ["x"] * 20_000, FRACTIONS, 0)
    for side, share in zip(("train", "validation", "test"), FRACTIONS, strict=True):
        assert sides.count(side) / 20_000 == pytest.approx(share, abs=0.01)


def test_material_added_later_moves_nobody():
    before = [f"g{i}" for i in range(200)]
    after = before + [f"new{i}" for i in range(200)]
    old = assign(before, ["x"] * 200, FRACTIONS, 3)
    assert assign(after, ["x"] * 400, FRACTIONS, 3)[:200] == old


def test_another_seed_is_another_split():
    groups = [f"g{i}" for i in range(100)]
    assert assign(groups, ["x"] * 100, FRACTIONS, 1) != assign(groups, ["x"] * 100, FRACTIONS, 2)


def test_planted_leaks_are_found_and_refused():
    members = [
        Member("m1", "Quartz", "g1", "train", "trigonal", curves=("c1",)),
        Member("m2", "quartz", "g2", "test", "trigonal", curves=("c2",)),
        Member("m3", "Halite", "g3", "train", "cubic", curves=("c3",)),
        Member("m4", "Rutile", "g3", "validation", "tetragonal", curves=("c4",)),
        Member("m5", None, "g5", "test", "cubic", curves=("c3",)),
    ]
    assert leaks(members) == [
        Leak("group", "g3", ("train", "validation")),
        Leak("identical curve", "c3", ("test", "train")),
        Leak("mineral name", "quartz", ("test", "train")),
    ]
    with pytest.raises(BadInput, match=r"split without leaks, found 3 leaks.*g3"):
        refuse_leaks(members, "here")
    assert leaks(members[:1] + members[3:4]) == []
