"""Asking a model about much of a lake at once: in batches, resumable, one bad curve stops nothing.

What ``predictions`` holds for this version of the model is not asked again, so a batch that was
stopped goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import numpy as np

from registry.lake import Lake
from training.cards import insist_on_code
from training.definitions import SpectrumInput
from training.entities import Entity, read_subjects
from training.gridding import stored_curves
from training.likeness import TrainingSide
from training.loading import LoadedModel, read_inputs
from training.models import Block, Inputs
from training.predict import Prediction, asked, curve_input, predictions
from training.stored import stored_dataset

BATCH = 8192
"""Members asked at once and rows of ``predictions`` per commit; the next so many are being read."""

CURVES_SQL = """
SELECT spectrum_id AS entity_id FROM spectra
WHERE technique = $1 AND len(shape) = 1 AND NOT retracted AND NOT stale
  AND ({kind}) AND ({where})
ORDER BY entity_id
"""
KNOWN_SQL = "SELECT entity_id FROM predictions WHERE model = $1 AND version = $2"
Progress = Callable[[int, int], None]
Batch = tuple[list[str], Inputs, dict[str, str]]
"""Ids, their inputs, and the reason by id for those that cannot be asked about."""


@dataclass(frozen=True)
class BatchReport:
    """What became of a batch.

    Attributes:
        asked: Answers that were given now.
        known: Ids that had been answered before and were not asked again.
        outside: How many of the answers are about something unlike the training members.
        refused: Why others could not be asked about, by id.
    """

    asked: int = 0
    known: Sequence[str] = ()
    outside: int = 0
    refused: Mapping[str, str] = field(default_factory=dict)


def predict_where(
    lake: Lake,
    model: LoadedModel,
    where: str = "true",
    neighbours: int = 0,
    progress: Progress | None = None,
    take: Callable[[list[Prediction]], None] | None = None,
) -> BatchReport:
    """Ask a model about all that a condition chooses, and note the answers.

    A model that reads one spectrum is asked about spectra that are not retracted, any other about
    what it was trained on: materials, samples or spectra.

    Args:
        lake: The lake.
        model: The model.
        where: SQL condition on ``spectra``, or on what else it is asked about.
        neighbours: How many training members to name in what ``take`` is given.
        progress: Called with (members done, members in all).
        take: Called with the answers of each batch.

    Raises:
        OtherCode: When the installed algorithm is another version than the model's.
        QueryError: When the condition fails.
    """
    insist_on_code(model.card)
    at = lake.snapshot()
    chosen = _chosen(lake, model, where, at)
    before = answered(lake, model)
    fresh = [entity for entity in chosen if entity not in before]
    report = BatchReport(known=[entity for entity in chosen if entity in before])
    if not fresh:
        return report
    side = TrainingSide(lake, model.card)
    for ids, inputs, refused in _batches(lake, model, fresh, at):
        report = replace(report, refused={**report.refused, **refused})
        if ids:
            said, like = asked(lake, model, side, ids, inputs, neighbours if take else 0)
            outside = report.outside + int(like.outside.sum())
            report = replace(report, asked=report.asked + len(ids), outside=outside)
            if take:
                take(predictions(model, ids, said, like))
        if progress:
            progress(report.asked + len(report.refused), len(fresh))
    return report


def asks_about(lake: Lake, model: LoadedModel) -> Entity:
    """What a model is asked about: spectra where one curve is all it reads, else its members."""
    if reads_one_curve(model):
        return "spectrum"
    return stored_dataset(lake, model.card.manifest).definition.entity


def reads_one_curve(model: LoadedModel) -> bool:
    """Whether one spectrum is all that a model reads."""
    inputs = model.card.inputs
    return len(inputs) == 1 and isinstance(inputs[0], SpectrumInput)


def answered(lake: Lake, model: LoadedModel) -> set[str]:
    """What this version has answered about."""
    row = model.row
    found = lake.sql(KNOWN_SQL, [row["model"], row["version"]])["entity_id"]
    return set(found.to_pylist())


def _chosen(lake: Lake, model: LoadedModel, where: str, at: dict[str, int]) -> list[str]:
    if not reads_one_curve(model):
        entity = asks_about(lake, model)
        return [one.entity_id for one in read_subjects(lake, entity, where, at)[0]]
    source = curve_input(model)
    query = CURVES_SQL.format(where=where, kind=source.where)
    found: list[str] = lake.sql(query, [source.technique], at)["entity_id"].to_pylist()
    return found


def _batches(
    lake: Lake, model: LoadedModel, ids: Sequence[str], at: dict[str, int]
) -> Iterator[Batch]:
    if reads_one_curve(model):
        yield from _ahead(_of_curves(lake, curve_input(model), ids, at))
        return
    entity = asks_about(lake, model)
    for first in range(0, len(ids), BATCH):
        some = ids[first : first + BATCH]
        found, inputs = read_inputs(lake, model.card, some, at, entity=entity)
        lacking = f"not all of {', '.join(i.source for i in model.card.inputs)} in the lake"
        yield found, inputs, dict.fromkeys(set(some) - set(found), lacking)


def _ahead(batches: Iterator[Batch]) -> Iterator[Batch]:
    """The same batches, each read while the model is asked about the one before it."""
    with ThreadPoolExecutor(1, "read ahead") as beside:
        coming = beside.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = beside.submit(next, batches, None)
            yield batch


def _of_curves(
    lake: Lake, source: SpectrumInput, ids: Sequence[str], at: dict[str, int]
) -> Iterator[Batch]:
    """Row groups of the files, gathered until there are enough for a commit."""
    names: list[str] = []
    blocks: list[Block] = []
    refused: dict[str, str] = {}
    for found in stored_curves(lake, source, ids, at):
        names += found.ids
        blocks.append(found.values)
        refused |= found.refused
        if len(names) >= BATCH:
            yield names, {source.name: np.concatenate(blocks)}, refused
            names, blocks, refused = [], [], {}
    if names or refused:
        yield names, {source.name: np.concatenate(blocks)}, refused
