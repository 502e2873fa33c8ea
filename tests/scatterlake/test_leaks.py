"""``scatterlake dataset audit`` tells leaks, and what is allowed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from registry.lake import Lake, now
from scatterlake.cli import _load_commands, app
from training.assembly import assemble
from training.definitions import DatasetDefinition, SpectrumInput, Split

SOURCE = SpectrumInput("xrd", "xrd", (0.6, 5.6, 120))
DEFINITION = DatasetDefinition("lines", (SOURCE,), target=None, task="unsupervised")


@pytest.fixture
def lake(empty_lake: Lake) -> Lake:
    """Twelve invented minerals, each with lines of its own."""
    rng = np.random.default_rng(0)
    x = np.linspace(0.5, 5.7, 400)
    for n in range(12):
        name = f"mineral {n}"
        material = {
            "material_id": name, "name": name, "formula": f"X{n}", "space_group_number": n + 1,
            "licence": "CC0", "producer": "test", "ingested_at": now(),
        }  # fmt: skip
        places = rng.uniform(0.7, 5.5, 8)
        curve = {
            "spectrum_id": f"curve {n}", "material_id": name, "technique": "xrd",
            "kind": "simulated", "x": x, "shape": [len(x)], "producer": "xrd",
            "intensity": np.exp(-(((x[:, None] - places) / 0.03) ** 2)).sum(axis=1),
            "recipe": SOURCE.identity(), "ingested_at": now(),
        }  # fmt: skip
        empty_lake.append("materials", [material])
        empty_lake.append("spectra", [curve])
    return empty_lake


@pytest.fixture
def empty_lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return Lake.open(tmp_path_factory.mktemp("audit") / "lake")


def say(lake: Lake, *arguments: str) -> tuple[int, str]:
    _load_commands()
    done = CliRunner().invoke(app, ["dataset", "audit", *arguments, "--lake", str(lake.path)])
    return done.exit_code, " ".join(done.output.split())


def test_a_clean_dataset_has_no_leaks(lake: Lake) -> None:
    assemble(lake, DEFINITION)
    code, told = say(lake, "lines")
    assert code == 0
    assert "no leaks" in told
    assert "drawn in" in told


def test_what_was_learnt_before_is_told_and_can_be_allowed(lake: Lake) -> None:
    assemble(lake, DEFINITION)
    assemble(lake, replace(DEFINITION, name="before", split=Split(seed=3)))
    code, told = say(lake, "lines", "--pretraining", "before")
    assert code == 1
    assert "parent material" in told
    assert "pre-training" in told
    kinds = ("parent material", "mineral name", "identical curve", "copied curve")
    allowed = [a for kind in kinds for a in ("--allow", f"{kind}=seen on purpose")]
    code, told = say(lake, "lines", "--pretraining", "before", *allowed)
    assert code == 0
    assert "seen on purpose" in told
    assert "no leaks but what is allowed" in told
