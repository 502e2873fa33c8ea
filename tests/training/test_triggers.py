"""Triggers of retraining: each fires on what it is for, and only then; evidence is used once."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from registry.errors import BadInput, NotFound
from registry.lake import Lake, now
from registry.lineage.retractions import retract
from training.definitions import DatasetDefinition
from training.drift.trigger import Drift
from training.evidence import KEPT, PROMOTED, REFUSED, observe, record_from, records, watch
from training.lookup import champion
from training.signs import Sign
from training.study import Study
from training.tracking import client
from training.train import train_study
from training.triggers import Degraded, NewRows, Retracted, read_triggers

BEFORE, CAME = 20, 12
DRIFT = Drift(technique="xrd", kind="simulated", groups="material", window=20)


@pytest.fixture(scope="module")
def study(world: ModuleType) -> Study:
    dataset = DatasetDefinition("minerals", (world.XRD,))
    return replace(world.STUDY, dataset=dataset, candidates=(world.TREES,), claim=None)


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory, world: ModuleType, study: Study) -> Path:
    lake = Lake.open(tmp_path_factory.mktemp("master") / "lake")
    world.fill(lake, BEFORE)
    train_study(lake, study)
    return lake.path


@pytest.fixture
def lake(master: Path, tmp_path: Path) -> Lake:
    shutil.copytree(master, tmp_path / "lake")
    return Lake.existing(tmp_path / "lake")


def seen(lake: Lake, study: Study, trigger: Any) -> Sign:
    (sign,) = observe(lake, study, [trigger]).signs
    return sign


def come(lake: Lake, world: ModuleType, shift: float = 0.0, swap: bool = False) -> int:
    """New minerals of every system, their patterns shifted along Q, or of each other's system."""
    systems = dict(zip(world.SYSTEMS, (*world.SYSTEMS[1:], world.SYSTEMS[0]), strict=True))
    materials, spectra = [], []
    for i in range(100, 100 + CAME):
        for system in world.SYSTEMS:
            rng = np.random.default_rng([i, world.SYSTEMS.index(system)])
            row = world.material(f"{system}ite{i}", 0, systems[system] if swap else system)
            materials.append(row)
            q = np.linspace(0.4, 5.8, 300)
            y = np.interp(q - shift, q, world.peaks(q, rng, system))
            spectra.append(world.curve(world.XRD, row["material_id"], q, y))
    lake.append("materials", materials)
    return lake.append("spectra", spectra)


def test_where_nothing_came_nothing_fires(lake: Lake, study: Study) -> None:
    found = observe(lake, study, [NewRows(1), DRIFT, Degraded(0.0), Retracted()])
    assert not any(sign.fired for sign in found.signs)
    assert watch(lake, study, [NewRows(1), Retracted()]).record is None
    assert records(lake, study.name) == []


def test_rows_that_fail_an_error_check_are_no_evidence(
    lake: Lake, study: Study, world: ModuleType
) -> None:
    n = come(lake, world)
    assert seen(lake, study, NewRows(n)).fired
    assert not seen(lake, study, NewRows(n + 1)).fired
    newest = "SELECT spectrum_id FROM spectra ORDER BY ingested_at DESC LIMIT 1"
    check = {
        "entity_id": lake.sql(newest)["spectrum_id"][0].as_py(),
        "entity_kind": "spectrum",
        "check_name": "some",
        "severity": "error",
        "passed": False,
        "checked_at": now(),
    }
    lake.append("checks", [check])
    sign = seen(lake, study, NewRows(n))
    assert not sign.fired
    assert sign.numbers == {"new": n - 1, "asked": n, "failed": 1}


def test_a_withdrawn_mineral_is_one_reason(lake: Lake, study: Study) -> None:
    member = "SELECT entity_id FROM dataset_members WHERE split = 'train' ORDER BY 1 LIMIT 1"
    retract(lake, lake.sql(member)["entity_id"][0].as_py(), "sample was mixed up", "A. Nother")
    sign = seen(lake, study, Retracted())
    assert sign.fired
    assert sign.numbers == {"withdrawn": 1, "before": 0}


def test_new_minerals_are_no_drift(lake: Lake, study: Study, world: ModuleType) -> None:
    come(lake, world)
    sign = seen(lake, study, DRIFT)
    assert not sign.fired
    assert sign.numbers["new"] == 3 * CAME


def test_a_shift_along_q_is_a_drift(lake: Lake, study: Study, world: ModuleType) -> None:
    come(lake, world, shift=0.2)
    sign = seen(lake, study, DRIFT)
    assert sign.fired
    assert "moved most" in sign.reason
    limit = sign.numbers["limit"]
    assert min(p for name, p in sign.numbers.items() if name.endswith(" p")) <= limit


def test_a_window_that_is_not_full_is_not_looked_at(
    lake: Lake, study: Study, world: ModuleType
) -> None:
    come(lake, world, shift=0.2)
    assert "looked at together" in seen(lake, study, replace(DRIFT, window=200)).reason


