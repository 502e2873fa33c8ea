"""Telling what was decided, without a server; over one it is in ``test_steps.py``."""

from __future__ import annotations

import json

import pytest

from flows import tell
from tests.flows.telling import RECORD, TOKEN, hook
from training.evidence import PROMOTED


def test_the_line_and_the_page_say_what_was_decided_and_why() -> None:
    told = json.loads(tell.line(RECORD))
    assert told["fired"] == ["new_rows"]
    assert (told["outcome"], told["challenger"]) == (PROMOTED, 2)
    for words in ("storage_ring: promoted", "120 new rows", "better", "challenger version 2"):
        assert words in tell.page(RECORD)
    fired, silent = tell.table(RECORD.signs)
    assert (fired["new"], silent["withdrawn"]) == (120, 0)
    assert fired.keys() == silent.keys(), "a table has the same columns in every row"


def test_a_web_hook_that_refuses_or_is_not_there_is_told_without_its_address() -> None:
    with hook(status=500) as refusing:
        assert tell.post(refusing.url, {"a": 1}) == "answered 500"
    gone = tell.post(refusing.url, {"a": 1})
    assert "not delivered" in gone
    assert TOKEN not in gone
    assert "not delivered" in tell.post("nonsense", {})


def test_the_address_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(tell.URL, raising=False)
    monkeypatch.delenv(tell.BLOCK, raising=False)
    assert tell.hook() is None
    monkeypatch.setenv(tell.URL, "https://example.org/hook")
    assert tell.hook() == "https://example.org/hook"
