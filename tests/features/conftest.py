"""A small lake of crystals, and descriptors that tests make up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

import features.describe
import features.store
from features.descriptor import Descriptor
from features.store import FeatureStore
from registry.lake import Lake
from registry.records import Provenance
from registry.structures import material_of, material_row

METALS = ("Cu", "Ni", "Ag", "Al", "Pt")
Row = dict[str, object]


def _row(structure: Structure, name: str) -> Row:
    material = material_of(structure, provenance=Provenance("test", "1"), name=name)
    return {**material_row(material), "producer": "test", "producer_version": "1"}


@pytest.fixture(scope="session")
def row() -> Callable[[Structure, str], Row]:
    """Make a row of ``materials``."""
    return _row


@pytest.fixture
def metals(tmp_path: Path) -> Lake:
    """Five metals and one disordered alloy."""
    lake = Lake.open(tmp_path / "metals")
    rows = [
        _row(Structure(Lattice.cubic(3 + n / 10), [m], [[0, 0, 0]]), m)
        for n, m in enumerate(METALS)
    ]
    alloy = Structure(Lattice.cubic(3.7), [{"Cu": 0.5, "Au": 0.5}], [[0, 0, 0]])
    lake.append("materials", [*rows, _row(alloy, "alloy")])
    return lake


@pytest.fixture
def store(metals: Lake) -> FeatureStore:
    return FeatureStore(metals)


@pytest.fixture
def ids(metals: Lake) -> dict[str, str]:
    """Material ids by name."""
    found = metals.sql("SELECT name, material_id FROM materials").to_pylist()
    return {r["name"]: r["material_id"] for r in found}


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Descriptor]:
    """Let the store know a descriptor, and no other: its declaration, where it matters."""

    def known(**declared: object) -> Descriptor:
        given = {
            "name": "made_up",
            "version": "1",
            "parameters": {},
            "units": {},
            "width": lambda _: 2,
            "compute": lambda entity: np.array([len(entity), 1.0]),
            "unit": "angstrom",
            "source": "this test",
        }
        descriptor = Descriptor(**{**given, **declared})
        for module in (features.store, features.describe):
            monkeypatch.setattr(module, "descriptors", lambda: {descriptor.name: descriptor})
        return descriptor

    return known
