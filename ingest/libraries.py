"""Samples of combinatorial libraries: what tables beside the curves say, row by row, as labels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ingest.labels import Label
from ingest.readers.curve_matrix import Compositions
from registry.errors import BadInput
from registry.records import Floats

COMPOSITION = "composition"
"""Method of the properties that say how much of an element or oxide is in a sample."""


def composition_labels(samples: Sequence[str], told: Compositions) -> list[Label]:
    """A label for each component of each sample: its fraction.

    Args:
        samples: Ids, in the order of the rows of the table.
        told: The table.

    Raises:
        BadInput: When there are more or fewer rows than samples.
    """
    _insist_on_count("compositions", samples, len(told.fractions))
    return [
        Label(sample, component, COMPOSITION, value=float(share), source=told.digest)
        for sample, fractions in zip(samples, told.fractions, strict=True)
        for component, share in zip(told.components, fractions, strict=True)
    ]


def number_labels(
    samples: Sequence[str], values: Floats, name: str, method: str, unit: str, source: str
) -> list[Label]:
    """A number of each sample, shape ``(samples,)``.

    Raises:
        BadInput: When there are more or fewer values than samples.
    """
    _insist_on_count(name, samples, len(values))
    return [
        Label(sample, name, method, value=float(value), unit=unit, source=source)
        for sample, value in zip(samples, values, strict=True)
    ]


def class_labels(
    samples: Sequence[str], texts: Sequence[str], name: str, method: str, source: str
) -> list[Label]:
    """The class of each sample.

    Raises:
        BadInput: When there are more or fewer than samples.
    """
    _insist_on_count(name, samples, len(texts))
    return [
        Label(sample, name, method, text=text, source=source)
        for sample, text in zip(samples, texts, strict=True)
    ]


def read_column(path: Path, column: int = 0) -> Floats:
    """A column of a table of numbers without names, one row for each sample.

    Raises:
        BadInput: When the file is not there or not such a table.
    """
    try:
        return np.loadtxt(path, delimiter=",", ndmin=2)[:, column]
    except (OSError, ValueError, IndexError) as error:
        raise BadInput(path.name, f"numbers with a column {column + 1}", str(error)) from error


def _insist_on_count(what: str, samples: Sequence[str], found: int) -> None:
    if found != len(samples):
        raise BadInput(what, f"one for each of {len(samples)} samples", str(found))
