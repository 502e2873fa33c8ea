"""Parts that take libraries apart, on a library of three phases of which one shifts."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ingest.labels import Label, write_properties
from registry.errors import BadInput, Unsupported
from registry.lake import Lake
from training.datasets import Dataset
from training.definitions import DatasetDefinition, FeatureInput, SpectrumInput
from training.findings import Finding, finding_from
from training.parts import Part, Setting, phase_map
from training.parts._library import Composition
from training.parts.phase_map import PhaseMap
from training.parts.recovery import Recovery, assigned
from training.parts.stability import Stability, matched
from training.parts.unmixing import Unmixing
from training.splits import Member
from training.study import Study
from training.targets import Property

GRID = (1.2, 3.2, 160)
PHASES = ("alpha", "beta", "gamma")
LINES = ((1.4, 2.0), (1.6, 2.5, 2.9), (1.8, 2.25, 2.7))
MIXED = Composition(("A", "B", "C"))
SHARES = tuple(Property(f"share of {phase}", "known") for phase in PHASES)
REGION = Property("main phase", "known")
FEW = {"most": 6, "repetitions": 4, "starts": 1}
DEFINITION = DatasetDefinition(
    "library",
    (SpectrumInput("xrd", "xrd", GRID), FeatureInput("noise", "coordination")),
    target=None,
    task="unsupervised",
    entity="spectrum",
)


def library(shift: float = 0.016) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Compositions on a grid, true shares, and patterns; beta comes as two lattices."""
    steps = 9
    grid = [(i, j, steps - i - j) for i in range(steps + 1) for j in range(steps + 1 - i)]
    fractions = np.array(grid) / steps
    q, rng = np.linspace(*GRID), np.random.default_rng(0)
    patterns = []
    for a, b, c in fractions:
        strain = shift if c > a else 0.0
        parts = [
            sum(np.exp(-(((q - line / (1 + own)) / 0.015) ** 2)) for line in lines)
            for lines, own in zip(LINES, (0, strain, 0), strict=True)
        ]
        parts = [part / part.sum() for part in parts]
        patterns.append(np.tensordot((a, b, c), parts, 1))
    curves = np.array(patterns)
    curves /= curves.max(axis=1, keepdims=True)
    curves += 0.002 * rng.random(curves.shape)
    return fractions, fractions, curves.astype(np.float32)


@pytest.fixture(scope="module")
def setting(tmp_path_factory: pytest.TempPathFactory) -> Setting:
    lake = Lake.open(tmp_path_factory.mktemp("library") / "lake")
    fractions, shares, curves = library()
    ids = [f"s{n:02d}" for n in range(len(curves))]
    labels = []
    for n, entity in enumerate(ids):
        labels += [Label(entity, REGION.name, "known", text=PHASES[shares[n].argmax()])]
        for i in range(3):
            labels += [
                Label(entity, MIXED.components[i], MIXED.method, value=float(fractions[n, i])),
                Label(entity, SHARES[i].name, "known", value=float(shares[n, i])),
            ]
    write_properties(lake, labels)
    members = tuple(Member(i, None, i, "train", None) for i in ids)
    blocks = {"xrd": curves, "noise": np.zeros((len(ids), 2), dtype=np.float32)}
    dataset = Dataset(DEFINITION, lake.snapshot(), members, (), {**blocks}, None)
    study = Study(
        name="library",
        title="A library",
        question="What is in it?",
        dataset=DEFINITION,
        reference="none",
        parts=(Stability("xrd", 3),),
        metric="explained_variance",
    )
    return Setting(lake, study, dataset, (0, 1), lambda _: None)


def kept(part: Part, setting: Setting, path: Path) -> Finding:
    """What is found, as it is read back, and drawn."""
    finding = finding_from(part.run(setting).json())
    part.draw(finding, path)
    assert path.read_bytes().startswith(b"\x89PNG")
    assert len(path.read_bytes()) > 10_000
    return finding


def cells(finding: Finding, column: str) -> dict[str, float]:
    place = finding.columns.index(column)
    return {str(row[0]): row[place] for row in finding.rows}  # type: ignore[misc]


