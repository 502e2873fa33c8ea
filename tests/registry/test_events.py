"""Structured log lines: one JSON object each, never a secret, where the environment says."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.errors import WrongUse
from registry.events import FILE, FORM, HIDDEN, clean, configure, emit, line, run_id


@pytest.fixture(autouse=True)
def silent_after(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv(FORM, raising=False)
    monkeypatch.delenv(FILE, raising=False)
    yield
    configure("off")


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(each) for each in path.read_text().splitlines()]


def test_an_event_is_one_json_line_with_time_level_run_and_lake(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure("json")
    emit("ingested", "/data/lake", files=3, reasons=["two\nlines"], spent=None)
    said = capsys.readouterr()
    assert said.out == ""
    found = json.loads(said.err)
    assert found.pop("time").endswith("+00:00")
    assert found == {
        "level": "info",
        "event": "ingested",
        "run_id": run_id(),
        "lake": "/data/lake",
        "files": 3,
        "reasons": ["two\nlines"],
        "spent": None,
    }


def test_nothing_is_printed_unless_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    configure()
    for level in ("info", "error"):
        emit("ingested", level=level, files=3)
    assert capsys.readouterr().err == ""


def test_the_environment_says_where_and_text_is_for_people(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(FORM, "text")
    monkeypatch.setenv(FILE, str(tmp_path / "events.log"))
    configure()
    emit("refused", level="warning", file="scan 1.csv", rows=2)
    said = capsys.readouterr().err
    assert said.endswith('warning refused file="scan 1.csv" rows=2\n')
    assert (tmp_path / "events.log").read_text() == said


def test_a_file_is_appended_to_as_json_while_stderr_stays_silent(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for n in range(2):
        configure("off", tmp_path / "events.jsonl")
        emit("ingested", n=n)
    assert [found["n"] for found in lines(tmp_path / "events.jsonl")] == [0, 1]
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({"password": "x", "file": "a"}, {"password": HIDDEN, "file": "a"}),
        ({"s3": {"aws_secret_access_key": "x"}}, {"s3": {"aws_secret_access_key": HIDDEN}}),
        ("postgresql://mlflow:geheim@host/db", f"postgresql://{HIDDEN}@host/db"),
        (["http://host:4200/api"], ["http://host:4200/api"]),
        (ValueError("refused for hunter22"), f"refused for {HIDDEN}"),
        (ValueError("refused for user:hunter22"), f"refused for {HIDDEN}"),
    ],
)
def test_secrets_are_hidden(value: object, found: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", "user:hunter22")
    assert clean(value) == found


@settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(st.text(min_size=1, max_size=40), st.text(max_size=40))
def test_any_text_stays_one_line_that_reads_back(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / "events.jsonl"
    path.unlink(missing_ok=True)
    configure("off", path)
    emit("ingested", "lake", **{f"field {name}": text})
    (found,) = lines(path)
    assert (found["event"], found["lake"]) == ("ingested", "lake")


@given(st.text(max_size=40))
def test_text_for_people_moves_no_cursor_and_breaks_no_line(text: str) -> None:
    record = logging.makeLogRecord({"msg": "refused", "levelname": "INFO", "created": 0.0})
    record.fields = {"file": text}
    assert line(record, "text").isprintable()


def test_a_password_of_the_environment_never_reaches_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "correct-horse")
    configure("off", tmp_path / "events.jsonl")
    emit("failed", level="error", error="401 for correct-horse", deep=[{"a": "correct-horse"}])
    assert "correct-horse" not in (tmp_path / "events.jsonl").read_text()


def test_wrong_settings_are_named(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match=r"SCATTERLAKE_LOG.*json or text or off.*'xml'"):
        configure("xml")
    with pytest.raises(WrongUse, match="log file"):
        configure("off", tmp_path / "nowhere" / "events.log")
