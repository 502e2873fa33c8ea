"""What a registered model said about measured curves, beside what it said about simulated ones.

Kept as ``evaluation/measured.json`` of its run: members, groups, truth and answers of both kinds,
so that the gap between them has an interval. Usually they are simulated and measured curves of the
same test members, and the gap is a paired difference. Where only measured curves are tested, what
is held out of the simulated ones is the validation side, of other groups; it has also stopped the
fit early, which can only widen the gap.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from registry.lake import Lake
from training.answering import ask, truth_of
from training.datasets import Dataset
from training.evaluation import Interval, bootstrap, paired_bootstrap, unpaired_bootstrap
from training.metrics import Answers, Metric, metric_named
from training.models import Inputs, Labels
from training.results import Result
from training.run_files import evaluation_file

MEASURED = "measured.json"


@dataclass(frozen=True)
class Kind:
    """Answers about curves of one kind.

    Attributes:
        entities: Ids of the members.
        groups: Their groups.
        truth: What the answers are scored against, shape ``(n,)``.
        answered: The answers, same shape.
    """

    entities: tuple[str, ...]
    groups: tuple[str, ...]
    truth: Answers
    answered: Answers


@dataclass(frozen=True)
class BothKinds:
    """Answers of a model about simulated and about measured curves.

    Attributes:
        metric: What the model is judged by.
        simulated: About simulated curves.
        measured: About measured ones.
    """

    metric: Metric
    simulated: Kind
    measured: Kind

    def interval(self) -> Interval:
        """Score on measured curves with its 95 % interval over groups."""
        own = self.measured
        return bootstrap(self.metric, own.truth, own.answered, own.groups)

    def gap(self) -> Interval:
        """How much better the model is on simulated curves, with its 95 % interval."""
        one, other = self.simulated, self.measured
        if one.entities != other.entities:
            return unpaired_bootstrap(
                self.metric,
                (one.truth, one.answered, one.groups),
                (other.truth, other.answered, other.groups),
            )
        return paired_bootstrap(
            self.metric,
            one.truth,
            one.answered,
            other.answered,
            one.groups,
            other_truth=other.truth,
        )


def both_kinds(dataset: Dataset, result: Result) -> BothKinds | None:
    """Ask a fitted model about both kinds; None when the dataset does not have both."""
    inputs, validation = result.candidate.inputs, dataset.rows("validation")
    if dataset.definition.split.test == "measured":
        rows = dataset.rows("test")
        simulated = _kind(dataset, result, validation, dataset.take(inputs, validation))
        return BothKinds(
            result.metric, simulated, _kind(dataset, result, rows, dataset.take(inputs, rows))
        )
    if dataset.measured is None:
        return None
    rows = dataset.measured.rows
    return BothKinds(
        result.metric,
        _kind(dataset, result, rows, dataset.take(inputs, rows)),
        _kind(dataset, result, rows, dataset.measured_inputs(inputs)),
    )


def _kind(dataset: Dataset, result: Result, rows: Labels, inputs: Inputs) -> Kind:
    said = ask(result.fitted, dataset.definition.task, inputs)
    entities = tuple(dataset.members[i].entity_id for i in rows)
    truth = truth_of(dataset, rows, said)
    return Kind(entities, tuple(dataset.groups(rows)), truth, said.answers)


def write_both_kinds(found: BothKinds, folder: Path) -> None:
    """Write answers into the folder of a run's evaluation."""
    content: dict[str, Any] = {"metric": found.metric.name}
    for name, kind in (("simulated", found.simulated), ("measured", found.measured)):
        arrays = {"truth": kind.truth.tolist(), "answered": kind.answered.tolist()}
        content[name] = {"entities": kind.entities, "groups": kind.groups, **arrays}
    (folder / MEASURED).write_text(json.dumps(content))


def read_both_kinds(lake: Lake, row: Mapping[str, Any]) -> BothKinds | None:
    """Answers kept with the run of a row of ``models``; None when nothing measured was asked."""
    with tempfile.TemporaryDirectory() as scratch:
        path = evaluation_file(lake, row["run_id"], MEASURED, scratch)
        if path is None:
            return None
        value = json.loads(path.read_text())
    return BothKinds(
        metric_named(value["metric"]), _read(value["simulated"]), _read(value["measured"])
    )


def _read(value: dict[str, list[Any]]) -> Kind:
    entities, groups = tuple(value["entities"]), tuple(value["groups"])
    return Kind(entities, groups, np.array(value["truth"]), np.array(value["answered"]))
