"""Checks keep up with the lake: new ones, changed ones and late rows find what is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from ingest.checks import Check, check_sets
from ingest.checks import suites as suites_module
from ingest.checks._batches import batches
from ingest.checks.materials import MATERIAL_CHECKS
from ingest.checks.pairs import PAIR_CHECKS
from ingest.checks.spectra import spectrum_checks
from ingest.checks.validate import validate
from ingest.files import ingest_files
from registry.errors import QueryError
from registry.lake import Lake

Q = np.linspace(0.01, 0.3, 40)


class Limits:
    """Judges by the limits alone; Great Expectations takes seconds, test_validate.py has it."""

    def broken_by(self, *given: Any) -> dict[str, set[str]]:
        """As at the gate."""
        _, checks, frame = given
        return {c.name: set(frame["entity_id"][c.broken_by(frame[c.name])]) for c in checks}

    def publish(self, lake: Lake) -> None:
        """Nothing is drawn."""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limits of the checks decide, as they do at the gate."""
    monkeypatch.setattr("ingest.checks.validate.Judge", Limits)


def curve(name: str, y: Any = None, **told: Any) -> dict[str, Any]:
    row = {"spectrum_id": name, "technique": "saxs", "kind": "experimental", "shape": [40]}
    return row | {"x": Q, "intensity": 1 / Q if y is None else y} | told


def declare(monkeypatch: pytest.MonkeyPatch, checks: Sequence[Check]) -> None:
    """From now on these are the checks of every technique."""
    monkeypatch.setattr(suites_module, "spectrum_checks", lambda _: tuple(checks))


def results(lake: Lake, check: str) -> dict[str, Any]:
    rows = lake.sql(
        "select entity_id, value, upper, passed from checks where check_name = $1", [check]
    )
    return {row.pop("entity_id"): row for row in rows.to_pylist()}


def written(lake: Lake, **options: Any) -> int:
    return sum(result.written for result in validate(lake, **options))


