"""Extension points are files: found in their folder, or brought by an installed package."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from registry.errors import NotFound, ScatterlakeError
from registry.plugins import discover, pick

PLUGIN = "from types import SimpleNamespace\nTHING = SimpleNamespace(name={name!r})\n"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """A folder with one plug-in, one private module and one module that declares nothing."""
    folder = tmp_path / "things_here"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "first.py").write_text(PLUGIN.format(name="first"))
    (folder / "_private.py").write_text("raise RuntimeError('a helper is not a plug-in')")
    (folder / "helpers.py").write_text("NOTHING = 1")
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("things_here")
    for name in [n for n in sys.modules if n.split(".")[0] in ("things_here", "brought")]:
        del sys.modules[name]


def install(site: Path, name: str) -> None:
    """An installed package with an entry point, as pip leaves it."""
    (site / "brought.py").write_text(PLUGIN.format(name=name))
    info = site / "brought-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: brought\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[scatterlake.things_here]\nbrought = brought\n")


def test_a_file_in_the_folder_is_found(package: ModuleType) -> None:
    assert list(discover("THING", package)) == ["first"]


def test_a_new_file_is_all_it_takes(package: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "things_here" / "second.py").write_text(PLUGIN.format(name="second"))
    importlib.invalidate_caches()
    assert list(discover("THING", package)) == ["first", "second"]


def test_an_installed_package_brings_its_own(package: ModuleType, tmp_path: Path) -> None:
    install(tmp_path, "from_elsewhere")
    assert list(discover("THING", package)) == ["first", "from_elsewhere"]


def test_two_of_one_name_are_refused(package: ModuleType, tmp_path: Path) -> None:
    install(tmp_path, "first")
    with pytest.raises(ScatterlakeError, match="first"):
        discover("THING", package)


def test_a_wrong_name_is_answered_with_the_right_ones(package: ModuleType) -> None:
    with pytest.raises(NotFound, match="first"):
        pick(discover("THING", package), "thing", "frist")


def test_an_installed_plug_in_that_cannot_be_imported_is_named(
    package: ModuleType, tmp_path: Path
) -> None:
    install(tmp_path, "second")
    (tmp_path / "brought.py").write_text("import a_library_that_is_missing")
    with pytest.raises(ScatterlakeError, match=r"'brought'.*a_library_that_is_missing"):
        discover("THING", package)
