"""The front door: the rooms it got are its own, and a built wheel works from anywhere."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from scatterlake._rooms import ROOMS, check_rooms

PROJECT = Path(__file__).resolve().parents[2]


def python(*args: str, cwd: Path, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    env = {"PATH": "/usr/bin:/bin", "HOME": str(cwd)}
    if path:
        env["PYTHONPATH"] = str(path)
    command = [sys.executable, *args]
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)


def test_the_rooms_of_this_checkout_are_accepted() -> None:
    check_rooms()


@pytest.mark.parametrize("room", ROOMS)
def test_a_folder_that_shadows_a_room_is_named(tmp_path: Path, room: str) -> None:
    (tmp_path / room).mkdir()
    (tmp_path / room / "__init__.py").touch()
    done = python("-c", "import scatterlake", cwd=tmp_path)
    assert done.returncode != 0
    assert f"{tmp_path / room} shadows scatterlake's package '{room}'" in done.stderr


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from the checkout and unpacked, as an installation would."""
    out = tmp_path_factory.mktemp("wheel")
    # a build writes into its source folder: give it a copy
    for name in ("scatterlake", *ROOMS):
        shutil.copytree(PROJECT / name, out / "source" / name)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(PROJECT / name, out / "source")
    build = ["-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    done = python(*build, "--wheel-dir", str(out), str(out / "source"), cwd=out)
    assert done.returncode == 0, done.stderr
    (wheel,) = out.glob("scatterlake-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(out / "site")
    return out / "site"


def test_the_wheel_holds_the_rooms_and_nothing_else(installed: Path) -> None:
    top = {p.name for p in installed.iterdir() if not p.name.endswith(".dist-info")}
    assert top == {"scatterlake", *ROOMS}
    assert (installed / "flows" / "schedules.yaml").exists()


def test_the_wheel_works_from_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    code = (
        "import scatterlake as sl, registry, ingest.readers;"
        "print(registry.__file__);"
        "lake = sl.open('lake');"
        "print(lake.sql('select count(*) as n from spectra').to_pylist());"
        "print(len(ingest.readers.readers()))"
    )
    done = python("-W", "error::ImportWarning", "-c", code, cwd=tmp_path, path=installed)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == str(installed / "registry" / "__init__.py")
    assert "[{'n': 0}]" in done.stdout
