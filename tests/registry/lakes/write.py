"""Write the small lake that a release leaves for the migration tests of later ones.

Run once for each schema version, with the code of that version:
``python tests/registry/lakes/write.py tests/registry/lakes/v1.tar.gz``.
"""

from __future__ import annotations

import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from registry.lake import Lake

MATERIAL = {"material_id": "m0", "formula": "NaCl", "file_digest": "f0", "elements": ["Cl", "Na"]}
DATASET = {"manifest": "d0", "dataset": "crystal_system", "snapshot": '{"spectra": 1}'}
MEMBER = {"manifest": "d0", "entity_id": "m0", "split": "train", "spectra": ["s0"], "views": []}
VIEW = {"view_id": "w0", "view": "rdc", "version": "1", "parameters": "{}", "width": 2, "unit": ""}
FEATURES = [
    {"entity_id": "m0", "view_id": "w0", "view": "rdc", "vector": [1.0, 2.0]},
    {"entity_id": "m1", "view_id": "w0", "view": "rdc", "refused": "too large"},
]
MODELS = [
    {"model": "crystal_system", "version": n, "manifest": "d0", "score_simulated": 0.5 + n / 10}
    for n in (1, 2)
]
PREDICTION = {
    "model": "crystal_system",
    "version": 2,
    "entity_id": "m0",
    "value": "cubic",
    "probability": 0.75,
    "alternatives": '{"cubic": 0.75, "hexagonal": 0.25}',
}


def spectra(ids: range) -> list[dict[str, Any]]:
    """Curves of growing length, the number of the row as their height."""
    return [
        {
            "spectrum_id": f"s{n}",
            "material_id": "m0",
            "technique": "xrd",
            "kind": "simulated",
            "x": np.linspace(1, 2, 5 + n),
            "intensity": np.full(5 + n, n, np.float32),
            "shape": [5 + n],
        }
        for n in ids
    ]


def fill(folder: Path) -> None:
    lake = Lake.open(folder)
    lake.append("materials", [MATERIAL])
    lake.append("spectra", spectra(range(3)))
    lake.append("spectra", spectra(range(3, 5)))
    lake.append("feature_views", [VIEW])
    for feature in FEATURES:
        lake.append("features", [feature])
    lake.append("datasets", [DATASET])
    lake.append("dataset_members", [MEMBER])
    for model in MODELS:
        lake.replace("models", [model])
    lake.append("predictions", [PREDICTION])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch, tarfile.open(sys.argv[1], "w:gz") as archive:
        fill(Path(scratch) / "lake")
        archive.add(Path(scratch) / "lake", "lake")
