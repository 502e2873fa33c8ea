"""Gaussian process on standardised columns: small data, with a deviation for every answer."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from registry.errors import Unsupported
from training.models import BOTH, Fitted, Inputs, Model, Training, Values
from training.models._calm import calm
from training.models._estimator import (
    EstimatorClassifier,
    EstimatorModel,
    EstimatorRegressor,
    column_or_table,
    insist_on_every_class,
    load_estimator,
)
from training.models._layout import Layout

TRUSTED = (
    "sklearn.gaussian_process._gpc._BinaryGaussianProcessClassifierLaplace",
    "sklearn.gaussian_process.kernels.ConstantKernel",
    "sklearn.gaussian_process.kernels.Matern",
    "sklearn.gaussian_process.kernels.Product",
    "sklearn.gaussian_process.kernels.Sum",
    "sklearn.gaussian_process.kernels.WhiteKernel",
)
RANGE = 1e3
"""How far hyper-parameters may move from their start, either way."""


class Process(EstimatorRegressor):
    """A process with its own deviation."""

    def predict(self, inputs: Inputs) -> Values:
        """Mean and standard deviation of a new measurement, noise included, ``(n, k)`` each."""
        mean, deviation = self.estimator.predict(self.layout.rows(inputs), return_std=True)
        return Values(mean.reshape(len(mean), -1), deviation.reshape(len(mean), -1))


def fit(training: Training, *, smoothness: float, most_members: int) -> Fitted:
    """Fit the kernel by marginal likelihood (for classes: Laplace's approximation, one by one).

    Args:
        training: What to learn from; the validation side is not used.
        smoothness: Order of the Matern kernel: 0.5, 1.5, 2.5 or infinity.
        most_members: Most training members it takes.

    Raises:
        BadInput: When a class has no training row.
        Unsupported: For more members than it can do.
    """
    from sklearn.gaussian_process import GaussianProcessClassifier, GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    layout = Layout.of(training.inputs)
    rows = layout.rows(training.inputs)
    if len(rows) > most_members:
        reason = "time grows with the cube of the members, memory with the square"
        raise Unsupported(
            "gaussian_process", f"{most_members} members or fewer ({reason})", str(len(rows))
        )
    # standardised rows are about the root of the width apart
    length = float(np.sqrt(layout.width))
    bounds = (length / RANGE, length * RANGE)
    amplitude = ConstantKernel(1.0, (1 / RANGE, RANGE))
    kernel = amplitude * Matern(length, bounds, nu=smoothness)
    made: EstimatorModel
    if training.task == "classification":
        insist_on_every_class(training)
        process = GaussianProcessClassifier(kernel, random_state=training.seed)
        made = EstimatorClassifier(make_pipeline(StandardScaler(), process), layout)
        targets = training.labels
    else:
        noise = WhiteKernel(0.1, (1e-6, RANGE))
        process = GaussianProcessRegressor(
            kernel + noise, normalize_y=True, random_state=training.seed
        )
        made = Process(make_pipeline(StandardScaler(), process), layout)
        targets = column_or_table(training.values)
    with calm(len(rows)):
        made.estimator.fit(rows.astype(np.float64), targets)
    return made


def load(folder: Path) -> Fitted:
    """Read a saved process; ModelRefused for anything else."""
    kinds: dict[str, type[EstimatorModel]] = {
        "GaussianProcessClassifier": EstimatorClassifier,
        "GaussianProcessRegressor": Process,
    }
    return load_estimator(folder, kinds, TRUSTED)


MODEL = Model(
    name="gaussian_process",
    version="1",
    title="Gaussian process",
    min_inputs=1,
    max_inputs=8,
    settings={"smoothness": 2.5, "most_members": 1000},
    fit=fit,
    load=load,
    source="Rasmussen & Williams, Gaussian Processes for Machine Learning, MIT Press (2006)",
    tasks=BOTH,
)
