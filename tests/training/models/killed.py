"""A fit for another process to run and a test to kill; run as a script with a folder."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from training.models import Fitted, Training, models
from training.models._run import Run, running

SETTINGS = {"epochs": 12, "patience": 12, "hidden": 32, "dropout": 0.2}


def data() -> Training:
    """Classes that a line separates, with noise."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(600, 20)).astype(np.float32)
    y = (x[:, 0] + 0.5 * rng.normal(size=600) > 0).astype(np.int64)
    return Training({"x": x[:400]}, y[:400], {"x": x[400:]}, y[400:], 2, seed=3)


def fit(run: Run) -> Fitted:
    """The fit, run in some way."""
    with running(run):
        return models()["mlp"].train(data(), **SETTINGS)


def tell(epoch: int, loss: float) -> None:
    """Say how far it came; then wait to be killed."""
    sys.stdout.write(f"epoch {epoch}\n")
    sys.stdout.flush()
    if epoch == 5:
        sys.stdin.read()


if __name__ == "__main__":
    fit(Run(checkpoints=Path(sys.argv[1]), every=0, on_epoch=tell))
