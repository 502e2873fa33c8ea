"""Running one part of a study, unless what it finds is kept already.

A finding is an MLflow run below the run of its study: ``finding.json``, its picture, the dataset,
the environment. It is found again by what decides it, so a study that was cut off goes on.
"""

from __future__ import annotations

import re
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from registry.errors import LakeError
from registry.identity import canonical_json, digest
from registry.lake import Lake
from training.assembly import assemble
from training.cards import code_version
from training.findings import Finding, finding_from
from training.parts import Part, Setting
from training.parts._library import properties_of
from training.provenance import write_provenance
from training.run_files import EVALUATION, evaluation_file
from training.study_runs import PARENT, datasets_of, plain, run_tagged, study_run
from training.targets import read_texts
from training.tracking import client, experiment_id

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

FINDING, FINDING_KEY = "finding.json", "finding_key"
LONGEST = 500
"""Characters of a parameter in MLflow; ``part.json`` has them all."""


@dataclass(frozen=True)
class Kept:
    """A finding that is kept.

    Attributes:
        finding: What was found.
        run_id: Its MLflow run.
        reused: It was there already and nothing was computed.
        seconds: It took to find.
        picture: Where it is drawn.
    """

    finding: Finding
    run_id: str
    reused: bool
    seconds: float
    picture: Path


def finding_key(setting: Setting, part: Part) -> str:
    """Identity of a finding: equal keys would find the same again.

    Datasets among the fields of a part count by what is in them, and properties by what is known
    of the members, at the study's snapshot.
    """
    lake, at = setting.lake, setting.dataset.snapshot
    ids = [member.entity_id for member in setting.dataset.members]
    own = [assemble(lake, definition, at).manifest for definition in datasets_of(part)]
    own += [canonical_json(read_texts(lake, p, ids, at)) for p in properties_of(part)]
    return digest(
        "finding",
        canonical_json(plain(part)),
        part.version,
        setting.dataset.manifest,
        *own,
        setting.study.metric,
        canonical_json(setting.seeds),
        code_version(),
    )


def run_part(setting: Setting, part: Part, force: bool = False) -> Kept:
    """Run a part of a study and keep what it finds; what is kept already is read back.

    Args:
        setting: Where it is run.
        part: What to run.
        force: Run it even when its finding is kept.

    Raises:
        BadInput: When the data cannot be used, or the finding has a number that is not finite.
    """
    lake, study, say = setting.lake, setting.study, setting.progress
    mlflow = client(lake)
    picture = picture_of(lake, study.name, part.name)
    key = finding_key(setting, part)
    known = kept_run(setting, mlflow, key)
    if known is not None and not force:
        finding, run_id = finding_of(lake, known), str(known.info.run_id)
        if not picture.is_file():
            _draw(mlflow, part, finding, run_id, picture)
        say(f"{part.name}: found already")
        return Kept(finding, run_id, True, seconds_of(known), picture)
    say(f"{part.name}: begins")
    began = time.time()
    finding = finding_from(part.run(setting).json())
    took = time.time() - began
    run_id = _keep(setting, mlflow, part, finding, key, began)
    _draw(mlflow, part, finding, run_id, picture)
    say(f"{part.name}: {told(finding)}, in {took:.0f} s")
    return Kept(finding, run_id, False, took, picture)


def told(finding: Finding) -> str:
    """What came of the claim, or that there was none, in a line."""
    verdict = finding.verdict
    return "done" if verdict is None else f"the claim {verdict.outcome}: {verdict.reason}"


def kept_run(setting: Setting, mlflow: MlflowClient, key: str) -> Run | None:
    """Run that keeps the finding of a key, or None; one cut off half-way has no key."""
    experiment = experiment_id(mlflow, setting.lake, setting.study.name)
    return run_tagged(mlflow, experiment, FINDING_KEY, key)


def finding_of(lake: Lake, run: Run) -> Finding:
    """Read the finding of a run.

    Raises:
        LakeError: When its file is gone.
    """
    with tempfile.TemporaryDirectory() as scratch:
        path = evaluation_file(lake, run.info.run_id, FINDING, scratch)
        if path is None:
            raise LakeError(f"MLflow run {run.info.run_id}: {FINDING} is gone: run it with force")
        return finding_from(path.read_text())


def seconds_of(run: Run) -> float:
    """How long a finished run took."""
    return float(run.info.end_time - run.info.start_time) / 1000


def picture_of(lake: Lake, study: str, part: str) -> Path:
    """Where a part is drawn."""
    return lake.pictures / f"{study}-{part}.png"


def _keep(
    setting: Setting,
    mlflow: MlflowClient,
    part: Part,
    finding: Finding,
    key: str,
    began: float,
) -> str:
    from mlflow.entities import Metric, Param

    lake, study, dataset = setting.lake, setting.study, setting.dataset
    experiment = experiment_id(mlflow, lake, study.name)
    tags = {
        PARENT: study_run(lake, mlflow, study, dataset, setting.seeds),
        "kind": "part",
        "part": part.name,
        "manifest": dataset.manifest,
        "code_version": code_version(),
        "verdict": "none" if finding.verdict is None else finding.verdict.outcome,
    }
    run_id = str(
        mlflow.create_run(experiment, int(began * 1000), tags, run_name=part.name).info.run_id
    )
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_provenance(lake, dataset, folder)
        (folder / FINDING).write_text(finding.json())
        (folder / "part.json").write_text(canonical_json(plain(part)))
        mlflow.log_artifacts(run_id, scratch, EVALUATION)
    stamp = int(time.time() * 1000)
    metrics = {re.sub(r"[^\w\-. /]", " and ", n): v for n, v in finding.metrics.items()}
    mlflow.log_batch(
        run_id,
        metrics=[Metric(name, value, stamp, 0) for name, value in metrics.items()],
        params=[Param(name, str(v)[:LONGEST]) for name, v in plain(part).items()],
    )
    mlflow.set_terminated(run_id)
    # last of all: a run with a key has all that was found
    mlflow.set_tag(run_id, FINDING_KEY, key)
    return run_id


def _draw(mlflow: MlflowClient, part: Part, finding: Finding, run_id: str, picture: Path) -> None:
    picture.parent.mkdir(parents=True, exist_ok=True)
    part.draw(finding, picture)
    mlflow.log_artifact(run_id, str(picture), EVALUATION)


def newest_findings(
    lake: Lake, study: str, manifest: str | None = None, parent: str | None = None
) -> dict[str, tuple[Run, Finding]]:
    """Newest finding of every part of a study that has one, by the name of the part.

    Args:
        lake: The lake.
        study: Its name.
        manifest: Only of this dataset.
        parent: Only below this run of the study.
    """
    mlflow = client(lake)
    asked = {"kind": "part", "manifest": manifest, PARENT: parent}
    tags = [f"tags.`{name}` = '{value}'" for name, value in asked.items() if value is not None]
    experiment = experiment_id(mlflow, lake, study)
    found: dict[str, tuple[Run, Finding]] = {}
    # newest first
    for run in mlflow.search_runs([experiment], " and ".join(tags)):
        if FINDING_KEY in run.data.tags and run.data.tags["part"] not in found:
            found[run.data.tags["part"]] = (run, finding_of(lake, run))
    return found
