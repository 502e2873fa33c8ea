"""Nearest neighbours by cosine. A missing block resembles nothing and decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import numpy as np

from registry.errors import BadInput
from registry.records import Floats
from training.domain import CHUNK, similarity
from training.models import Block, Fitted, Inputs, Labels, Probabilities, Training, Values
from training.models._arrays import Array, ArraysModel
from training.models._estimator import insist_on_every_class
from training.models._layout import Layout

NEAREST_DISTANCE = 1e-6
"""Cosine distance below which neighbours count as equally near."""


class Neighbours(ArraysModel):
    """The training rows, one target row each, and how many of them decide."""

    sizes: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "rows": ("n", "width"),
        "targets": ("n", "k"),
        "neighbours": (),
        "by_distance": (),
    }

    def n_parameters(self) -> int | None:
        """None: a table of neighbours has no parameters to count."""
        return None

    def decided(self, inputs: Inputs) -> tuple[Floats, Floats]:
        """Mean and standard deviation of the neighbours' targets, shape ``(n, k)`` each."""
        rows = unit_rows(self.layout, inputs)
        targets = self.arrays["targets"]
        mean = np.empty((len(rows), targets.shape[1]))
        deviation = np.empty_like(mean)
        for first in range(0, len(rows), CHUNK):
            part = slice(first, first + CHUNK)
            near, share = self._near(rows[part])
            values = targets[near]
            mean[part] = np.einsum("nj,njk->nk", share, values)
            square = (values - mean[part, None]) ** 2
            deviation[part] = np.sqrt(np.einsum("nj,njk->nk", share, square))
        return mean, deviation

    def _near(self, rows: Block) -> tuple[Labels, Floats]:
        """Numbers of the neighbours of each row and their shares, shape ``(n, neighbours)``."""
        like = similarity(rows, self.arrays["rows"])
        # stable: of equal ones the first, on every machine
        count = int(self.arrays["neighbours"])
        near = np.argsort(-like, axis=1, kind="stable")[:, :count]
        share = np.ones(near.shape)
        if self.arrays["by_distance"]:
            distance = 1 - np.take_along_axis(like, near, axis=1)
            share = 1 / np.maximum(distance, NEAREST_DISTANCE)
        return near, share / share.sum(axis=1, keepdims=True)


class NeighboursClassifier(Neighbours):
    """Shares of the classes among the neighbours."""

    def probabilities(self, inputs: Inputs) -> Probabilities:
        """Shape ``(n, n_classes)``."""
        return np.asarray(self.decided(inputs)[0], dtype=np.float64)


class NeighboursRegressor(Neighbours):
    """Mean over the neighbours; their spread is its deviation, unless there is only one."""

    def predict(self, inputs: Inputs) -> Values:
        """Shape ``(n, k)``."""
        mean, deviation = self.decided(inputs)
        return Values(mean, deviation if self.arrays["neighbours"] > 1 else None)


def unit_rows(layout: Layout, inputs: Inputs) -> Block:
    """Blocks side by side, each with rows of length one, so that none outweighs another."""
    from sklearn.preprocessing import normalize

    blocks = layout.blocks(inputs).values()
    return np.concatenate([normalize(np.nan_to_num(block)) for block in blocks], axis=1)


def fit_neighbours(training: Training, neighbours: int, by_distance: bool) -> Neighbours:
    """Remember the training rows.

    Raises:
        BadInput: When a class has no training row, or there are fewer rows than neighbours.
    """
    layout = Layout.of(training.inputs, missing=True)
    rows = unit_rows(layout, training.inputs)
    if not 1 <= neighbours <= len(rows):
        raise BadInput("neighbours", f"1 to {len(rows)}, as many as rows", str(neighbours))
    if training.task == "classification":
        insist_on_every_class(training)
    one_hot = np.eye(training.n_classes)
    targets = one_hot[training.labels] if training.task == "classification" else training.values
    arrays: dict[str, Array] = {
        "rows": rows,
        "targets": targets,
        "neighbours": np.array(neighbours),
        "by_distance": np.array(by_distance),
    }
    made = NeighboursClassifier if training.task == "classification" else NeighboursRegressor
    return made(layout, arrays)


def load_neighbours(folder: Path) -> Fitted:
    """Read saved neighbours of either task; ModelRefused for anything else."""
    kinds = (NeighboursClassifier, NeighboursRegressor)
    return ArraysModel.read_one_of(folder, kinds, missing=True)
