"""A folder of derived files has its name only when it is complete, whoever builds it."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from registry.folders import is_abandoned, is_partial, opened, remove


def load(folder: Path) -> str | None:
    """The content; damaged when it is empty."""
    file = folder / "content"
    return (file.read_text() or None) if file.exists() else None


def writing(text: str):
    return lambda folder: (folder / "content").write_text(text)


def test_it_is_built_once_and_again_when_damaged(tmp_path: Path) -> None:
    folder = tmp_path / "below" / "one"
    assert opened(folder, load, writing("first")) == "first"
    assert opened(folder, load, writing("second")) == "first"
    (folder / "content").write_text("")
    assert opened(folder, load, writing("third")) == "third"
    assert [path.name for path in folder.parent.iterdir()] == ["one"]


def test_where_another_was_quicker_his_is_taken(tmp_path: Path) -> None:
    folder = tmp_path / "one"

    def build(partial: Path) -> None:
        opened(folder, load, writing("his"))
        writing("mine")(partial)

    assert opened(folder, load, build) == "his"
    assert [path.name for path in tmp_path.iterdir()] == ["one"]


def test_a_builder_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def build(partial: Path) -> None:
        assert is_partial(partial) and not is_abandoned(partial)
        writing("half")(partial)
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        opened(tmp_path / "one", load, build)
    assert not list(tmp_path.iterdir())


def test_what_is_gone_already_is_not_removed_again(tmp_path: Path) -> None:
    opened(tmp_path / "one", load, writing("text"))
    assert remove(tmp_path / "one")
    assert not remove(tmp_path / "one")
    assert not list(tmp_path.iterdir())


def test_what_nobody_builds_any_more_is_abandoned(tmp_path: Path) -> None:
    old = time.time() - 4000
    os.utime(tmp_path, (old, old))
    assert is_abandoned(tmp_path)
