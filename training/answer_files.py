"""Answers as a table in a file: one row per member, Parquet or CSV."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq

from registry.errors import WrongUse
from registry.lake import Lake
from training.predict import Prediction

TEXTS, REALS = pa.list_(pa.string()), pa.list_(pa.float64())
SCHEMA = pa.schema(
    {
        "entity_id": pa.string(),
        "file": pa.string(),
        "model": pa.string(),
        "version": pa.int64(),
        "value": pa.string(),
        "unit": pa.string(),
        "probability": pa.float64(),
        "alternatives": pa.string(),
        "likely": TEXTS,
        "level": pa.float64(),
        "low": pa.float64(),
        "high": pa.float64(),
        "deviation": pa.float64(),
        "codes": REALS,
        "similarity": pa.float64(),
        "out_of_domain": pa.bool_(),
        "neighbours": TEXTS,
    }
)
"""Alternatives are JSON, as in ``predictions``. What is not known is null: of an answer that was
given before, the training members most like the input."""
STORED_SQL = """
SELECT entity_id, model, version, value, probability, alternatives, likely, level, low, high,
       similarity, out_of_domain FROM predictions
WHERE model = $1 AND version = $2 AND entity_id IN (SELECT unnest($3::VARCHAR[])) ORDER BY entity_id
"""
Row = dict[str, Any]


class Sink(Protocol):
    """Takes rows."""

    def __call__(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write some rows; columns that are left out are null."""
        ...


@contextmanager
def answer_file(path: Path) -> Iterator[Sink]:
    """Open a table to write answers into; lists are joined by semicolons in a CSV.

    Args:
        path: Ends with ``.parquet`` or ``.csv``; what was there is written over.

    Raises:
        WrongUse: For any other ending, or a folder that is not there.
    """
    if path.suffix not in (".parquet", ".csv") or not path.parent.is_dir():
        raise WrongUse("--to", "a .parquet or .csv file in a folder that is there", str(path))
    plain = path.suffix == ".csv"
    schema = pa.schema([(f.name, _flat(f.type)) for f in SCHEMA]) if plain else SCHEMA
    open_writer = pcsv.CSVWriter if plain else pq.ParquetWriter
    with open_writer(str(path), schema) as writer:

        def write(rows: Sequence[Mapping[str, Any]]) -> None:
            given = [{k: _joined(v) if plain else v for k, v in row.items()} for row in rows]
            writer.write_table(pa.Table.from_pylist(given, schema=schema))

        yield write


def row_of(said: Prediction, model: str, version: int, file: str | None = None) -> Row:
    """Row of an answer."""
    low, high = said.interval or (None, None)
    return {
        "entity_id": said.entity_id,
        "file": file,
        "model": model,
        "version": version,
        "value": said.value,
        "unit": said.unit or None,
        "probability": next(iter(said.probabilities.values()), None),
        "alternatives": json.dumps(said.probabilities) if said.probabilities else None,
        "likely": list(said.likely),
        "level": said.level,
        "low": low,
        "high": high,
        "deviation": said.deviation,
        "codes": list(said.codes),
        "similarity": said.similarity,
        "out_of_domain": said.out_of_domain,
        "neighbours": [f"{n.name or n.entity_id} {n.similarity:.3f}" for n in said.neighbours],
    }


def stored_rows(lake: Lake, model: str, version: int, entities: Sequence[str]) -> list[Row]:
    """Rows of answers that were given before."""
    found: list[Row] = lake.sql(STORED_SQL, [model, version, list(entities)]).to_pylist()
    return found


def _flat(kind: pa.DataType) -> pa.DataType:
    return pa.string() if pa.types.is_list(kind) else kind


def _joined(value: Any) -> Any:
    return "; ".join(map(str, value)) if isinstance(value, list) else value
