"""One candidate fitted and scored: every seed, the baselines and the shuffled-label control."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from registry.errors import WrongUse
from registry.plugins import pick
from training.datasets import Dataset
from training.definitions import SpectrumInput
from training.evaluation import Interval, Scores, bootstrap, scores
from training.models import Fitted, Inputs, Labels, Model, Probabilities, Training, models
from training.study import Candidate

Progress = Callable[[str], None]
NAIVE, NEAREST = "most_frequent", "nearest_neighbour"


@dataclass(frozen=True)
class Repetition:
    """One seed: its scores, and the seconds it took to fit."""

    seed: int
    validation: Scores
    test: Scores
    measured: Scores | None
    seconds: float


@dataclass(frozen=True)
class Result:
    """A candidate, fitted.

    Attributes:
        candidate: What was fitted.
        settings: Complete settings.
        fitted: The model of the first seed; no seed is ever chosen by its test score.
        probabilities: Its answers for the test members, ``(n_test, n_classes)``.
        repetitions: One per seed.
        naive: Balanced accuracy of the most frequent class on the test side.
        nearest: That of the nearest neighbour on the same inputs.
        shuffled: That of the same algorithm on shuffled training labels, mean over seeds.
        shuffled_at_chance: Whether its 95 % interval (lower end: mean over seeds) reaches chance.
    """

    candidate: Candidate
    settings: dict[str, Any]
    fitted: Fitted
    probabilities: Probabilities
    repetitions: tuple[Repetition, ...]
    naive: float
    nearest: float
    shuffled: float
    shuffled_at_chance: bool

    def over_seeds(self, side: str) -> tuple[float, float] | None:
        """Mean and standard deviation of balanced accuracy; None where the side was not scored."""
        found: list[Scores | None] = [getattr(r, side) for r in self.repetitions]
        values = [s.balanced_accuracy for s in found if s is not None]
        return (float(np.mean(values)), float(np.std(values))) if values else None

    def mean(self, side: str) -> float | None:
        """Mean over seeds of balanced accuracy; None where the side was not scored."""
        found = self.over_seeds(side)
        return None if found is None else found[0]


def complete_settings(model: Model, chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of a model with its defaults.

    Raises:
        WrongUse: For a setting that the model does not have.
    """
    strange = sorted(set(chosen) - set(model.settings))
    if strange:
        known = ", ".join(model.settings) or "no settings"
        raise WrongUse(f"model {model.name}: setting", f"one of {known}", ", ".join(strange))
    return {**model.settings, **chosen}


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
    return Training(
        inputs=dataset.take(inputs, train),
        labels=dataset.labels[train],
        validation_inputs=dataset.take(inputs, validation),
        validation_labels=dataset.labels[validation],
        n_classes=len(dataset.class_names),
        seed=seed,
        curves={
            i.name: i.grid[:2]
            for i in dataset.definition.inputs
            if isinstance(i, SpectrumInput) and i.name in inputs
        },
    )


@dataclass(frozen=True)
class SeedFit:
    """One seed of a candidate: its scores, its shuffled-label control, the model."""

    repetition: Repetition
    control: Interval
    fitted: Fitted


Run = Callable[[Callable[[tuple[Dataset, Candidate, int]], SeedFit], Any], Iterator[SeedFit]]


def seed_fits(
    dataset: Dataset, candidates: Sequence[Candidate], seeds: Sequence[int], run: Run = map
) -> Iterator[SeedFit]:
    """Fit candidates, every seed of one before the next; ``run`` maps over processes or here."""
    tasks = [(dataset.only(c.inputs), c, seed) for c in candidates for seed in seeds]
    return run(fit_seed, tasks)


