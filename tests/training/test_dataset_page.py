"""The page about datasets: its definitions can be read, the files it names are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from training.definition_files import read_definition

PROJECT = Path(__file__).resolve().parents[2]
PAGE = (PROJECT / "docs" / "datasets.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("number", range(PAGE.count("```yaml")))
def test_every_definition_of_the_page_can_be_read(number, tmp_path):
    path = tmp_path / "page.yaml"
    path.write_text(re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[number], encoding="utf-8")
    assert read_definition(path).name in {"hardness", "minerals"}


def test_every_file_of_the_page_is_there():
    named = re.findall(r"`((?:training|features|ingest)/[\w/.]*)`", PAGE)
    assert len(named) > 10
    assert [path for path in named if not (PROJECT / path).exists()] == []
