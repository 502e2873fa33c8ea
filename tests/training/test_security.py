"""What somebody who can write the store may plant in it is refused, and nothing of it runs.

Each attack forges the card and its digest as well, as if the registry itself had been deceived:
what is left is what the files are allowed to hold.
"""

from __future__ import annotations

import json
import os
import pickle
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from registry.errors import ModelRefused
from registry.identity import digest
from registry.lake import Lake
from training.cards import CARD, WEIGHTS, open_model
from training.files import digests, refuse_bomb
from training.lookup import find_models
from training.study import Candidate
from training.tracking import artifacts
from training.train import train_study

TREES = Candidate("hist_gradient_boosting", ("xrd",), {"iterations": 2})
NEAR = Candidate("nearest_neighbour", ("xrd",))


class Bomb:
    """A pickle that leaves a file where it was opened."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self):
        return Path.touch, (self.canary,)


@pytest.fixture(scope="module")
def stored(tmp_path_factory, world) -> dict[str, Path]:
    """Folder of a registered model by algorithm."""
    lake = Lake.open(tmp_path_factory.mktemp("stored") / "lake")
    world.fill(lake, 12)
    dataset = replace(world.DEFINITION, inputs=(world.XRD,))
    study = replace(world.STUDY, dataset=dataset, candidates=(TREES, NEAR), claim=None)
    train_study(lake, replace(study, allowed_leaks={"near-duplicate curve": "invented, alike"}))
    where = artifacts(lake)
    return {r["algorithm"]: where / r["run_id"] / "artifacts/model" for r in find_models(lake)}


@pytest.fixture
def canary(tmp_path):
    """A file that must not be there afterwards."""
    path = tmp_path / "ran"
    yield path
    assert not path.exists()


@pytest.fixture
def trees(stored, tmp_path) -> Path:
    return Path(shutil.copytree(stored["hist_gradient_boosting"], tmp_path / "trees"))


@pytest.fixture
def near(stored, tmp_path) -> Path:
    return Path(shutil.copytree(stored["nearest_neighbour"], tmp_path / "near"))


def forged(folder: Path, **changes) -> str:
    """Digest of a card that fits whatever is in the folder now."""
    value = json.loads((folder / CARD).read_text())
    value |= {"files": digests(folder / WEIGHTS), **changes}
    text = json.dumps(value)
    (folder / CARD).write_text(text)
    return digest(text)


def repacked(path: Path, change: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> None:
    """The same archive with other members."""
    with zipfile.ZipFile(path) as archive:
        members = {i.filename: archive.read(i) for i in archive.infolist()} | change
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def test_what_was_stored_opens(trees, near):
    for folder, kind in ((trees, "hist_gradient_boosting"), (near, "nearest_neighbour")):
        assert open_model(folder, forged(folder))[0].algorithm == kind


def test_a_pickle_in_the_place_of_weights_is_refused(trees, near, canary):
    for folder in (trees, near):
        for weights in (folder / WEIGHTS).iterdir():
            whole = weights.read_bytes()
            weights.write_bytes(pickle.dumps(Bomb(canary)))
            with pytest.raises(ModelRefused):
                open_model(folder, forged(folder))
            weights.write_bytes(whole)


def test_code_inside_a_skops_file_is_refused(trees, canary):
    (path,) = (trees / WEIGHTS).glob("*.skops")
    schema = {
        "__class__": "function",
        "__module__": "os",
        "__loader__": "FunctionNode",
        "content": {"module_path": "os", "function": "system"},
        "__id__": 1,
        "protocol": 2,
        "_skops_version": "0.16.0",
    }
    repacked(path, {"schema.json": json.dumps(schema).encode()})
    with pytest.raises(ModelRefused, match="not trusted"):
        open_model(trees, forged(trees))
    import skops.io

    skops.io.dump({"estimator": Bomb(canary)}, path)
    with pytest.raises(ModelRefused, match="not trusted"):
        open_model(trees, forged(trees))


@pytest.mark.parametrize("name", ["run_me.py", "weights/model.pkl", "MLmodel.bak"])
def test_a_file_too_many_is_refused(near, name):
    known = digest((near / CARD).read_bytes())
    (near / name).write_text("import os")
    with pytest.raises(ModelRefused, match="unexpected files"):
        open_model(near, known)


def test_a_file_too_many_that_the_card_names_is_refused_by_the_model(near, trees, canary):
    for folder in (near, trees):
        (folder / WEIGHTS / "sitecustomize.py").write_text(f"open({str(canary)!r}, 'w')")
        with pytest.raises(ModelRefused, match="unexpected files"):
            open_model(folder, forged(folder))


def test_another_loader_in_the_file_that_mlflow_reads_is_refused(near):
    known = digest((near / CARD).read_bytes())
    text = (near / "MLmodel").read_text().replace("training.serving", "mlflow.pyfunc.model")
    (near / "MLmodel").write_text(text)
    with pytest.raises(ModelRefused, match="MLmodel: altered"):
        open_model(near, known)


def test_links_are_refused_also_to_what_has_the_right_content(near, tmp_path):
    known = digest((near / CARD).read_bytes())
    (weights,) = (near / WEIGHTS).glob("*.safetensors")
    weights.rename(tmp_path / "elsewhere")
    weights.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ModelRefused, match="not a plain file"):
        open_model(near, known)
    weights.unlink()
    os.mkfifo(weights)
    with pytest.raises(ModelRefused, match="not a plain file"):
        open_model(near, known)


def test_a_linked_folder_is_refused(near, tmp_path):
    known = digest((near / CARD).read_bytes())
    (near / WEIGHTS).rename(tmp_path / "elsewhere")
    (near / WEIGHTS).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ModelRefused, match="not a plain file"):
        open_model(near, known)


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "a/../../b", ".hidden", "a//b"])
def test_a_card_that_names_files_outside_is_refused(near, name):
    files = {**digests(near / WEIGHTS), name: digest("x")}
    with pytest.raises(ModelRefused, match=r"files: .* does not match"):
        open_model(near, forged(near, files=files))


def test_a_zip_bomb_in_a_skops_file_is_refused(trees):
    (path,) = (trees / WEIGHTS).glob("*.skops")
    repacked(path, {"0.npy": bytes(50_000_000)}, zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 1_000_000
    with pytest.raises(ModelRefused, match="compressed: a zip bomb"):
        open_model(trees, forged(trees))


def test_members_of_an_archive_stay_inside_it(tmp_path):
    path = tmp_path / "a.skops"
    for name in ("../a", "/a", "b/../../a"):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(name, "x")
        with pytest.raises(ModelRefused, match="named outside the archive"):
            refuse_bomb(path)


def test_overlapping_members_are_refused(tmp_path):
    path = tmp_path / "a.skops"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", bytes(1000))
        # the second entry of the directory is the first member once more
        again = zipfile.ZipInfo("b")
        for field in ("header_offset", "CRC", "compress_size", "file_size"):
            setattr(again, field, getattr(archive.infolist()[0], field))
        archive.filelist.append(again)
        archive.NameToInfo["b"] = again
    with pytest.raises(ModelRefused, match="overlap"):
        refuse_bomb(path)