def fit_seed(task: tuple[Dataset, Candidate, int]) -> SeedFit:
    """Fit a candidate with one seed, and again on shuffled training labels.

    Raises:
        NotFound: When there is no such algorithm or input.
        WrongUse: For a wrong setting or number of inputs.
    """
    dataset, candidate, seed = task
    model = model_of(candidate)
    settings = complete_settings(model, candidate.settings)
    data = training_of(dataset, candidate.inputs, seed)
    start = time.perf_counter()
    fitted = model.fit(data, **settings)
    seconds = time.perf_counter() - start
    shuffled = np.random.default_rng(seed).permutation(data.labels)
    control = model.fit(replace(data, labels=shuffled), **settings)
    test = dataset.rows("test")
    chance = bootstrap(
        dataset.labels[test], _answers(dataset, candidate, control), dataset.groups(test)
    )
    return SeedFit(_score(dataset, candidate, fitted, seed, seconds), chance, fitted)


def fit_candidate(
    dataset: Dataset,
    candidate: Candidate,
    seeds: Sequence[int],
    progress: Progress,
    fits: Iterator[SeedFit] | None = None,
) -> Result:
    """Fit a candidate once per seed and score it beside its baselines and control.

    Args:
        dataset: What it learns from.
        candidate: What to fit.
        seeds: Repetitions.
        progress: Called with a line for each seed.
        fits: Where the next fits come from, when other processes make them.

    Raises:
        NotFound: When there is no such algorithm or input.
        WrongUse: For a wrong setting or number of inputs, or no seed.
    """
    if not seeds:
        raise WrongUse(candidate.key, "at least one seed", "none")
    settings = complete_settings(model_of(candidate), candidate.settings)
    coming = fits or seed_fits(dataset, [candidate], seeds)
    done = [_told(candidate, next(coming), progress) for _ in seeds]
    plain = training_of(dataset, candidate.inputs, seeds[0])
    first = done[0].fitted
    lowest = float(np.mean([fit.control.low for fit in done]))
    return Result(
        candidate=candidate,
        settings=settings,
        fitted=first,
        probabilities=first.probabilities(dataset.take(candidate.inputs, dataset.rows("test"))),
        repetitions=tuple(fit.repetition for fit in done),
        naive=_baseline(dataset, candidate, plain, NAIVE),
        nearest=_baseline(dataset, candidate, plain, NEAREST),
        shuffled=float(np.mean([fit.control.value for fit in done])),
        shuffled_at_chance=lowest <= 1 / len(dataset.class_names),
    )


def _told(candidate: Candidate, fit: SeedFit, progress: Progress) -> SeedFit:
    done = fit.repetition
    progress(
        f"{candidate.key}, seed {done.seed}: {done.test.balanced_accuracy:.3f} in "
        f"{done.seconds:.1f} s, {fit.control.value:.3f} on shuffled labels"
    )
    return fit


def _baseline(dataset: Dataset, candidate: Candidate, training: Training, name: str) -> float:
    baseline = models()[name]
    answers = _answers(dataset, candidate, baseline.fit(training, **baseline.settings))
    truth = dataset.labels[dataset.rows("test")]
    return scores(truth, answers, dataset.class_names).balanced_accuracy


def _answers(dataset: Dataset, candidate: Candidate, fitted: Fitted) -> Labels:
    return _classes(fitted, dataset.take(candidate.inputs, dataset.rows("test")))


def _classes(fitted: Fitted, inputs: Inputs) -> Labels:
    return np.asarray(fitted.probabilities(inputs).argmax(axis=1), dtype=np.int64)


def _score(
    dataset: Dataset, candidate: Candidate, fitted: Fitted, seed: int, seconds: float
) -> Repetition:
    def on(rows: Labels, inputs: Inputs) -> Scores:
        return scores(dataset.labels[rows], _classes(fitted, inputs), dataset.class_names)

    sides = {s: dataset.rows(s) for s in ("validation", "test")}
    simulated = {s: on(rows, dataset.take(candidate.inputs, rows)) for s, rows in sides.items()}
    measured = None
    if dataset.measured is not None and dataset.curves & set(candidate.inputs):
        inputs = dataset.measured_inputs(candidate.inputs)
        measured = on(dataset.measured.rows, inputs)
    return Repetition(seed, simulated["validation"], simulated["test"], measured, seconds)
