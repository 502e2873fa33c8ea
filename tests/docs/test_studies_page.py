"""The page on studies is what its script makes of the stored runs, and says what does not hold."""

from __future__ import annotations

import json
import re
import runpy
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
STORED = sorted((DOCS / "studies").glob("*.json"))


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    return runpy.run_path(str(DOCS / "studies.py"))


def test_the_page_is_what_the_script_makes_of_the_files(script: dict[str, Any]) -> None:
    made = script["page"](script["stored"]())
    assert (DOCS / "studies.md").read_text() == made, "run: python docs/studies.py"


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
def test_a_stored_run_is_small_and_names_its_study(path: Path) -> None:
    found = json.loads(path.read_text())
    assert found["study"] == path.stem
    assert path.stat().st_size < 2_000_000


def finding(outcome: str) -> dict[str, Any]:
    interval = {"value": 0.02, "low": -0.01, "high": 0.05}
    return {
        "part": "closing",
        "title": "Closing the gap",
        "columns": ["way", "score", "n"],
        "rows": [["a|b", 0.51234, 1200], ["c", None, 3]],
        "claim": "Transfer beats learning from scratch.",
        "verdict": {"outcome": outcome, "reason": "too close to tell", "interval": interval},
        "notes": ["Simulated only."],
    }


def study(**fields: Any) -> dict[str, Any]:
    definition = {
        "where": "true",
        "target": None,
        "task": "unsupervised",
        "split": {"by": "sample", "fractions": [0.7, 0.15, 0.15], "seed": 0, "test": "measured"},
    }
    every = {
        "modality": "xrd", "class": "all", "train": "7", "validation": "2", "test": "1", "all": "10"
    }  # fmt: skip
    return {
        "study": "toy",
        "title": "A toy: small & plain",
        "question": "Is it?",
        "reference": "Nobody 2026",
        "metric": "explained variance",
        "claim": None,
        "verdict": None,
        "data": {
            "definition": definition,
            "manifest": "f" * 32,
            "left_out": {"target: none": 4},
            "coverage": [every],
        },
        "models": [],
        "pairs": [],
        "findings": [finding("is undecided")],
        "date": "2026-11-23",
        "seeds": [0, 1, 2],
        "seconds": 90.0,
        "machine": "Linux x86_64, 2 processors",
        "versions": {"scatterlake": "0.1.0"},
        **fields,
    }


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        ("holds", "**holds**"),
        ("fails", "**fails: not reproduced**"),
        ("is undecided", "**is undecided: not reproduced**"),
    ],
)
def test_what_came_of_a_claim_is_said(script: dict[str, Any], outcome: str, told: str) -> None:
    text = script["page"]([study(findings=[finding(outcome)])])
    assert f"- Transfer beats learning from scratch: {told}. too close to tell." in text
    assert "| [A toy: small & plain](#a-toy-small--plain) |" in text


def test_a_page_tells_data_limits_and_circumstances(script: dict[str, Any]) -> None:
    text = script["page"]([study()])
    assert "| a\\|b | 0.512 | 1200 |" in text
    assert "| c |  | 3 |" in text
    assert "- Simulated only." in text
    assert "![Closing the gap](pictures/studies/toy-closing.png)" in text
    assert "test side: measured curves only" in text
    assert "Left out: target: none 4." in text
    assert "seeds 0, 1, 2 in 1.5 minutes (Linux x86_64, 2 processors; scatterlake 0.1.0)" in text
    assert "Models side by side" not in text


def test_without_a_stored_run_the_page_says_so(script: dict[str, Any]) -> None:
    assert script["page"]([]).endswith("No run is stored yet.\n")


def test_tables_have_as_many_cells_in_every_line(script: dict[str, Any]) -> None:
    text = script["page"]([study()])
    for block in re.findall(r"(?:^\|.*\|\n)+", text, re.MULTILINE):
        widths = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
        assert len(widths) == 1, block
