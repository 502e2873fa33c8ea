"""How far a fit came, in a file of its own that is replaced whole; no pickled objects in it."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import zipfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from registry.errors import ModelRefused
from registry.identity import digest
from training.models import Ragged, Training, models
from training.models._architecture import Plan
from training.models._saving import NetworkModel, state_of
from training.models._schedule import Schedule

State = dict[str, Any]
FORMAT = 3
"""Raise it when a checkpoint holds something else: older ones are left alone then."""


def checkpoint_path(folder: Path, plan: Plan, schedule: Schedule, training: Training) -> Path:
    """Where the checkpoint of a fit is: the name follows from all that decides the model."""
    version = models()[plan.algorithm].version
    about = json.dumps(
        [FORMAT, version, asdict(plan), asdict(schedule), training.seed], sort_keys=True
    )
    parts = [about, str(training.n_classes)]
    for inputs in (training.inputs, training.validation_inputs, training.unlabelled or {}):
        parts += _parts(inputs)
    for array in (
        training.targets,
        training.validation_targets,
        training.weights,
        training.validation_weights,
    ):
        parts.append("" if array is None else _content(array))
    if isinstance(training.start, NetworkModel):
        state = state_of(training.start.network, training.start.objective)
        parts += [_content(state[name].cpu().numpy()) for name in sorted(state)]
    return folder / f"{plan.algorithm}-{digest(*parts)}.ckpt"


def write(path: Path, state: State) -> None:
    """Replace a checkpoint; whoever is killed meanwhile leaves the old one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_suffix(f".{os.getpid()}.part")
    with scratch.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(path)


def read(path: Path) -> State | None:
    """A checkpoint, or None where there is none; executes nothing.

    Raises:
        ModelRefused: When the file is no checkpoint.
    """
    if not path.exists():
        return None
    if not zipfile.is_zipfile(path):
        raise ModelRefused(f"{path}: not a checkpoint (a pickle?)")
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError) as error:
        raise ModelRefused(f"{path}: not a checkpoint: {error}") from error
    if not isinstance(found, dict):
        raise ModelRefused(f"{path}: not a checkpoint")
    return found


def _parts(inputs: Mapping[str, Any]) -> list[str]:
    found: list[str] = []
    for name, value in sorted(inputs.items()):
        found.append(name)
        arrays = (value.values, value.offsets) if isinstance(value, Ragged) else (value,)
        for array in arrays:
            found += [str(array.shape), _content(array)]
    return found


def _content(array: np.ndarray[Any, Any]) -> str:
    """Digest of an array where it lies: one that is mapped from a file is not copied."""
    return hashlib.blake2b(np.ascontiguousarray(array).data, digest_size=16).hexdigest()