def test_a_shifted_copy_is_found_and_merged(setting: Setting, tmp_path: Path) -> None:
    part = Unmixing("xrd", MIXED, (3, 3), "three", given=4, settings=FEW)
    finding = kept(part, setting, tmp_path / "a.png")
    chosen = [row for row in finding.rows if row[0] == "nmfk"]
    assert [row[1] for row in chosen] == [0, 1]
    assert [row[2] for row in chosen] == [4, 4]
    assert [row[3] for row in chosen] == [3, 3]
    assert finding.verdict is not None
    assert finding.verdict.outcome == "holds"
    left = cells(finding, "left unexplained")
    assert left["nmf, 4"] < 0.05 < left["nmf, one"]
    assert np.allclose(np.array(finding.drawn["shares"]).sum(axis=1), 1, atol=1e-3)


def test_a_number_outside_of_what_is_expected_fails(setting: Setting) -> None:
    part = Unmixing("xrd", MIXED, (5, 9), "more", given=4, settings=FEW)
    verdict = part.run(setting).verdict
    assert verdict is not None
    assert (verdict.outcome, verdict.interval.value) == ("fails", -1.5)


def test_known_shares_are_recovered_better_with_copies_merged(
    setting: Setting, tmp_path: Path
) -> None:
    part = Recovery("xrd", MIXED, PHASES, SHARES, "merging helps", settings=FEW)
    finding = kept(part, setting, tmp_path / "a.png")
    wrong = cells(finding, "misplaced")
    assert wrong["nmfk, copies merged"] < 0.06
    assert wrong["nmfk, copies merged"] < wrong["nmfk"]
    assert wrong["the mean of all samples"] > 0.25
    assert cells(finding, "main phase right")["nmfk, copies merged"] > 0.9


def test_a_map_of_the_phases_passes_the_control_and_shuffled_regions_do_not(
    setting: Setting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(phase_map, "RESAMPLES", 20)
    part = PhaseMap("xrd", MIXED, REGION, "better", given=4, settings=FEW, controls=8)
    finding = kept(part, setting, tmp_path / "a.png")
    real = cells(finding, "adjusted mutual information")
    away = cells(finding, "same, regions turned")
    assert real["nmf, 4, copies merged"] > 0.75
    assert away["nmf, 4, copies merged"] < real["nmf, 4, copies merged"]
    assert real["all in one group"] == 0
    assert all(abs(value) < 0.08 for value in cells(finding, "same, regions shuffled").values())
    assert finding.verdict is not None
    assert finding.verdict.outcome == "holds"


def test_what_is_in_the_data_is_found_again_in_resamples(setting: Setting, tmp_path: Path) -> None:
    finding = kept(Stability("xrd", 4, resamples=3), setting, tmp_path / "a.png")
    assert min(cells(finding, "median cosine").values()) > 0.95
    assert finding.verdict is None


def test_findings_are_the_same_again(setting: Setting) -> None:
    from training.parts._unmixed import unmixed

    part = Unmixing("xrd", MIXED, (3, 3), "three", given=4, settings=FEW)
    first = part.run(setting).json()
    unmixed.cache_clear()
    assert part.run(setting).json() == first
    assert json.loads(first)


def test_constituents_are_assigned_so_that_least_is_misplaced() -> None:
    true = np.array([[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]])
    shares = np.array([[0.0, 0.9, 0.1], [0.5, 0.4, 0.1], [0.9, 0.0, 0.1]])
    np.testing.assert_array_equal(assigned(shares, true), shares[:, [1, 0]])
    np.testing.assert_array_equal(assigned(shares[:, :1], true)[:, 0], [0, 0, 0])


def test_parts_are_matched_one_to_one() -> None:
    parts = np.eye(3)
    cosines, order = matched(parts, parts[[2, 0, 1]])
    np.testing.assert_array_equal(cosines, 1)
    np.testing.assert_array_equal(order, [1, 2, 0])


def test_what_is_missing_is_named(setting: Setting) -> None:
    part = Unmixing("xrd", replace(MIXED, components=("A", "B", "D")), (3, 3), "", given=3)
    with pytest.raises(BadInput, match=r"'D' by 'composition'.*none of 55 of 55"):
        part.run(setting)
    with pytest.raises(Unsupported, match="curves to take apart"):
        replace(part, input="noise").run(setting)
    with pytest.raises(BadInput, match="a property of each phase"):
        Recovery("xrd", MIXED, PHASES, SHARES[:2], "")
    with pytest.raises(BadInput, match="parts"):
        Stability("xrd", 99).run(setting)
