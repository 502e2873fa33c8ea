"""A small lake of invented minerals, whose crystal system shows in every modality."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from registry.lake import Lake, now
from training.definitions import DatasetDefinition, FeatureInput, SpectrumInput
from training.study import Candidate, Claim, Study
from training.train import StudyResult, train_study

SYSTEMS = ("monoclinic", "hexagonal", "cubic")
SPACE_GROUP = {"monoclinic": 14, "hexagonal": 194, "cubic": 225}
XRD = SpectrumInput("xrd", "xrd", (0.6, 5.6, 120))
XPDF = SpectrumInput("xpdf", "xpdf", (1.0, 20.0, 100))
SOAP = FeatureInput("soap", "soap")
DEFINITION = DatasetDefinition("minerals", (XRD, XPDF, SOAP))


def material(name: str, copy: int, system: str) -> dict:
    return {
        "material_id": f"{name}-{copy}",
        "name": name,
        "formula": f"X{name}",
        "chemical_system": f"X-{name}",
        "space_group_number": SPACE_GROUP[system],
        "crystal_system": system,
        "licence": "CC0",
        "producer": "test",
        "ingested_at": now(),
    }


def curve(source: SpectrumInput, owner: str, x, y, kind: str = "simulated") -> dict:
    return {
        "spectrum_id": f"{source.technique}-{kind}-{owner}",
        "material_id": owner,
        "technique": source.technique,
        "kind": kind,
        "x": x,
        "x_unit": "",
        "shape": [len(x)],
        "intensity": np.asarray(y, dtype=np.float32),
        "producer": source.technique,
        "recipe": source.identity() if kind == "simulated" else None,
        "ingested_at": now(),
    }


def peaks(x, rng: np.random.Generator, system: str):
    """Peaks at places of the system, each a little off, on noise."""
    low, high = x.min(), x.max()
    first = {"monoclinic": 0.2, "hexagonal": 0.35, "cubic": 0.5}[system]
    centres = low + (high - low) * (first + np.array([0.0, 0.13, 0.31]) + rng.normal(0, 0.01, 3))
    width = (high - low) * 0.01
    shape = np.exp(-(((x[:, None] - centres) / width) ** 2) / 2) * rng.uniform(0.5, 1.0, 3)
    return 100 * (shape.sum(axis=1) + 0.05 * rng.random(len(x)))


def fill(lake: Lake, minerals: int, start: int = 0, measured: bool = False) -> None:
    """Add minerals of every system with all inputs; every second one has two determinations."""
    materials, spectra, features = [], [], []
    for i in range(start, start + minerals):
        for system in SYSTEMS:
            name = f"{system}ite{i:03d}"
            rng = np.random.default_rng([i, SYSTEMS.index(system)])
            for copy in range(1 + i % 2):
                row = material(name, copy, system)
                materials.append(row)
                owner = row["material_id"]
                q, r = np.linspace(0.4, 5.8, 300), np.linspace(0.5, 21.0, 250)
                if copy:
                    q = q[::-1]
                spectra.append(curve(XRD, owner, q, peaks(q, rng, system)))
                spectra.append(curve(XPDF, owner, r, peaks(r, rng, system)))
                if measured:
                    y = peaks(q, rng, system)
                    spectra.append(curve(XRD, owner, q, y, kind="experimental"))
                vector = rng.normal(SYSTEMS.index(system), 0.4, 12)
                features.append(
                    {
                        "entity_id": owner,
                        "view_id": SOAP.identity(),
                        "view": "soap",
                        "vector": vector.astype(np.float32),
                        "computed_at": now(),
                    }
                )
    lake.append("materials", materials)
    lake.append("spectra", spectra)
    lake.append("features", features)


@pytest.fixture(scope="session")
def world() -> ModuleType:
    """This module: what the invented minerals are made of."""
    return sys.modules[__name__]


@pytest.fixture(scope="session")
def toy() -> ModuleType:
    """The module beside this one: data that models learn in no time."""
    spec = spec_from_file_location("toy", Path(__file__).with_name("toy.py"))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def empty(tmp_path: Path) -> Lake:
    return Lake.open(tmp_path / "lake")


@pytest.fixture(scope="session")
def minerals(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A lake that tests only read."""
    lake = Lake.open(tmp_path_factory.mktemp("minerals") / "lake")
    fill(lake, 24)
    return lake


ALIKE = {"near-duplicate curve": "invented minerals of one system are alike on purpose"}
QUICK = {"epochs": 6, "hidden": 16}
TREES = Candidate("hist_gradient_boosting", ("xrd",), {"iterations": 15})
CNN = Candidate("cnn1d", ("xrd",), QUICK)
FUSION = Candidate("fusion", ("xrd", "xpdf", "soap"), QUICK)
STUDY = Study(
    name="minerals",
    title="Crystal system of invented minerals",
    question="Does fusion help?",
    dataset=DEFINITION,
    candidates=(TREES, CNN, FUSION),
    claim=Claim("fusion beats one pattern", FUSION.key, (TREES.key, CNN.key)),
    reference="none",
    seeds=(0,),
    allowed_leaks=ALIKE,
)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Lake, StudyResult]:
    """A lake in which the study has been trained once."""
    lake = Lake.open(tmp_path_factory.mktemp("trained") / "lake")
    fill(lake, 24)
    return lake, train_study(lake, STUDY)
