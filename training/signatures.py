"""The signature of a model: what goes in and what comes out, in shapes, grids and units."""

from __future__ import annotations

from typing import Any

from registry.plugins import pick
from registry.vocabulary import technique as technique_named
from training.datasets import Dataset
from training.definitions import Input, SpectrumInput
from training.latent import LATENT
from training.models import Block, Ragged
from training.results import Result

OUTPUT = {"classification": "probabilities", "regression": "value", "unsupervised": "code"}


def signature_of(dataset: Dataset, result: Result) -> dict[str, Any]:
    """Signature of a result: each input with its shape, grid and unit, and the output.

    The shape is that of one member; -1 stands for a length that differs between members.
    """
    definition = dataset.definition
    names = result.candidate.inputs
    return {
        "inputs": [_input(definition.input(name), dataset.blocks[name]) for name in names],
        "output": {
            "name": definition.predicts,
            "kind": OUTPUT[definition.task],
            "width": _width(dataset, result),
            "unit": definition.unit,
        },
    }


def _input(source: Input, block: Block | Ragged) -> dict[str, Any]:
    shape = [-1, block.values.shape[1]] if isinstance(block, Ragged) else list(block.shape[1:])
    common = {"name": source.name, "kind": source.kind, "source": source.source, "shape": shape}
    if not isinstance(source, SpectrumInput):
        return {**common, "unit": _unit(source.source), "axis": None}
    technique = technique_named(source.technique)
    low, high, _ = source.grid
    axis = {"quantity": technique.quantity, "unit": technique.unit, "low": low, "high": high}
    # a curve is scaled to a largest value of 1
    return {**common, "unit": "", "axis": axis}


def _unit(view: str) -> str:
    from features.descriptor import descriptors

    return "" if view == LATENT else str(pick(descriptors(), "descriptor", view).unit)


def _width(dataset: Dataset, result: Result) -> int:
    if dataset.definition.task == "classification":
        return len(dataset.class_names)
    if result.said.codes is not None:
        return int(result.said.codes.shape[1])
    return 1
