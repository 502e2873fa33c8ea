"""``scatterlake status`` and ``metrics``: a page for people, JSON and figures for programs."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from registry.lake import Lake, now
from scatterlake import cli
from training.evidence import FOLDER, KEPT, REFUSED, STAMP, Record
from training.signs import Sign

NAMED = ("PREFECT_API_URL", "PREFECT_API_AUTH_STRING", "MLFLOW_TRACKING_URI")


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    lake = Lake.open(tmp_path_factory.mktemp("place") / "lake")
    old, new = now() - timedelta(days=3), now() - timedelta(minutes=5)
    lake.append(
        "spectra",
        [
            {"spectrum_id": name, "technique": "saxs", "kind": "experimental", "ingested_at": at}
            for name, at in (("a", old), ("b", new), ("c", new))
        ],
    )
    refused = {"stage": "read", "location": "x.csv: line 3", "expected": "a number", "found": "<b>"}
    lake.append("quarantine", [{**refused, "refusal_id": "r", "refused_at": new}])
    event = {"entity_id": "b", "entity_kind": "spectrum", "decided_at": new}
    lake.append("retractions", [{**event, "event_id": "e", "action": "retract", "why": "shutter"}])
    for at, outcome in ((old, KEPT), (new, REFUSED)):
        signs = (
            Sign("new_rows", True, "120 new rows, 100 are asked for"),
            Sign("retracted", False, "nothing is withdrawn"),
        )
        record = Record(at, "radius", 1, signs, {}, outcome, f"[{outcome}]", None, None, "clock")
        path = f"{FOLDER}/radius/{at.strftime(STAMP)}.json"
        lake.storage.create(path, record.json().encode())
    model = {"model": "radius", "metric": "r2", "score_simulated": 0.91, "algorithm": "ridge"}
    lake.append(
        "models",
        [
            {**model, "version": 1, "alias": "champion", "created_at": old, "reason": "first"},
            {**model, "version": 2, "created_at": new, "reason": "not shown better: 0.01"},
        ],
    )
    return lake


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMED:
        monkeypatch.delenv(name, raising=False)


def said(*words: str) -> str:
    cli._load_commands()
    done = CliRunner(env={"COLUMNS": "160"}).invoke(cli.app, [*words])
    assert done.exit_code == 0, done.output
    return done.output


def test_a_person_sees_what_is_new_what_is_wrong_and_who_leads(lake: Lake) -> None:
    text = said("status", "--lake", lake.uri)
    assert re.search(r"measured spectra\W+2\b", text)
    assert re.search(r"refused \(read\)\W+1\W+1\W+x\.csv: line 3: expected a number", text)
    assert re.search(r"retracted spectrum\W+1\W+1\W+b: shutter", text)
    assert "last decision: radius/2 (no alias): not shown better: 0.01" in text
    assert re.search(
        r"last retraining: radius, .* UTC, because of new_rows: 120 new rows, 100 are asked for; "
        r"refused: \[refused\]",
        text,
    )
    assert text.count("last retraining") == 1
    assert "radius: retraining refused; 1 new: refused (read)" in text
    assert "no services run: scatterlake up" in text


def test_programs_get_json(lake: Lake) -> None:
    found = json.loads(said("status", "--json", "--lake", lake.uri))
    assert found["counts"]["spectra"] == 3
    assert found["new"] == [{"what": "measured spectra", "new": 2},
                            {"what": "model versions", "new": 1}]  # fmt: skip
    (model,) = found["models"]
    assert (model["champion"], model["versions"], model["simulated"]) == (1, 2, 0.91)
    assert sum(day["measured"] for day in found["daily"]) == 3
    assert found["work"] is None
    (retrained,) = found["retrained"]
    assert (retrained["study"], retrained["outcome"]) == ("radius", REFUSED)


def test_the_page_stands_alone_and_runs_nothing(lake: Lake, tmp_path: Path) -> None:
    said("status", "--html", str(tmp_path / "status.html"), "--lake", lake.uri)
    page = (tmp_path / "status.html").read_text()
    assert "found &lt;b&gt;" in page
    assert not re.search(r"<script|<link|\bsrc=|https?://|@import|url\(", page)
    assert page.count("<svg") == 2
    assert "not shown better" in page
    assert "120 new rows, 100 are asked for" in page


def test_an_empty_lake_has_a_page_too(tmp_path: Path) -> None:
    lake = Lake.open(tmp_path / "lake")
    assert "nothing new is wrong" in said("status", "--lake", lake.uri)
    said("status", "--html", str(tmp_path / "status.html"), "--lake", lake.uri)
    assert "nothing came in" in (tmp_path / "status.html").read_text()


def test_metrics_are_printed(lake: Lake) -> None:
    text = said("metrics", "--lake", lake.uri)
    assert 'scatterlake_quarantined{stage="read"} 1.0' in text
    assert 'scatterlake_model_champion{model="radius"} 1.0' in text
