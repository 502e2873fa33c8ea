"""Principal components of all blocks side by side."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import numpy as np

from registry.errors import BadInput
from training.models import NO_TARGET, Block, Fitted, Inputs, Model, Training
from training.models._arrays import ArraysModel
from training.models._layout import Layout


class PrincipalComponents(ArraysModel):
    """Mean and orthonormal components, the one with the largest variance first."""

    sizes: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "mean": ("width",),
        "components": ("k", "width"),
        "variance": ("k",),
    }

    def encode(self, inputs: Inputs) -> Block:
        """Coordinates along the components, shape ``(n, k)``."""
        centred = self.layout.rows(inputs) - self.arrays["mean"]
        return np.asarray(centred @ self.arrays["components"].T, dtype=np.float32)

    def decode(self, codes: Block) -> Block:
        """Mean plus components, shape ``(n, width)``."""
        rows = codes @ self.arrays["components"] + self.arrays["mean"]
        return np.asarray(rows, dtype=np.float32)


def fit(training: Training, *, components: int) -> Fitted:
    """Fit.

    Args:
        training: What to learn from; the validation side is not used.
        components: How many.

    Raises:
        BadInput: When there are fewer rows or columns than components.
    """
    from sklearn.decomposition import PCA

    layout = Layout.of(training.inputs)
    rows = layout.rows(training.inputs).astype(np.float64)
    if not 1 <= components <= min(rows.shape):
        found = f"{components} of rows and columns {rows.shape}"
        raise BadInput("pca: components", "at least 1, no more than rows or columns", found)
    found = PCA(components, svd_solver="full").fit(rows)
    arrays = {
        "mean": found.mean_,
        "components": found.components_,
        "variance": found.explained_variance_,
    }
    return PrincipalComponents(layout, arrays)


def load(folder: Path) -> Fitted:
    """Read saved components; ModelRefused for anything else."""
    return PrincipalComponents.read(folder)


MODEL = Model(
    name="pca",
    version="1",
    title="principal components",
    min_inputs=1,
    max_inputs=8,
    settings={"components": 10},
    fit=fit,
    load=load,
    source="Pearson, Phil. Mag. 2, 559 (1901); Hotelling, J. Educ. Psychol. 24, 417 (1933)",
    tasks=NO_TARGET,
)
