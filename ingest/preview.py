"""A look at a file without storing anything: records, what the gate says, a drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from ingest.checks.gate import refusals
from ingest.readers import Reader, Source, reader_for
from ingest.rows import row_of_material, row_of_spectrum
from registry.errors import BadInput
from registry.records import Material, Spectrum
from registry.schemas import SCHEMAS

MOST_CURVES = 12


@dataclass(frozen=True)
class Preview:
    """What ingesting a file would do; ``complaints`` belong to ``records`` one by one."""

    reader: Reader
    records: Sequence[Spectrum | Material]
    complaints: list[BadInput | None]


def preview(path: Path, hints: dict[str, Any]) -> Preview:
    """Read a file as ingest would.

    Raises:
        BadInput: When no reader knows it or the reader refuses it.
    """
    source = Source(path, path.read_bytes(), hints)
    reader = reader_for(source)
    records = reader.read(source)
    return Preview(reader, records, [_complaint(record) for record in records])


def curves_in(path: Path, hints: dict[str, Any]) -> list[Spectrum]:
    """Curves of a file that ingest would store.

    Raises:
        BadInput: When the file cannot be read, holds no curve, or a check refuses it.
    """
    look = preview(path, hints)
    complaint = next((c for c in look.complaints if c is not None), None)
    if complaint:
        raise complaint
    curves = [record for record in look.records if isinstance(record, Spectrum)]
    if not curves:
        raise BadInput(path.name, "a curve", "only structures")
    return curves


def _complaint(record: Spectrum | Material) -> BadInput | None:
    table = "materials" if isinstance(record, Material) else "spectra"
    try:
        row = row_of_material(record) if isinstance(record, Material) else row_of_spectrum(record)
    except BadInput as error:
        return error
    return refusals(pa.Table.from_pylist([row], schema=SCHEMAS[table].arrow), table)[0]


def draw(records: Sequence[Spectrum | Material], target: Path) -> None:
    """Draw the curves (the first row of maps) into a PNG.

    Raises:
        BadInput: When there is no curve to draw.
    """
    from matplotlib.figure import Figure

    curves = [r for r in records if isinstance(r, Spectrum)][:MOST_CURVES]
    if not curves:
        raise BadInput(str(target), "a file with spectra to draw", "only structures")
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.add_subplot()
    for curve in curves:
        if len(curve.shape) == 1:
            axes.plot(curve.x.values, curve.intensity, lw=1, label=curve.title or curve.sample_id)
        else:
            axes.imshow(
                curve.intensity.reshape(curve.shape[0], -1).T, aspect="auto", origin="lower"
            )
    first = curves[0]
    axes.set_xlabel(f"{first.x.quantity} [{first.x.unit}]")
    axes.set_ylabel(f"intensity [{first.intensity_unit}]" if first.intensity_unit else "intensity")
    if first.technique in ("saxs", "sans", "nr", "xrr") and len(first.shape) == 1:
        axes.set_yscale("log")
    if len(curves) > 1 and all(len(c.shape) == 1 for c in curves):
        axes.legend(fontsize=7)
    axes.set_title(first.provenance.file_name or first.technique)
    figure.savefig(target, dpi=120)
