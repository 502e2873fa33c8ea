"""The ``models`` table is made again from all of MLflow, however many pages that is."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime

import pytest

from registry.lake import Lake, now
from training import paging
from training.decisions import decided, decisions
from training.lookup import find_models
from training.registration import MARK, mirror
from training.tracking import client

MODELS, VERSIONS = 5, 3


@pytest.fixture(scope="module")
def lake(tmp_path_factory) -> Lake:
    """A lake whose MLflow holds models of ours, and one that is not."""
    lake = Lake.open(tmp_path_factory.mktemp("mirror") / "lake")
    mlflow = client(lake)
    mlflow.create_registered_model("of somebody else")
    for m in range(MODELS):
        name = f"study-{m}"
        mlflow.create_registered_model(name, {MARK: "0"})
        for v in range(1, VERSIONS + 1):
            row = {"model": name, "run_id": f"{m}-{v}", "metric": "accuracy", "created_at": now()}
            tags = {"row": json.dumps(row, default=datetime.isoformat)}
            mlflow.create_model_version(name, f"file:///{m}/{v}", tags=tags)
        mlflow.set_registered_model_alias(name, "champion", "2")
    return lake


@pytest.mark.parametrize("page", [1, 2, 1000])
def test_every_version_is_mirrored_whatever_a_page_holds(lake, monkeypatch, page):
    monkeypatch.setattr(paging, "PAGE", page)
    assert mirror(lake) == MODELS * VERSIONS
    rows = {(row["model"], row["version"]): row for row in find_models(lake)}
    expected = {(f"study-{m}", v) for m in range(MODELS) for v in range(1, VERSIONS + 1)}
    assert rows.keys() == expected
    assert {key for key, row in rows.items() if row["alias"] == "champion"} == {
        (f"study-{m}", 2) for m in range(MODELS)
    }
    assert rows["study-3", 2]["run_id"] == "3-2"


def test_decisions_of_every_version_are_read_whatever_a_page_holds(lake, monkeypatch):
    mlflow = client(lake)
    for version in (3, 1, 2):
        decided(mlflow, "study-0", version, "promoted", f"reason {version}", None)
    whole = [asdict(one) for one in decisions(mlflow, "study-0")]
    monkeypatch.setattr(paging, "PAGE", 1)
    assert [asdict(one) for one in decisions(mlflow, "study-0")] == whole
    assert [one["version"] for one in whole] == [3, 1, 2]
