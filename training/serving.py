"""A registered model as MLflow serves it: ``mlflow models serve -m models:/NAME/VERSION``.

MLflow imports this module, because the file ``MLmodel`` of a version names it, and calls
:func:`_load_pyfunc`. Nothing is loaded that the registry does not vouch for: the digest of the
card is a tag of the version, which whoever can write files of a store cannot change. A folder
that does not come from a registry is served under a digest named in ``SCATTERLAKE_MODEL_DIGEST``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from registry.errors import BadInput, ModelRefused
from registry.lake import Lake
from registry.records import Floats
from training.answering import ask
from training.blocks import curve_block
from training.cards import WHENCE, Card, insist_on_code, open_model, read_card
from training.definitions import Input, SpectrumInput
from training.lookup import one_model
from training.mlmodel import AXIS, SIGNAL
from training.models import Block, Fitted, Inputs
from training.statements import answers, statements
from training.tracking import model_files

DIGEST = "SCATTERLAKE_MODEL_DIGEST"
Given = Mapping[str, Floats]


class ServedModel:
    """What MLflow asks: a verified model.

    Args:
        card: Its card.
        fitted: The model.
    """

    def __init__(self, card: Card, fitted: Fitted) -> None:
        self.card = card
        self.fitted = fitted

    def predict(self, given: Given, params: Mapping[str, Any] | None = None) -> list[Any]:
        """Answers about members, one object each.

        Args:
            given: Tensors by name: for a spectrum input ``xrd`` the axes ``xrd_x`` in the
                canonical unit of its technique and the intensities ``xrd_y``, both ``(n,
                points)``; for a feature input its vectors, ``(n, width)``.
            params: None are known.

        Raises:
            MlflowException: When a curve is not finite or does not cover the grid of the model,
                or a tensor is missing or of another shape; the member is named.
        """
        from mlflow.exceptions import MlflowException

        del params
        try:
            inputs: Inputs = {i.name: self._block(i, given) for i in self.card.inputs}
            said = ask(self.fitted, self.card.task, inputs)
        except BadInput as error:
            raise MlflowException.invalid_parameter_value(str(error)) from error
        made = answers(self.card, said)
        return [one.json() for one in statements(self.card, said, made)]

    def _block(self, source: Input, given: Given) -> Block:
        if not isinstance(source, SpectrumInput):
            return np.asarray(_tensor(given, source.name), dtype=np.float32)
        x, y = (_tensor(given, name.format(source.name)) for name in (AXIS, SIGNAL))
        if x.shape != y.shape:
            raise BadInput(f"input {source.name!r}", f"y of shape {x.shape}", f"{y.shape}")
        rows = [
            _curve(f"curve {n} of {source.name!r}", source, *one)
            for n, one in enumerate(zip(x, y, strict=True))
        ]
        return np.concatenate(rows) if rows else np.zeros((0, source.grid[2]), np.float32)


def _load_pyfunc(path: str) -> ServedModel:
    """Load a model for MLflow from the folder of its version.

    Raises:
        ModelRefused: When nobody vouches for the folder, anything in it was altered, added or
            removed, or it belongs to other code than is installed.
    """
    folder = Path(path)
    card, fitted = open_model(folder, _vouched(folder))
    insist_on_code(card)
    return ServedModel(card, fitted)


def serve(lake: Lake, name: str, which: int | str, host: str, port: int) -> int:
    """Serve a version by MLflow until it is stopped; returns the exit code of the server.

    Unlike ``mlflow models serve`` this verifies also the file ``MLmodel`` before MLflow reads it,
    by the digest that the lake knows, and serves a copy that nobody else can write.

    Raises:
        NotFound: When there is no such model, version or alias.
        ModelRefused: When a file was altered, added or removed, the model is of other code than is
            installed, or it was registered before there was such a file.
    """
    row = one_model(lake, name, which)
    with tempfile.TemporaryDirectory() as scratch, tempfile.TemporaryDirectory() as fetched:
        folder = Path(scratch) / "model"
        shutil.copytree(model_files(lake, row["run_id"], fetched), folder, symlinks=True)
        card = read_card(folder, row["artifact_digest"])
        insist_on_code(card)
        if not card.mlmodel:
            where = f"{name}/{row['version']}"
            raise ModelRefused(f"{where}: registered before models could be served: train it anew")
        served = ["models", "serve", "-m", str(folder), "--env-manager", "local"]
        command = [sys.executable, "-m", "mlflow", *served, "-h", host, "-p", str(port)]
        # MLflow looks for uvicorn in PATH, not beside the Python that runs it
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
        environment = {**os.environ, "PATH": path, DIGEST: row["artifact_digest"]}
        return subprocess.run(command, env=environment, check=False).returncode


def _vouched(folder: Path) -> str:
    """Digest of the card, from the registry or from whoever started the server."""
    if named := os.environ.get(DIGEST):
        return named
    whence = folder / WHENCE
    if not whence.is_file():
        asked = f"ask for models:/NAME/VERSION, or name the digest of its card in {DIGEST}"
        raise ModelRefused(f"{folder}: from no registry that vouches for it: {asked}")
    from mlflow import MlflowClient

    version = yaml.safe_load(whence.read_text())
    name, number = version["model_name"], str(version["model_version"])
    found = MlflowClient().get_model_version(name, number).tags.get("artifact_digest")
    if found is None:
        raise ModelRefused(
            f"{name}/{number}: no tag artifact_digest: not registered by scatterlake"
        )
    return str(found)


def _tensor(given: Given, name: str) -> Floats:
    if name not in given:
        raise BadInput("request", f"a tensor {name!r}", ", ".join(given) or "none")
    value = np.asarray(given[name], dtype=np.float64)
    if value.ndim != 2:
        raise BadInput(f"tensor {name!r}", "shape (members, values)", f"shape {value.shape}")
    return value


def _curve(where: str, source: SpectrumInput, x: Floats, y: Floats) -> Block:
    try:
        return curve_block(source, x, y)
    except BadInput as error:
        raise BadInput(f"{where}: {error.where}", error.expected, error.found) from error
