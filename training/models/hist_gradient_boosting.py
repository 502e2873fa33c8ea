"""Gradient-boosted trees on binned inputs; several inputs are laid side by side."""

from __future__ import annotations

from pathlib import Path

from training.models import Model, Training
from training.models._estimator import (
    EstimatorModel,
    insist_on_every_class,
    load_estimator,
    stacked,
)
from training.models._threads import threads

TRUSTED = ("sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",)


def fit(
    training: Training,
    *,
    iterations: int,
    learning_rate: float,
    leaves: int,
    bins: int,
    share_of_columns: float,
    patience: int,
) -> EstimatorModel:
    """Fit with classes weighted evenly; the validation side stops it early.

    Args:
        training: What to learn from.
        iterations: Most boosting rounds; each grows one tree per class.
        learning_rate: Shrinkage of each tree.
        leaves: Most leaves of a tree.
        bins: Levels each column is cut into.
        share_of_columns: Columns looked at for each cut.
        patience: Rounds without gain before it stops.

    Raises:
        BadInput: When a class has no training row.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    insist_on_every_class(training)
    estimator = HistGradientBoostingClassifier(
        max_iter=iterations,
        learning_rate=learning_rate,
        max_leaf_nodes=leaves,
        max_bins=bins,
        max_features=share_of_columns,
        class_weight="balanced",
        early_stopping=True,
        n_iter_no_change=patience,
        random_state=training.seed,
    )
    with threadpool_limits(threads(len(training.labels)), user_api="openmp"):
        estimator.fit(
            stacked(training.inputs),
            training.labels,
            X_val=stacked(training.validation_inputs),
            y_val=training.validation_labels,
        )
    return EstimatorModel(estimator)


def load(folder: Path) -> EstimatorModel:
    """Read a saved model; ModelRefused for anything but trees."""
    return load_estimator(folder, "HistGradientBoostingClassifier", TRUSTED)


MODEL = Model(
    name="hist_gradient_boosting",
    version="1",
    title="gradient-boosted trees",
    min_inputs=1,
    max_inputs=8,
    settings={
        "iterations": 60,
        "learning_rate": 0.15,
        "leaves": 15,
        "bins": 32,
        "share_of_columns": 0.1,
        "patience": 10,
    },
    fit=fit,
    load=load,
    source="Ke et al., LightGBM, NeurIPS 30 (2017); scikit-learn HistGradientBoostingClassifier",
)
