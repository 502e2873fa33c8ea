"""Several processes learn what one learns: batches are cut exactly, and losses are the same."""

from __future__ import annotations

import socket
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
import torch.distributed as dist

from registry.errors import Unsupported, WrongUse
from training.models import Learnt, Ragged, Training, models
from training.models._batches import Batches, Side
from training.models._distributed import share, together

CALM = {"epochs": 5, "dropout": 0.0, "batch": 30}
RELATIVE = 1e-4
"""Losses of single-precision sums in another order."""


@dataclass(frozen=True)
class Job:
    model: str
    training: Training
    settings: dict


def work(rank: int, port: int, jobs: dict[str, Job], answers) -> None:
    address = f"tcp://127.0.0.1:{port}"
    dist.init_process_group("gloo", init_method=address, rank=rank, world_size=2)
    for name, job in jobs.items():
        fitted = together(models()[job.model]).train(job.training, **job.settings)
        assert isinstance(fitted, Learnt)
        answers.put((name, rank, fitted.history, asked(fitted, job.training)))
    dist.destroy_process_group()


def asked(fitted, training: Training) -> np.ndarray:
    given = training.validation_inputs
    if training.task == "classification":
        return fitted.probabilities(given)
    return fitted.predict(given).mean


@pytest.fixture(scope="module")
def jobs(toy: ModuleType) -> dict[str, Job]:
    weighted = toy.training("regression")
    weights = np.random.default_rng(0).uniform(0.2, 2.0, len(weighted.values))
    curves = toy.training(names=("curve",))
    return {
        "classification": Job("mlp", toy.training(), CALM),
        "weighted regression": Job("mlp", replace(weighted, weights=weights), CALM),
        "normalised": Job("resnet1d", curves, {"epochs": 4, "batch": 40, "patience": 2}),
    }


@pytest.fixture(scope="module")
def by_two(jobs: dict[str, Job]) -> dict[tuple[str, int], tuple[Any, np.ndarray]]:
    """What each of two processes gives, by job and rank."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    context = get_context("spawn")
    answers = context.Queue()
    processes = [context.Process(target=work, args=(n, port, jobs, answers)) for n in range(2)]
    for process in processes:
        process.start()
    found = [answers.get(timeout=300) for _ in range(2 * len(jobs))]
    for process in processes:
        process.join()
    return {(name, rank): (history, said) for name, rank, history, said in found}


@pytest.mark.parametrize("name", ["classification", "weighted regression"])
def test_two_processes_have_the_losses_of_one(jobs, by_two, name: str) -> None:
    job = jobs[name]
    alone = models()[job.model].train(job.training, **job.settings)
    history, said = by_two[name, 0]
    np.testing.assert_allclose(np.array(history), np.array(alone.history), rtol=RELATIVE)
    np.testing.assert_allclose(said, asked(alone, job.training), rtol=RELATIVE, atol=1e-5)


@pytest.mark.parametrize("name", ["classification", "weighted regression", "normalised"])
def test_processes_stay_in_step(by_two, name: str) -> None:
    (first, said), (second, same) = by_two[name, 0], by_two[name, 1]
    assert first == second
    np.testing.assert_array_equal(said, same)


def test_the_shares_of_a_batch_are_the_batch() -> None:
    rng = np.random.default_rng(0)
    n = 23
    counts = rng.integers(0, 4, n)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    table = Ragged(rng.random((offsets[-1], 2), dtype=np.float32), offsets)
    block = rng.random((n, 5), dtype=np.float32)
    side = Side({"block": block, "table": table}, torch.arange(n), torch.rand(n))
    for batch in Batches(side, 10).epoch(1):
        parts = [share(batch, rank, 3) for rank in range(3)]
        assert torch.equal(torch.cat([p.targets for p in parts]), batch.targets)
        assert torch.equal(torch.cat([p.weights for p in parts]), batch.weights)
        assert torch.equal(torch.cat([p.inputs["block"] for p in parts]), batch.inputs["block"])
        for field in ("values", "counts"):
            together_ = torch.cat([getattr(p.inputs["table"], field) for p in parts])
            assert torch.equal(together_, getattr(batch.inputs["table"], field))


def test_trees_are_no_network() -> None:
    with pytest.raises(Unsupported, match="several processes"):
        together(models()["random_forest"])


def test_what_cannot_be_shared_is_refused(
    toy: ModuleType, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    store = dist.FileStore(str(tmp_path / "store"), 1)
    dist.init_process_group("gloo", store=store, rank=0, world_size=1)
    request.addfinalizer(dist.destroy_process_group)
    training = toy.training()
    with pytest.raises(Unsupported, match="search"):
        together(models()["mlp"]).train(training, search=3)
    with pytest.raises(WrongUse, match="batch"):
        together(models()["mlp"]).train(training, batch=1)
