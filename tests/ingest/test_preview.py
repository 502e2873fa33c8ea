"""A look at a file: what ingest would do, and nothing that a hostile file can do to the looker."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from ingest.apart import reading
from ingest.preview import curves_in, draw, preview
from ingest.readers import Source
from ingest.readers._hdf5 import MAGIC
from registry.errors import BadInput
from registry.isolated import Lost
from registry.records import Spectrum
from scatterlake.cli import main


def nexus(path: Path) -> bytes:
    """A curve in NeXus."""
    with h5py.File(path, "w") as file:
        entry = file.create_group("entry")
        entry.attrs["NX_class"] = "NXentry"
        data = entry.create_group("data")
        data.attrs.update({"NX_class": "NXdata", "signal": "I", "axes": ["Q"]})
        data["Q"] = np.linspace(0.01, 0.2, 30)
        data["Q"].attrs["units"] = "1/angstrom"
        data["I"] = 1 / np.linspace(0.01, 0.2, 30)
    return path.read_bytes()


def test_what_is_read_apart_is_what_the_reader_gives(tmp_path: Path) -> None:
    nexus(tmp_path / "saxs.nxs")
    look = preview(tmp_path / "saxs.nxs", {"technique": "saxs"})
    (curve,) = look.records
    assert isinstance(curve, Spectrum)
    np.testing.assert_array_equal(curve.x.values, np.linspace(0.01, 0.2, 30))
    assert (look.reader.name, look.complaints) == ("nexus", [None])
    assert len(curves_in(tmp_path / "saxs.nxs", {"technique": "saxs"})) == 1


def test_every_damage_to_an_hdf5_file_is_told_and_survived(tmp_path: Path) -> None:
    content = nexus(tmp_path / "whole.nxs")
    for n, at in enumerate(range(8, len(content), len(content) // 4)):
        damaged = tmp_path / f"damaged{n}.nxs"
        damaged.write_bytes(content[:at] + b"\xff" * 64 + content[at + 64 :])
        try:
            preview(damaged, {"technique": "saxs"})
        except BadInput as error:
            assert error.where and error.expected and error.found


def test_a_file_that_ends_its_process_is_refused_and_the_looker_lives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    import naughty

    (tmp_path / "crash.h5").write_bytes(MAGIC)
    monkeypatch.setattr("ingest.preview._look", naughty.read_naughtily)
    with pytest.raises(BadInput, match="within the limits, found its process ended by SIGSEGV"):
        preview(tmp_path / "crash.h5", {})


def test_text_is_read_here_and_hdf5_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    import naughty

    with reading(naughty.read_naughtily, workers=1) as read:
        assert read([Source(Path("a.txt"), b"text")]) == ["a"]
        assert isinstance(read([Source(Path("exit.h5"), MAGIC)])[0], Lost)


def inspect(path: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """Exit code of the command."""
    monkeypatch.setattr("sys.argv", ["scatterlake", "inspect", str(path), "--technique", "saxs"])
    with pytest.raises(SystemExit) as stopped:
        main()
    return int(str(stopped.value.code or 0))


def test_inspect_says_why_and_leaves_with_the_code_of_a_refusal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    content = nexus(tmp_path / "whole.nxs")
    assert inspect(tmp_path / "whole.nxs", monkeypatch) == 0
    assert "spectrum" in capfd.readouterr().out
    (tmp_path / "superblock.nxs").write_bytes(content[:96])
    assert inspect(tmp_path / "superblock.nxs", monkeypatch) == 1
    told = capfd.readouterr()
    assert "superblock.nxs" in told.out + told.err
    assert "Traceback" not in told.out + told.err


def test_a_file_that_may_not_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="a file that can be read"):
        preview(tmp_path / "nowhere.xy", {})


def test_a_drawing_shows_curves_and_maps(tmp_path: Path) -> None:
    nexus(tmp_path / "saxs.nxs")
    draw(preview(tmp_path / "saxs.nxs", {"technique": "saxs"}).records, tmp_path / "saxs.png")
    assert (tmp_path / "saxs.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(BadInput, match="only structures"):
        draw([], tmp_path / "none.png")
