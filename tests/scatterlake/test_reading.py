"""``scatterlake dataset tidy`` removes mapped files, but for those that are to stay."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from registry.errors import NotFound
from registry.lake import Lake
from scatterlake.cli import _load_commands, app


def tidy(lake: Lake, *arguments: str) -> str:
    _load_commands()
    command = ["dataset", "tidy", *arguments, "--lake", str(lake.path)]
    done = CliRunner().invoke(app, command, catch_exceptions=False)
    assert done.exit_code == 0
    return done.output


def test_it_says_what_was_freed(tmp_path: Path) -> None:
    lake = Lake.open(tmp_path / "lake")
    files = lake.path / "reading" / "some-manifest" / "input"
    files.mkdir(parents=True)
    (files / "values.npy").write_bytes(bytes(2_000_000))
    with pytest.raises(NotFound, match="some-manifest"):
        tidy(lake, "--keep", "some-manifest")
    assert "2.0 MB freed" in tidy(lake)
    assert not files.exists()
    assert "0.0 MB freed" in tidy(lake)
