"""Container and Kubernetes files: the same topology everywhere, and nothing given away."""

from __future__ import annotations

import os
import re
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra import credentials
from infra.native.topology import Ports, Topology

INFRA = Path(__file__).resolve().parents[2] / "infra"
COMPOSE: dict[str, Any] = yaml.safe_load((INFRA / "compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
ONCE = {"s3-setup", "mlflow-users"}
SECRET = re.compile(r"password|secret|auth_string|key$", re.IGNORECASE)
PINNED = re.compile(r".+:(?!latest$)[\w.-]*\d[\w.-]*$")


def manifests() -> list[dict[str, Any]]:
    files = sorted((INFRA / "kubernetes").glob("*.yaml"))
    return [each for file in files for each in yaml.safe_load_all(file.read_text())]


def pods() -> Iterator[tuple[str, dict[str, Any]]]:
    for each in manifests():
        if "template" in each.get("spec", {}):
            yield each["metadata"]["name"], each["spec"]["template"]["spec"]


def test_the_three_ways_have_the_same_services(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    started = [service.name for service in Topology(tmp_path, Ports()).services(fresh=True)]
    native = {re.sub(r"(?<=worker)\d", "", name) for name in started}
    contained = {re.sub(r"(?<=worker)\d", "", name) for name in SERVICES} - ONCE
    assert native == contained == {name for name, _ in pods()} - ONCE


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_is_pinned_limited_unprivileged_and_watched(name: str) -> None:
    service = SERVICES[name]
    assert PINNED.match(service["image"])
    assert service["user"] not in ("root", "0", "0:0")
    assert service["deploy"]["resources"]["limits"].keys() == {"cpus", "memory"}
    assert name in ONCE or "healthcheck" in service
    for port in service.get("ports", []):
        assert port.startswith("127.0.0.1:"), "people come in through loopback"


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_gets_its_passwords_from_files_that_are_declared(name: str) -> None:
    service = SERVICES[name]
    for variable, value in service.get("environment", {}).items():
        if SECRET.search(variable.removesuffix("_ID")):
            assert variable.endswith("_FILE") or variable == "AWS_ACCESS_KEY_ID", variable
        if variable.endswith("_FILE"):
            assert value.removeprefix("/run/secrets/") in service["secrets"]
    assert set(service.get("secrets", [])) <= COMPOSE["secrets"].keys()


def test_every_secret_is_one_that_is_made(tmp_path: Path) -> None:
    made = credentials.make(tmp_path / "secrets")
    assert COMPOSE["secrets"].keys() <= {p.name for p in made.iterdir()}
    kustomization = yaml.safe_load((INFRA / "kustomization.yaml").read_text())
    wanted = {Path(f).name for each in kustomization["secretGenerator"] for f in each["files"]}
    assert wanted <= {p.name for p in made.iterdir()}
    assert all(stat.S_IMODE(p.stat().st_mode) == 0o600 for p in made.iterdir())
    again = {p.name: p.read_text() for p in credentials.make(made).iterdir()}
    assert len(set(again.values())) == len(again), "no two are alike"
    for each in kustomization["configMapGenerator"]:
        assert all((INFRA / f).is_file() for f in each["files"])
    assert all((INFRA / f).is_file() for f in kustomization["resources"])


@pytest.mark.parametrize(("name", "pod"), list(pods()))
def test_a_pod_is_pinned_limited_unprivileged_and_watched(name: str, pod: dict[str, Any]) -> None:
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["automountServiceAccountToken"] is False
    mounted = {v["secret"]["secretName"] for v in pod["volumes"] if "secret" in v}
    assert len(mounted) == 1, "each sees its own secrets"
    (container,) = pod["containers"]
    assert PINNED.match(container["image"])
    assert container["resources"]["limits"].keys() == {"cpu", "memory"}
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert name in ONCE or {"readinessProbe", "livenessProbe"} <= container.keys()
    for variable in container.get("env", []):
        if SECRET.search(variable["name"].removesuffix("_ID")):
            assert variable["name"].endswith("_FILE") or variable["name"] == "AWS_ACCESS_KEY_ID"


def test_both_run_the_same_commands_from_the_same_images() -> None:
    for name, pod in pods():
        (container,) = pod["containers"]
        service = SERVICES["worker1" if name == "worker" else name]
        assert container["image"] == service["image"]
        if container["image"].startswith("scatterlake"):
            told = [str(word) for word in service["command"]]
            assert [Path(w).name for w in container["args"]] == [Path(w).name for w in told]


def test_the_entry_point_turns_files_into_variables(tmp_path: Path) -> None:
    (tmp_path / "word").write_text("it's $HOME `x`\n")
    entry = INFRA / "containers" / "with-secrets"
    told = [str(entry), "sh", "-c", 'printf %s "$MY_WORD"']
    environment = {**os.environ, "CREDENTIALS": str(tmp_path)}
    environment["MY_WORD_FILE"] = str(tmp_path / "word")
    done = subprocess.run(told, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "it's $HOME `x`"
    environment["MY_WORD_FILE"] = str(tmp_path / "absent")
    done = subprocess.run(told, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "MY_WORD_FILE: cannot read" in done.stderr
