"""Lookups in the mirrored table: as SQL answers, never stale, and without a query each."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.lake import Lake, now
from registry.lineage.retractions import restore, retract
from registry.query.sql import Session
from training.lookup import SIGN_SQL, find_models, model_rows

KEYS = [(f"m{m}", v) for m in range(3) for v in range(1, 5)]
SCORE = st.none() | st.sampled_from([0.0, 0.25, 0.5, 1.0, 3.5])
TARGETS = ["crystal_system", "Crystal System", " crystal system", "Ärea ", "ÄREA", "İ", "ΟΔΟΣ", ""]
ROW = st.fixed_dictionaries(
    {
        "predicts": st.none() | st.sampled_from(TARGETS),
        "inputs": st.none() | st.lists(st.none() | st.sampled_from(["xrd", "xpdf", "soap"])),
        "manifest": st.none() | st.sampled_from(["iron", "no iron", "gone"]),
        "metric": st.sampled_from(["balanced_accuracy", "accuracy", "rmse", "mae"]),
        "score_simulated": SCORE,
        "score_measured": SCORE,
        "alias": st.none() | st.sampled_from(["champion", "challenger", "retired"]),
    }
)
ASKED = st.fixed_dictionaries(
    {},
    optional={
        "predicts": st.sampled_from(TARGETS),
        "from_input": st.sampled_from(["xrd", "soap", "saxs"]),
        "min_score": st.sampled_from([0, 0.25, 1.0]),
        "min_measured_accuracy": st.sampled_from([0.25, 1]),
        "element": st.sampled_from(["Fe", "Xx"]),
    },
)
PLAIN = "replace(lower(trim({})), ' ', '_')".format
CONDITIONS = {
    "predicts": f"{PLAIN('predicts')} = {PLAIN('$predicts')}",
    "from_input": "list_contains(inputs, $from_input)",
    "min_score": f"{SIGN_SQL} * coalesce(score_measured, score_simulated) "
    f">= {SIGN_SQL} * $min_score",
    "min_measured_accuracy": "metric LIKE '%accuracy' AND score_measured >= $min_measured_accuracy",
    "element": "manifest IN (SELECT m.manifest FROM dataset_members m "
    "JOIN materials t ON t.material_id = m.entity_id "
    "WHERE m.split = 'train' AND list_contains(t.elements, $element))",
}


@pytest.fixture(scope="module")
def lake(tmp_path_factory) -> Lake:
    """A lake with members of two manifests, one of them trained on iron."""
    lake = Lake.open(tmp_path_factory.mktemp("lookup") / "lake")
    members = [("iron", "a", "train"), ("iron", "b", "train"), ("no iron", "a", "test")]
    names = ("manifest", "entity_id", "split")
    lake.append("dataset_members", [dict(zip(names, row, strict=True)) for row in members])
    elements = {"a": ["Fe", "O"], "b": ["Mg"]}
    lake.append("materials", [{"material_id": k, "elements": v} for k, v in elements.items()])
    lake.append("datasets", [{"manifest": "iron", "dataset": "d", "created_at": now()}])
    return lake


def plain_sql(lake: Lake, asked: dict, champion_only: bool, retired: bool) -> list[dict]:
    """The same question as one query that the reader of a table would write."""
    conditions = [CONDITIONS[name] for name in asked]
    conditions += ["alias = 'champion'"] if champion_only else []
    conditions += [] if retired else ["alias IS DISTINCT FROM 'retired'"]
    where = " AND ".join(f"({one})" for one in conditions) or "true"
    order = f"stale, {SIGN_SQL} * coalesce(score_measured, score_simulated) DESC"
    query = f"SELECT * FROM models WHERE {where} ORDER BY {order}, model, version DESC"
    return lake.sql(query, asked).to_pylist()


def stored(rows: list[dict]) -> list[dict]:
    return [{"model": m, "version": v, **row} for (m, v), row in zip(KEYS, rows, strict=True)]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(ROW, min_size=len(KEYS), max_size=len(KEYS)),
    st.lists(st.tuples(ASKED, st.booleans(), st.booleans()), min_size=3, max_size=3),
)
def test_a_lookup_answers_as_plain_sql_does(lake, rows, questions):
    lake.replace("models", stored(rows))
    for asked, champion_only, retired in questions:
        found = find_models(lake, **asked, champion_only=champion_only, retired=retired)
        assert found == plain_sql(lake, asked, champion_only, retired)
    for retired in (False, True):
        expected = lake.sql(
            "SELECT * FROM models WHERE model = 'm1' AND ($1 OR alias IS DISTINCT FROM 'retired') "
            "ORDER BY version DESC",
            [retired],
        )
        assert model_rows(lake, "m1", retired=retired) == expected.to_pylist()
    (one,) = model_rows(lake, "m2", 3)
    assert (one["model"], one["version"]) == ("m2", 3)


def test_what_another_process_writes_is_seen_at_once(lake):
    row = {"model": "elsewhere", "version": 1, "predicts": "density", "metric": "rmse"}
    assert find_models(lake, "density") == []
    other = Lake.existing(lake.path)
    other.replace("models", [row])
    assert [r["alias"] for r in find_models(lake, "density")] == [None]
    other.replace("models", [{**row, "alias": "champion"}])
    assert [r["alias"] for r in find_models(lake, "density")] == ["champion"]


def test_a_model_is_stale_at_once_when_what_it_learnt_from_is_retracted(lake):
    row = {"model": "stale", "version": 1, "predicts": "age", "metric": "rmse", "manifest": "iron"}
    lake.replace("models", [row])
    other = Lake.existing(lake.path)
    assert [r["stale"] for r in find_models(lake, "age")] == [False]
    retract(other, "a", "wrong structure", "A. Nother")
    assert [r["stale"] for r in find_models(lake, "age")] == [True]
    restore(other, "a", "it was right", "A. Nother")
    assert [r["stale"] for r in find_models(lake, "age")] == [False]


def test_lookups_of_one_version_share_a_query_and_nothing_that_can_be_changed(lake, monkeypatch):
    row = {"model": "shared", "version": 1, "predicts": "weight", "inputs": ["xrd"]}
    lake.replace("models", [{**row, "metric": "rmse"}])
    (first,) = find_models(lake, "weight")
    first["inputs"].append("spoilt")
    ran, run = [], Session.run
    monkeypatch.setattr(Session, "run", lambda *given: ran.append(given) or run(*given))
    for name in ("weight", " Weight"):
        assert [r["inputs"] for r in find_models(lake, name, "xrd")] == [["xrd"]]
    assert model_rows(lake, "shared")[0]["inputs"] == ["xrd"]
    assert ran == []
    lake.replace("models", [{**row, "metric": "mae"}])
    assert find_models(lake, "weight")[0]["metric"] == "mae"
    assert len(ran) == 1
