"""Schedules: one readable file; that a server runs what it says is in ``test_stack.py``."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.schedules import SCHEDULES, load_flow, read_schedules
from registry.errors import BadInput


def test_every_entry_of_the_projects_file_names_a_flow_that_takes_its_parameters() -> None:
    entries = read_schedules(SCHEDULES)
    assert "nightly-retrain" in {entry.name for entry in entries}
    for entry in entries:
        taken = load_flow(entry.flow).parameters.properties
        assert {"lake", *entry.parameters} <= set(taken), entry.name


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[]", "deployments"),
        ("deployments: [{name: a}]", "deployment 1"),
        ("deployments: [{name: a, flow: f}]", "either 'cron' or 'interval'"),
        ("deployments: [{name: a, flow: f, cron: x, interval: 3}]", "both"),
        ("deployments: [{name: a, flow: f, corn: x}]", "corn"),
    ],
)
def test_a_wrong_entry_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "schedules.yaml").write_text(text)
    with pytest.raises(BadInput, match=complaint):
        read_schedules(tmp_path / "schedules.yaml")


@pytest.mark.parametrize("name", ["flows.nowhere:run", "flows.train:nothing", "retrain"])
def test_a_flow_that_does_not_exist_is_named(name: str) -> None:
    with pytest.raises(BadInput, match=name):
        load_flow(name)
