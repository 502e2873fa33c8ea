"""Lineage: every way through the graph, what a user may type, questions of the documents."""

from __future__ import annotations

import runpy
from pathlib import Path

import networkx as nx
import pytest

from registry.errors import NotFound, WrongUse
from registry.lake import Lake
from registry.lineage.edges import EXAMPLES, KINDS, Example
from registry.lineage.retractions import retract
from registry.lineage.tracing import resolve, trace

HISTORY = runpy.run_path(str(Path(__file__).with_name("history.py")))
IDS: dict[str, str] = HISTORY["IDS"]
FILES: dict[str, str] = HISTORY["FILES"]
NAMES = {value: name for name, value in IDS.items()} | {v: f"{k} file" for k, v in FILES.items()}


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    lake = Lake.open(tmp_path_factory.mktemp("history") / "lake")
    HISTORY["fill"](lake)
    return lake


@pytest.fixture(scope="module")
def graph(lake: Lake) -> nx.DiGraph:
    edges = lake.sql("SELECT source, target FROM lineage").to_pylist()
    return nx.DiGraph([(e["source"], e["target"]) for e in edges])


def ids(lake: Lake, macro: str, start: str, kind: str) -> set[str]:
    query = f"SELECT id FROM {macro}($1) WHERE kind = $2"
    return {NAMES.get(i, i) for i in lake.sql(query, [start, kind])["id"].to_pylist()}


def test_a_walk_reaches_what_networkx_reaches_in_as_many_steps(
    lake: Lake, graph: nx.DiGraph
) -> None:
    assert nx.is_directed_acyclic_graph(graph)
    query = "SELECT min(id) AS id FROM lineage_nodes GROUP BY kind"
    starts = lake.sql(query)["id"].to_pylist()
    assert len(starts) == len(KINDS)
    for macro, ways in (("downstream", graph), ("upstream", graph.reverse())):
        for start in starts:
            rows = lake.sql(f"FROM {macro}($1)", [start]).to_pylist()
            expected = nx.single_source_shortest_path_length(ways, start)
            assert {r["id"]: r["depth"] for r in rows} | {start: 0} == expected
            assert len(rows) == len(expected) - 1  # each node once
            for row in rows:
                assert ways.has_edge(row["parent"], row["id"])
                assert expected[row["parent"]] == row["depth"] - 1


def test_every_edge_leads_from_a_known_kind_to_a_later_one(lake: Lake) -> None:
    for edge in lake.sql("SELECT DISTINCT source_kind, target_kind FROM lineage").to_pylist():
        assert KINDS.index(edge["source_kind"]) < KINDS.index(edge["target_kind"])
    used = lake.sql("SELECT source_kind AS k FROM lineage UNION SELECT target_kind FROM lineage")
    assert set(used["k"].to_pylist()) == set(KINDS)


def test_every_node_of_an_edge_is_described_once(lake: Lake, graph: nx.DiGraph) -> None:
    rows = lake.sql("SELECT id, kind FROM lineage_nodes").to_pylist()
    assert len({row["id"] for row in rows}) == len(rows)
    assert set(graph) <= {row["id"] for row in rows}


def test_which_models_saw_this_file(lake: Lake) -> None:
    assert ids(lake, "downstream", FILES["scan"], "model") == {"a/1", "b/1"}
    assert ids(lake, "downstream", FILES["m2"], "model") == {"a/1", "a/2", "b/1"}
    assert ids(lake, "downstream", "sample A", "model") == {"a/1", "b/1"}
    assert ids(lake, "downstream", IDS["e2"], "model") == set()


def test_what_made_this_model(lake: Lake) -> None:
    found = {kind: ids(lake, "upstream", "a/2", kind) for kind in KINDS}
    assert found["file"] == {"m2 file"}
    assert found["spectrum"] == {"s2"}
    assert found["view"] == {"v1"}
    assert found["code"] == {"scatterlake 0.1.0", "cif 2", "xrd 1", "soap 3"}
    assert found["run"] == {"run of a2"}
    assert ids(lake, "upstream", "a/1", "file") == {"scan file", "m1 file", "m2 file"}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.question)
