"""Documents with any one value replaced by nonsense give records or a reason, nothing else."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ingest.readers import Source, readers
from registry.errors import BadInput

HALF = 2.82
MATRIX = [[0, HALF, HALF], [HALF, 0, HALF], [HALF, HALF, 0]]
OPTIMADE = {
    "data": {
        "type": "structures",
        "id": "salt",
        "attributes": {
            "dimension_types": [1, 1, 1],
            "structure_features": ["disorder"],
            "last_modified": "2026-01-02T03:04:05Z",
            "space_group_symbol_hermann_mauguin": "F m -3 m",
            "lattice_vectors": MATRIX,
            "cartesian_site_positions": [[0, 0, 0], [HALF, HALF, HALF]],
            "species": [
                {"name": "a", "chemical_symbols": ["H"], "concentration": [1], "mass": [2.014]},
                {"name": "b", "chemical_symbols": ["Cl", "vacancy"], "concentration": [0.5, 0.5]},
            ],
            "species_at_sites": ["a", "b"],
        },
    },
    "meta": {"provider": {"name": "P"}, "_scatterlake_licence": "CC0-1.0", "api_version": "1.2.0"},
}
STRUCTURE = {
    "@class": "Structure",
    "lattice": {"matrix": MATRIX},
    "sites": [
        {"species": [{"element": "Na", "occu": 1}], "abc": [0, 0, 0]},
        {"species": [{"element": "Cl", "occu": 1}], "abc": [0.5, 0.5, 0.5]},
    ],
}
MATERIALS_PROJECT = {
    "materials_project": {"id": "mp-1-XANES-Na-K", "kind": "xas", "url": "https://u.invalid"},
    "document": {
        "last_updated": "2025-01-01T00:00:00Z",
        "builder_meta": {"license": "BY-NC"},
        "absorbing_element": "Na",
        "edge": "K",
        "spectrum_type": "XANES",
        "spectrum": {
            "x": [1070.0, 1071.0, 1072.0],
            "y": [0.1, 0.5, 1.0],
            "absorbing_index": 0,
            "structure": STRUCTURE,
        },
    },
}
ODD: tuple[Any, ...] = (None, True, -1, 1e12, "x", "", [], [[]], {}, {"name": []}, [None, None])


def places(value: Any) -> Iterator[tuple[Any, ...]]:
    """Keys that lead to every value inside."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items:
        yield (key,)
        if isinstance(inner, dict | list):
            yield from ((key, *rest) for rest in places(inner))


def damaged(document: dict[str, Any]) -> Iterator[bytes]:
    for place in places(document):
        for odd in ODD:
            copied = copy.deepcopy(document)
            holder: Any = copied
            for key in place[:-1]:
                holder = holder[key]
            holder[place[-1]] = odd
            yield json.dumps(copied).encode()


@pytest.mark.parametrize(
    ("name", "document"), [("optimade", OPTIMADE), ("materials_project", MATERIALS_PROJECT)]
)
def test_any_value_may_be_nonsense(name: str, document: dict[str, Any]) -> None:
    reader = readers()[name]
    assert reader.read(Source(Path("a.json"), json.dumps(document).encode()))
    refused = 0
    for content in damaged(document):
        try:
            assert reader.read(Source(Path("a.json"), content))
        except BadInput as error:
            refused += 1
            assert error.where
    assert refused > 100


@pytest.mark.parametrize("name", ["optimade", "materials_project"])
@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"3", b"{}", b"\xff", b"[" * 100_000])
def test_what_is_no_document_is_refused(name: str, content: bytes) -> None:
    source = Source(Path("a.json"), content)
    assert readers()[name].recognise(source) == 0
    with pytest.raises(BadInput):
        readers()[name].read(source)
