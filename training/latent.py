"""Codes of a registered representation, kept in the lake as a feature view.

The view is called ``latent``; its parameters name the model, its version and the digest of its
files, so that codes say what made them and codes of two versions are never mixed. The rows are
those of the feature store (:mod:`features.store` reads them), and a dataset takes them as
``FeatureInput("codes", "latent", parameters)``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from registry.errors import BadInput, Unsupported
from registry.identity import canonical_json, recipe_id
from registry.lake import Lake, now
from training.blocks import curve_block
from training.definitions import SpectrumInput
from training.loading import LoadedModel, read_inputs
from training.models import Block, Inputs, Representation, models

LATENT, VERSION = "latent", "1"
BATCH = 1000

MATERIALS_SQL = """
SELECT material_id AS id FROM (SELECT * FROM materials WHERE {where})
ANTI JOIN (SELECT entity_id FROM features WHERE view_id = $1) ON material_id = entity_id
WHERE NOT retracted ORDER BY id
"""
SPECTRA_SQL = """
SELECT spectrum_id AS id FROM (SELECT * FROM spectra WHERE {where})
ANTI JOIN (SELECT entity_id FROM features WHERE view_id = $1) ON spectrum_id = entity_id
WHERE technique = $2 AND len(shape) = 1 AND NOT (retracted OR stale) ORDER BY id
"""
CURVES_SQL = """
SELECT spectrum_id AS id, x, intensity FROM spectra
WHERE spectrum_id IN (SELECT unnest($1::VARCHAR[])) ORDER BY id
"""


@dataclass(frozen=True)
class LatentReport:
    """What encoding did.

    Attributes:
        view_id: The view.
        parameters: What a :class:`training.definitions.FeatureInput` is given to read it.
        encoded: Codes that are new.
        refused: Curves that cannot be brought onto the grid; the reason is in their row.
        lacking: Materials without an input of the model; they may have one later.
    """

    view_id: str
    parameters: dict[str, Any]
    encoded: int
    refused: int
    lacking: int


@dataclass(frozen=True)
class _View:
    """A view that is being written."""

    lake: Lake
    model: LoadedModel
    entity: str

    @property
    def parameters(self) -> dict[str, Any]:
        row = self.model.row
        named = {"model": row["model"], "version": row["version"], "entity": self.entity}
        return {**named, "artifact_digest": row["artifact_digest"]}

    @property
    def view_id(self) -> str:
        return latent_view_id(self.parameters)


def latent_view_id(parameters: Mapping[str, Any]) -> str:
    """Id of the view with these parameters, as a report gives them.

    Raises:
        BadInput: When one is missing or unknown.
    """
    expected = ("artifact_digest", "entity", "model", "version")
    if tuple(sorted(parameters)) != expected:
        found = ", ".join(sorted(parameters)) or "none"
        raise BadInput("view latent: parameters", ", ".join(expected), found)
    return recipe_id(LATENT, VERSION, dict(parameters))


def encode_materials(lake: Lake, model: LoadedModel, where: str = "true") -> LatentReport:
    """Encode materials from their simulated spectra and features; what has a code keeps it.

    Args:
        lake: The lake.
        model: A registered representation.
        where: SQL condition on ``materials``.

    Raises:
        Unsupported: When the model does not encode.
        QueryError: When the condition is no valid SQL.
    """
    view = _View(lake, model, "material")
    todo = _ids(lake, MATERIALS_SQL.replace("{where}", where), [view.view_id])
    encoded = 0
    for ids in _batches(todo):
        found, inputs = read_inputs(lake, model.card, ids)
        if found:
            _write(view, found, _codes(model, inputs), {})
            encoded += len(found)
    return LatentReport(view.view_id, view.parameters, encoded, 0, len(todo) - encoded)


def encode_spectra(lake: Lake, model: LoadedModel, where: str = "true") -> LatentReport:
    """Encode every curve of the model's technique, measured or simulated.

    Args:
        lake: The lake.
        model: A registered representation that reads one curve and nothing else.
        where: SQL condition on ``spectra``.

    Raises:
        Unsupported: When the model does not encode, or needs more than one curve.
        QueryError: When the condition is no valid SQL.
    """
    source = model.card.inputs[0]
    if len(model.card.inputs) > 1 or not isinstance(source, SpectrumInput):
        needs = ", ".join(f"{i.kind} {i.source}" for i in model.card.inputs)
        raise Unsupported(_named(model), "a model that reads one spectrum", f"it needs {needs}")
    view = _View(lake, model, "spectrum")
    query = SPECTRA_SQL.replace("{where}", where)
    todo = _ids(lake, query, [view.view_id, source.technique])
    refused = 0
    for ids in _batches(todo):
        taken, blocks, reasons = _curves(lake, source, ids)
        codes = _codes(model, {source.name: np.concatenate(blocks)}) if blocks else None
        _write(view, taken, codes, reasons)
        refused += len(reasons)
    return LatentReport(view.view_id, view.parameters, len(todo) - refused, refused, 0)


def _curves(
    lake: Lake, source: SpectrumInput, ids: Sequence[str]
) -> tuple[list[str], list[Block], dict[str, str]]:
    """Ids and blocks of the curves that can be read, and why the others cannot."""
    taken, blocks, reasons = [], [], {}
    for row in lake.sql(CURVES_SQL, [list(ids)]).to_pylist():
        try:
            blocks.append(curve_block(source, np.array(row["x"]), np.array(row["intensity"])))
            taken.append(row["id"])
        except BadInput as refusal:
            reasons[row["id"]] = str(refusal)
    return taken, blocks, reasons


def _codes(model: LoadedModel, inputs: Inputs) -> Block:
    if not isinstance(model.fitted, Representation):
        raise Unsupported(_named(model), "a representation, which encodes", model.card.task)
    return model.fitted.encode(inputs)


def _write(view: _View, ids: Sequence[str], codes: Block | None, reasons: dict[str, str]) -> None:
    own = {"view_id": view.view_id, "view": LATENT, "computed_at": now()}
    rows: list[dict[str, Any]] = [
        {**own, "entity_id": entity, "refused": reason} for entity, reason in reasons.items()
    ]
    if codes is not None:
        _note_view(view, int(codes.shape[1]))
        rows += [
            {**own, "entity_id": entity, "vector": code, "n_rows": 1}
            for entity, code in zip(ids, codes, strict=True)
        ]
    view.lake.append("features", rows)


def _note_view(view: _View, width: int) -> None:
    row = {
        "view_id": view.view_id,
        "view": LATENT,
        "version": VERSION,
        "entity": view.entity,
        "rows": "",
        "parameters": canonical_json(view.parameters),
        "width": width,
        "unit": "",
        "source": models()[view.model.card.algorithm].source,
        "created_at": now(),
    }
    view.lake.append("feature_views", [row])


def _ids(lake: Lake, query: str, parameters: list[Any]) -> list[str]:
    found: list[str] = lake.sql(query, parameters)["id"].to_pylist()
    return found


def _batches(ids: list[str]) -> Iterator[list[str]]:
    return (ids[first : first + BATCH] for first in range(0, len(ids), BATCH))


def _named(model: LoadedModel) -> str:
    return f"{model.row['model']} version {model.row['version']} ({model.card.algorithm})"
