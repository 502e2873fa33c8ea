"""A network fitted by several workers of a Ray, through Ray Train."""

from __future__ import annotations

import importlib
import json
import logging
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from registry.errors import WrongUse
from registry.lake import Lake
from registry.parallel import CLUSTER, on_ray
from registry.plugins import pick
from training.models import Epoch, Learnt, Model, Training, models
from training.reading import open_reading
from training.study import Candidate

HISTORY, WEIGHTS = "history.json", "weights"


@dataclass(frozen=True)
class Fit:
    """What a worker needs to know to take part in a fit.

    Attributes:
        uri: The lake.
        options: How to reach it.
        manifest: The dataset.
        inputs: Names of its inputs.
        model: Name of the network.
        settings: What differs from its defaults; ``batch`` is that of all workers together.
        seed: Of the fit.
    """

    uri: str
    options: Mapping[str, str]
    manifest: str
    inputs: tuple[str, ...]
    model: str
    settings: Mapping[str, Any]
    seed: int


def train_on_ray(
    lake: Lake,
    dataset: str,
    candidate: Candidate,
    seed: int = 0,
    *,
    workers: int = 2,
    on: str = CLUSTER,
    storage: str | None = None,
) -> Learnt:
    """Fit a network by several workers: the same batches, and the same losses, as by one.

    Workers read the dataset on their own machine (:mod:`training.reading`) and exchange gradients
    by gloo, or NCCL where each has a GPU. See :mod:`training.models._distributed` for what is the
    same and what is not.

    Args:
        lake: The lake, reachable from every worker.
        dataset: Name of an assembled dataset, or the beginning of its manifest.
        candidate: A network, its inputs and settings; ``batch`` is that of all workers together.
        seed: Of the fit.
        workers: How many.
        on: ``ray``, or ``ray://host:port``.
        storage: Folder or bucket for the result, reachable from every worker; by default a folder
            of the lake's on this machine.

    Returns:
        The fitted model, with the losses of its epochs.

    Raises:
        WrongUse: For one worker (train it plainly), or without the extra ``cluster``.
        NotFound: When there is no such dataset, input or model.
        Unsupported: For a model that is no network.
    """
    if workers < 2:
        raise WrongUse("workers", "2 or more; one trains without a Ray", str(workers))
    chosen: Model = pick(models(), "model", candidate.model)
    # built here once, so that workers of this machine find the files
    manifest = open_reading(lake, dataset, candidate.inputs).manifest
    options, own = dict(lake.storage.options), dict(candidate.settings)
    fit = Fit(lake.uri, options, manifest, candidate.inputs, candidate.model, own, seed)
    with on_ray(on, workers) as ray:
        result = on_workers(ray, _work, fit, workers, storage or str((lake.path / "ray").resolve()))
        with result.checkpoint.as_directory() as found:
            fitted = chosen.load(Path(found) / WEIGHTS)
            told = json.loads((Path(found) / HISTORY).read_text())
    assert isinstance(fitted, Learnt)  # networks are
    fitted.history = tuple(Epoch(*losses) for losses in told["history"])
    fitted.settings = told["settings"]
    return fitted


def on_workers(
    ray: Any, work: Callable[[dict[str, Any]], object], fit: Fit, workers: int, storage: str
) -> Any:
    """Let workers of a Ray that is up take part in a fit, each in a process group with the others.

    Args:
        ray: The Ray.
        work: What every worker does, given the fields of the fit.
        fit: What is fitted.
        workers: How many.
        storage: Folder or bucket for checkpoints, reachable from every worker.

    Returns:
        Ray Train's result: the last checkpoint, and what the first worker returned.
    """
    train, torch = (importlib.import_module(f"ray.train{part}") for part in ("", ".torch"))
    gpus = ray.cluster_resources().get("GPU", 0) >= workers
    # its controller tells every step of its own
    logging.getLogger("ray.train").setLevel(logging.WARNING)
    trainer = torch.TorchTrainer(
        work,
        train_loop_config=asdict(fit),
        torch_config=torch.TorchConfig(backend="nccl" if gpus else "gloo"),
        scaling_config=train.ScalingConfig(num_workers=workers, use_gpu=gpus),
        run_config=train.RunConfig(storage_path=storage),
    )
    return trainer.fit()


def _work(config: dict[str, Any]) -> None:
    """What every worker does."""
    train = importlib.import_module("ray.train")
    fit = Fit(**config)
    fitted = fit_together(fit.model, training_of(fit), fit.settings)
    with tempfile.TemporaryDirectory() as scratch:
        checkpoint = None
        if train.get_context().get_world_rank() == 0:
            folder = Path(scratch) / WEIGHTS
            folder.mkdir()
            fitted.save(folder)
            told = {"history": fitted.history, "settings": dict(fitted.settings)}
            (Path(scratch) / HISTORY).write_text(json.dumps(told))
            checkpoint = train.Checkpoint.from_directory(scratch)
        last = {"epochs": len(fitted.history), "validation": fitted.history[-1].validation}
        train.report(last, checkpoint=checkpoint)


def training_of(fit: Fit) -> Training:
    """What is learnt from, mapped from the files of the dataset on this machine."""
    lake = Lake.existing(fit.uri, dict(fit.options))
    return open_reading(lake, fit.manifest, fit.inputs).training(fit.inputs, fit.seed)


def fit_together(model: str, training: Training, settings: Mapping[str, Any]) -> Learnt:
    """Fit a network with the other processes of the process group."""
    from training.models._distributed import together

    fitted = together(pick(models(), "model", model)).train(training, **settings)
    assert isinstance(fitted, Learnt)  # networks are
    return fitted
