"""The study of fusion compares models that have equal data and about as many numbers to learn."""

from __future__ import annotations

import numpy as np
import pytest

from registry.lake import Lake
from training.definitions import FeatureInput, SpectrumInput
from training.fitting import model_of
from training.models import Training
from training.parts.ablation import Ablation
from training.parts.co_learning import CoLearning
from training.parts.fusing import Fusing
from training.studies import fusion, studies
from training.study import Candidate

PARTS = {type(part): part for part in fusion.PARTS}
WIDTH = {
    i.name: i.grid[2] if isinstance(i, SpectrumInput) else 20 for i in fusion.STUDY.dataset.inputs
}


def learnt(candidate: Candidate) -> int:
    """Numbers that a candidate learns."""
    rng = np.random.default_rng(0)
    inputs = {n: rng.random((4, WIDTH[n])).astype(np.float32) for n in candidate.inputs}
    curves = {n: (0.0, 1.0) for n in candidate.inputs if n in fusion.CURVES}
    y = rng.random(4)
    training = Training(inputs, y, inputs, y, curves=curves, task="regression")
    fitted = model_of(candidate).train(training, **{**candidate.settings, "epochs": 1})
    count = fitted.n_parameters()
    assert count is not None
    return count


def compared() -> list[Candidate]:
    """Every network that another is compared with."""
    fusing, ablation, co = (PARTS[kind] for kind in (Fusing, Ablation, CoLearning))
    ways = [way.candidate for way in (*fusing.together, *fusing.alone)]
    every = [*ways, ablation.whole, *ablation.without, *ablation.alone, co.alone, co.together]
    return [c for c in every if c.model != "hist_gradient_boosting"]


def test_it_is_found():
    assert studies()["fusion"] is fusion.STUDY
    assert fusion.STUDY.prepare is not None


def test_networks_learn_about_as_many_numbers():
    counts = [learnt(candidate) for candidate in compared()]
    assert max(counts) / min(counts) < 1.03


def test_no_input_names_the_elements():
    views = {i.view for i in fusion.INPUTS if isinstance(i, FeatureInput)}
    assert views == {"coordination"}
    assert "composition" not in str(fusion.STUDY.dataset.json())


def test_at_least_three_seeds_and_groups_are_kept_together():
    assert len(fusion.STUDY.seeds) >= 3
    assert fusion.STUDY.dataset.split.by == "material"
    assert fusion.STUDY.dataset.split.together is not None


def test_a_small_lake_is_prepared_from_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(fusion, "PER_LATTICE", 1)
    monkeypatch.setattr(fusion, "WORKERS", 1)
    lake, said = Lake.open(tmp_path / "lake"), []
    fusion.prepare(lake, None, said.append)
    rows = lake.sql("SELECT technique, count(*) AS n FROM spectra GROUP BY 1 ORDER BY 1")
    materials = lake.sql("SELECT count(*) AS n FROM materials")["n"][0].as_py()
    assert materials >= 5
    found = dict(zip(rows["technique"].to_pylist(), rows["n"].to_pylist(), strict=True))
    assert found == pytest.approx(dict.fromkeys(fusion.CURVES, materials), abs=1)
    assert len(said) == 1 + len(fusion.INPUTS)
