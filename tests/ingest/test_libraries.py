"""Tables beside the curves of a library become labels of its samples."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ingest.labels import write_properties
from ingest.libraries import class_labels, composition_labels, number_labels, read_column
from ingest.readers.curve_matrix import Compositions
from registry.errors import BadInput
from registry.lake import Lake

SAMPLES = ["wafer-1", "wafer-2"]
TOLD = Compositions(("Fe", "Ga"), np.array([[0.25, 0.75], [0.5, 0.5]]), "digest")


def test_labels_are_properties_of_samples(tmp_path: Path) -> None:
    lake = Lake.open(tmp_path / "lake")
    labels = [
        *composition_labels(SAMPLES, TOLD),
        *class_labels(SAMPLES, ["0", "1"], "region", "expert", "digest"),
        *number_labels(SAMPLES, np.array([1.5, 2.5]), "Kerr rotation", "MOKE", "mrad", "digest"),
    ]
    assert write_properties(lake, labels).written == 8
    rows = lake.sql("SELECT * FROM properties WHERE entity_id = 'wafer-2'").to_pylist()
    found = {row["property"]: row["text"] or row["value"] for row in rows}
    assert found == {"Fe": 0.5, "Ga": 0.5, "region": "1", "Kerr rotation": 2.5}


def test_as_many_rows_as_samples_are_asked_for() -> None:
    for write in (
        lambda: composition_labels(["one"], TOLD),
        lambda: class_labels(SAMPLES, ["0"], "region", "expert", ""),
        lambda: number_labels(SAMPLES, np.zeros(3), "Kerr rotation", "MOKE", "mrad", ""),
    ):
        with pytest.raises(BadInput, match="one for each of"):
            write()


def test_a_column_is_read_or_what_is_wrong_is_said(tmp_path: Path) -> None:
    path = tmp_path / "values.txt"
    path.write_text("1,2\n3,4\n")
    np.testing.assert_array_equal(read_column(path, 1), [2, 4])
    for column, text in ((2, "1,2\n"), (0, "1,x\n"), (0, "1,2\n3\n")):
        path.write_text(text)
        with pytest.raises(BadInput, match=r"values\.txt: expected numbers"):
            read_column(path, column)
    with pytest.raises(BadInput, match=r"none\.txt"):
        read_column(tmp_path / "none.txt")