def test_every_documented_question_is_one_statement(lake: Lake, example: Example) -> None:
    answer = lake.sql(example.query, ["a/1"] if "$1" in example.query else None)
    asked_of_a_model = "$1" in example.query and "upstream" in example.query
    assert (answer.num_rows > 0) == asked_of_a_model


def test_a_trace_tells_what_nodes_are(lake: Lake) -> None:
    first, *others = trace(lake, FILES["scan"], "down")
    assert str(first) == f"file {FILES['scan']} (scan.xy)"
    nodes = {NAMES.get(n.id, n.id): n for n in others}
    assert str(nodes["e1"]) == f"spectrum {IDS['e1']} (experimental xrd first scan)"
    assert nodes["e1"].relation == "holds"
    assert nodes["d1"].parent == IDS["e1"]
    assert nodes["a/1"].label == "champion"
    assert [n.depth for n in trace(lake, "a/1", "up")] == sorted(
        n.depth for n in trace(lake, "a/1", "up")
    )


def test_a_trace_tells_what_is_retracted_and_stale(tmp_path: Path) -> None:
    lake = Lake.open(tmp_path / "lake")
    HISTORY["fill"](lake)
    retract(lake, IDS["m1"], "wrong cell", "A. Nother")
    states = {NAMES.get(n.id, n.id): n.state for n in trace(lake, "a/1", "up")}
    assert {name for name, state in states.items() if state} == {"a/1", "m1", "s1", "d1"}
    assert (states["m1"], states["s1"], states["d1"]) == ("retracted", "stale", "stale")
    # not the model, but its answer about that material
    assert [n.id for n in trace(lake, "a/2", "down") if n.state] == [f"a/2/{IDS['m1']}"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (FILES["scan"], FILES["scan"]),
        (IDS["e1"][:6], IDS["e1"]),
        (IDS["d2"], IDS["d2"]),
        ("sample A", "sample A"),
        ("a/2", "a/2"),
        ("a", "a/1"),
        ("a@2", "a/2"),
        ("a@champion", "a/1"),
        ("b", "b/1"),
        ("soap 3", "soap 3"),
    ],
)
def test_a_user_may_type_any_of_these(lake: Lake, text: str, expected: str) -> None:
    assert resolve(lake, text).id == expected


def test_a_file_is_found_by_its_content_whatever_its_name(lake: Lake, tmp_path: Path) -> None:
    copy = tmp_path / "renamed.dat"
    copy.write_text(HISTORY["SCAN"])
    assert resolve(lake, str(copy)).id == FILES["scan"]
    copy.write_text("something else")
    with pytest.raises(NotFound, match="renamed"):
        resolve(lake, str(copy))


@pytest.mark.parametrize("text", [IDS["e1"][:5], "sample B", "a@7", "", "c/1"])
def test_what_is_not_there_is_answered_with_what_is_like_it(lake: Lake, text: str) -> None:
    with pytest.raises(NotFound) as error:
        resolve(lake, text)
    assert 0 < len(error.value.known) <= 8
    if text == "sample B":
        assert "sample sample A" in error.value.known


def test_what_means_several_things_is_answered_with_them(tmp_path: Path) -> None:
    lake = Lake.open(tmp_path / "lake")
    names = [f"abcdef{n:026d}" for n in range(10)]
    lake.append("materials", [{"material_id": name, "formula": "Si"} for name in names])
    lake.append("models", [{"model": "m", "version": v, "alias": None} for v in (1, 2)])
    with pytest.raises(WrongUse, match=rf"material {names[0]} \(Si\); .* and 2 more"):
        resolve(lake, "abcdef")
    with pytest.raises(WrongUse, match="model m/1; model m/2"):
        resolve(lake, "m")
