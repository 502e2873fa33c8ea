"""The studies of Fe-Ga-Pd and of the simulated ternary: what they read is what was published."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from registry.errors import BadInput
from registry.lake import Lake
from training.assembly import assemble
from training.parts._library import classes
from training.studies import fe_ga_pd, known_ternary, studies


def silent(_: str) -> None:
    """No progress is shown."""


def test_the_studies_are_found_with_claims_for_all_parts_that_judge() -> None:
    for study in (fe_ga_pd.STUDY, known_ternary.STUDY):
        assert studies()[study.name] is study
        assert {part.name for part in study.parts if part.claim} >= {"unmixing", "phase-map"}
        assert len(study.seeds) >= 3


def test_fe_ga_pd_reads_the_library_as_published(shared_data: Path, tmp_path: Path) -> None:
    lake = Lake.open(tmp_path / "lake")
    fe_ga_pd.prepare(lake, shared_data, silent)
    fe_ga_pd.prepare(lake, shared_data, silent)  # again changes nothing
    dataset = assemble(lake, fe_ga_pd.DATASET)
    folder = shared_data / "xrd-combi-fegapd"
    assert len(dataset.members) == 278
    stated = np.loadtxt(folder / fe_ga_pd.COMPOSITIONS, skiprows=1)
    np.testing.assert_allclose(fe_ga_pd.TRIANGLE.read(lake, dataset), stated, atol=1e-3)
    regions, names = classes(lake, dataset, fe_ga_pd.REGION)
    given = np.loadtxt(folder / fe_ga_pd.REGIONS)
    assert [float(names[region]) for region in regions] == given.tolist()
    low, high, points = fe_ga_pd.DATASET.inputs[0].grid
    assert dataset.blocks["xrd"].shape == (278, points)
    assert 0 < low < high


def test_without_its_files_it_says_what_is_missing(tmp_path: Path) -> None:
    for data in (None, tmp_path):
        with pytest.raises(BadInput, match=r"a folder with FeGaPd_XRD\.txt"):
            fe_ga_pd.prepare(Lake.open(tmp_path / "lake"), data, silent)


def test_the_simulated_ternary_knows_its_truth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known_ternary, "DRAWS", 12)
    lake = Lake.open(tmp_path / "lake")
    known_ternary.prepare(lake, None, silent)
    dataset = assemble(lake, known_ternary.DATASET)
    assert len(dataset.members) == 12
    from training.parts._library import numbers

    shares = numbers(lake, dataset, list(known_ternary.SHARES))
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    regions, names = classes(lake, dataset, known_ternary.MAIN)
    found = [known_ternary.PHASES[i] for i in shares.argmax(axis=1)]
    assert [names[region] for region in regions] == found
