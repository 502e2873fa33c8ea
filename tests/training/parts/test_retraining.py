"""Retraining: the model that follows keeps its error, the frozen one does not; rings drift."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ingest.simulators import _storage_ring as ring
from registry.errors import BadInput
from registry.lake import Lake
from training.assembly import assemble
from training.blocks import read_block
from training.findings import finding_from
from training.parts import Setting
from training.parts._series import in_order
from training.parts.retraining import CLOCK, EVIDENCE, FROZEN, Retraining
from training.studies.storage_ring import (
    DATASET,
    HISTORY,
    MACHINE,
    NEWEST,
    RINGS,
    SETTINGS,
    SHOT,
    STUDY,
    add_shots,
)
from training.study import Candidate, Study

SHOTS, FASTER = 900, 8.0
QUICK = Candidate("gaussian_process", ("settings",))
SMALL = Retraining(
    HISTORY, MACHINE, SHOT, QUICK, "it follows", first=300, block=150, window=300, share=1.0
)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    made = Lake.open(tmp_path_factory.mktemp("rings") / "lake")
    for machine in RINGS[:2]:
        add_shots(made, machine, 0, SHOTS, FASTER)
    return made


@pytest.fixture(scope="module")
def setting(lake: Lake) -> Setting:
    study: Study = replace(STUDY, parts=(SMALL,))
    return Setting(lake, study, assemble(lake, DATASET), (0, 1), lambda _: None)


def test_what_follows_keeps_its_error_and_what_is_frozen_does_not(
    setting: Setting, tmp_path: Path
) -> None:
    finding = SMALL.run(setting)
    late = {row[0]: row[2] for row in finding.rows}
    assert late[EVIDENCE] < late[FROZEN]
    assert late[CLOCK] < late[FROZEN]
    trained = {row[0]: row[5] for row in finding.rows}
    assert trained[FROZEN] == 0
    assert trained[CLOCK] == 2, "every second of four blocks"
    assert finding.verdict is not None
    assert finding.verdict.outcome == "holds"
    again = finding_from(finding.json())
    SMALL.draw(again, tmp_path / "retraining.png")
    assert (tmp_path / "retraining.png").read_bytes().startswith(b"\x89PNG")


def test_members_are_in_order_and_every_ring_is_a_series(lake: Lake, setting: Setting) -> None:
    dataset = assemble(lake, HISTORY)
    found = in_order(lake, dataset, MACHINE, SHOT)
    assert list(found) == [str(machine) for machine in RINGS[:2]]
    shots = lake.sql(f"SELECT spectrum_id, {SHOT} AS shot FROM spectra").to_pylist()
    number = {row["spectrum_id"]: row["shot"] for row in shots}
    for rows in found.values():
        members = [dataset.members[row].entity_id for row in rows]
        assert [number[name] for name in members] == list(range(SHOTS))
    with pytest.raises(BadInput, match="900 without"):
        in_order(lake, dataset, MACHINE, f"CASE WHEN {MACHINE} > {RINGS[0]} THEN {SHOT} END")


def test_a_series_that_is_too_short_is_named(setting: Setting) -> None:
    with pytest.raises(BadInput, match="2500 members or more, found 900 in series"):
        replace(SMALL, first=500, block=1000).run(setting)


def test_the_dataset_of_the_study_is_the_newest_of_one_ring(lake: Lake) -> None:
    dataset = assemble(lake, DATASET)
    assert len(dataset.members) == NEWEST


def test_models_read_settings_as_they_are_set(lake: Lake) -> None:
    rows = lake.sql(f"SELECT spectrum_id FROM spectra WHERE {MACHINE} = {RINGS[0]} AND {SHOT} = 5")
    name = rows["spectrum_id"][0].as_py()
    read = read_block(lake, SETTINGS, [name], entity="spectrum").values
    assert np.asarray(read)[0, -1] == 1.0
    (given,) = ring.settings(RINGS[0], range(5, 6))
    assert np.asarray(read)[0, :-1] == pytest.approx(given, abs=2e-3)


def test_without_drift_the_size_is_that_of_the_formula() -> None:
    shots = range(0, 2000)
    half = np.full((len(shots), ring.DEVICES), 0.5)
    measured = ring.beam_size(3, shots, half)
    expected = ring.SIZE * np.sqrt(1 + ring.COUPLING**2)
    assert measured.mean() == pytest.approx(expected, abs=5 * ring.NOISE / np.sqrt(len(shots)))
    assert measured.std() == pytest.approx(ring.NOISE, rel=0.1)


def test_only_the_relation_drifts_and_by_what_is_said() -> None:
    steps = np.concatenate([np.diff(ring._machine(seed)[2][::1000], axis=0) for seed in range(5)])
    assert steps.real.std() == pytest.approx(1.0, rel=0.06)
    early, late = (ring.settings(3, range(a, a + 400)) for a in (0, 5000))
    assert early.mean() == pytest.approx(late.mean(), abs=0.02)


@pytest.mark.parametrize("field", ["first", "block", "window", "every"])
def test_sizes_are_whole_and_above_zero(field: str) -> None:
    with pytest.raises(BadInput, match=field):
        replace(SMALL, **{field: 0})
