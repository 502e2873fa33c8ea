"""scikit-learn estimators as models: saved as skops, loaded against a list of trusted types."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from registry.errors import BadInput, ModelRefused
from training.files import expect_files, read_json
from training.models import Inputs, Probabilities, Training, Values
from training.models._layout import Layout, layout_from

FILE, LAYOUT = "model.skops", "inputs.json"


def insist_on_every_class(training: Training) -> None:
    """Refuse training labels that lack a class.

    Raises:
        BadInput: Naming the classes that are missing.
    """
    missing = sorted(set(range(training.n_classes)) - set(training.labels.tolist()))
    if missing:
        raise BadInput("training labels", f"all of {training.n_classes} classes", f"no {missing}")


def column_or_table(values: Any) -> Any:
    """Values of shape ``(n, 1)`` as ``(n,)``, which single-output estimators insist on."""
    return values[:, 0] if values.shape[1] == 1 else values


class EstimatorModel:
    """A fitted scikit-learn estimator and the blocks it takes."""

    def __init__(self, estimator: Any, layout: Layout) -> None:
        self.estimator = estimator
        self.layout = layout

    def n_parameters(self) -> int | None:
        """None: trees and kernels have no fixed number of parameters."""
        return None

    def save(self, folder: Path) -> None:
        """Write ``model.skops`` and ``inputs.json``."""
        import skops.io

        skops.io.dump(self.estimator, folder / FILE)
        (folder / LAYOUT).write_text(json.dumps(dict(self.layout.widths)))


class EstimatorClassifier(EstimatorModel):
    """A fitted classifier."""

    def probabilities(self, inputs: Inputs) -> Probabilities:
        """Class probabilities, shape ``(n, n_classes)``."""
        rows = self.layout.rows(inputs)
        return np.asarray(self.estimator.predict_proba(rows), dtype=np.float64)


class EstimatorRegressor(EstimatorModel):
    """A fitted regressor that knows no deviation."""

    def predict(self, inputs: Inputs) -> Values:
        """Values, shape ``(n, k)``."""
        mean = np.asarray(self.estimator.predict(self.layout.rows(inputs)), dtype=np.float64)
        return Values(mean.reshape(len(mean), -1))


Made = TypeVar("Made", bound=EstimatorModel)


def load_estimator(
    folder: Path,
    kinds: Mapping[str, type[Made]],
    trusted: tuple[str, ...] = (),
    missing: bool = False,
) -> Made:
    """Read back what :class:`EstimatorModel` wrote.

    Args:
        folder: Where it was written.
        kinds: The model to make of each class of estimator that it may be.
        trusted: Types allowed beyond those that skops itself trusts.
        missing: Whether it takes rows that lack a block.

    Raises:
        ModelRefused: When the folder holds anything else, or a type that is not trusted.
    """
    import skops.io

    expect_files(folder, {FILE, LAYOUT})
    path = folder / FILE
    if not zipfile.is_zipfile(path):
        raise ModelRefused(f"{path}: not a skops file (a pickle?)")
    unknown = sorted(set(skops.io.get_untrusted_types(file=path)) - set(trusted))
    if unknown:
        raise ModelRefused(f"{path}: holds types that are not trusted: {', '.join(unknown)}")
    estimator = skops.io.load(path, trusted=list(trusted))
    last = estimator[-1] if type(estimator).__name__ == "Pipeline" else estimator
    kind = kinds.get(type(last).__name__)
    if kind is None:
        expected = " or ".join(sorted(kinds))
        raise ModelRefused(f"{path}: expected a {expected}, found {type(last).__name__}")
    layout = layout_from(read_json(folder / LAYOUT), str(folder / LAYOUT), missing)
    if getattr(estimator, "n_features_in_", layout.width) != layout.width:
        raise ModelRefused(f"{path}: not fitted on {layout.width} columns")
    return kind(estimator, layout)
