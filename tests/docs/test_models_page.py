"""The page on models lists those that there are, as they declare themselves."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from training.models import models

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_the_lists_are_what_the_models_declare() -> None:
    text = (DOCS / "models.md").read_text()
    renewed = runpy.run_path(str(DOCS / "models.py"))["page"](text)
    assert text == renewed, "run: python docs/models.py"


@pytest.mark.parametrize("name", sorted(models()))
def test_every_model_is_there_with_its_source_and_settings(name: str) -> None:
    text = (DOCS / "models.md").read_text()
    section = text.split(f"\n## {name}\n")[1].split("\n## ")[0]
    assert models()[name].source in section
    for setting in models()[name].settings:
        assert f"`{setting}`" in text
