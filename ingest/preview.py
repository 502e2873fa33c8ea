"""A look at a file without storing anything: records, what the gate says, a drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ingest.apart import reading, why_lost
from ingest.checks.gate import refusals
from ingest.files import open_file
from ingest.readers import Reader, Source, reader_for, readers
from ingest.rows import row_of_material, row_of_spectrum
from registry.errors import BadInput
from registry.isolated import Lost
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
    """Read a file as ingest would: HDF5 in a process of its own.

    Raises:
        BadInput: When it cannot be opened, no reader knows it, the reader refuses it or it breaks
            the process that reads it.
    """
    source = open_file(path, hints)
    with reading(_look, workers=1) as read:
        (found,) = read([source])
    if isinstance(found, Lost):
        raise why_lost(source, found)
    if isinstance(found, BadInput):
        raise found
    name, records = found
    return Preview(readers()[name], records, [_complaint(record) for record in records])


def _look(source: Source) -> tuple[str, Sequence[Spectrum | Material]] | BadInput:
    """Name of the reader and records, or why not: an error raised would end the process."""
    try:
        reader = reader_for(source)
        return reader.name, reader.read(source)
    except BadInput as error:
        return error


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
        # beyond the numbers a curve can hold is infinite then, which the checks refuse by name
        with np.errstate(over="ignore", invalid="ignore"):
            row = (
                row_of_material(record) if isinstance(record, Material) else row_of_spectrum(record)
            )
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
