"""K-means clusters of all blocks side by side."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import numpy as np

from registry.errors import BadInput
from training.models import NO_TARGET, Block, Fitted, Inputs, Labels, Model, Training
from training.models._arrays import ArraysModel
from training.models._calm import calm
from training.models._layout import Layout


class Means(ArraysModel):
    """Centres, shape ``(k, width)``; the code of a member is 1 for its own and 0 elsewhere."""

    sizes: ClassVar[Mapping[str, tuple[str, ...]]] = {"centres": ("k", "width")}

    def assign(self, inputs: Inputs) -> Labels:
        """Number of the nearest centre, shape ``(n,)``."""
        from sklearn.metrics import pairwise_distances_argmin

        rows = self.layout.rows(inputs).astype(np.float64)
        return np.asarray(pairwise_distances_argmin(rows, self.arrays["centres"]), dtype=np.int64)

    def encode(self, inputs: Inputs) -> Block:
        """Membership, shape ``(n, k)``."""
        one_hot = np.eye(len(self.arrays["centres"]), dtype=np.float32)
        return one_hot[self.assign(inputs)]

    def decode(self, codes: Block) -> Block:
        """The centre, shape ``(n, width)``."""
        return np.asarray(codes @ self.arrays["centres"], dtype=np.float32)


def fit(training: Training, *, clusters: int, starts: int) -> Fitted:
    """Fit.

    Args:
        training: What to learn from; the validation side is not used.
        clusters: How many.
        starts: Starts (k-means++), of which the tightest is kept.

    Raises:
        BadInput: When there are fewer different rows than clusters.
    """
    from sklearn.cluster import KMeans

    layout = Layout.of(training.inputs)
    rows = layout.rows(training.inputs).astype(np.float64)
    different = len(np.unique(rows, axis=0))
    if not 1 <= clusters <= different:
        raise BadInput("k_means: clusters", f"1 to {different}, as many as rows", str(clusters))
    with calm(len(rows)):
        found = KMeans(clusters, n_init=starts, random_state=training.seed).fit(rows)
    return Means(layout, {"centres": found.cluster_centers_})


def load(folder: Path) -> Fitted:
    """Read saved centres; ModelRefused for anything else."""
    return Means.read(folder)


MODEL = Model(
    name="k_means",
    version="1",
    title="k-means",
    min_inputs=1,
    max_inputs=8,
    settings={"clusters": 8, "starts": 10},
    fit=fit,
    load=load,
    source="Lloyd, IEEE Trans. Inf. Theory 28, 129 (1982); Arthur & Vassilvitskii, k-means++, "
    "SODA (2007)",
    tasks=NO_TARGET,
)
