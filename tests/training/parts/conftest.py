"""A dataset in memory whose target needs two modalities: each tells one half of it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from training.datasets import Dataset
from training.definitions import DatasetDefinition, FeatureInput, SpectrumInput
from training.parts import Setting
from training.splits import Member
from training.study import Candidate, Study

GRID = (1.0, 20.0, 40)
INPUTS = (
    SpectrumInput("left", "xpdf", GRID),
    SpectrumInput("right", "xpdf", GRID),
    FeatureInput("noise", "coordination"),
)
SIDES = ("train",) * 6 + ("validation",) * 2 + ("test",) * 4
Build = Callable[..., Setting]


def halves(n: int, seed: int = 0) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Blocks, and a target that is the sum of the places of the peaks of two curves."""
    rng = np.random.default_rng(seed)
    places = rng.uniform(0.2, 0.8, (n, 2))
    x = np.linspace(0, 1, GRID[2])
    blocks = {
        name: np.exp(-(((x - places[:, [i]]) / 0.08) ** 2)).astype(np.float32)
        for i, name in enumerate(("left", "right"))
    }
    blocks["noise"] = rng.normal(size=(n, 3)).astype(np.float32)
    return blocks, places.sum(axis=1)


def setting_of(n: int = 240, task: str = "regression", seeds: tuple[int, ...] = (0, 1)) -> Setting:
    """Where a part is run: ``n`` members in groups of two; classes are halves of the target."""
    blocks, target = halves(n)
    classes = np.where(target > 1, "far", "near")
    labels = [repr(float(v)) for v in target] if task == "regression" else list(classes)
    members = tuple(
        Member(f"m{i:04d}", f"mineral {i}", f"g{i // 2:04d}", SIDES[i // 2 % 12], label)
        for i, label in enumerate(labels)
    )
    definition = DatasetDefinition("halves", INPUTS, target="density", task=task)  # type: ignore[arg-type]
    names = ("far", "near") if task == "classification" else ()
    dataset = Dataset(definition, {}, members, names, {**blocks}, None, manifest="none")
    study = Study(
        name="halves",
        title="Two halves",
        question="Is one enough?",
        dataset=definition,
        reference="none",
        candidates=(Candidate("typical_value", ("left",)),),
        metric="mae" if task == "regression" else "balanced_accuracy",
    )
    return Setting(None, study, dataset, seeds, lambda _: None)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def setting() -> Build:
    """Makes settings."""
    return setting_of
