"""Patterns of many samples taken apart into constituents, once for all parts of a study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from registry.errors import BadInput, Unsupported
from registry.identity import canonical_json, digest
from registry.parallel import mapper
from registry.records import Floats
from training.datasets import Dataset
from training.definitions import SpectrumInput
from training.models import Block, Clustering, Decodable, Inputs, Labels, Training, dense, models
from training.models.nmfk import ChosenMixing
from training.parts._shifts import copies

NAME = "curves"


@dataclass(frozen=True)
class Curves:
    """The curves of a dataset, every member's, and their axis.

    Attributes:
        values: Shape ``(n, points)``.
        x: Shape ``(points,)``.
        unit: Unit of x.
        quantity: What x is.
    """

    values: Block
    x: Floats
    quantity: str
    unit: str

    @classmethod
    def of(cls, dataset: Dataset, name: str) -> Curves:
        """Curves of an input; sides of the split do not count where nothing is predicted.

        Raises:
            Unsupported: When the input is no curve.
        """
        from registry.vocabulary import technique

        source = dataset.definition.input(name)
        if not isinstance(source, SpectrumInput):
            raise Unsupported(f"input {name!r}", "curves to take apart", source.kind)
        axis = technique(source.technique)
        block = dense({name: dataset.blocks[name]})[name]
        # resampling may leave the last digit below zero
        return cls(np.clip(block, 0, None), source.points(), axis.quantity, axis.unit)


@dataclass(frozen=True)
class Task:
    """One fit of a model without a target; equal when it would find the same."""

    model: str
    settings: str
    seed: int
    content: str
    values: Block = field(compare=False, repr=False)
    chosen: Mapping[str, Any] = field(compare=False, repr=False)

    @classmethod
    def of(cls, values: Block, model: str, chosen: Mapping[str, Any], seed: int) -> Task:
        """A task on rows, shape ``(n, points)``."""
        content = digest(str(values.shape), np.ascontiguousarray(values).tobytes())
        return cls(model, canonical_json(dict(chosen)), seed, content, values, chosen)


@dataclass(frozen=True)
class Unmixed:
    """Constituents of curves.

    Attributes:
        parts: Shape ``(k, points)``, the largest value of each one.
        shares: Share of each in what a sample scatters, rows adding up to one, shape ``(n, k)``.
        unexplained: Length of what is left over that of the curves.
        tried: Numbers of constituents that were tried, with silhouette of the worst cluster and
            relative error of each; empty where the number was given.
    """

    parts: Floats
    shares: Floats
    unexplained: float
    tried: tuple[tuple[int, float, float], ...] = ()

    @property
    def k(self) -> int:
        """How many."""
        return len(self.parts)

    def merged(self, group: Labels) -> Floats:
        """Shares with those of shifted copies added, shape ``(n, groups)``."""
        found = np.zeros((len(self.shares), int(group.max()) + 1))
        np.add.at(found.T, group, self.shares.T)
        return found

    def copies(self, x: Floats, strain: float, alike: float) -> Labels:
        """Which constituents are one, shifted: see :func:`training.parts._shifts.copies`."""
        return copies(self.parts, x, strain, alike)


@lru_cache(maxsize=8)
def unmixed(tasks: tuple[Task, ...], workers: int = 1) -> tuple[Unmixed, ...]:
    """Take curves apart, once for each task; kept for the other parts of a study."""
    with mapper(workers) as run:
        return tuple(run(_unmixed, iter(tasks)))


def unmixed_by(task: Task, asked: Block) -> Unmixed:
    """Take other curves apart, shape ``(m, points)``, with the constituents of a task's own."""
    inputs: Inputs = {NAME: asked}
    fitted = models()[task.model].train(_training(task), **task.chosen)
    if not isinstance(fitted, Decodable):
        raise Unsupported(task.model, "a model whose codes can be decoded", "another")
    amounts = np.asarray(fitted.encode(inputs), dtype=np.float64)
    parts = np.asarray(fitted.decode(np.eye(amounts.shape[1], dtype=np.float32)), dtype=np.float64)
    left = asked - amounts @ parts
    shares = amounts * parts.sum(axis=1)
    sums = shares.sum(axis=1, keepdims=True)
    if not (sums > 0).all():
        found = f"{int((sums <= 0).sum())} curves in which nothing is found"
        raise BadInput(task.model, "constituents in every curve", found)
    top = parts.max(axis=1, keepdims=True)
    tried: tuple[tuple[int, float, float], ...] = ()
    if isinstance(fitted, ChosenMixing):
        of = fitted.arrays
        columns = (of["tried"].tolist(), of["silhouette"].tolist(), of["error"].tolist())
        tried = tuple((int(k), s, e) for k, s, e in zip(*columns, strict=True))
    return Unmixed(
        parts=np.divide(parts, top, out=np.zeros_like(parts), where=top > 0),
        shares=shares / sums,
        unexplained=float(np.linalg.norm(left) / np.linalg.norm(asked)),
        tried=tried,
    )


def _unmixed(task: Task) -> Unmixed:
    return unmixed_by(task, task.values)


def clustered(values: Floats, model: str, chosen: Mapping[str, Any], seed: int) -> Labels:
    """Groups that a clustering finds in rows, shape ``(n,)``."""
    rows = np.asarray(values, dtype=np.float32)
    fitted = models()[model].train(_training(Task.of(rows, model, chosen, seed)), **chosen)
    if not isinstance(fitted, Clustering):
        raise Unsupported(model, "a model that assigns members to groups", "another")
    return fitted.assign({NAME: rows})


def tasks(
    curves: Curves, model: str, chosen: Mapping[str, Any], seeds: Sequence[int]
) -> tuple[Task, ...]:
    """A task for every seed."""
    return tuple(Task.of(curves.values, model, chosen, seed) for seed in seeds)


def _training(task: Task) -> Training:
    inputs: Inputs = {NAME: task.values}
    return Training(inputs, None, inputs, None, seed=task.seed, task="unsupervised")
