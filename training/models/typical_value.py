"""Baseline: always the mean or the median of the training targets, whatever the input."""

from __future__ import annotations

from pathlib import Path

from registry.errors import WrongUse
from training.models import Fitted, Model, Training
from training.models._estimator import EstimatorRegressor, load_estimator
from training.models._layout import Layout


def fit(training: Training, *, value: str) -> Fitted:
    """Remember one value per target.

    Args:
        training: What to learn from.
        value: ``mean``, which has the least squared error, or ``median``, the least absolute one.

    Raises:
        WrongUse: For another ``value``.
    """
    from sklearn.dummy import DummyRegressor

    if value not in {"mean", "median"}:
        raise WrongUse("typical_value: value", "mean or median", repr(value))
    layout = Layout.of(training.inputs, missing=True)
    estimator = DummyRegressor(strategy=value)
    estimator.fit(layout.rows(training.inputs), training.values, sample_weight=training.weights)
    return EstimatorRegressor(estimator, layout)


def load(folder: Path) -> Fitted:
    """Read a saved model; ModelRefused for anything else."""
    return load_estimator(folder, {"DummyRegressor": EstimatorRegressor}, missing=True)


MODEL = Model(
    name="typical_value",
    version="1",
    title="mean or median",
    min_inputs=1,
    max_inputs=8,
    settings={"value": "mean"},
    fit=fit,
    load=load,
    source="scikit-learn DummyRegressor",
    tasks=frozenset({"regression"}),
    missing=True,
    weighted=True,
)
