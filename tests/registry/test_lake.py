"""A lake is a folder that says what it is."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from registry.errors import LakeError
from registry.lake import MARKER, Lake
from registry.schemas import SCHEMA_VERSION, SCHEMAS


def test_opening_makes_every_table_and_opening_again_keeps_it(tmp_path: Path) -> None:
    first = Lake.open(tmp_path / "new" / "lake")
    first.append("properties", [{"entity_id": "m", "property": "hardness", "method": "Mohs"}])
    again = Lake.open(tmp_path / "new" / "lake")
    assert set(again.snapshot()) == set(SCHEMAS)
    assert again.sql("select property from properties").to_pylist() == [{"property": "hardness"}]


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(LakeError, match="not empty"):
        Lake.open(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_missing_lake_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(LakeError, match="no lake"):
        Lake.existing(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_a_lake_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    lake = Lake.open(tmp_path / "lake")
    (lake.path / MARKER).write_text(json.dumps({"schema_version": SCHEMA_VERSION + 1}))
    with pytest.raises(LakeError, match="reads up to"):
        Lake.existing(lake.path)


def test_opening_and_asking_loads_no_heavy_library(tmp_path: Path) -> None:
    Lake.open(tmp_path / "lake")
    code = (
        "import sys; from registry.lake import Lake;"
        f"Lake.existing({str(tmp_path / 'lake')!r}).sql('select 1');"
        "heavy = {'torch', 'mlflow', 'prefect', 'great_expectations', 'pymatgen'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
