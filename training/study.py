"""A study: one question of the literature, what is tried to answer it, and its claims.

Claims and how they are judged are written in the study's file before anything is scored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from registry.errors import BadInput
from registry.lake import Lake
from training.definitions import DatasetDefinition
from training.metrics import METRICS, Metric, metric_named, metrics_of
from training.parts import Part, Progress

Prepare = Callable[[Lake, Path | None, Progress], None]
"""Brings what a study reads into a lake: ``prepare(lake, data, progress)``; ``data`` is the folder
of measured files that packages do not carry, or None where there is none."""


@dataclass(frozen=True)
class Candidate:
    """An algorithm on some inputs of the dataset; ``settings`` override its defaults."""

    model: str
    inputs: tuple[str, ...]
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """What it is called within its study, such as ``fusion on xrd+soap``."""
        return f"{self.model} on {'+'.join(self.inputs)}"


@dataclass(frozen=True)
class Claim:
    """A candidate is better than the best of others.

    Which of the others is best is decided on the validation side. The claim holds when the 95 %
    paired bootstrap interval (groups of the test side resampled) of how much better the study's
    metric of the registered models is lies above zero; it fails when it lies below; otherwise the
    data do not decide.

    Attributes:
        text: The claim in words.
        candidate: Key of the candidate it is about.
        against: Keys of the others.
    """

    text: str
    candidate: str
    against: tuple[str, ...]


@dataclass(frozen=True)
class Study:
    """A study.

    Attributes:
        name: Name, also of the registered model whose versions are its candidates.
        title: What a person calls it.
        question: What it asks.
        dataset: What it learns from.
        reference: Publications.
        candidates: What is compared.
        claim: What is judged of the candidates; None when only parts claim anything.
        parts: Experiments beyond the comparison, each with its own claim.
        prepare: Brings what it reads into a lake; None where the quickstart does.
        seeds: Seeds of the repetitions; the first one's model is registered.
        metric: Score that candidates are compared by.
        allowed_leaks: Kinds of leak (:data:`training.leaks.KINDS`) that do not block training, each
            with the reason, which goes onto the cards.
    """

    name: str
    title: str
    question: str
    dataset: DatasetDefinition
    reference: str
    candidates: tuple[Candidate, ...] = ()
    claim: Claim | None = None
    parts: tuple[Part, ...] = ()
    prepare: Prepare | None = None
    seeds: tuple[int, ...] = (0, 1, 2)
    metric: str = "balanced_accuracy"
    allowed_leaks: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        keys = [c.key for c in self.candidates]
        where = f"study {self.name!r}"
        names = [part.name for part in self.parts]
        if not keys + names or len(set(keys)) != len(keys) or len(set(names)) != len(names):
            raise BadInput(where, "candidates or parts, each once", repr(keys + names))
        for candidate in self.candidates:
            for name in candidate.inputs:
                self.dataset.input(name)
        if self.claim is not None:
            strange = sorted({self.claim.candidate, *self.claim.against} - set(keys))
            if strange or not self.claim.against:
                raise BadInput(where, "a claim about its candidates", repr(strange))
        if not self.seeds:
            raise BadInput(where, "at least one seed", "none")
        task = self.dataset.task
        if self.metric not in METRICS or self.judged_by.task != task:
            able = [metric.name for metric in metrics_of(task)]
            raise BadInput(f"{where}: metric", f"one of {task}: {', '.join(able)}", self.metric)

    @property
    def judged_by(self) -> Metric:
        """Its metric."""
        return metric_named(self.metric)
