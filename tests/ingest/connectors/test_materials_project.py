"""The Materials Project, played by a stub with the rules of its server.

Documents are made by emmet's own models, and answers have the form of emmet-api's resources: only
the fields asked for, parameters that a route does not know are refused, as are pages of more than
a thousand. The official client asks the same stub and finds the same.
"""

from __future__ import annotations

import inspect
import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import pytest
from pymatgen.core import Structure

from ingest.connectors._http import Manners
from ingest.connectors.materials_project import CONNECTOR
from ingest.fetch import fetch
from ingest.files import ingest_files
from ingest.readers import Source, reader_for
from registry.errors import BadInput, WrongUse
from registry.lake import Lake
from registry.structures import material_id, material_of

KEY = "0123456789abcdef0123456789abcdef"
META = {"license": "BY-C", "database_version": "2025.09.25", "emmet_version": "0.84"}
UPDATED = "2025-03-04T05:06:07Z"
COMMON = {"formula", "chemsys", "elements", "exclude_elements", "task_ids", "_sort_fields",
          "_skip", "_limit", "_page", "_per_page", "_fields", "_all_fields"}  # fmt: skip
ROUTES = {
    "/materials/core/": COMMON
    | {"material_ids", "deprecated", "crystal_system", "spacegroup_number", "spacegroup_symbol"},
    "/materials/xas/": COMMON | {"absorbing_element", "edge", "spectrum_type", "spectrum_ids"},
}
"""Parameters of the query operators of each resource in emmet-api, as far as they are used here."""


def iron_oxide(size: float = 4.3) -> Structure:
    cell = np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]]) / 2 * size
    return Structure(
        cell,
        ["Fe", "O"],
        [[0, 0, 0], [0.5, 0.5, 0.5]],
        site_properties={"magmom": [3.7, 0.0]},
    )


def core(n: int) -> dict[str, Any]:
    """A document of /materials/core/."""
    from emmet.core.material import MaterialsDoc

    document = MaterialsDoc.from_structure(
        iron_oxide(4.0 + 0.05 * n),
        material_id=f"mp-{n}",
        deprecated=False,
        last_updated=UPDATED,
        builder_meta=META,
    )
    return document.model_dump(mode="json") | {"material_id": f"mp-{n}"}


def xas(site: int | None = 0, element: str = "Fe", task: str = "mp-715572") -> dict[str, Any]:
    """A document of /materials/xas/, of iron unless another element is written into it."""
    from emmet.core.xas import XASDoc
    from pymatgen.analysis.xas.spectrum import XAS
    from pymatgen.core import Element

    energy = np.linspace(7090, 7150, 100)
    mu = 0.5 + np.arctan((energy - 7112) / 2) / np.pi
    spectrum = XAS(
        energy, mu, iron_oxide(), Element("Fe"), spectrum_type="XANES", absorbing_index=site
    )
    document = XASDoc.from_spectrum(
        spectrum, task_id=task, last_updated=UPDATED, builder_meta=META
    ).model_dump(mode="json")
    return document | {"task_id": task, "absorbing_element": element}


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MP_API_KEY", KEY)


def serve(stub: Any, answer: Any, documents: Sequence[dict[str, Any]]) -> None:
    """Answer as the gateway and emmet-api's ``ReadOnlyResource`` do."""

    def reply(path: str, query: dict[str, str]) -> Any:
        if path == "/heartbeat":
            return answer({"db_version": "2025.09.25", "access_controlled_batch_ids": []})
        sent = {name.lower(): value for name, value in stub.headers[-1].items()}.get("x-api-key")
        if sent != KEY:
            complaint = (
                "Invalid authentication credentials" if sent else "No API key found in request"
            )
            return answer({"message": complaint}, 401)
        unknown = [name for name in query if name not in ROUTES[path]]
        if unknown:
            detail = f"Request contains query parameters which cannot be used: {', '.join(unknown)}"
            return answer({"detail": detail}, 400)
        first, size = int(query.get("_skip", 0)), int(query.get("_limit", 100))
        if size > 1000:
            return answer({"detail": "Requested more data per query than allowed"}, 400)
        names = query.get("_fields", "").split(",")
        page = [
            document if "_all_fields" in query else {n: document[n] for n in names if n in document}
            for document in documents[first : first + size]
        ]
        meta = {"api_version": "0.86.3", "time_stamp": UPDATED, "total_doc": len(documents)}
        return answer({"data": page, "meta": meta | {"facet": None, "max_limit": 1000}})

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
    (kept,) = lake.sql("select expected, found, content from quarantine").to_pylist()
    assert (kept["expected"], kept["found"]) == (refused.expected, refused.found)
    assert json.loads(kept["content"])["document"]["task_id"] == document["task_id"]


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
    with pytest.raises(BadInput, match=r"a key that the server accepts, found status 401") as told:
        fetch(lake, "materials_project", {"provider": stub.url}, manners=quick)
    assert "wrong-key" not in str(told.value)
    assert len(stub.asked) == 1


