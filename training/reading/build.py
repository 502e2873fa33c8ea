"""An input of a dataset written from the lake, a thousand members at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy

from registry.errors import LakeError
from registry.lake import Lake
from registry.vocabulary import Kind
from training.blocks import read_block
from training.input_block import InputBlock
from training.inputs import Input, SpectrumInput
from training.models import Block, Ragged, lacking
from training.reading.cache import OFFSETS, PRESENT, VALUES
from training.sources import curves_source
from training.stored import StoredDataset

Sides = Mapping[str, Sequence[Mapping[str, Any]]]
BATCH = 1000
"""Members read with one query: what bounds the memory that building needs."""


def build_input(lake: Lake, stored: StoredDataset, source: Input, sides: Sides, to: Path) -> None:
    """Write the files of an input, as the dataset was assembled: at its snapshot, side after side.

    Args:
        lake: The lake.
        stored: The dataset.
        source: One of its inputs.
        sides: Its members by side, as :func:`training.stored.stored_members` gives them.
        to: Folder of the files.

    Raises:
        LakeError: When the lake no longer holds what the dataset was assembled with.
    """
    present: list[np.ndarray] = []
    counts: list[np.ndarray] = []
    with (to / VALUES).open("wb") as file:
        rows = width = 0
        for values in _pieces(lake, stored, source, sides):
            present.append(~lacking(values))
            block = values.values if isinstance(values, Ragged) else values
            if isinstance(values, Ragged):
                counts.append(values.counts)
            if not width:
                width = block.shape[1]
                _write_header(file, (0, width))
            file.write(np.ascontiguousarray(block, dtype=np.float32).data)
            rows += len(block)
        file.seek(0)
        # NumPy leaves room in a header for the number of rows to grow
        _write_header(file, (rows, width))
        file.flush()
        os.fsync(file.fileno())
    there = np.concatenate(present)
    if source.missing == "require" and not there.all():
        raise LakeError(
            f"{lake.uri}: dataset {stored.manifest}: input {source.name!r}: "
            f"{int((~there).sum())} members lack it at the dataset's own snapshot: "
            "was the lake rebuilt without its spectra or features?"
        )
    np.save(to / PRESENT, there, allow_pickle=False)
    if counts:
        np.save(to / OFFSETS, np.concatenate([[0], np.cumsum(np.concatenate(counts))]))


def _pieces(
    lake: Lake, stored: StoredDataset, source: Input, sides: Sides
) -> Iterator[Block | Ragged]:
    for side, members in sides.items():
        measured = side == "test" and stored.definition.split.test == "measured"
        for first in range(0, len(members), BATCH):
            some = members[first : first + BATCH]
            ids = [member["entity_id"] for member in some]
            found = _read(lake, stored, source, ids, "experimental" if measured else None)
            if isinstance(source, SpectrumInput):
                _insist_on_spectra(lake, stored, found, some)
            yield found.of(ids)


def _read(
    lake: Lake, stored: StoredDataset, source: Input, ids: Sequence[str], kind: Kind | None
) -> InputBlock:
    definition, at = stored.definition, stored.snapshot
    if isinstance(source, SpectrumInput) and definition.align is not None:
        # which curves belong together is decided over all inputs
        curves = curves_source(lake, definition, ids, kind or source.curves, at)
        return curves.blocks[source.name]
    return read_block(lake, source, ids, at, kind, definition.entity)


def _insist_on_spectra(
    lake: Lake, stored: StoredDataset, found: InputBlock, members: Sequence[Mapping[str, Any]]
) -> None:
    """What is read must be what the manifest names."""
    named = {member["entity_id"]: member["spectra"] for member in members}
    for entity, spectrum in zip(found.entities, found.ids, strict=True):
        if spectrum not in named[entity]:
            raise LakeError(
                f"{lake.uri}: dataset {stored.manifest}: spectrum {spectrum} of {entity} is "
                "not the one that the dataset was assembled with"
            )


def _write_header(file: BinaryIO, shape: tuple[int, int]) -> None:
    header = {"descr": "<f4", "fortran_order": False, "shape": shape}
    npy.write_array_header_1_0(file, header)
