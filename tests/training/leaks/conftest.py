"""A lake of crystals that share few structure types, with counted patterns of each.

Lattice constants: Wyckoff, Crystal Structures, 2nd ed. (1963), vol. 1 (angstrom).
"""

from __future__ import annotations

import sys
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from pymatgen.core import Composition, Lattice, Structure

from ingest.rows import row_of_material
from ingest.simulate import simulate
from registry.lake import Lake, now
from registry.records import Provenance
from registry.structures import material_of
from training.assembly import assemble
from training.datasets import Dataset
from training.definitions import DatasetDefinition, SpectrumInput

ROCKSALT = {
    "NaCl": 5.640, "KCl": 6.293, "KBr": 6.600, "LiF": 4.027, "LiCl": 5.129, "NaF": 4.620,
    "MgO": 4.211, "CaO": 4.811, "NiO": 4.168, "MnO": 4.445, "PbS": 5.936, "AgCl": 5.547,
}  # fmt: skip
RUTILE = {
    "TiO2": (4.594, 2.958), "SnO2": (4.737, 3.185), "PbO2": (4.946, 3.379), "MnO2": (4.396, 2.871),
    "MgF2": (4.623, 3.052), "ZnF2": (4.703, 3.134), "FeF2": (4.697, 3.309), "NiF2": (4.651, 3.084),
    "CoF2": (4.695, 3.180), "RuO2": (4.510, 3.110),
}  # fmt: skip
WURTZITE = {
    "ZnO": (3.250, 5.207), "ZnS": (3.811, 6.234), "CdS": (4.135, 6.749), "CdSe": (4.300, 7.020),
    "BeO": (2.698, 4.380), "AlN": (3.111, 4.978), "GaN": (3.180, 5.166), "InN": (3.533, 5.693),
    "AgI": (4.580, 7.494), "MgTe": (4.520, 7.330),
}  # fmt: skip
COUNTED = {"counts": 2000.0, "background": 0.02}
XRD = SpectrumInput("xrd", "xrd", (1.0, 5.6, 501), parameters=COUNTED)
DEFINITION = DatasetDefinition("crystals", (XRD,), target=None, task="unsupervised")


def rocksalt(name: str) -> Structure:
    a = ROCKSALT[name]
    primitive = a / 2 * (np.ones((3, 3)) - np.eye(3))
    return Structure(Lattice(primitive), kinds(name), [[0, 0, 0], [0.5, 0.5, 0.5]])


def rutile(name: str) -> Structure:
    metal, anion = kinds(name)
    u = 0.305
    sites = [[0, 0, 0], [0.5, 0.5, 0.5]]
    sites += [[u, u, 0], [-u, -u, 0], [0.5 + u, 0.5 - u, 0.5], [0.5 - u, 0.5 + u, 0.5]]
    return Structure(Lattice.tetragonal(*RUTILE[name]), [metal] * 2 + [anion] * 4, sites)


def wurtzite(name: str) -> Structure:
    cation, anion = kinds(name)
    sites = [[1 / 3, 2 / 3, z] for z in (0, 0.375)] + [[2 / 3, 1 / 3, z] for z in (0.5, 0.875)]
    return Structure(Lattice.hexagonal(*WURTZITE[name]), [cation, anion] * 2, sites)


def anatase() -> Structure:
    z = 0.2081
    sites = [[0, 0, 0], [0, 0.5, 0.25], [0.5, 0.5, 0.5], [0.5, 0, 0.75]]
    sites += [[x, y, w + dz] for x, y, w in sites for dz in (z, -z)]
    return Structure(Lattice.tetragonal(3.785, 9.514), ["Ti"] * 4 + ["O"] * 8, sites)


def shaken(structure: Structure, step: float) -> Structure:
    """The same with its last atom moved (angstrom): its id is another."""
    moved = structure.copy()
    moved.translate_sites([len(moved) - 1], [0, 0, step], frac_coords=False)
    return moved


def kinds(name: str) -> list[str]:
    return [str(element) for element in Composition(name)]


def structures() -> dict[str, Structure]:
    """Structures by name."""
    made = ((ROCKSALT, rocksalt), (RUTILE, rutile), (WURTZITE, wurtzite))
    return {name: make(name) for names, make in made for name in names}


def rows_of(named: dict[str, Structure]) -> list[dict[str, Any]]:
    """Rows of ``materials``."""
    told = Provenance("test", "1")
    return [
        row_of_material(material_of(structure, provenance=told, name=name, licence="CC0"))
        for name, structure in named.items()
    ]


def add(lake: Lake, named: dict[str, Structure], **parameters: float) -> dict[str, str]:
    """Add structures and their patterns; gives the material id by name."""
    rows = rows_of(named)
    lake.append("materials", rows)
    ids = {row["name"]: row["material_id"] for row in rows}
    simulate(lake, "xrd", parameters={**COUNTED, **parameters})
    return ids


def moved(dataset: Dataset, **sides: str) -> Dataset:
    """The same dataset with members, by name, on other sides: a split that went wrong."""
    members = tuple(
        replace(m, split=sides.get(m.name or "", m.split), group=m.entity_id, curves=())
        for m in dataset.members
    )
    # another split is another manifest
    return replace(dataset, members=members, manifest=f"{dataset.manifest[:8]}{len(sides)}")


def spectrum(name: str, x: Any, y: Any, **more: Any) -> dict[str, Any]:
    """Row of ``spectra`` that no simulator of this project made."""
    given = {
        "spectrum_id": name,
        "technique": "xrd",
        "kind": "experimental",
        "x": x,
        "x_unit": "1/angstrom",
        "shape": [len(x)],
        "intensity": np.asarray(y, dtype=np.float32),
        "producer": "test",
        "ingested_at": now(),
    }
    return {**given, **more}


@pytest.fixture(scope="session")
def ores() -> ModuleType:
    """This module."""
    return sys.modules[__name__]


@pytest.fixture(scope="session")
def crystals(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A lake that tests only read."""
    lake = Lake.open(tmp_path_factory.mktemp("crystals") / "lake")
    add(lake, structures())
    return lake


@pytest.fixture(scope="session")
def clean(crystals: Lake) -> Dataset:
    """Different compounds of three structure types."""
    return assemble(crystals, DEFINITION)
