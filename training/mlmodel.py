"""The file ``MLmodel`` beside a card: what MLflow reads of a model before it loads it.

It names a module of the installed package as the loader (:mod:`training.serving`), so nothing in
the folder of a model is code, and the tensors that a served model takes: of a spectrum the axis
and the intensity of each curve, ``(curves, points)`` as measured, of a feature view the vectors.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import yaml

MLMODEL = "MLmodel"
LOADER = "training.serving"
AXIS, SIGNAL = "{}_x", "{}_y"
"""How the two tensors of a curve are called after the input they are for."""


def mlmodel(signature: Mapping[str, Any] | None) -> str:
    """Text of the file for a signature; without one, MLflow checks nothing of what comes in."""
    content: dict[str, Any] = {"flavors": {"python_function": {"loader_module": LOADER}}}
    if signature is not None:
        taken = [tensor for source in signature["inputs"] for tensor in _tensors(source)]
        content["signature"] = {"inputs": json.dumps(taken), "outputs": None, "params": None}
    return yaml.safe_dump(content)


def _tensors(source: Mapping[str, Any]) -> list[dict[str, Any]]:
    name = source["name"]
    if source["kind"] == "spectrum":
        return [_tensor(each.format(name), [-1, -1]) for each in (AXIS, SIGNAL)]
    return [_tensor(name, [-1, *source["shape"]])]


def _tensor(name: str, shape: list[int]) -> dict[str, Any]:
    spec = {"dtype": "float64", "shape": shape}
    return {"name": name, "type": "tensor", "tensor-spec": spec}
