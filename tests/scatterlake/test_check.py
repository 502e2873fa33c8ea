"""``scatterlake check``, as a user types it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from scatterlake import Lake
from scatterlake.cli import _load_commands, app

Q = np.linspace(0.01, 0.3, 40)


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """A lake in ./lake with a good curve, one that is negative in places, and a copy of that."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    rows = [
        {"spectrum_id": name, "technique": technique, "kind": "experimental"}
        | {"x": Q, "intensity": y, "shape": [40]}
        for name, technique, y in (
            ("good", "saxs", 1 / Q),
            ("negative", "sans", Q - 0.1),
            ("copy", "sans", 3 * (Q - 0.1)),
        )
    ]
    lake = Lake.open(tmp_path / "lake")
    lake.append("spectra", rows)
    return lake


def check(*options: str) -> Result:
    _load_commands()
    return CliRunner().invoke(app, ["check", *options])


def test_stored_rows_are_checked_once_and_what_failed_is_named_and_kept(lake: Lake) -> None:
    some = check("--where", "technique = 'saxs'")
    assert some.exit_code == 0, some.output
    assert "sans" not in some.output
    rest = check()
    assert rest.exit_code == 0
    flagged = [line.split("│") for line in rest.output.splitlines() if "negative_share" in line]
    assert [cell.strip() for cell in flagged[0][1:4]] == ["sans", "negative_share", "2"]
    assert "near_copies" in rest.output
    assert lake.sql("from spectra").num_rows == 3
    before = lake.sql("from checks").num_rows
    assert "every row has a result of every check" in check().output
    assert lake.sql("from checks").num_rows == before


def test_a_condition_that_is_none_is_wrong_use_and_writes_nothing(lake: Lake) -> None:
    done = check("--where", "colour = 'red'")
    assert done.exit_code == 1
    assert "colour" in str(done.exception)
    assert lake.sql("from checks").num_rows == 0
