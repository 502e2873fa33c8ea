"""Schedules: one readable file; that a server runs what it says is in ``test_stack.py``."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.schedule_checks import insist_on_runnable
from flows.schedules import SCHEDULES, load_flow, read_schedules
from registry.errors import BadInput
from registry.lake import Lake
from scatterlake import cli

WATCH = "name: w, flow: 'flows.evidence:watch_model', interval: 60"
SIMULATE = "name: s, flow: 'flows.derive:simulate', interval: 60"


def written(folder: Path, text: str) -> Path:
    path = folder / "schedules.yaml"
    path.write_text(text)
    return path


def test_every_entry_of_the_projects_file_can_run() -> None:
    entries = read_schedules(SCHEDULES)
    assert "nightly-retrain" in {entry.name for entry in entries}
    insist_on_runnable(entries)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[]", "deployments"),
        ("deployments: [{name: a", "a YAML file that can be read"),
        ("deployments: [{name: a}]", "deployment 1"),
        ("deployments: [{name: a, flow: f}]", "either 'cron' or 'interval'"),
        ("deployments: [{name: a, flow: f, cron: x, interval: 3}]", "both"),
        ("deployments: [{name: a, flow: f, corn: x}]", "corn"),
        ("deployments: [{name: a, flow: f, interval: soon}]", "deployment 1: interval.*'soon'"),
        ("deployments: [{name: a, flow: f, interval: true}]", "deployment 1: interval.*True"),
        ("deployments: [{name: a, flow: f, cron: 5, parameters: 3}]", "deployment 1: cron.*5"),
        ("deployments: [{name: 1, flow: f, cron: x}]", "deployment 1: name"),
    ],
)
def test_a_wrong_entry_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(BadInput, match=complaint):
        read_schedules(written(tmp_path, text))


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ("name: a, flow: 'flows.train:nothing', interval: 9", "'a': flow 'flows.train:n"),
        ("name: a, flow: 'flows.maintain:verify', cron: '61 * * * *'", "'a': cron.*61"),
        ("name: a, flow: 'flows.maintain:verify', interval: 0", "'a': interval.*found 0"),
        ("name: a, flow: 'flows.maintain:verify', interval: .nan", "'a': interval.*found nan"),
        ("name: a, flow: 'flows.maintain:verify', interval: 9, parameters: {table: t}",
         "'a': parameters: expected only none, found 'table'"),
        ("name: a, flow: 'flows.train:retrain', interval: 9, parameters: {lake: x, study: y}",
         "'a': parameters: expected only study, found 'lake'"),
        ("name: a, flow: 'flows.train:retrain', interval: 9",
         "'a': parameters: expected a value of 'study'"),
        ("name: a, flow: 'flows.train:retrain', interval: 9, parameters: {study: nobody}",
         "'a': parameters: study: expected one of .*crystal_system.*found 'nobody'"),
        ("name: a, flow: 'flows.train:train', interval: 9, "
         "parameters: {study: crystal_system, workers: many}", "'a': parameters: workers.*'many'"),
        (f"{SIMULATE}, parameters: {{simulators: {{xrd: {{background: lots}}}}}}",
         "'s': parameters: simulators: xrd: background.*'lots'"),
        (f"{SIMULATE}, parameters: {{simulators: {{xrd: {{back: 1}}}}}}",
         "'s': parameters: simulators: xrd: parameter.*'back'"),
        (f"{SIMULATE}, parameters: {{simulators: {{xray: {{}}}}}}", "'s': parameters: simul.*xray"),
        (f"{SIMULATE}, parameters: {{simulators: {{xrd: {{}}}}, on: ray}}", "True .quote it: 'on'"),
        ("name: f, flow: 'flows.derive:featurize', interval: 9, parameters: {views: [soup]}",
         "'f': parameters: views: expected one of .*soap"),
        (f"{WATCH}, parameters: {{study: crystal_system, triggers: {{new_row: 5}}}}",
         "'w': parameters: triggers: expected only .*found new_row"),
        (f"{WATCH}, parameters: {{study: crystal_system, triggers: {{new_rows: many}}}}",
         "'w': parameters: triggers: new_rows: expected a whole number above 0, found 'many'"),
        (f"{WATCH}, parameters: {{study: crystal_system, triggers: {{drift: {{window: 200}}}}}}",
         "'w': parameters: triggers: drift: expected either"),
    ],
)  # fmt: skip
def test_what_could_not_run_is_named_by_deployment_and_field(
    tmp_path: Path, entry: str, complaint: str
) -> None:
    good = "{name: good, flow: 'flows.maintain:verify', interval: 60}"
    path = written(tmp_path, f"deployments: [{good}, {{{entry}}}]")
    with pytest.raises(BadInput, match=complaint):
        insist_on_runnable(read_schedules(path))


def test_one_name_is_one_deployment_and_a_time_zone_exists(tmp_path: Path) -> None:
    good = "{name: good, flow: 'flows.maintain:verify', interval: 60}"
    with pytest.raises(BadInput, match=r"'good': expected one deployment of that name, found 2"):
        insist_on_runnable(read_schedules(written(tmp_path, f"deployments: [{good}, {good}]")))
    path = written(tmp_path, f"timezone: Mars/Olympus\ndeployments: [{good}]")
    with pytest.raises(BadInput, match=r"timezone.*Mars/Olympus"):
        insist_on_runnable(read_schedules(path))


def test_the_command_refuses_before_it_asks_any_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # the command sets some of it
    monkeypatch.setattr(os, "environ", {**os.environ, "PREFECT_API_URL": "http://127.0.0.1:9/api"})
    lake = Lake.open(tmp_path / "lake")
    path = written(tmp_path, f"deployments: [{{{WATCH}, parameters: {{study: crystal_system}}}}]")
    cli._load_commands()
    done = CliRunner().invoke(cli.app, ["deploy", str(path), "--lake", lake.uri])
    assert isinstance(done.exception, BadInput)
    assert "schedules.yaml: deployment 'w'" in str(done.exception)


@pytest.mark.parametrize("name", ["flows.nowhere:run", "flows.train:retrain_study", "retrain"])
def test_a_flow_that_does_not_exist_is_named(name: str) -> None:
    with pytest.raises(BadInput, match=name):
        load_flow(name)
