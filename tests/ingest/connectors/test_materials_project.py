"""The Materials Project, played by a stub: documents in the shape of its API, page by page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pymatgen.core import Structure

from ingest.connectors._http import Manners
from ingest.fetch import fetch
from ingest.readers import Source, reader_for
from registry.errors import BadInput, WrongUse
from registry.lake import Lake
from registry.structures import material_id, material_of

KEY = "a-secret-key"


def iron_oxide(size: float = 4.3) -> Structure:
    cell = np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]]) / 2 * size
    return Structure(
        cell,
        ["Fe", "O"],
        [[0, 0, 0], [0.5, 0.5, 0.5]],
        site_properties={"magmom": [3.7, 0.0]},
    )


def about(updated: str = "2025-03-04T05:06:07Z") -> dict[str, Any]:
    meta = {"license": "BY-C", "database_version": "2025.09.25", "emmet_version": "0.84"}
    return {"last_updated": updated, "builder_meta": meta}


def core(n: int) -> dict[str, Any]:
    """A document of /materials/core/, as emmet's MaterialsDoc serialises."""
    return {
        "material_id": f"mp-{n}",
        "structure": iron_oxide(4.0 + 0.05 * n).as_dict(),
        "symmetry": {"symbol": "Fm-3m", "number": 225, "crystal_system": "Cubic"},
        **about(),
    }


def xas(site: int | None = 0, element: str = "Fe") -> dict[str, Any]:
    """A document of /materials/xas/, as emmet's XASDoc serialises."""
    energy = np.linspace(7090, 7150, 100)
    mu = 0.5 + np.arctan((energy - 7112) / 2) / np.pi
    spectrum = {
        "@module": "pymatgen.analysis.xas.spectrum",
        "@class": "XAS",
        "x": energy.tolist(),
        "y": mu.tolist(),
        "structure": iron_oxide().as_dict(),
        "absorbing_element": {
            "@module": "pymatgen.core.periodic_table", "@class": "Element", "element": element
        },
        "edge": "K",
        "spectrum_type": "XANES",
        "absorbing_index": site,
    }  # fmt: skip
    return {
        "task_id": "mp-715572",
        "spectrum": spectrum,
        "absorbing_element": element,
        "edge": "K",
        "spectrum_type": "XANES",
        **about(),
    }


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MP_API_KEY", KEY)


def serve(stub: Any, answer: Any, documents: list[dict[str, Any]]) -> None:
    """Pages by _skip and _limit; an error, as the API gives it, without the key."""

    def reply(path: str, query: dict[str, str]) -> Any:
        if stub.headers[-1].get("X-API-KEY") != KEY:
            return answer({"message": "No API key found in request"}, 401)
        first, size = int(query["_skip"]), int(query["_limit"])
        page = documents[first : first + size]
        return answer({"data": page, "meta": {"total_doc": len(documents)}})

    stub.answer = reply


