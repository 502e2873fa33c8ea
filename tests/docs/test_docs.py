"""Documents stay true: what they take from the code is what the code has."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from registry.lake import Lake

PROJECT = Path(__file__).resolve().parents[2]
PAGES = sorted([*PROJECT.glob("*.md"), *PROJECT.glob("docs/*.md"), *PROJECT.glob("infra/*.md")])


@pytest.mark.parametrize("name", ["sql", "descriptors"])
def test_tables_taken_from_the_code_are_complete(name: str) -> None:
    page = (PROJECT / "docs" / f"{name}.md").read_text()
    refreshed = runpy.run_path(str(PROJECT / "docs" / "refresh.py"))[f"{name}_page"](page)
    assert page == refreshed, "run: python docs/refresh.py"


def test_every_query_of_the_documents_runs(tmp_path: Path) -> None:
    lake = Lake.open(tmp_path / "lake")
    pages = [page.read_text() for page in PAGES]
    queries = [q for text in pages for q in re.findall(r"```sql\n(.*?)```", text, re.DOTALL)]
    queries += [q for text in pages for q in re.findall(r'lake\.sql\("""(.*?)"""', text, re.DOTALL)]
    assert len(queries) >= 4
    for query in queries:
        lake.sql(query, ["x"] if "$1" in query else None)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_documents_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?://)([^)#]+)", page.read_text()):
        assert (page.parent / target).exists(), target


def test_every_path_the_architecture_names_exists() -> None:
    text = (PROJECT / "docs" / "architecture.md").read_text()
    for path in re.findall(r"`((?:registry|ingest|features|training|flows|infra)/[\w/.]*)`", text):
        assert (PROJECT / path).exists(), path
