"""One candidate fitted and scored: every seed, the baselines and the shuffled control."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from registry.errors import WrongUse
from registry.plugins import pick
from training.answering import ask, chance, truth_of
from training.baselines import naive_score, nearest_score, shuffled
from training.datasets import Dataset
from training.definitions import SpectrumInput
from training.evaluation import Interval, Scores, bootstrap, scores
from training.metrics import Metric, metric_named, metrics_of
from training.models import Fitted, Inputs, Labels, Model, Training, models
from training.models._checks import complete_settings
from training.reliability import assess
from training.results import Repetition, Result
from training.resuming import as_here, timed_fit
from training.study import Candidate

Progress = Callable[[str], None]


def model_of(candidate: Candidate) -> Model:
    """Algorithm of a candidate.

    Raises:
        NotFound: When there is none of that name.
        WrongUse: When it takes another number of inputs.
    """
    model: Model = pick(models(), "model", candidate.model)
    if not model.min_inputs <= len(candidate.inputs) <= model.max_inputs:
        expected = f"{model.min_inputs} to {model.max_inputs} inputs"
        raise WrongUse(candidate.key, expected, str(len(candidate.inputs)))
    return model


def training_of(dataset: Dataset, inputs: Sequence[str], seed: int) -> Training:
    """Training and validation side of some inputs."""
    train, validation = dataset.rows("train"), dataset.rows("validation")
    targets = dataset.targets
    return Training(
        inputs=dataset.take(inputs, train),
        targets=None if targets is None else targets[train],
        validation_inputs=dataset.take(inputs, validation),
        validation_targets=None if targets is None else targets[validation],
        n_classes=len(dataset.class_names),
        seed=seed,
        curves={
            i.name: i.grid[:2]
            for i in dataset.definition.inputs
            if isinstance(i, SpectrumInput) and i.name in inputs
        },
        task=dataset.definition.task,
    )


@dataclass(frozen=True)
class SeedFit:
    """One seed of a candidate: its scores, its shuffled control, the model."""

    repetition: Repetition
    control: Interval
    fitted: Fitted


Work = tuple[Dataset, Candidate, int, str]
Run = Callable[[Callable[[Work], SeedFit], Any], Iterator[SeedFit]]


def seed_fits(
    dataset: Dataset,
    candidates: Sequence[Candidate],
    seeds: Sequence[int],
    run: Run = map,
    metric: Metric | None = None,
) -> Iterator[SeedFit]:
    """Fit candidates, every seed of one before the next; ``run`` maps over processes or here."""
    name = (metric or usual_metric(dataset)).name
    tasks = [(dataset.reading(c.inputs), c, seed, name) for c in candidates for seed in seeds]
    return run(as_here(fit_seed), tasks)


def usual_metric(dataset: Dataset) -> Metric:
    """What a dataset's task is judged by unless said otherwise."""
    return metrics_of(dataset.definition.task)[0]


def fit_seed(work: Work) -> SeedFit:
    """Fit a candidate with one seed, and again where there is nothing to learn.

    Raises:
        NotFound: When there is no such algorithm or input.
        WrongUse: For a wrong setting or number of inputs.
        BadInput: For data the algorithm cannot learn from.
        Unsupported: For a task the algorithm is not made for.
    """
    dataset, candidate, seed, name = work
    model, metric = model_of(candidate), metric_named(name)
    data = training_of(dataset, candidate.inputs, seed)
    fitted, seconds = timed_fit(model, data, candidate.settings)
    control = model.train(shuffled(data), **candidate.settings)
    rows = dataset.rows("test")
    said = ask(control, data.task, dataset.take(candidate.inputs, rows))
    by_chance = bootstrap(metric, truth_of(dataset, rows, said), said.answers, dataset.groups(rows))
    return SeedFit(score_fit(dataset, candidate, fitted, seed, seconds), by_chance, fitted)


def fit_candidate(
    dataset: Dataset,
    candidate: Candidate,
    seeds: Sequence[int],
    progress: Progress,
    fits: Iterator[SeedFit] | None = None,
    metric: Metric | None = None,
) -> Result:
    """Fit a candidate once per seed and score it beside its baselines and control.

    Args:
        dataset: What it learns from; members that the candidate cannot read are left out
            (:meth:`training.datasets.Dataset.reading`), and the result is about the others.
        candidate: What to fit.
        seeds: Repetitions.
        progress: Called with a line for each seed.
        fits: Where the next fits come from, when other processes make them.
        metric: What it is judged by; the usual one of its task by default.

    Raises:
        NotFound: When there is no such algorithm or input.
        WrongUse: For a wrong setting or number of inputs, or no seed.
        BadInput: For data the algorithm cannot learn from.
        Unsupported: For a task the algorithm is not made for.
    """
    if not seeds:
        raise WrongUse(candidate.key, "at least one seed", "none")
    dataset = dataset.reading(candidate.inputs)
    judged_by = metric or usual_metric(dataset)
    settings = complete_settings(model_of(candidate), candidate.settings)
    coming = fits or seed_fits(dataset, [candidate], seeds, metric=judged_by)
    done = [_told(candidate, next(coming), judged_by, progress) for _ in seeds]
    plain = training_of(dataset, candidate.inputs, seeds[0])
    first, rows = done[0].fitted, dataset.rows("test")
    said = ask(first, plain.task, dataset.take(candidate.inputs, rows))
    naive = naive_score(dataset, plain, judged_by)
    return Result(
        candidate=candidate,
        settings=settings,
        metric=judged_by,
        fitted=first,
        said=said,
        truth=truth_of(dataset, rows, said),
        repetitions=tuple(fit.repetition for fit in done),
        naive=naive,
        nearest=nearest_score(dataset, plain, judged_by),
        shuffled=float(np.mean([fit.control.value for fit in done])),
        shuffled_at_chance=_at_chance(
            [fit.control for fit in done],
            judged_by,
            chance(plain.task, dataset.class_names, naive),
        ),
        reliability=assess(dataset, candidate.inputs, first),
    )


def _at_chance(controls: list[Interval], metric: Metric, by_chance: float | None) -> bool | None:
    if by_chance is None:
        return None
    worse = float(np.mean([c.low if metric.sign > 0 else c.high for c in controls]))
    return not metric.better(worse, by_chance)


def _told(candidate: Candidate, fit: SeedFit, metric: Metric, progress: Progress) -> SeedFit:
    done = fit.repetition
    progress(
        f"{candidate.key}, seed {done.seed}: {done.test.values[metric.name]:.3f} in "
        f"{done.seconds:.1f} s, {fit.control.value:.3f} on shuffled {_shuffled(metric)}"
    )
    return fit


def _shuffled(metric: Metric) -> str:
    return "columns" if metric.task == "unsupervised" else "labels"


def score_fit(
    dataset: Dataset, candidate: Candidate, fitted: Fitted, seed: int, seconds: float
) -> Repetition:
    """Scores of a fitted model on every side there is."""
    task = dataset.definition.task

    def on(rows: Labels, inputs: Inputs) -> Scores:
        said = ask(fitted, task, inputs)
        return scores(task, truth_of(dataset, rows, said), said.answers, dataset.class_names)

    sides = {s: dataset.rows(s) for s in ("validation", "test")}
    simulated = {s: on(rows, dataset.take(candidate.inputs, rows)) for s, rows in sides.items()}
    measured = None
    if dataset.measured is not None:
        inputs = dataset.measured_inputs(candidate.inputs)
        measured = on(dataset.measured.rows, inputs)
    return Repetition(seed, simulated["validation"], simulated["test"], measured, seconds)
