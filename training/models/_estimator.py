"""scikit-learn classifiers as models: saved as skops, loaded against a list of trusted types."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from registry.errors import BadInput, ModelRefused
from training.files import expect_files
from training.models import Block, Inputs, Probabilities, Training

FILE = "model.skops"


def stacked(inputs: Inputs) -> Block:
    """All blocks side by side, in the order of their names, shape ``(n, sum of widths)``."""
    return np.concatenate([inputs[name] for name in sorted(inputs)], axis=1)


def insist_on_every_class(training: Training) -> None:
    """Refuse training labels that lack a class.

    Raises:
        BadInput: Naming the classes that are missing.
    """
    missing = sorted(set(range(training.n_classes)) - set(training.labels.tolist()))
    if missing:
        raise BadInput("training labels", f"all of {training.n_classes} classes", f"no {missing}")


class EstimatorModel:
    """A fitted scikit-learn classifier."""

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    def probabilities(self, inputs: Inputs) -> Probabilities:
        """Class probabilities, shape ``(n, n_classes)``."""
        return np.asarray(self.estimator.predict_proba(stacked(inputs)), dtype=np.float64)

    def n_parameters(self) -> int | None:
        """None: a tree or a table of neighbours has no parameters to count."""
        return None

    def save(self, folder: Path) -> None:
        """Write ``model.skops``."""
        import skops.io

        skops.io.dump(self.estimator, folder / FILE)


def load_estimator(folder: Path, kind: str, trusted: tuple[str, ...] = ()) -> EstimatorModel:
    """Read back what :class:`EstimatorModel` wrote.

    Args:
        folder: Where it was written.
        kind: Class name of the estimator it must be.
        trusted: Types allowed beyond those that skops itself trusts.

    Raises:
        ModelRefused: When the folder holds anything else, or a type that is not trusted.
    """
    import skops.io

    expect_files(folder, {FILE})
    path = folder / FILE
    if not zipfile.is_zipfile(path):
        raise ModelRefused(f"{path}: not a skops file (a pickle?)")
    unknown = sorted(set(skops.io.get_untrusted_types(file=path)) - set(trusted))
    if unknown:
        raise ModelRefused(f"{path}: holds types that are not trusted: {', '.join(unknown)}")
    estimator = skops.io.load(path, trusted=list(trusted))
    if type(estimator).__name__ != kind:
        raise ModelRefused(f"{path}: expected a {kind}, found {type(estimator).__name__}")
    return EstimatorModel(estimator)
