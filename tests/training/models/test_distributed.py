"""Several processes learn what one learns: batches are cut exactly, and losses are the same."""

from __future__ import annotations

import socket
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from types import ModuleType

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
    rank: int
    port: int
    model: str
    training: Training
    settings: dict


def work(job: Job, answers) -> None:
    address = f"tcp://127.0.0.1:{job.port}"
    dist.init_process_group("gloo", init_method=address, rank=job.rank, world_size=2)
    fitted = together(models()[job.model]).train(job.training, **job.settings)
    assert isinstance(fitted, Learnt)
    answers.put((job.rank, fitted.history, asked(fitted, job.training)))
    dist.destroy_process_group()


def asked(fitted, training: Training) -> np.ndarray:
    given = training.validation_inputs
    if training.task == "classification":
        return fitted.probabilities(given)
    return fitted.predict(given).mean


def by_two(model: str, training: Training, settings: dict) -> list:
    """What two processes give, by rank."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    context = get_context("spawn")
    answers = context.Queue()
    jobs = [Job(rank, port, model, training, settings) for rank in range(2)]
    processes = [context.Process(target=work, args=(job, answers)) for job in jobs]
    for process in processes:
        process.start()
    found = sorted((answers.get(timeout=120) for _ in processes), key=lambda one: one[0])
    for process in processes:
        process.join()
    return [(history, said) for _, history, said in found]


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_two_processes_have_the_losses_of_one(toy: ModuleType, task: str) -> None:
    training = toy.training(task)
    if task == "regression":
        weights = np.random.default_rng(0).uniform(0.2, 2.0, len(training.values))
        training = replace(training, weights=weights)
    alone = models()["mlp"].train(training, **CALM)
    (first, said), (second, same) = by_two("mlp", training, CALM)
    assert first == second
    np.testing.assert_array_equal(said, same)
    np.testing.assert_allclose(np.array(first), np.array(alone.history), rtol=RELATIVE)
    np.testing.assert_allclose(said, asked(alone, training), rtol=RELATIVE, atol=1e-5)


def test_a_network_with_batch_normalisation_stays_in_step(toy: ModuleType) -> None:
    training = toy.training(names=("curve",))
    settings = {"epochs": 8, "batch": 40, "patience": 2}
    (first, said), (second, same) = by_two("resnet1d", training, settings)
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
