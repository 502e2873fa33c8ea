"""One spectrum back from its row, as a reader or simulator gave it, with the canonical axis."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import numpy as np
import pyarrow as pa

from registry.records import Axis, Floats, Provenance, Spectrum
from registry.tables.chunks import joined

# read as they are; what needs more than its value is read below
_PLAIN = {field.name for field in fields(Spectrum)} - {
    *("x", "axes", "intensity", "uncertainty", "resolution", "provenance")
}
BY_ID = "SELECT * FROM spectra WHERE spectrum_id = $1"
CHUNKS_BY_ID = "SELECT * FROM chunks WHERE spectrum_id = $1"


def spectrum_of(rows: pa.Table, chunks: pa.Table) -> Spectrum:
    """The spectrum in a row.

    Args:
        rows: One row of ``spectra``.
        chunks: Rows of ``chunks`` of that spectrum; empty for most.
    """
    row = rows.drop_columns(["x", "axes", "intensity", "uncertainty", "resolution"]).to_pylist()[0]
    shape = tuple(row["shape"] or (len(rows["x"][0]),))
    intensity = _values(rows, chunks, "intensity")
    uncertainty = _values(rows, chunks, "uncertainty")
    return Spectrum(
        x=Axis(row["x_quantity"], row["x_unit"], _array(rows["x"][0])),
        axes=tuple(
            Axis(axis["quantity"].as_py(), axis["unit"].as_py(), _array(axis["values"]))
            for axis in rows["axes"][0].values or ()
        )
        if rows["axes"][0].is_valid
        else (),
        intensity=np.empty(0) if intensity is None else intensity.reshape(shape),
        uncertainty=None if uncertainty is None else uncertainty.reshape(shape),
        resolution=_values(rows, chunks, "resolution"),
        provenance=_provenance(row),
        **{name: row[name] for name in _PLAIN},
    )


def _values(rows: pa.Table, chunks: pa.Table, field: str) -> Floats | None:
    stored = rows[field][0]
    return _array(stored) if stored.is_valid else joined(chunks, field)


def _array(values: Any) -> Floats:
    found: Floats = values.values.to_numpy(zero_copy_only=False)
    return found


def _provenance(row: dict[str, Any]) -> Provenance:
    return Provenance(
        producer=row["producer"],
        version=row["producer_version"],
        parameters=json.loads(row["parameters"] or "{}"),
        file_name=row["file_name"],
        file_digest=row["file_digest"],
        file_part=row["file_part"],
        recipe=row["recipe"],
    )
