"""Planted relations for networks: one for each kind of input, and what a naive answer scores."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from training.models import Ragged, Training


def crystals(seed: int, n: int, classes: bool = False) -> tuple[dict[str, Ragged], np.ndarray]:
    """Rings of 3 to 6 sites; the target is the mean over edges of Z / 20 times a distance law."""
    rng = np.random.default_rng(seed)
    rows, counts, targets = [], [], []
    for _ in range(n):
        sites = rng.integers(3, 7)
        charge = rng.integers(3, 30, sites) + rng.choice([0, 0.5], sites)
        spacing = rng.uniform(1.5, 3.5)
        centre = np.repeat(np.arange(sites), 2)
        neighbour = (centre + np.tile([1, -1], sites)) % sites
        edges = np.zeros((2 * sites, 8))
        edges[:, 0], edges[:, 1], edges[:, 5] = centre, neighbour, spacing
        edges[:, 6], edges[:, 7] = charge[centre], charge[neighbour]
        rows.append(edges)
        counts.append(len(edges))
        targets.append(charge.mean() / 10 + spacing)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    found = np.array(targets)
    if classes:
        return {"graph": _ragged(rows, offsets)}, (found > 4.1).astype(np.int64)
    return {"graph": _ragged(rows, offsets)}, found


def pointing_crystals(seed: int, n: int, classes: bool = False) -> tuple[dict, np.ndarray]:
    """The same rings, laid flat, with the vectors of their edges."""
    inputs, targets = crystals(seed, n, classes)
    graph = inputs["graph"]
    vectors = []
    for first, last in pairwise(graph.offsets):
        rows = graph.values[first:last]
        angle = 2 * np.pi * np.arange(rows[:, 0].max() + 1) / (rows[:, 0].max() + 1)
        at = (
            rows[0, 5]
            / (2 * np.sin(angle[1] / 2))
            * np.column_stack([np.cos(angle), np.sin(angle)])
        )
        along = at[rows[:, 1].astype(int)] - at[rows[:, 0].astype(int)]
        vectors.append(np.column_stack([along, np.zeros(len(rows))]))
    values = np.column_stack([graph.values, np.concatenate(vectors)])
    return {"graph": Ragged(values.astype(np.float32), graph.offsets)}, targets


def curves_to_curves(seed: int, n: int, points: int = 48) -> tuple[dict, np.ndarray]:
    """Noisy curves of two peaks, and the same without noise on half the points."""
    rng = np.random.default_rng(seed)
    x = np.linspace(0, 1, points)
    centres, heights = rng.uniform(0.1, 0.9, (n, 2, 1)), rng.uniform(0.5, 1.0, (n, 2, 1))
    clean = (heights * np.exp(-(((x - centres) / 0.06) ** 2))).sum(axis=1)
    noisy = clean + 0.2 * rng.normal(size=clean.shape)
    return {"curve": noisy.astype(np.float32)}, clean


def maps_to_maps(seed: int, n: int, size: int = 13) -> tuple[dict, np.ndarray]:
    """Noisy maps of a spot, and the same without noise."""
    rng = np.random.default_rng(seed)
    x = np.linspace(0, 1, size)
    place = rng.uniform(0.2, 0.8, (n, 2, 1, 1))
    clean = np.exp(-(((x[:, None] - place[:, 0]) / 0.15) ** 2 + ((x - place[:, 1]) / 0.15) ** 2))
    noisy = clean + 0.3 * rng.normal(size=clean.shape)
    return {"map": noisy.astype(np.float32)}, clean


def training(make, task="regression", seed: int = 0, sizes=(200, 60), **kinds) -> Training:
    """Two sides of a problem."""
    (inputs, targets), (other, other_targets) = (
        make(place, size, **kinds) for place, size in enumerate(sizes)
    )
    n_classes = 2 if task == "classification" else 0
    return Training(inputs, targets, other, other_targets, n_classes, seed, task=task)


def _ragged(rows: list[np.ndarray], offsets: np.ndarray) -> Ragged:
    return Ragged(np.concatenate(rows).astype(np.float32), offsets)
