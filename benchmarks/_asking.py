"""Asking a registered model about a whole lake, and what one would write by hand instead.

By hand, the same row groups of the same Parquet files are read, it is known that all curves share
one axis, each group is resampled at once, scaled, and the fitted model called. :func:`bare` stops
there. :func:`by_hand` gives what ``predictions`` gets as well: the conformal set, the similarity to
the nearest training member (the training rows are given, and need not be read), the flag, and a
Parquet file with all of it. Neither chooses by SQL, looks up what was answered before, or commits.
"""

from __future__ import annotations

import shutil
import statistics
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks._curves import POINTS, row, seconds
from registry.lake import Lake
from registry.records import Floats
from registry.tables.parquet import read_groups
from training.batch import predict_where
from training.blocks import resample
from training.loading import LoadedModel, load_model
from training.lookup import find_models
from training.models import Block, Classifier, Probabilities
from training.predict import curve_input

REPEATS = 3
COLUMNS = ("spectrum_id", "x", "intensity")
TOLERANCE = 1e-5
Row = dict[str, Any]


def asking(lake: Lake, algorithm: str, known: Block) -> list[Row]:
    """Seconds of asking about all spectra, against both ways of doing it by hand.

    Args:
        lake: The lake.
        algorithm: Of the model.
        known: Its training rows.
    """
    found = next(r for r in find_models(lake) if r["algorithm"] == algorithm)
    model = load_model(lake, found["model"], found["version"])
    ours, alone, same = [], [], []
    with tempfile.TemporaryDirectory() as scratch:
        target = Path(scratch) / "answers.parquet"
        for _ in range(REPEATS):
            fresh = _forgetful(lake)
            ours.append(seconds(partial(predict_where, fresh, model), 1))
            alone.append(seconds(partial(bare, lake, model), 1))
            same.append(seconds(partial(by_hand, lake, model, known, target), 1))
        n = _insist_on_the_same(fresh, model, pq.read_table(target))
    what = f"predict {n} spectra x {POINTS}, {algorithm}"
    middle = statistics.median(ours)
    return [
        row(what, against, (middle, statistics.median(theirs)), 1 / 1.3)
        for against, theirs in (
            ("bare calls: read, resample, ask", alone),
            ("the same answers by hand: and similarity, set, Parquet", same),
        )
    ]


def bare(lake: Lake, model: LoadedModel) -> int:
    """Ask about every spectrum and forget the answers; returns how many there were."""
    return sum(len(said) for _, _, said in _groups(lake, model, COLUMNS[1:]))


def by_hand(lake: Lake, model: LoadedModel, known: Block, target: Path) -> None:
    """Write a Parquet file with the answer about every spectrum and how sure it is."""
    card = model.card
    sure = card.reliability
    assert sure is not None
    names, unit = pa.array(card.class_names), known / np.linalg.norm(known, axis=1, keepdims=True)
    writer: pq.ParquetWriter | None = None
    for group, curves, said in _groups(lake, model, COLUMNS):
        length = np.linalg.norm(curves, axis=1, keepdims=True)
        like = (curves / length @ unit.T).max(axis=1)
        held = sure.sets(said)
        ends = np.concatenate([[0], held.sum(axis=1).cumsum()]).astype(np.int32)
        likely = names.take(pa.array(np.nonzero(held)[1]))
        table = pa.table(
            {
                "entity_id": group["spectrum_id"],
                "value": names.take(pa.array(said.argmax(axis=1))),
                "probability": said.max(axis=1),
                "alternatives": pa.FixedSizeListArray.from_arrays(said.ravel(), said.shape[1]),
                "likely": pa.ListArray.from_arrays(pa.array(ends), likely),
                "level": pa.repeat(sure.level, len(said)),
                "similarity": like,
                "out_of_domain": like < card.domain_threshold,
            }
        )
        writer = writer or pq.ParquetWriter(target, table.schema)
        writer.write_table(table)
    assert writer is not None
    writer.close()


def _groups(
    lake: Lake, model: LoadedModel, columns: tuple[str, ...]
) -> Iterator[tuple[pa.Table, Block, Probabilities]]:
    """Row groups of all spectra, their curves on the grid of a model, what it says about them."""
    source, fitted = curve_input(model), model.fitted
    assert isinstance(fitted, Classifier)
    for file in lake["spectra"].state().files:
        for group in read_groups(file.path, columns, lake["spectra"].storage.files):
            x, y = (_flat(group, name) for name in COLUMNS[1:])
            curves = resample(x[:POINTS], y.reshape(-1, POINTS), source.points())
            scaled = (curves / np.abs(curves).max(axis=1, keepdims=True)).astype(np.float32)
            yield group, scaled, fitted.probabilities({source.name: scaled})


def _flat(group: pa.Table, name: str) -> Floats:
    found: Floats = group[name].combine_chunks().values.to_numpy()
    return found


def _insist_on_the_same(lake: Lake, model: LoadedModel, table: pa.Table) -> int:
    """Prove that both sides gave the same answers; returns how many."""
    query = (
        "SELECT entity_id, value, similarity, out_of_domain FROM predictions "
        "WHERE model = $1 AND version = $2 ORDER BY entity_id"
    )
    ours = lake.sql(query, [model.row["model"], model.row["version"]])
    theirs = table.select(ours.column_names).sort_by("entity_id")
    assert ours["entity_id"].to_pylist() == theirs["entity_id"].to_pylist()
    one, other = (np.asarray(t["similarity"]) for t in (ours, theirs))
    np.testing.assert_allclose(one, other, atol=TOLERANCE)
    for name in ("value", "out_of_domain"):
        # a network's sums, and a curve at the very threshold, depend on what is asked together
        unequal = np.asarray(ours[name]) != np.asarray(theirs[name])
        assert unequal.mean() < 1e-3, name
    return len(ours)


def _forgetful(lake: Lake) -> Lake:
    """The lake without an answer: what was answered would not be asked again."""
    shutil.rmtree(lake.path / "tables" / "predictions")
    fresh = Lake.existing(lake.path)
    fresh["predictions"].create()
    return fresh
