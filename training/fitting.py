"""One candidate fitted and scored: every seed, the baselines and the shuffled-label control."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from registry.errors import WrongUse
from registry.plugins import pick
from training.datasets import Dataset
from training.evaluation import Scores, bootstrap, scores
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
        curves=dataset.curves & set(inputs),
    )


def fit_candidate(
    dataset: Dataset, candidate: Candidate, seeds: Sequence[int], progress: Progress
) -> Result:
    """Fit a candidate once per seed and score it beside its baselines and control.

    Raises:
        NotFound: When there is no such algorithm or input.
        WrongUse: For a wrong setting or number of inputs.
    """
    model = model_of(candidate)
    settings = complete_settings(model, candidate.settings)
    repetitions, controls, first = [], [], None
    test = dataset.rows("test")
    truth, groups = dataset.labels[test], dataset.groups(test)
    for seed in seeds:
        data = training_of(dataset, candidate.inputs, seed)
        start = time.perf_counter()
        fitted = model.fit(data, **settings)
        seconds = time.perf_counter() - start
        done = _score(dataset, candidate, fitted, seed, seconds)
        repetitions.append(done)
        first = first or fitted
        shuffled = np.random.default_rng(seed).permutation(data.labels)
        control = model.fit(replace(data, labels=shuffled), **settings)
        controls.append(bootstrap(truth, _answers(dataset, candidate, control), groups))
        score = done.test.balanced_accuracy
        progress(
            f"{candidate.key}, seed {seed}: {score:.3f} in {seconds:.1f} s, "
            f"{controls[-1].value:.3f} on shuffled labels"
        )
    if first is None:
        raise WrongUse(candidate.key, "at least one seed", "none")
    plain = training_of(dataset, candidate.inputs, seeds[0])
    lowest = float(np.mean([control.low for control in controls]))
    return Result(
        candidate=candidate,
        settings=settings,
        fitted=first,
        probabilities=first.probabilities(dataset.take(candidate.inputs, test)),
        repetitions=tuple(repetitions),
        naive=_baseline(dataset, candidate, plain, NAIVE),
        nearest=_baseline(dataset, candidate, plain, NEAREST),
        shuffled=float(np.mean([control.value for control in controls])),
        shuffled_at_chance=lowest <= 1 / len(dataset.class_names),
    )


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