@pytest.mark.usefixtures("key")
def test_structures_come_page_by_page_with_all_that_is_known_of_them(
    lake: Lake, stub: Any, answer: Any, quick: Manners, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.connectors.materials_project.PAGE", 4)
    serve(stub, answer, [core(n) for n in range(10)])
    asked = {"provider": stub.url, "elements": "Fe,O", "crystal_system": "Cubic"}
    report = fetch(lake, "materials_project", asked, manners=quick)
    assert (report.documents, report.stored["materials"], report.refused) == (10, 10, [])
    assert len(stub.asked) == 3
    assert stub.asked[1].startswith("/materials/core/?deprecated=false&elements=Fe%2CO&")
    (row,) = lake.sql(
        "select material_id, licence, source, declared_space_group, space_group, parameters "
        "from materials where source = 'Materials Project: mp-3'"
    ).to_pylist()
    assert row["material_id"] == material_id(material_of(iron_oxide(4.15), provenance=None))
    assert row["licence"] == "CC-BY-4.0"
    assert row["declared_space_group"] == row["space_group"] == "Fm-3m"
    said = json.loads(row["parameters"])
    assert said == {
        "provider": "Materials Project",
        "id": "mp-3",
        "last_modified": "2025-03-04T05:06:07Z",
        "url": f"{stub.url}/materials/core/",
        "database_version": "2025.09.25",
        "magnetic_moments": [3.7, 0.0],
    }
    kept = [path.read_text() for path in (lake.path / "fetched").rglob("*") if path.is_file()]
    assert not [text for text in kept if KEY in text]


@pytest.mark.usefixtures("key")
def test_a_limit_and_a_second_fetch_take_no_more_than_needed(
    lake: Lake, stub: Any, answer: Any, quick: Manners
) -> None:
    serve(stub, answer, [core(n) for n in range(10)])
    asked = {"provider": stub.url}
    assert fetch(lake, "materials_project", asked, 3, quick).documents == 3
    assert stub.asked[0].endswith("_skip=0&_limit=3")
    again = fetch(lake, "materials_project", asked, 3, quick)
    assert (again.known, again.stored["materials"], len(stub.asked)) == (3, 0, 1)


@pytest.mark.usefixtures("key")
@pytest.mark.parametrize("site", [0, None])
def test_a_spectrum_comes_with_its_structure_and_site(
    lake: Lake, stub: Any, answer: Any, quick: Manners, site: int | None
) -> None:
    serve(stub, answer, [xas(site)])
    asked = {"provider": stub.url, "kind": "xas", "absorbing_element": "Fe", "edge": "K"}
    report = fetch(lake, "materials_project", asked, manners=quick)
    assert report.stored == {"materials": 1, "spectra": 1}
    (row,) = lake.sql(
        "select s.technique, s.kind, s.absorber, s.edge, s.x_unit, s.licence, s.parameters, "
        "s.title, m.formula, x_at_max(x, intensity) as top "
        "from spectra s join materials m using (material_id)"
    ).to_pylist()
    said = json.loads(row.pop("parameters"))
    assert row == {
        "technique": "xas",
        "kind": "simulated",
        "absorber": "Fe",
        "edge": "K",
        "x_unit": "eV",
        "licence": "CC-BY-4.0",
        "title": "mp-715572-XANES-Fe-K",
        "formula": "FeO",
        "top": pytest.approx(7150),
    }
    assert said.get("absorbing_site") == site
    assert ("averaged" in said) == (site is None)


@pytest.mark.usefixtures("key")
@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        (xas(site=1), "expected Fe at site 1, found O"),
        (xas(site=2), "a site from 0 to 1"),
        (xas(site=-1), "a site from 0 to 1"),
        (xas(site=None, element="Mn"), "an element of the structure, found Mn"),
        (xas(element="Xx"), "the symbol of an element"),
        ({**xas(), "spectrum": None}, "spectrum: expected an object"),
    ],
)
def test_a_spectrum_whose_site_is_not_in_the_structure_is_refused(
    lake: Lake, stub: Any, answer: Any, quick: Manners, document: dict[str, Any], complaint: str
) -> None:
    serve(stub, answer, [document])
    asked = {"provider": stub.url, "kind": "xas"}
    report = fetch(lake, "materials_project", asked, manners=quick)
    assert report.stored == {"materials": 0, "spectra": 0}
    (refused,) = report.refused
    assert complaint in f"{refused.where}: expected {refused.expected}, found {refused.found}"


@pytest.mark.usefixtures("key")
@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ({"data": "x", "meta": {"total_doc": 3}}, "data and meta"),
        ({"data": []}, "data and meta"),
        ({"data": [], "meta": {"total_doc": "many"}}, "total_doc"),
        ({"data": [7], "meta": {"total_doc": 1}}, "documents"),
        ({"data": [{"material_id": None}], "meta": {"total_doc": 1}}, "material_id"),
        ({"data": [core(1)], "meta": {"total_doc": 10**9}}, "only those of pages before"),
    ],
)
def test_answers_that_make_no_sense_are_named(
    lake: Lake, stub: Any, answer: Any, quick: Manners, body: Any, complaint: str
) -> None:
    stub.answer = lambda *_: answer(body)
    with pytest.raises(BadInput, match=complaint):
        fetch(lake, "materials_project", {"provider": stub.url}, manners=quick)
    assert len(stub.asked) <= 2


def test_without_a_key_nothing_is_asked(
    lake: Lake, stub: Any, quick: Manners, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MP_API_KEY", raising=False)
    with pytest.raises(WrongUse, match="MP_API_KEY"):
        fetch(lake, "materials_project", {"provider": stub.url}, manners=quick)
    assert stub.asked == []
    monkeypatch.setenv("MP_API_KEY", KEY)
    with pytest.raises(WrongUse, match="structures or xas"):
        fetch(lake, "materials_project", {"kind": "bands"}, manners=quick)
    with pytest.raises(WrongUse, match="'formla'"):
        fetch(lake, "materials_project", {"formla": "FeO"}, manners=quick)


def test_a_wrong_key_is_refused_by_the_server_and_not_repeated_to_the_user(
    lake: Lake, stub: Any, answer: Any, quick: Manners, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MP_API_KEY", "wrong-key")
    serve(stub, answer, [core(1)])
    with pytest.raises(BadInput, match="status 401") as refused:
        fetch(lake, "materials_project", {"provider": stub.url}, manners=quick)
    assert "wrong-key" not in str(refused.value)


def test_the_shapes_here_are_those_of_the_official_models() -> None:
    from emmet.core.xas import XASDoc
    from pymatgen.core import Element

    document = XASDoc.model_validate({**xas(), "builder_meta": None})
    assert document.spectrum.absorbing_index == 0
    assert document.absorbing_element == Element("Fe")
    wrapped = {"materials_project": {"id": "mp-1", "kind": "structures"}, "document": core(1)}
    source = Source(Path("mp-1.json"), json.dumps(wrapped).encode())
    assert reader_for(source).name == "materials_project"