@pytest.mark.usefixtures("key")
def test_a_server_that_has_had_enough_is_left_in_peace_as_long_as_it_asks(
    lake: Lake, stub: Any, answer: Any, quick: Manners, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.connectors.materials_project.PAGE", 4)
    serve(stub, answer, [core(n) for n in range(6)])
    usual, times = stub.answer, []

    def limited(path: str, query: dict[str, str]) -> Any:
        times.append(time.monotonic())
        if len(times) == 2:
            return answer({"message": "API rate limit exceeded"}, 429, {"Retry-After": "1"})
        return usual(path, query)

    stub.answer = limited
    report = fetch(lake, "materials_project", {"provider": stub.url}, manners=quick)
    assert (report.documents, len(times)) == (6, 3)
    assert times[2] - times[1] >= 1
    assert stub.asked[1] == stub.asked[2]


@pytest.mark.usefixtures("key")
def test_a_line_cut_within_a_page_costs_that_page_only(
    lake: Lake, stub: Any, answer: Any, quick: Manners, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.connectors.materials_project.PAGE", 4)
    serve(stub, answer, [core(n) for n in range(10)])
    usual = stub.answer

    def cut(path: str, query: dict[str, str]) -> Any:
        whole = usual(path, query)
        return answer(whole.content[:500], missing=5000) if query["_skip"] == "4" else whole

    stub.answer = cut
    with pytest.raises(BadInput, match=r"_skip=4.*3 times"):
        fetch(lake, "materials_project", {"provider": stub.url}, manners=quick)
    assert lake.sql("from materials").num_rows == 4
    stub.answer = usual
    stub.asked.clear()
    report = fetch(lake, "materials_project", {"provider": stub.url}, manners=quick)
    assert (report.documents, report.known, report.stored["materials"]) == (10, 4, 6)
    assert [dict(parse_qsl(urlsplit(path).query))["_skip"] for path in stub.asked] == ["4", "8"]


@pytest.mark.usefixtures("key")
def test_a_fetch_stopped_within_a_page_goes_on_without_asking_for_it_again(
    lake: Lake, stub: Any, answer: Any, quick: Manners, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(stub, answer, [core(n) for n in range(6)])

    def half(lake: Lake, paths: list[Path]) -> Any:
        ingest_files(lake, paths[:3])
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr("ingest.fetch.ingest_files", half)
        fetch(lake, "materials_project", {"provider": stub.url}, manners=quick)
    report = fetch(lake, "materials_project", {"provider": stub.url}, manners=quick)
    assert (report.documents, report.known, report.stored["materials"]) == (6, 3, 3)
    assert len(stub.asked) == 1


@pytest.mark.usefixtures("key")
def test_pages_that_overlap_are_told_and_what_came_is_kept(
    lake: Lake, stub: Any, answer: Any, quick: Manners, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.connectors.materials_project.PAGE", 3)
    serve(stub, answer, [core(n) for n in (0, 1, 2, 2, 3, 4)])
    with pytest.raises(BadInput, match="expected 6 different documents, found 5"):
        fetch(lake, "materials_project", {"provider": stub.url}, manners=quick)
    assert lake.sql("from materials").num_rows == 5


@pytest.mark.usefixtures("key")
def test_a_setting_that_its_route_does_not_know_is_refused_by_the_server_in_words(
    lake: Lake, stub: Any, answer: Any, quick: Manners
) -> None:
    serve(stub, answer, [xas()])
    asked = {"provider": stub.url, "kind": "xas", "crystal_system": "Cubic"}
    with pytest.raises(BadInput, match="cannot be used: crystal_system"):
        fetch(lake, "materials_project", asked, manners=quick)


def test_every_setting_is_one_of_the_official_client() -> None:
    from mp_api.client.routes.materials.materials import MaterialsRester
    from mp_api.client.routes.materials.xas import XASRester

    known = {name for each in (MaterialsRester, XASRester)
             for name in inspect.signature(each.search).parameters}  # fmt: skip
    assert set(CONNECTOR.settings) - {"provider", "kind"} <= known


@pytest.fixture
def official(stub: Any) -> Iterator[Any]:
    """The official client, asking the stub."""
    from mp_api.client.routes.materials.xas import XASRester

    with XASRester(api_key=KEY, endpoint=f"{stub.url}/", mute_progress_bars=True) as client:
        yield client


@pytest.mark.usefixtures("key")
def test_the_official_client_asks_the_same_and_finds_the_same(
    lake: Lake, stub: Any, answer: Any, quick: Manners, request: pytest.FixtureRequest
) -> None:
    documents = [xas(task=f"mp-{n}") for n in range(1, 4)]
    for n, document in enumerate(documents):
        document["spectrum"]["y"] = [y + n for y in document["spectrum"]["y"]]
    serve(stub, answer, documents)
    client = request.getfixturevalue("official")
    asked = {"absorbing_element": "Fe", "edge": "K", "spectrum_type": "XANES"}
    theirs = client.search(**asked, fields=["task_id", "spectrum"], chunk_size=2)
    told = dict(parse_qsl(urlsplit(stub.asked[-1]).query))
    fetch(lake, "materials_project", {"provider": stub.url, "kind": "xas", **asked}, manners=quick)
    ours = dict(parse_qsl(urlsplit(stub.asked[-1]).query))
    assert {name: ours[name] for name in asked} == {name: told[name] for name in asked}
    assert urlsplit(stub.asked[-1]).path == "/materials/xas/"
    rows = lake.sql("select x, intensity from spectra order by intensity[1]").to_pylist()
    assert len(rows) == len(theirs) == 3
    for row, document in zip(rows, theirs, strict=True):
        assert np.allclose(row["x"], document.spectrum.x)
        assert np.allclose(row["intensity"], document.spectrum.y, rtol=1e-6)


def test_what_is_kept_of_a_document_is_read_by_the_reader_of_its_kind() -> None:
    wrapped = {"materials_project": {"id": "mp-1", "kind": "structures"}, "document": core(1)}
    source = Source(Path("mp-1.json"), json.dumps(wrapped).encode())
    assert reader_for(source).name == "materials_project"
