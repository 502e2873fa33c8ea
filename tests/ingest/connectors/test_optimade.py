"""OPTIMADE: its reference server with crystals of known identity, and servers that misbehave.

The server (``optimade[server]``) pins other versions than this project, so it lives in an
environment of its own: SCATTERLAKE_OPTIMADE_PYTHON names the Python there.
"""

from __future__ import annotations

import copy
import json
import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pymatgen.core import Structure

from ingest.connectors._http import Manners
from ingest.connectors.optimade import CONNECTOR
from ingest.fetch import fetch
from ingest.readers import Source, reader_for
from registry.errors import BadInput, Unsupported, WrongUse
from registry.lake import Lake
from registry.structures import material_id, material_of

ANIONS = ("O", "S", "Se", "F", "Cl", "Br")
CATIONS = ("Mg", "Ca", "Ba", "Mn", "Fe", "Ni")


@cache
def crystals() -> dict[str, Structure]:
    """144 binary crystals, in the primitive cells of rock salt and CsCl, of two sizes."""
    face_centred = np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]]) / 2
    cells = {"rock": face_centred, "cscl": np.eye(3) * 0.75}
    return {
        f"{name}-{cation}{anion}-{size}": Structure(
            cell * size, [cation, anion], [[0, 0, 0], [0.5, 0.5, 0.5]]
        )
        for name, cell in cells.items()
        for size in (4.5, 5.0)
        for cation in CATIONS
        for anion in ANIONS
    }


def attributes(structure: Structure) -> dict[str, Any]:
    """A structure in the terms of the specification (section Structures Entries)."""
    symbols = sorted(e.symbol for e in structure.composition.elements)
    return {
        "elements": symbols,
        "nelements": len(symbols),
        "chemical_formula_reduced": "".join(symbols),
        "dimension_types": [1, 1, 1],
        "lattice_vectors": structure.lattice.matrix.tolist(),
        "cartesian_site_positions": structure.cart_coords.tolist(),
        "nsites": len(structure),
        "species": [{"name": s, "chemical_symbols": [s], "concentration": [1.0]} for s in symbols],
        "species_at_sites": [site.specie.symbol for site in structure],
        "structure_features": [],
        "last_modified": "2026-01-02T03:04:05Z",
    }


