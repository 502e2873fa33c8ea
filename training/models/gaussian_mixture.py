"""Mixture of Gaussians in the space of the principal components; their number chosen by BIC."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from registry.errors import BadInput
from registry.records import Floats
from training.models import NO_TARGET, Block, Fitted, Inputs, Labels, Model, Training
from training.models._arrays import ArraysModel
from training.models._calm import calm
from training.models._layout import Layout


class Mixture(ArraysModel):
    """Gaussians by share, mean and Cholesky factor of the precision, among components."""

    sizes: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "mean": ("width",),
        "components": ("d", "width"),
        "shares": ("k",),
        "means": ("k", "d"),
        "precisions": ("k", "d", "d"),
    }

    def encode(self, inputs: Inputs) -> Block:
        """Probability of each Gaussian, shape ``(n, k)``."""
        return np.asarray(self._mixture().predict_proba(self._reduced(inputs)), dtype=np.float32)

    def assign(self, inputs: Inputs) -> Labels:
        """The most probable Gaussian, shape ``(n,)``."""
        return np.asarray(self._mixture().predict(self._reduced(inputs)), dtype=np.int64)

    def decode(self, codes: Block) -> Block:
        """Mean of the Gaussians by their probabilities, shape ``(n, width)``."""
        rows = codes @ self.arrays["means"] @ self.arrays["components"] + self.arrays["mean"]
        return np.asarray(rows, dtype=np.float32)

    def log_density(self, inputs: Inputs) -> Floats:
        """Logarithm of the density among the components: how usual a member is, ``(n,)``."""
        return np.asarray(self._mixture().score_samples(self._reduced(inputs)))

    def _reduced(self, inputs: Inputs) -> Floats:
        centred = self.layout.rows(inputs) - self.arrays["mean"]
        return np.asarray(centred @ self.arrays["components"].T)

    def _mixture(self) -> Any:
        from sklearn.mixture import GaussianMixture

        found = GaussianMixture(len(self.arrays["shares"]))
        found.weights_, found.means_ = self.arrays["shares"], self.arrays["means"]
        found.precisions_cholesky_ = self.arrays["precisions"]
        return found


def fit(training: Training, *, components: int, least: int, most: int, starts: int) -> Fitted:
    """Fit mixtures of every number of Gaussians, and keep the one with the lowest BIC.

    Args:
        training: What to learn from; the validation side is not used.
        components: Principal components that the Gaussians are in.
        least: Fewest Gaussians.
        most: Most Gaussians.
        starts: Starts of each fit, of which the most probable is kept.

    Raises:
        BadInput: When there are too few rows or columns.
    """
    from sklearn.decomposition import PCA

    layout = Layout.of(training.inputs)
    rows = layout.rows(training.inputs).astype(np.float64)
    if not (1 <= components <= min(rows.shape) and 1 <= least <= most <= len(rows)):
        expected = "no more components and Gaussians than rows and columns, least <= most"
        found = f"{components} components, {least} to {most}, rows and columns {rows.shape}"
        raise BadInput("gaussian_mixture: settings", expected, found)
    space = PCA(components, svd_solver="full").fit(rows)
    best = _lowest_bic(space.transform(rows), range(least, most + 1), starts, training.seed)
    arrays = {
        "mean": space.mean_,
        "components": space.components_,
        "shares": best.weights_,
        "means": best.means_,
        "precisions": best.precisions_cholesky_,
    }
    return Mixture(layout, arrays)


def _lowest_bic(rows: Floats, numbers: range, starts: int, seed: int) -> Any:
    from sklearn.mixture import GaussianMixture

    # a floor of the variance in proportion to the data, else one point makes a Gaussian
    floor = 1e-4 * float(rows.var(axis=0).mean())
    with calm(len(rows)):
        fits = [
            GaussianMixture(k, n_init=starts, reg_covar=floor, random_state=seed).fit(rows)
            for k in numbers
        ]
    return min(fits, key=lambda found: found.bic(rows))


def load(folder: Path) -> Fitted:
    """Read a saved mixture; ModelRefused for anything else."""
    return Mixture.read(folder)


MODEL = Model(
    name="gaussian_mixture",
    version="1",
    title="Gaussian mixture",
    min_inputs=1,
    max_inputs=8,
    settings={"components": 8, "least": 1, "most": 10, "starts": 3},
    fit=fit,
    load=load,
    source="Dempster, Laird & Rubin, J. R. Stat. Soc. B 39, 1 (1977); Schwarz, Ann. Stat. 6, 461 "
    "(1978) for the number",
    tasks=NO_TARGET,
)
