"""Random forest; several inputs are laid side by side."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from training.models import BOTH, Fitted, Inputs, Model, Training, Values
from training.models._estimator import (
    EstimatorClassifier,
    EstimatorModel,
    EstimatorRegressor,
    column_or_table,
    insist_on_every_class,
    load_estimator,
)
from training.models._layout import Layout
from training.models._threads import threads

TRUSTED = ("sklearn.tree._tree.Tree",)


class Forest(EstimatorRegressor):
    """A regression forest; trees that disagree are its deviation."""

    def predict(self, inputs: Inputs) -> Values:
        """Mean and standard deviation over the trees, shape ``(n, k)`` each."""
        rows = self.layout.rows(inputs)
        trees = np.stack([tree.predict(rows) for tree in self.estimator.estimators_])
        trees = trees.reshape(*trees.shape[:2], -1)
        return Values(trees.mean(axis=0), trees.std(axis=0))


def fit(
    training: Training, *, trees: int, share_of_columns: float, leaf: int, depth: int | None
) -> Fitted:
    """Fit, for classification with classes weighted evenly.

    Args:
        training: What to learn from; the validation side is not used.
        trees: How many.
        share_of_columns: Columns looked at for each cut.
        leaf: Fewest members in a leaf.
        depth: Most cuts on the way to a leaf; None for no limit.

    Raises:
        BadInput: When a class has no training row.
    """
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    options = {
        "n_estimators": trees,
        "max_features": share_of_columns,
        "min_samples_leaf": leaf,
        "max_depth": depth,
        "random_state": training.seed,
    }
    layout = Layout.of(training.inputs, missing=True)
    rows = layout.rows(training.inputs)
    jobs = threads(len(rows))
    if training.task == "classification":
        insist_on_every_class(training)
        classifier = RandomForestClassifier(class_weight="balanced", n_jobs=jobs, **options)
        classifier.fit(rows, training.labels, sample_weight=training.weights)
        return EstimatorClassifier(classifier, layout)
    regressor = RandomForestRegressor(n_jobs=jobs, **options)
    regressor.fit(rows, column_or_table(training.values), sample_weight=training.weights)
    return Forest(regressor, layout)


def load(folder: Path) -> Fitted:
    """Read a saved model; ModelRefused for anything but a forest."""
    kinds: dict[str, type[EstimatorModel]] = {
        "RandomForestClassifier": EstimatorClassifier,
        "RandomForestRegressor": Forest,
    }
    return load_estimator(folder, kinds, TRUSTED, missing=True)


MODEL = Model(
    name="random_forest",
    version="1",
    title="random forest",
    min_inputs=1,
    max_inputs=8,
    settings={"trees": 200, "share_of_columns": 0.1, "leaf": 2, "depth": None},
    fit=fit,
    load=load,
    source="Breiman, Mach. Learn. 45, 5 (2001), doi:10.1023/A:1010933404324; scikit-learn",
    tasks=BOTH,
    missing=True,
    weighted=True,
)
