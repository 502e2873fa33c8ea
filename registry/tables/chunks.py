"""Arrays too large for one row: cut into rows of ``chunks`` when stored, joined when read.

A cube of some hundred million points would make one Parquet page of gigabytes, which every
query that touches the column had to hold. Such a field is null in ``spectra``; its values are
rows of ``chunks``, written before the spectrum so that whoever sees it finds all of them.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from registry.records import Floats
from registry.schemas import SCHEMAS

FIELDS = ("intensity", "uncertainty")
LARGEST = 16 * 2**20
"""Most values of float32 that stay in the row (64 MB)."""
PIECE = 4 * 2**20
"""Values in a chunk (16 MB)."""


def split(spectra: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Take arrays that are too large out of rows of ``spectra``.

    Args:
        spectra: Rows of ``spectra``; not changed.

    Returns:
        The rows, with null where an array was taken out, and the rows of ``chunks``.
    """
    pieces = []
    for field in FIELDS:
        large = pc.fill_null(pc.greater(pc.list_value_length(spectra[field]), LARGEST), False)
        if not pc.any(large).as_py():
            continue
        for n in np.flatnonzero(large):
            pieces.extend(_pieces(spectra, int(n), field))
        kept = pc.if_else(large, pa.scalar(None, spectra.schema.field(field).type), spectra[field])
        spectra = spectra.set_column(spectra.schema.get_field_index(field), field, kept)
    schema = SCHEMAS["chunks"].arrow
    return spectra, pa.concat_tables(pieces) if pieces else schema.empty_table()


def joined(chunks: pa.Table, field: str) -> Floats | None:
    """Join the chunks of one spectrum's field, shape ``(n,)``; None when there are none."""
    rows = chunks.filter(pc.equal(chunks["field"], field)).sort_by("first")
    if not rows.num_rows:
        return None
    return np.concatenate([values.values.to_numpy() for values in rows["values"]])


def _pieces(spectra: pa.Table, n: int, field: str) -> list[pa.Table]:
    values = spectra[field][n].values
    rows = []
    for first in range(0, len(values), PIECE):
        part = values.slice(first, PIECE)
        columns = {
            "spectrum_id": [spectra["spectrum_id"][n].as_py()],
            "field": [field],
            "first": [first],
            "values": pa.ListArray.from_arrays([0, len(part)], part),
        }
        rows.append(pa.table(columns, schema=SCHEMAS["chunks"].arrow))
    return rows