def test_a_check_that_is_new_runs_on_rows_checked_before_and_a_second_run_does_nothing(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.append("spectra", [curve("a"), curve("b", Q)])
    every = spectrum_checks("saxs")
    declare(monkeypatch, [check for check in every if check.name != "porod_slope"])
    validate(lake)
    assert results(lake, "porod_slope") == {}
    declare(monkeypatch, every)
    assert written(lake) == 2
    # I = 1/Q and I = Q
    found = results(lake, "porod_slope")
    assert [found[name]["value"] for name in "ab"] == pytest.approx([-1, 1], rel=1e-4)
    assert validate(lake) == []


def test_a_limit_that_changed_replaces_the_result_and_takes_no_row_out(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.append("spectra", [curve("a"), curve("b", Q)])
    validate(lake)
    before = lake.sql("from checks").num_rows
    tight = [
        replace(check, upper=0.5, severity="error") if check.name == "porod_slope" else check
        for check in spectrum_checks("saxs")
    ]
    declare(monkeypatch, tight)
    (result,) = validate(lake)
    assert (result.entities, result.written, result.failed) == (2, 2, {"porod_slope": 1})
    assert {n: (r["upper"], r["passed"]) for n, r in results(lake, "porod_slope").items()} == {
        "a": (0.5, True),
        "b": (0.5, False),
    }
    assert lake.sql("from checks").num_rows == before
    # the lake is strict, but what is stored stays
    assert lake.sql("from spectra").num_rows == 2
    assert validate(lake) == []


def test_a_run_that_was_stopped_goes_on_where_it_was(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.checks._batches.ROWS", 2)
    lake.append("spectra", [curve(str(n), Q**n) for n in range(1, 6)])
    seen: list[tuple[int, int]] = []

    def stop(done: int, total: int) -> None:
        seen.append((done, total))
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        validate(lake, counter=stop)
    assert seen == [(2, 5), (4, 5)]
    (result,) = validate(lake)
    assert result.entities == 1
    assert len(results(lake, "n_points")) == 5


def test_a_condition_picks_spectra_and_the_structures_they_belong_to(
    lake: Lake, folder: Path
) -> None:
    ingest_files(lake, [folder / "halite.cif", folder / "sub"])
    ids = lake.sql("select material_id from materials order by name")["material_id"].to_pylist()
    lake.append("spectra", [curve("a", material_id=ids[0]), curve("b", technique="sans")])
    found = {each.suite: each.entities for each in validate(lake, where="technique = 'saxs'")}
    assert found == {"structures": 1, "saxs": 1, "pairs": 1}
    assert {each.suite: each.entities for each in validate(lake)} == {"structures": 1, "sans": 1}
    with pytest.raises(QueryError, match="colour"):
        validate(lake, where="colour = 'red'")


def test_checking_again_measures_anew_and_writes_what_differs(lake: Lake) -> None:
    lake.append("spectra", [curve("a"), curve("b", Q)])
    validate(lake)
    wrong = lake.sql("from checks where check_name = 'n_points' and entity_id = 'a'").to_pylist()
    lake.replace("checks", [wrong[0] | {"value": 7.0}])
    assert written(lake, again=True) == 1
    assert results(lake, "n_points")["a"]["value"] == 40
    assert written(lake, again=True) == 0


def test_a_scaled_copy_that_comes_later_is_told_on_both_sides(lake: Lake) -> None:
    rng = np.random.default_rng(3)
    y = rng.random(40)
    lake.append("spectra", [curve("first", y), curve("other", rng.random(40))])
    validate(lake)
    assert {n: r["value"] for n, r in results(lake, "near_copies").items()} == {
        "first": 0,
        "other": 0,
    }
    relabelled = {"technique": "sans", "x": Q * 3, "temperature": 4.0}
    lake.append("spectra", [curve("scaled", -7 * y.astype(np.float32)) | relabelled])
    assert {each.suite: each.entities for each in validate(lake)} == {"saxs": 1, "sans": 1}
    assert {n: (r["value"], r["passed"]) for n, r in results(lake, "near_copies").items()} == {
        "first": (1, False),
        "other": (0, True),
        "scaled": (1, False),
    }
    assert validate(lake) == []


def test_a_structure_that_comes_after_its_spectrum_settles_that_it_was_missing(
    lake: Lake, folder: Path, tmp_path: Path
) -> None:
    elsewhere = Lake.open(tmp_path / "elsewhere")
    ingest_files(elsewhere, [folder / "halite.cif"])
    (row,) = elsewhere.sql("select material_id from materials").to_pylist()
    lake.append("spectra", [curve("a", **row)])
    validate(lake)
    assert results(lake, "structure_missing")["a"]["passed"] is False
    ingest_files(lake, [folder / "halite.cif"])
    assert {each.suite for each in validate(lake)} == {"structures", "pairs"}
    assert results(lake, "structure_missing")["a"]["passed"] is True
    assert validate(lake) == []


def test_batches_are_cut_by_rows_and_by_points(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.checks._batches.ROWS", 3)
    monkeypatch.setattr("ingest.checks._batches.POINTS", 10)
    points = [0, 0, 0, 0, 4, 6, 25, 1, 10, 1]
    pending = pa.table({"entity_id": [str(n) for n in range(10)], "points": points})
    cut = ["012", "345", "6", "7", "8", "9"]
    assert ["".join(each) for each in batches(pending)] == cut
    assert list(batches(pending.slice(0, 0))) == []


def test_no_two_kinds_of_checks_of_one_entity_share_a_name() -> None:
    spectra = {check.name for each in check_sets().values() for check in each.checks}
    assert spectra.isdisjoint(check.name for check in PAIR_CHECKS)
    assert len({check.name for check in MATERIAL_CHECKS}) == len(MATERIAL_CHECKS)
