"""What a search answers: the class of the most similar pattern among those that are known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from registry.records import Floats
from training.datasets import Dataset
from training.models import Block, dense
from training.parts._adapting import picked
from training.parts._likeness import best_of_class

EASY, FEW, ALL = "nearest of the easy set", "nearest of the few", "nearest of all"


@dataclass(frozen=True)
class Searched:
    """Likeness of test members to the nearest known pattern of each class.

    Attributes:
        way: What was searched.
        size: Members of the hard set among them.
        seed: Of the draw.
        test: Of the hard test side, shape ``(n, n_classes)``.
        easy_test: Of the easy test side, where nothing of the hard set was searched.
    """

    way: str
    size: int
    seed: int
    test: Floats
    easy_test: Floats | None = None


def searches(
    easy: Dataset, hard: Dataset, sizes: Sequence[int], seeds: Sequence[int]
) -> Iterator[Searched]:
    """Search the easy training side, the few of the hard set, and both."""
    known, labels = block(easy, "train"), easy.labels[easy.rows("train")]
    asked, n_classes = block(hard, "test"), len(hard.class_names)
    in_easy = best_of_class(asked, known, labels, n_classes)
    own = best_of_class(block(easy, "test"), known, labels, n_classes)
    pool, classes = block(hard, "train"), hard.labels[hard.rows("train")]
    for seed in seeds:
        yield Searched(EASY, 0, seed, in_easy, own)
        for n in sizes:
            rows = picked(classes, n, seed)
            in_few = best_of_class(asked, pool[rows], classes[rows], n_classes)
            yield Searched(FEW, n, seed, in_few)
            yield Searched(ALL, n, seed, np.maximum(in_easy, in_few))


def block(dataset: Dataset, side: str) -> Block:
    """Curves of one side of a dataset that has nothing else."""
    (name,) = (i.name for i in dataset.definition.inputs)
    return dense(dataset.take([name], dataset.rows(side)))[name]
