"""Views are checked with Great Expectations: finite, usual norms, columns that vary, no drift."""

from __future__ import annotations

import numpy as np
import pytest

from features.checks import DRIFT, LEAST, UNSTABLE, check, drift
from features.views import find
from registry.errors import WrongUse
from registry.lake import Lake, now

WIDTH = 40
VIEW = "v" * 32


def add(lake: Lake, name: str, values: np.ndarray) -> None:
    rows = [
        {"entity_id": f"{name}{n:05}", "view_id": VIEW, "view": "test", "vector": v, "n_rows": 1}
        for n, v in enumerate(values.astype(np.float32))
    ]
    lake.append("features", rows)


@pytest.fixture
def lake(tmp_path) -> Lake:
    """A view of 400 entities, all columns normal around 3."""
    lake = Lake.open(tmp_path / "lake")
    view = {"view_id": VIEW, "view": "test", "version": "1", "entity": "material", "rows": ""}
    created = {"parameters": "{}", "width": WIDTH, "unit": "", "source": "", "created_at": now()}
    lake.append("feature_views", [{**view, **created}])
    add(lake, "a", np.random.default_rng(1).normal(3, 1, (400, WIDTH)))
    return lake


def outcome(lake: Lake, against=None) -> dict[str, tuple[int, bool]]:
    results = check(lake, find(lake, "test"), against)
    return {r.check.name: (r.found, r.passed) for r in results}


def test_sound_features_pass_and_the_results_are_rows_of_checks(lake):
    assert outcome(lake) == {
        "features_finite": (0, True),
        "features_norm": (0, True),
        "features_constant": (0, True),
    }
    kept = lake.sql("SELECT * FROM checks ORDER BY check_name").to_pylist()
    assert {r["entity_id"] for r in kept} == {VIEW}
    assert {r["entity_kind"] for r in kept} == {"view"}
    assert all(r["passed"] and r["suite"] == "features test" for r in kept)


def test_what_is_broken_is_counted_and_the_newest_result_counts(lake):
    outcome(lake)
    broken = np.random.default_rng(2).normal(3, 1, (3, WIDTH))
    broken[0, 0], broken[1] = np.nan, 0.0
    broken[2] *= 1000
    add(lake, "b", broken)
    found = outcome(lake)
    assert found["features_finite"] == (1, False)
    # the zero, the thousandfold and the one without a norm
    assert found["features_norm"] == (3, False)
    kept = lake.sql("SELECT value, severity FROM checks WHERE check_name = 'features_finite'")
    assert kept.to_pylist() == [{"value": 1.0, "severity": "error"}]


def test_constant_columns_are_counted(lake, tmp_path):
    other = Lake.open(tmp_path / "other")
    other.append("feature_views", lake.sql("FROM feature_views").to_pylist())
    values = np.random.default_rng(3).normal(3, 1, (50, WIDTH))
    values[:, 5:9] = 7.0
    add(other, "a", values)
    assert outcome(other)["features_constant"] == (4, False)


def test_drift_is_seen_between_two_snapshots(lake):
    then = lake.snapshot()
    random = np.random.default_rng(4)
    add(lake, "b", random.normal(3, 1, (400, WIDTH)))
    assert outcome(lake, then)[DRIFT.name] == (0, True)
    later = lake.snapshot()
    moved = random.normal(3, 1, (400, WIDTH))
    moved[:, :10] += 1.5
    add(lake, "c", moved)
    assert outcome(lake, later)[DRIFT.name] == (10, False)


def test_too_few_to_tell_drift_is_told(lake):
    then = lake.snapshot()
    add(lake, "b", np.ones((LEAST - 1, WIDTH)))
    with pytest.raises(WrongUse, match=f"found 400 and {LEAST - 1}"):
        outcome(lake, then)


def test_the_index_is_that_of_the_textbook():
    """All of one tenth moved into another: 0.1 ln(0.1 / 1e-4) + 0.1 ln(0.2 / 0.1)."""
    before = np.arange(1000.0)[:, None]
    since = np.where(before < 100, before + 900, before)
    expected = (0.1 - 1e-4) * np.log(0.1 / 1e-4) + 0.1 * np.log(0.2 / 0.1)
    np.testing.assert_allclose(drift(before, since), [expected], rtol=1e-6)
    np.testing.assert_allclose(drift(before, before), [0.0], atol=1e-12)


def test_the_index_stays_low_by_chance_and_with_ties():
    random = np.random.default_rng(5)
    before, since = random.poisson(0.3, (2, LEAST, 500)).astype(float)
    assert drift(before, since).max() < UNSTABLE
