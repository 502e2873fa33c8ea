"""What every run is kept with: the dataset it read, the code and the environment it ran in."""

from __future__ import annotations

import json
import os
import platform
from functools import lru_cache
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from registry.lake import Lake
from training.coverage import coverage
from training.datasets import Dataset
from training.stored import stored_dataset

DATASET, ENVIRONMENT = "dataset.json", "environment.json"


def write_provenance(lake: Lake, dataset: Dataset, folder: Path) -> None:
    """Write ``dataset.json`` and ``environment.json`` into a folder, made when it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / DATASET).write_text(json.dumps(dataset_facts(lake, dataset), indent=1))
    (folder / ENVIRONMENT).write_text(json.dumps(environment(), indent=1))


def dataset_facts(lake: Lake, dataset: Dataset) -> dict[str, Any]:
    """Definition, manifest, snapshot and coverage of a dataset that the lake has noted."""
    found = coverage(lake, stored_dataset(lake, dataset.manifest))
    columns = ("modality", "class", "train", "validation", "test", "all")
    return {
        "definition": json.loads(dataset.definition.json()),
        "manifest": dataset.manifest,
        "snapshot": dataset.snapshot,
        "left_out": dataset.left_out,
        "coverage": [dict(zip(columns, row, strict=True)) for row in found.rows()],
    }


@lru_cache(maxsize=1)
def environment() -> dict[str, Any]:
    """Python, machine and every installed distribution with its version."""
    installed = {d.metadata["Name"]: d.version for d in distributions()}
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors",
        "packages": dict(sorted(installed.items(), key=lambda item: item[0].lower())),
    }
