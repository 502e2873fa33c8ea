"""Gradient-boosted trees on binned inputs; several inputs are laid side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from registry.errors import Unsupported
from training.models import BOTH, Fitted, Model, Training
from training.models._calm import calm
from training.models._estimator import (
    EstimatorClassifier,
    EstimatorModel,
    EstimatorRegressor,
    insist_on_every_class,
    load_estimator,
)
from training.models._layout import Layout

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
) -> Fitted:
    """Fit, for classification with classes weighted evenly; the validation side stops it early.

    Args:
        training: What to learn from.
        iterations: Most boosting rounds; each grows one tree, or one per class.
        learning_rate: Shrinkage of each tree.
        leaves: Most leaves of a tree.
        bins: Levels each column is cut into.
        share_of_columns: Columns looked at for each cut.
        patience: Rounds without gain before it stops.

    Raises:
        BadInput: When a class has no training row.
        Unsupported: For more than one value per member.
    """
    options = {
        "max_iter": iterations,
        "learning_rate": learning_rate,
        "max_leaf_nodes": leaves,
        "max_bins": bins,
        "max_features": share_of_columns,
        "early_stopping": True,
        "n_iter_no_change": patience,
        "random_state": training.seed,
    }
    layout = Layout.of(training.inputs, missing=True)
    model, targets, validation = _made(training, options, layout)
    rows = layout.rows(training.inputs)
    with calm(len(rows)):
        model.estimator.fit(
            rows,
            targets,
            sample_weight=training.weights,
            X_val=layout.rows(training.validation_inputs),
            y_val=validation,
            sample_weight_val=training.validation_weights,
        )
    return model


def _made(
    training: Training, options: dict[str, Any], layout: Layout
) -> tuple[EstimatorModel, Any, Any]:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    if training.task == "classification":
        insist_on_every_class(training)
        classifier = HistGradientBoostingClassifier(class_weight="balanced", **options)
        found = EstimatorClassifier(classifier, layout)
        return found, training.labels, training.validation_labels
    values, validation = training.values, training.validation_values
    if values.shape[1] > 1:
        found_shape = str(np.shape(values))
        raise Unsupported("hist_gradient_boosting", "one value per member", found_shape)
    regressor = HistGradientBoostingRegressor(**options)
    return EstimatorRegressor(regressor, layout), values[:, 0], validation[:, 0]


def load(folder: Path) -> Fitted:
    """Read a saved model; ModelRefused for anything but trees."""
    kinds: dict[str, type[EstimatorModel]] = {
        "HistGradientBoostingClassifier": EstimatorClassifier,
        "HistGradientBoostingRegressor": EstimatorRegressor,
    }
    return load_estimator(folder, kinds, TRUSTED, missing=True)


MODEL = Model(
    name="hist_gradient_boosting",
    version="2",
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
    tasks=BOTH,
    missing=True,
    weighted=True,
)
