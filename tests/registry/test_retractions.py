"""Retracting and restoring: events that change what is read and nothing that is stored."""

from __future__ import annotations

import runpy
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

import registry.lineage.retractions
from registry.errors import NotFound, Unsupported, WrongUse
from registry.lake import Lake, now
from registry.lineage.retractions import Consequences, consequences, restore, retract

HISTORY = runpy.run_path(str(Path(__file__).with_name("history.py")))
IDS: dict[str, str] = HISTORY["IDS"]
FILES: dict[str, str] = HISTORY["FILES"]
FLAGS = {
    "materials": "retracted",
    "spectra": "retracted OR stale",
    **dict.fromkeys(("features", "datasets", "models", "predictions"), "stale"),
}


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    lake = Lake.open(tmp_path_factory.mktemp("history") / "lake")
    HISTORY["fill"](lake)
    return lake


@pytest.fixture
def lake(original: Lake, tmp_path: Path) -> Lake:
    return Lake.existing(shutil.copytree(original.path, tmp_path / "lake"))


def marked(lake: Lake) -> dict[str, int]:
    counts = [f"(SELECT count(*) FROM {t} WHERE {flag}) AS {t}" for t, flag in FLAGS.items()]
    return lake.sql(f"SELECT {', '.join(counts)}").to_pylist()[0]


def events(lake: Lake) -> int:
    return lake.sql("SELECT * FROM retractions").num_rows


@pytest.mark.parametrize(
    ("entity", "expected"),
    [
        (FILES["scan"], {"spectra": 2, "datasets": 1, "models": 2, "predictions": 2}),
        ("sample A", {"spectra": 2, "datasets": 1, "models": 2, "predictions": 2}),
        (IDS["e2"], {"spectra": 1}),
        (
            FILES["m2"],
            {"materials": 1, "spectra": 1, "features": 1, "datasets": 2, "models": 3}
            | {"predictions": 4},
        ),
    ],
)
def test_what_would_be_marked_is_marked_and_unmarked_again(
    lake: Lake, entity: str, expected: dict[str, int]
) -> None:
    full = dict.fromkeys(FLAGS, 0) | expected
    before = consequences(lake, entity)
    assert before.counts == full
    assert events(lake) == 0
    assert retract(lake, entity, "detector was saturated", "A. Nother") == before
    assert marked(lake) == full
    again = restore(lake, entity, "it was not", "A. Nother")
    assert (again.counts, again.models) == (before.counts, before.models)
    assert marked(lake) == dict.fromkeys(FLAGS, 0)


def test_what_is_marked_already_is_not_counted_again(lake: Lake) -> None:
    assert retract(lake, IDS["e1"], "saturated", "me").models == ("a/1", "b/1")
    second = retract(lake, IDS["m2"], "wrong cell", "me")
    assert second.models == ("a/2",)
    assert second.counts["datasets"] == 1
    # still stale through the other
    assert restore(lake, IDS["e1"], "not saturated", "me").models == ()


def test_doing_it_twice_does_it_once(lake: Lake) -> None:
    assert not restore(lake, IDS["e1"], "never was", "me").changed
    assert retract(lake, IDS["e1"], "saturated", "me").changed
    again = retract(lake, IDS["e1"][:8], "saturated", "you")
    assert again == Consequences(again.entity, "retract", False, dict.fromkeys(FLAGS, 0), ())
    assert events(lake) == 1


def test_nothing_that_was_stored_changes(lake: Lake) -> None:
    before = lake.snapshot()
    retract(lake, FILES["m1"], "withdrawn by its authors", "A. Nother")
    after = lake.snapshot()
    assert {name for name in after if after[name] != before[name]} == {"retractions"}
    (row,) = lake.sql("SELECT * FROM retractions").to_pylist()
    assert (row["entity_id"], row["entity_kind"]) == (FILES["m1"], "file")
    assert (row["why"], row["author"]) == ("withdrawn by its authors", "A. Nother")


def test_an_older_snapshot_is_read_as_it_was(lake: Lake) -> None:
    then = lake.snapshot()
    retract(lake, IDS["m1"], "wrong cell", "me")
    query = "SELECT count(*) AS n FROM models WHERE stale"
    assert lake.sql(query, at=then).to_pylist() == [{"n": 0}]
    assert lake.sql(query).to_pylist() == [{"n": 2}]


def test_a_model_registered_later_on_old_data_is_stale_at_once(lake: Lake) -> None:
    retract(lake, IDS["m1"], "wrong cell", "me")
    lake.append("models", [{"model": "late", "version": 1, "manifest": IDS["d1"]}])
    query = "SELECT stale FROM models WHERE model = 'late'"
    assert lake.sql(query).to_pylist() == [{"stale": True}]


def test_the_later_event_holds_though_its_clock_is_behind(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    retract(lake, IDS["e1"], "saturated", "me")
    monkeypatch.setattr(registry.lineage.retractions, "now", lambda: now() - timedelta(hours=1))
    restore(lake, IDS["e1"], "not saturated", "me")
    assert marked(lake) == dict.fromkeys(FLAGS, 0)


@pytest.mark.parametrize(
    ("entity", "why", "author", "error"),
    [
        ("sample A", " ", "me", WrongUse),
        ("sample A", "saturated", "", WrongUse),
        ("sample B", "saturated", "me", NotFound),
        ("a/1", "saturated", "me", Unsupported),
        (IDS["d1"], "saturated", "me", Unsupported),
    ],
)
def test_what_cannot_be_retracted_is_refused(
    lake: Lake, entity: str, why: str, author: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        retract(lake, entity, why, author)
    assert events(lake) == 0
