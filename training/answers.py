"""Answers about a file: read it as ingest would, choose a model that can read it, predict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.preview import curves_in
from ingest.rows import row_of_spectrum
from registry.errors import NotFound
from registry.lake import Lake
from registry.records import Spectrum
from training.loading import load_model
from training.lookup import CHAMPION, model_rows, one_model
from training.metrics import metric_named
from training.predict import Prediction, predict_curve


@dataclass(frozen=True)
class FileAnswer:
    """One curve of a file, which model version was asked, and what it said."""

    spectrum: Spectrum
    version: int
    algorithm: str
    prediction: Prediction


def predict_file(lake: Lake, model: str, path: Path, hints: Mapping[str, Any]) -> list[FileAnswer]:
    """Predict every curve of a file.

    Args:
        lake: The lake.
        model: ``name``, ``name@version`` or ``name@alias``. A bare name means its champion, or,
            when the champion needs more than this one curve, the best version that does not.
        path: The file.
        hints: What the user says about it.

    Raises:
        BadInput: When the file cannot be read, holds no curve, or a check refuses it.
        NotFound: When no version of the model reads this technique alone.
    """
    return [_answer(lake, model, curve) for curve in curves_in(path, dict(hints))]


def _answer(lake: Lake, model: str, curve: Spectrum) -> FileAnswer:
    name, _, which = model.partition("@")
    chosen = which or _version_for(lake, name, curve.technique)
    loaded = load_model(lake, name, chosen)
    row = row_of_spectrum(curve)
    answer = predict_curve(lake, loaded, row["x"], row["intensity"], entity_id=row["spectrum_id"])
    return FileAnswer(curve, loaded.row["version"], loaded.card.algorithm, answer)


def _version_for(lake: Lake, name: str, technique: str) -> int:
    one_model(lake, name, CHAMPION)  # a wrong name is answered with the right ones
    able = [row for row in model_rows(lake, name) if row["inputs"] == [technique]]
    if not able:
        raise NotFound(f"version of {name} that reads", technique, _readable(lake, name))
    champions = [row for row in able if row["alias"] == CHAMPION]
    best = max(able, key=lambda row: (not row["stale"], _score(row), row["version"]))
    return int((champions or [best])[0]["version"])


def _score(row: dict[str, Any]) -> float:
    measured = row["score_measured"]
    score = float(row["score_simulated"] if measured is None else measured)
    return metric_named(row["metric"]).sign * score


def _readable(lake: Lake, name: str) -> list[str]:
    return sorted({"+".join(row["inputs"]) for row in model_rows(lake, name)})
