"""A lake with a small trained study and many spectra to ask its models about."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks._curves import POINTS, curves
from registry.lake import Lake, now
from training.definitions import DatasetDefinition, SpectrumInput
from training.study import Candidate, Study
from training.train import StudyResult, train_study

SYSTEMS = {"monoclinic": 14, "orthorhombic": 62, "hexagonal": 194, "cubic": 225}
MINERALS, BATCH = 100, 10_000
XRD = SpectrumInput("xrd", "xrd", (0.6, 5.9, POINTS))
ALIKE = "drawn at random from four patterns"
Row = dict[str, Any]


def trained(lake: Lake, models: dict[str, dict[str, Any]]) -> tuple[StudyResult, Study]:
    """Train algorithms with some settings, by name, on invented minerals."""
    materials, spectra = [], []
    for i in range(MINERALS):
        for place, system in enumerate(SYSTEMS):
            owner = f"{system}-{i}"
            materials.append(_material(owner, system))
            spectra.append(_curve(owner, place, np.random.default_rng([i, place])))
    lake.append("materials", materials)
    lake.append("spectra", spectra)
    study = Study(
        name="systems",
        title="Crystal system of invented minerals",
        question="How long does it take to ask?",
        dataset=DatasetDefinition("systems", (XRD,)),
        candidates=tuple(Candidate(name, ("xrd",), some) for name, some in models.items()),
        seeds=(0,),
        reference="none",
        allowed_leaks={"near-duplicate curve": ALIKE},
    )
    return train_study(lake, study), study


def add_spectra(lake: Lake, rows: int) -> None:
    """Add spectra of nothing in particular, all on one axis."""
    for first in range(0, rows, BATCH):
        some = curves(first, min(BATCH, rows - first))
        shape = pa.array([[POINTS]] * some.num_rows, pa.list_(pa.int32()))
        place = some.schema.get_field_index("shape")
        lake.append("spectra", some.set_column(place, some.schema.field(place), shape))


def _material(owner: str, system: str) -> Row:
    return {
        "material_id": owner,
        "name": owner,
        "formula": owner,
        "chemical_system": owner,
        "space_group_number": SYSTEMS[system],
        "crystal_system": system,
        "licence": "CC0",
        "producer": "benchmark",
        "ingested_at": now(),
    }


def _curve(owner: str, place: int, rng: np.random.Generator) -> Row:
    x = np.linspace(0.5, 6, POINTS)
    centres = 1.2 + 0.4 * place + np.array([0.0, 0.7, 1.9]) + rng.normal(0, 0.1, 3)
    peaks = np.exp(-(((x[:, None] - centres) / 0.03) ** 2) / 2) * rng.uniform(0.2, 1, 3)
    return {
        "spectrum_id": f"of-{owner}",
        "material_id": owner,
        "technique": "xrd",
        "kind": "simulated",
        "x": x,
        "x_unit": "",
        "shape": [POINTS],
        "intensity": (peaks.sum(axis=1) + 0.02 * rng.random(POINTS)).astype(np.float32),
        "producer": "xrd",
        "recipe": XRD.identity(),
        "ingested_at": now(),
    }


def size_of(folder: Path) -> int:
    """Bytes of all files below a folder."""
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