def serve(folder: Path, config: dict[str, Any]) -> Iterator[str]:
    """Address of a running reference server."""
    python = os.environ.get("SCATTERLAKE_OPTIMADE_PYTHON")
    if not python:
        pytest.skip("SCATTERLAKE_OPTIMADE_PYTHON names no Python with optimade[server]")
    (folder / "config.json").write_text(json.dumps({"database_backend": "mongomock", **config}))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [python, "-m", "uvicorn", "optimade.server.main:app", "--port", str(port)]
    environment = {**os.environ, "OPTIMADE_CONFIG_FILE": str(folder / "config.json")}
    url = f"http://127.0.0.1:{port}"
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=folder)
    try:
        wait_for(f"{url}/v1/info", process, folder / "log")
        yield url
    finally:
        process.terminate()
        process.wait(30)


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        assert process.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"the server did not start: {log.read_text()}")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A reference server with the crystals."""
    folder = tmp_path_factory.mktemp("optimade")
    lines: list[dict[str, Any]] = [{"x-optimade": {"meta": {"api_version": "1.2.0"}}}]
    for name, structure in crystals().items():
        found = attributes(structure)
        found["last_modified"] = {"$date": found["last_modified"]}
        lines.append({"type": "structures", "id": name, "attributes": found})
    (folder / "data.jsonl").write_text("\n".join(map(json.dumps, lines)))
    yield from serve(
        folder,
        {
            "insert_from_jsonl": str(folder / "data.jsonl"),
            "insert_test_data": False,
            "provider": {"prefix": "test", "name": "Test crystals", "description": "for tests"},
        },
    )


def test_pages_of_a_real_server_are_fetched_and_are_the_same_crystals(
    lake: Lake, server: str, quick: Manners
) -> None:
    steps: list[int] = []
    report = fetch(
        lake,
        "optimade",
        {"provider": server},
        manners=quick,
        progress=lambda done, _: steps.append(done),
    )
    known = crystals()
    assert steps == [100, 144]
    assert (report.documents, report.refused) == (len(known), [])
    rows = lake.sql(
        "select material_id, source, parameters->>'id' as id, "
        "parameters->>'last_modified' as changed, parameters->>'url' as url from materials"
    ).to_pylist()
    assert {row["id"] for row in rows} == set(known)
    for row in rows:
        assert material_id(material_of(known[row["id"]], provenance=None)) == row["material_id"]
        assert row["source"] == f"Test crystals: {row['id']}"
        assert row["url"] == f"{server}/v1/structures/{row['id']}"
        assert row["changed"].startswith("2026-01-02T03:04:05")


def test_a_filter_and_a_limit_reach_the_server(lake: Lake, server: str, quick: Manners) -> None:
    asked = {"provider": f"{server}/v1", "filter": 'elements HAS "Fe" AND elements HAS "O"'}
    report = fetch(lake, "optimade", asked, manners=quick)
    wanted = {name for name in crystals() if "FeO" in name}
    rows = lake.sql("select parameters->>'id' as id from materials").to_pylist()
    assert {row["id"] for row in rows} == wanted
    assert report.documents == len(wanted)
    assert fetch(lake, "optimade", {"provider": server}, 7, quick).documents == 7
    with pytest.raises(BadInput, match="status 400"):
        fetch(lake, "optimade", {"provider": server, "filter": "elements HAS"}, manners=quick)


def test_the_examples_of_the_specification_are_all_stored_or_refused_by_name(
    lake: Lake, tmp_path: Path, quick: Manners
) -> None:
    names = {"id": "task_id", "chemical_formula_reduced": "pretty_formula"}
    config = {"insert_test_data": True, "aliases": {"structures": names}}
    for url in serve(tmp_path, config):
        report = fetch(lake, "optimade", {"provider": url}, manners=quick)
        with urllib.request.urlopen(f"{url}/v1/structures?page_limit=1") as answer:
            available = json.load(answer)["meta"]["data_available"]
    assert report.documents == available
    assert sum(report.stored.values()) + report.known_rows + len(report.refused) == available
    # most have atoms on top of each other or cells of 0.3 angstrom: they show the format
    assert report.refused
    assert all(each.stage in ("read", "check", "convert") for each in report.refused)


class Database:
    """A small OPTIMADE database for the stub: pages of two, by offset."""

    def __init__(self, stub: Any, answer: Any, n: int = 6) -> None:
        self.stub, self.answer = stub, answer
        structures = list(crystals().items())[:n]
        self.entries = [
            {"type": "structures", "id": name, "attributes": attributes(s)}
            for name, s in structures
        ]
        self.next: Any = self.following
        stub.answer = self.reply

    def following(self, offset: int) -> Any:
        more = offset + 2 < len(self.entries)
        return f"{self.stub.url}/v1/structures?page_offset={offset + 2}" if more else None

    def reply(self, path: str, query: dict[str, str]) -> Any:
        meta = {"api_version": "1.2.0", "provider": {"name": "Small", "prefix": "s"}}
        if path == "/v1/info":
            about = {"available_licenses": ["CC-BY-4.0"], "license": {"href": "https://l.invalid"}}
            return self.answer({"data": {"attributes": about}, "meta": meta})
        if path == "/v1/info/structures":
            return self.answer({"data": {"properties": {key: {} for key in self.entries[0]}}})
        offset = int(query.get("page_offset", 0))
        links = {"next": self.next(offset)}
        return self.answer(
            {"data": self.entries[offset : offset + 2], "links": links, "meta": meta}
        )

    def pages(self) -> int:
        return sum(path.startswith("/v1/structures") for path in self.stub.asked)


@pytest.fixture
def database(stub: Any, answer: Any) -> Database:
    return Database(stub, answer)


@pytest.mark.parametrize("form", ["text", "object", "relative"])
def test_links_to_further_pages_may_have_every_form_allowed(
    lake: Lake, database: Database, quick: Manners, form: str
) -> None:
    plain = database.following

    def in_form(offset: int) -> Any:
        link = plain(offset)
        if link is None or form == "text":
            return link
        relative = link.removeprefix(f"{database.stub.url}/v1/")
        return {"href": link} if form == "object" else relative

    database.next = in_form
    report = fetch(lake, "optimade", {"provider": database.stub.url}, manners=quick)
    assert report.stored["materials"] == 6
    rows = lake.sql("select distinct licence, source[:5] as source from materials").to_pylist()
    assert rows == [{"licence": "CC-BY-4.0", "source": "Small"}]


def test_a_fetch_that_broke_off_goes_on_without_asking_again(
    lake: Lake, database: Database, quick: Manners, answer: Any
) -> None:
    def broken(path: str, query: dict[str, str]) -> Any:
        return answer(b"{", 200) if query.get("page_offset") == "4" else database.reply(path, query)

    database.stub.answer = broken
    with pytest.raises(BadInput, match="page_offset=4"):
        fetch(lake, "optimade", {"provider": database.stub.url}, manners=quick)
    assert lake.sql("select count(*) as n from materials").to_pylist() == [{"n": 4}]
    database.stub.answer = database.reply
    database.stub.asked.clear()
    report = fetch(lake, "optimade", {"provider": database.stub.url}, manners=quick)
    assert (report.documents, report.known, report.stored["materials"]) == (6, 4, 2)
    assert database.stub.asked == ["/v1/structures?page_offset=4"]


def test_a_changed_entry_is_a_new_document(lake: Lake, database: Database) -> None:
    manners = Manners(pause=0.0, cache_age=0.0)
    fetch(lake, "optimade", {"provider": database.stub.url}, manners=manners)
    database.entries[0]["attributes"]["lattice_vectors"][0][0] += 0.5
    report = fetch(lake, "optimade", {"provider": database.stub.url}, manners=manners)
    assert (report.known, report.stored["materials"]) == (5, 1)


@pytest.mark.parametrize(
    ("link", "complaint"),
    [
        ("{url}/v1/structures?page_offset=0&again=0", "only those of pages before"),
        ("http://elsewhere.invalid/v1/structures", "a page of the same server"),
        ("file:///etc/passwd", "a page of the same server"),
        ({"href": 3}, "an address"),
    ],
)
def test_links_that_lead_astray_are_not_followed(
    lake: Lake, database: Database, quick: Manners, link: Any, complaint: str
) -> None:
    database.next = lambda _: link.format(url=database.stub.url) if isinstance(link, str) else link
    with pytest.raises(BadInput, match=complaint):
        fetch(lake, "optimade", {"provider": database.stub.url}, manners=quick)
    assert database.pages() <= 2
    assert lake.sql("select count(*) as n from materials").to_pylist() == [{"n": 2}]


def test_a_ring_of_pages_is_left(lake: Lake, database: Database, quick: Manners) -> None:
    database.next = lambda offset: f"{database.stub.url}/v1/structures?page_offset={2 - offset}"
    with pytest.raises(BadInput, match=r"a page not seen before|pages before"):
        fetch(lake, "optimade", {"provider": database.stub.url}, manners=quick)
    assert database.pages() <= 4


@pytest.mark.parametrize(
    "body",
    [
        {"data": "x", "meta": {}},
        {"data": [3], "meta": {}},
        {"data": [{"type": "structures"}], "meta": {}},
        {"errors": [{"detail": "no"}]},
    ],
)
def test_what_is_no_optimade_is_named(
    lake: Lake, database: Database, quick: Manners, answer: Any, body: dict[str, Any]
) -> None:
    def odd(path: str, query: dict[str, str]) -> Any:
        return answer(body) if path == "/v1/structures" else database.reply(path, query)

    database.stub.answer = odd
    with pytest.raises(BadInput, match="data"):
        fetch(lake, "optimade", {"provider": database.stub.url}, manners=quick)
    database.stub.answer = lambda *_: answer(body)
    with pytest.raises(BadInput, match="/info"):
        fetch(lake, "optimade", {"provider": f"{database.stub.url}/other"}, manners=quick)


def test_one_bad_entry_is_quarantined_and_names_no_other_folder(
    lake: Lake, database: Database, quick: Manners
) -> None:
    database.entries[1]["id"] = "../../../etc/" + "x" * 500
    database.entries[1]["attributes"]["species_at_sites"] = ["Unobtainium", "O"]
    report = fetch(lake, "optimade", {"provider": database.stub.url}, manners=quick)
    assert report.stored["materials"] == 5
    (refused,) = report.refused
    assert "Unobtainium" in refused.found
    assert Path(refused.file_name).parent == lake.path / "fetched" / "optimade" / "documents"


@pytest.mark.parametrize("provider", ["", "nowhere", "file:///etc", "ftp://host/optimade"])
def test_a_provider_that_is_no_address_is_wrong_use(lake: Lake, provider: str) -> None:
    with pytest.raises(WrongUse, match="provider"):
        fetch(lake, "optimade", {"provider": provider})
    with pytest.raises(WrongUse, match="filter"):
        CONNECTOR.check({"provider": "https://host", "fitler": "x"})


def entry(**changes: Any) -> Source:
    """A file with one structure of which some attributes are changed."""
    found = attributes(crystals()["rock-MgO-4.5"])
    found.update(copy.deepcopy(changes))
    document = {"data": {"type": "structures", "id": "one", "attributes": found}}
    return Source(Path("one.json"), json.dumps(document).encode())


def test_disorder_vacancies_and_deuterium_are_taken_as_they_are() -> None:
    species = [
        {"name": "A", "chemical_symbols": ["Mg", "vacancy"], "concentration": [0.9, 0.1]},
        {"name": "B", "chemical_symbols": ["H", "H"], "concentration": [0.25, 0.75],
         "mass": [1.008, 2.014]},
    ]  # fmt: skip
    source = entry(species=species, species_at_sites=["A", "B"], structure_features=["disorder"])
    (material,) = reader_for(source).read(source)
    assert [site.species for site in material.sites] == [{"Mg": 0.9}, {"H": 0.25, "D": 0.75}]


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"dimension_types": [1, 1, 0]}, "periodic in three directions"),
        ({"structure_features": ["implicit_atoms"]}, "implicit_atoms"),
        ({"structure_features": ["disorder", "assemblies"]}, "assemblies"),
        ({"lattice_vectors": [[None] * 3] * 3}, "lattice_vectors"),
        ({"lattice_vectors": [[1, 0, 0], [0, 1, 0], [1, 1, 0]]}, "lattice"),
        ({"cartesian_site_positions": [[0, 0, 0], [1, None, 1]]}, "cartesian_site_positions"),
        ({"cartesian_site_positions": [[0, 0, 0]]}, "species_at_sites"),
        ({"species": None}, "species"),
        ({"species": [{"name": "Mg", "chemical_symbols": ["X"], "concentration": [1]}]}, "'X'"),
        ({"species": [{"name": "Mg", "chemical_symbols": ["Mg"]}]}, "concentrations"),
    ],
)
def test_what_is_no_whole_crystal_is_refused_by_field(
    changes: dict[str, Any], complaint: str
) -> None:
    source = entry(**changes)
    with pytest.raises((BadInput, Unsupported), match=complaint):
        reader_for(source).read(source)