def test_a_score_that_fell_on_what_was_newly_labelled(
    lake: Lake, study: Study, world: ModuleType
) -> None:
    come(lake, world, swap=True)
    sign = seen(lake, study, Degraded(0.05))
    assert sign.fired
    assert sign.numbers["members"] == 3 * CAME
    assert sign.numbers["high"] < sign.numbers["before"] - 0.05


def test_a_score_that_holds_is_no_reason(lake: Lake, study: Study, world: ModuleType) -> None:
    come(lake, world)
    assert not seen(lake, study, Degraded(0.05)).fired


def test_what_was_decided_on_is_kept_and_asks_for_nothing_again(
    lake: Lake, study: Study, world: ModuleType
) -> None:
    n = come(lake, world)
    said: list[str] = []
    found = watch(lake, study, [NewRows(n), Retracted()], said.append)
    assert found.record is not None
    assert found.record.outcome in (PROMOTED, KEPT)
    assert found.record.reason in said
    assert records(lake, study.name) == [found.record]
    assert record_from(found.record.json()) == found.record
    version = client(lake).get_model_version(study.name, str(found.record.challenger))
    told = [text for key, text in version.tags.items() if key.startswith("evidence.")]
    assert len(told) == 1
    assert f"{n} new rows" in told[0]
    holder = champion(lake, study.name)
    assert holder is not None
    promoted = found.record.outcome == PROMOTED
    assert (holder["version"] == found.record.challenger) == promoted
    assert watch(lake, study, [NewRows(1)]).record is None, "the same rows are no new evidence"


def test_a_detector_that_slips_alarms_and_what_came_of_it_is_written_down(
    lake: Lake, study: Study, world: ModuleType
) -> None:
    come(lake, world, shift=0.2)
    found = watch(lake, study, [DRIFT, Degraded(0.05)])
    assert found.record is not None
    assert {sign.trigger for sign in found.record.signs if sign.fired} >= {"drift"}
    assert found.record.outcome in (PROMOTED, KEPT)
    assert found.record.interval is not None
    assert (found.record.outcome == PROMOTED) == (found.record.interval.low > 0)


def test_that_nothing_can_be_trained_is_kept_with_the_reason(
    lake: Lake, study: Study, world: ModuleType
) -> None:
    n = come(lake, world)
    leaky = replace(study, allowed_leaks={})
    found = watch(lake, leaky, [NewRows(n)])
    assert found.record is not None
    assert found.record.outcome == REFUSED
    assert found.refusal is not None
    assert str(found.refusal) == found.record.reason
    assert found.record.challenger is None


def test_without_a_champion_there_is_nothing_to_watch(empty: Lake, study: Study) -> None:
    with pytest.raises(NotFound, match="champion"):
        observe(empty, study, [NewRows(1)])


@pytest.mark.parametrize(
    ("declared", "complaint"),
    [
        ({}, "triggers: expected fields"),
        (["new_rows"], "triggers: expected fields"),
        ({"new_row": 3}, "found new_row"),
        ({"new_rows": True}, "new_rows: expected a whole number"),
        ({"new_rows": 0}, "new_rows"),
        ({"degraded": "much"}, "degraded: expected a finite number"),
        ({"degraded": float("nan")}, "degraded"),
        ({"retracted": "yes"}, "retracted: expected true or false"),
        ({"drift": "xrd"}, "drift: expected fields"),
        ({"drift": {"technic": "xrd"}}, "found technic"),
        ({"drift": {}}, "either 'technique' or 'view'"),
        ({"drift": {"technique": "xrd", "view": "soap"}}, "either"),
        ({"drift": {"technique": "xrd", "kind": "measured"}}, "drift: kind"),
        ({"drift": {"technique": "xrd", "window": 5}}, "drift: window"),
        ({"drift": {"technique": "xrd", "detectors": ["eye"]}}, "drift: detectors"),
        ({"drift": {"technique": "xrd", "detectors": "mmd"}}, "drift: detectors"),
        ({"drift": {"technique": "xrd", "groups": "beam"}}, "drift: groups"),
    ],
)
def test_a_wrong_declaration_names_the_field(declared: Any, complaint: str) -> None:
    with pytest.raises(BadInput, match=complaint):
        read_triggers(declared)


def test_a_declaration_reads_as_it_is_written() -> None:
    declared = {
        "new_rows": 100,
        "drift": {"technique": "xrd", "detectors": ["mmd"]},
        "degraded": 0.05,
        "retracted": True,
    }
    drift = Drift(technique="xrd", detectors=("mmd",))
    assert read_triggers(declared) == (NewRows(100), drift, Degraded(0.05), Retracted())
    assert read_triggers({"new_rows": 1, "retracted": False}) == (NewRows(1),)


def test_a_drift_of_what_the_study_does_not_read_is_refused(lake: Lake, study: Study) -> None:
    with pytest.raises(BadInput, match="technique that minerals reads"):
        seen(lake, study, Drift(technique="saxs"))
    with pytest.raises(BadInput, match="view that minerals reads"):
        seen(lake, study, Drift(view="soap"))
