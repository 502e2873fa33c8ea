"""A registered network brought over to another dataset, scored beside its parent, registered.

What :class:`training.parts.transfer.Transfer` compares in a study, for one parent of the registry,
one way, one number of members and one seed. Test members of the other dataset are never learnt
from, and what the parent and its own parents learnt from is audited against them. The child is a
version of the registered model ``PARENT-on-DATASET``, whose card names its parent.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from registry.errors import WrongUse
from registry.lake import Lake
from training.answering import ask
from training.assembly import assemble
from training.comparing import dataset_of
from training.definitions import DatasetDefinition
from training.dossier import ancestors
from training.evaluation import Interval
from training.fitting import Progress, SeedFit, fit_candidate, score_fit, training_of
from training.leaks import refuse_leaks
from training.loading import LoadedModel, load_model
from training.lookup import one_model, split_reference
from training.metrics import Answers
from training.models import Fitted
from training.parts._adapting import (
    ALIGNS,
    FEATURES,
    SCRATCH,
    TUNED,
    ZERO,
    Task,
    bring_over,
    bring_over_shuffled,
    few,
    settings_of,
)
from training.parts._parents import refuse_misfit, refuse_other_classes, schooling_of, with_few
from training.parts._sides import Side
from training.registration import register
from training.results import Result
from training.resuming import resumable
from training.rows import Row
from training.study import Candidate, Study
from training.study_runs import running, study_run
from training.tracking import client
from training.train import silent

WAYS = {"fine_tune": TUNED, "feature_extraction": FEATURES, **{kind: kind for kind in ALIGNS}}
"""What can be asked for, and what it is called in tables."""


@dataclass(frozen=True)
class Choices:
    """What is to be done otherwise than usual.

    Attributes:
        settings: Of the child, in place of those of its parent and of the way.
        allowed_leaks: Kinds of leak (:data:`training.leaks.KINDS`) that are accepted, each with
            the reason, which goes onto the card.
    """

    settings: Mapping[str, Any] = field(default_factory=dict)
    allowed_leaks: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Adaptation:
    """A child beside its parent and a network from scratch, on the same test groups.

    Attributes:
        row: Row of the child in the ``models`` table.
        parent: ``model/version`` it was transferred from.
        way: What its way is called.
        size: Members of the dataset that it learnt from; an alignment saw only their inputs.
        n_test: Members of the test side, and their groups.
        scores: Score by way, with its 95 % interval over groups.
        gains: How much better the child is than each other way on the same resampled groups.
        result: The child as it was registered, with baselines and control.
    """

    row: Row
    parent: str
    way: str
    size: int
    n_test: tuple[int, int]
    scores: dict[str, Interval]
    gains: dict[str, Interval]
    result: Result


def adapt(
    lake: Lake,
    parent: str,
    definition: DatasetDefinition,
    way: str = "fine_tune",
    size: int | None = None,
    seed: int = 0,
    choices: Choices | None = None,
    progress: Progress = silent,
) -> Adaptation:
    """Bring a registered network over to another dataset and register what comes of it.

    Args:
        lake: The lake.
        parent: ``model/version``, ``model@alias``, or a model, whose champion is meant.
        definition: The other dataset: inputs and classes of the parent, other members.
        way: One of :data:`WAYS`.
        size: Members of its training side to learn from, drawn class by class; all by default.
        seed: Of the draw and of the child.
        choices: What is to be done otherwise than usual.
        progress: Called with a line for each step.

    Raises:
        NotFound: When there is no such model, version or alias.
        ModelRefused: When a file of the parent was altered, or other code trained it.
        Unsupported: When the parent is no network that transfers, or tells no classes.
        BadInput: For other inputs, grids, classes or another architecture; for too few members;
            when the dataset leaks, or what the parent or one of its own learnt from leaks into it.
        WrongUse: For a way, setting or kind of leak that does not exist.
    """
    if way not in WAYS:
        raise WrongUse("way", f"one of {', '.join(WAYS)}", way)
    choices = choices or Choices()
    loaded = load_model(lake, *split_reference(parent))
    name = f"{loaded.row['model']}/{loaded.row['version']}"
    where = f"transfer of {name} to {definition.name}"
    refuse_misfit(loaded.card, definition, where)
    easy, whole = dataset_of(lake, loaded.row), assemble(lake, definition)
    refuse_other_classes(loaded.card, whole, where)
    mlflow = client(lake)
    refuse_leaks(lake, whole, where, easy, choices.allowed_leaks)
    for forebear in ancestors(mlflow, loaded.card.parent):
        # a grandchild has seen what its grandparent learnt from
        seen = dataset_of(lake, one_model(lake, *split_reference(forebear)))
        refuse_leaks(lake, whole, where, seen, choices.allowed_leaks)
    school = schooling_of(loaded, choices.settings)
    hard = with_few(whole.reading(school.inputs), size, seed)
    n = len(hard.rows("train"))
    progress(f"{where}: {WAYS[way]} with {n} members")
    task = Task(easy.reading(school.inputs), hard, school, (n,), seed, WAYS[way])
    study = _study(loaded, name, task, choices)
    began = time.time()
    run_id = study_run(lake, mlflow, study, hard, study.seeds)
    with running(mlflow, run_id), resumable(lake, study.name):
        child, scratch = _fitted(task, study, loaded.fitted)
        progress("fitted, from scratch and on shuffled labels as well")
        fits, metric = iter([child]), study.judged_by
        result = fit_candidate(hard, study.candidates[0], study.seeds, progress, fits, metric)
        row = register(lake, mlflow, study, hard, result, began, parent=name)
    progress(f"registered as {row['model']} version {row['version']}, transferred from {name}")
    side = Side.of(hard, metric)
    said = {
        ZERO: _answers(task, loaded.fitted),
        SCRATCH: _answers(task, scratch),
        task.variant: result.said.answers,
    }
    return Adaptation(
        row=row,
        parent=name,
        way=task.variant,
        size=n,
        n_test=(len(side.truth), len(set(side.groups))),
        scores={key: side.score([own]) for key, own in said.items()},
        gains={key: side.gain([result.said.answers], [said[key]]) for key in (ZERO, SCRATCH)},
        result=result,
    )


def _study(parent: LoadedModel, name: str, task: Task, choices: Choices) -> Study:
    """What the child is registered as."""
    definition, model = task.hard.definition, parent.row["model"]
    school = task.schooling
    return Study(
        name=f"{model}-on-{definition.name}",
        title=f"{task.variant} of {name} with {task.sizes[0]} members of {definition.name}",
        question=f"How well does {model} answer about {definition.name}?",
        dataset=definition,
        reference=f"transferred from {name}",
        candidates=(Candidate(school.model, school.inputs, settings_of(school, task.variant)),),
        seeds=(task.seed,),
        metric=parent.card.metric,
        allowed_leaks=choices.allowed_leaks,
    )


def _fitted(task: Task, study: Study, parent: Fitted) -> tuple[SeedFit, Fitted]:
    """The child with its control, and the same network from scratch."""
    school, hard, way = task.schooling, task.hard, task.variant
    easy, own = training_of(task.easy, school.inputs, task.seed), few(task, task.sizes[0])
    began = time.perf_counter()
    child = bring_over(school, way, parent, easy, own)
    took = time.perf_counter() - began
    scored = score_fit(hard, study.candidates[0], child, task.seed, took)
    shuffled = _answers(task, bring_over_shuffled(school, way, easy, own))
    by_chance = Side.of(hard, study.judged_by).score([shuffled])
    return SeedFit(scored, by_chance, child), bring_over(school, SCRATCH, parent, easy, own)


def _answers(task: Task, fitted: Fitted) -> Answers:
    """Answers about the hard test side, shape ``(n,)``."""
    hard = task.hard
    asked = hard.take(task.schooling.inputs, hard.rows("test"))
    return ask(fitted, hard.definition.task, asked).answers
