"""``scatterlake simulate --draws``, as a user types it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from scatterlake import Lake, ScatterlakeError
from scatterlake.cli import _load_commands, app
from scatterlake.cli._console import WRONG_USE, complain

FEW = ("--set", "points=40", "--set", "polydispersity=0.1")


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    return Lake.open(tmp_path / "lake")


def simulate(*options: str) -> Result:
    _load_commands()
    return CliRunner().invoke(app, ["simulate", "saxs_sphere", *FEW, *options])


def parameters(lake: Lake) -> list[dict[str, Any]]:
    return [
        json.loads(p) for p in lake.sql("select parameters from spectra")["parameters"].to_pylist()
    ]


def test_draws_keep_to_the_range_and_the_seed_and_are_made_once(lake: Lake) -> None:
    first = simulate("--draws", "8", "--set", "radius=20:80", "--seed", "3")
    assert first.exit_code == 0, first.output
    assert "8 simulated, 0 already there, 0 refused" in first.output
    told = parameters(lake)
    assert all(20 <= one["radius"] <= 80 for one in told)
    assert len({one["radius"] for one in told}) == 8
    assert {(one["points"], one["polydispersity"], one["draw_seed"]) for one in told} == {
        (40, 0.1, 3)
    }
    again = simulate("--draws", "8", "--set", "radius=20:80", "--seed", "3")
    assert "0 simulated, 8 already there" in again.output
    more = simulate("--draws", "10", "--set", "radius=20:80", "--seed", "3")
    assert "2 simulated, 8 already there" in more.output
    other = simulate("--draws", "8", "--set", "radius=20:80", "--seed", "4")
    assert "8 simulated, 0 already there" in other.output
    by_seed = {
        seed: {p["radius"] for p in parameters(lake) if p["draw_seed"] == seed} for seed in (3, 4)
    }
    assert by_seed[3].isdisjoint(by_seed[4])


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--draws", "3", "--set", "radius=80:20"), "radius: expected lower < upper"),
        (("--draws", "3", "--set", "radius=20:"), "--set radius: expected a number, or LOW:HIGH"),
        (("--draws", "3", "--set", "radius=20-80"), "--set radius: expected a number, or LOW:HIGH"),
        (("--draws", "3", "--set", "radius=-5:80"), "radius: expected"),
        (("--draws", "3", "--set", "radius=nan:80"), "radius: expected"),
        (("--draws", "3", "--set", "radios=20:80"), "parameter: expected one of"),
        (("--set", "radius=20:80"), "a range needs draws"),
        (("--draws", "3", "--set", "radius"), "expected NAME=VALUE"),
    ],
)
def test_a_range_that_is_none_is_wrong_use_and_simulates_nothing(
    lake: Lake, options: tuple[str, ...], complaint: str
) -> None:
    done = simulate(*options)
    assert isinstance(done.exception, ScatterlakeError)
    assert complaint in str(done.exception)
    assert complain(done.exception) == WRONG_USE
    assert lake.sql("from spectra").num_rows == 0


def test_no_draws_is_a_number_too_low(lake: Lake) -> None:
    assert simulate("--draws", "0").exit_code == WRONG_USE
    assert lake.sql("from spectra").num_rows == 0
