"""A study as one small JSON file and its pictures: what documents are made of.

It is the newest run with the study's own seeds. Everything is read from stored runs and answers.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry.errors import LakeError, NotFound
from registry.lake import Lake
from training.comparison import Comparison, comparison
from training.findings import Finding
from training.provenance import DATASET, ENVIRONMENT
from training.report import draw_comparison
from training.run_files import evaluation_file
from training.running import newest_findings, seconds_of
from training.study import Study
from training.study_runs import PARENT, VERDICT
from training.tracking import client, experiment_id

if TYPE_CHECKING:
    from mlflow.entities import Run

LIBRARIES = ("numpy", "scikit-learn", "torch", "lightning", "mlflow", "pymatgen", "duckdb")


def export_study(lake: Lake, study: Study, folder: Path, pictures: Path) -> list[Path]:
    """Write ``<study>.json`` and a picture for the comparison and each part.

    Args:
        lake: The lake it was run in.
        study: The study.
        folder: Where the file goes.
        pictures: Where ``<study>-comparison.png`` and ``<study>-<part>.png`` go.

    Returns:
        What was written.

    Raises:
        NotFound: When the study was not run to its end in this lake.
        LakeError: When a file of a run is gone.
    """
    run, children = _newest(lake, study)
    fitted = [r for r in children if r.data.tags.get("kind") == "candidate"]
    ids = [r.info.run_id for r in fitted]
    found = comparison(lake, study, ids) if ids else None
    findings = newest_findings(lake, study.name, parent=run.info.run_id)
    parts = [
        {**_told(finding), "seconds": seconds_of(own), "claim": _claim(study, name)}
        for name, (own, finding) in findings.items()
    ]
    folder.mkdir(parents=True, exist_ok=True)
    pictures.mkdir(parents=True, exist_ok=True)
    drawn = [pictures / f"{study.name}-{name}.png" for name in findings]
    for (own, _), path in zip(findings.values(), drawn, strict=True):
        _copy(lake, own, path.name, path)
    if found is not None:
        drawn.append(pictures / f"{study.name}-comparison.png")
        draw_comparison(lake, study, found, drawn[-1])
    target = folder / f"{study.name}.json"
    content = {
        **_declared(study),
        **_circumstances(lake, run, children),
        "verdict": _read(lake, run, VERDICT) if "verdict" in run.data.tags else None,
        "models": [] if found is None else list(found.rows),
        "pairs": [] if found is None else _pairs(found),
        "findings": sorted(parts, key=lambda part: _place(study, part["part"])),
    }
    target.write_text(json.dumps(content, indent=1) + "\n")
    return [target, *drawn]


def _newest(lake: Lake, study: Study) -> tuple[Run, Sequence[Run]]:
    mlflow = client(lake)
    experiment = experiment_id(mlflow, lake, study.name)
    seeds = ",".join(map(str, study.seeds))
    asked = f"tags.kind = 'study' and attributes.status = 'FINISHED' and params.seeds = '{seeds}'"
    runs = mlflow.search_runs([experiment], asked, max_results=1)
    if not runs:
        raise NotFound(f"finished run with seeds {seeds} of study", study.name, [])
    below = f"tags.`{PARENT}` = '{runs[0].info.run_id}' and attributes.status = 'FINISHED'"
    return runs[0], mlflow.search_runs([experiment], below)


def _declared(study: Study) -> dict[str, Any]:
    return {
        "study": study.name,
        "title": study.title,
        "question": study.question,
        "reference": study.reference,
        "metric": study.judged_by.title,
        "task": study.dataset.task,
        "unit": study.dataset.unit if study.judged_by.has_unit else "",
        "claim": None if study.claim is None else asdict(study.claim),
    }


def _circumstances(lake: Lake, run: Run, children: Sequence[Run]) -> dict[str, Any]:
    """Data, seeds, date, time it took, versions."""
    environment = _read(lake, run, ENVIRONMENT)
    packages = environment["packages"]
    ended = max(child.info.end_time for child in (*children, run))
    return {
        "data": _read(lake, run, DATASET),
        "seeds": [int(seed) for seed in run.data.params["seeds"].split(",")],
        "date": datetime.fromtimestamp(ended / 1000, UTC).date().isoformat(),
        "seconds": round(sum(seconds_of(child) for child in children), 1),
        "versions": {
            "scatterlake": run.data.tags["code_version"],
            "python": environment["python"],
            **{name: packages[name] for name in LIBRARIES if name in packages},
        },
        "machine": environment["machine"],
    }


def _told(finding: Finding) -> dict[str, Any]:
    """A finding without what only its picture needs."""
    value: dict[str, Any] = json.loads(finding.json())
    del value["drawn"]
    return value


def _pairs(found: Comparison) -> list[dict[str, Any]]:
    return [{**asdict(pair), "is_real": pair.is_real} for pair in found.pairs]


def _claim(study: Study, name: str) -> str:
    return next((part.claim for part in study.parts if part.name == name), "")


def _place(study: Study, name: str) -> int:
    names = [part.name for part in study.parts]
    return names.index(name) if name in names else len(names)


def _copy(lake: Lake, run: Run, name: str, target: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        path = evaluation_file(lake, run.info.run_id, name, scratch)
        if path is None:
            raise LakeError(f"MLflow run {run.info.run_id}: {name} is gone")
        shutil.copyfile(path, target)


def _read(lake: Lake, run: Run, name: str) -> Any:
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / name
        _copy(lake, run, name, path)
        return json.loads(path.read_text())
