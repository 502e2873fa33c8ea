"""The words schemas are written in: types, a column, a table."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

TEXT = pa.string()
REAL = pa.float64()
COUNT = pa.int64()
FLAG = pa.bool_()
WHEN = pa.timestamp("us", tz="UTC")
TEXTS = pa.list_(pa.string())
REALS = pa.list_(pa.float64())
CURVE = pa.list_(pa.float32())
COUNTS = pa.list_(pa.int32())
AXES = pa.list_(
    pa.struct([("quantity", TEXT), ("unit", TEXT), ("values", REALS)]),
)
SPECIES = pa.list_(pa.list_(pa.struct([("symbol", TEXT), ("occupancy", REAL)])))


@dataclass(frozen=True)
class Column:
    """One column: name, Arrow type, unit (empty when it has none) and meaning."""

    name: str
    type: pa.DataType
    unit: str
    meaning: str


@dataclass(frozen=True)
class Schema:
    """One table.

    Attributes:
        name: Its name in SQL and in the lake.
        key: Columns that identify a row.
        meaning: What it holds.
        columns: Its columns, as stored.
        sort: Common filters; compaction sorts by them, so that readers skip what does not match.
        replaced: Whether rows are written again under their key, the newest counting.
        derived: Columns added when read (:mod:`registry.query.views`), not stored.
    """

    name: str
    key: tuple[str, ...]
    meaning: str
    columns: tuple[Column, ...]
    sort: tuple[str, ...] = ()
    replaced: bool = False
    derived: tuple[Column, ...] = ()

    @property
    def arrow(self) -> pa.Schema:
        """The Arrow schema of what is stored, in the order of the columns."""
        return pa.schema([(c.name, c.type) for c in self.columns])
