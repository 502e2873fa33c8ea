"""Asking a model about a lake or a folder: resumable, and one bad file stops nothing."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from mlflow.exceptions import MlflowException
from typer.testing import CliRunner

import scatterlake.cli.predict  # noqa: F401
from registry.errors import BadInput, LakeError, NotFound, QueryError, WrongUse
from registry.lake import Lake
from registry.lineage.retractions import restore, retract
from scatterlake.cli import app
from training import batch, cards
from training.answer_files import answer_file
from training.answers import FileAnswer, Known, NotAsked, predict_file, predict_files
from training.batch import predict_where
from training.blocks import curve_block
from training.cards import OtherCode
from training.gridding import gridded
from training.loading import LoadedModel, load_model, read_inputs
from training.models import models
from training.predict import predict_material, predict_spectrum
from training.promotion import challenge
from training.serving import ServedModel
from training.study import Candidate
from training.tracking import client
from training.train import train_study

NEAR = Candidate("nearest_neighbour", ("xrd",))
FUSED = Candidate("hist_gradient_boosting", ("xrd", "soap"), {"iterations": 2})
XRD = "technique = 'xrd'"


@pytest.fixture(scope="module")
def first(tmp_path_factory, world):
    """A lake in three files of spectra, one of them on other axes; two models."""
    lake = Lake.open(tmp_path_factory.mktemp("batch") / "lake")
    world.fill(lake, 12)
    dataset = replace(world.DEFINITION, inputs=(world.XRD, world.SOAP))
    study = replace(world.STUDY, dataset=dataset, candidates=(NEAR, FUSED), claim=None)
    study = replace(study, allowed_leaks={"near-duplicate curve": "invented minerals are alike"})
    made = train_study(lake, study)
    q = np.linspace(0.3, 6.0, 170)
    odd = [world.curve(world.XRD, f"odd-{i}", q + i / 1e3, np.sin(q + i) + 2) for i in range(3)]
    short = world.curve(world.XRD, "short", q[q > 2], np.ones((q > 2).sum()))
    lake.append("spectra", [{**row, "material_id": None} for row in [*odd, short]])
    return lake, made.dataset


@pytest.fixture
def lake(first) -> Lake:
    """The lake without an answer."""
    lake = first[0]
    table = lake.path / "tables" / "predictions"
    for path in sorted(table.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    lake["predictions"].create()
    return Lake.existing(lake.path)


@pytest.fixture
def near(lake) -> LoadedModel:
    return loaded(lake, NEAR)


def loaded(lake: Lake, candidate: Candidate) -> LoadedModel:
    query = "SELECT version FROM models WHERE algorithm = $1"
    return load_model(lake, "minerals", lake.sql(query, [candidate.model])["version"][0].as_py())


def told(lake: Lake) -> dict[str, str]:
    rows = lake.sql("SELECT entity_id, value FROM predictions").to_pylist()
    return {row["entity_id"]: row["value"] for row in rows}


def ids(lake: Lake, where: str = XRD) -> set[str]:
    return set(
        lake.sql(f"SELECT spectrum_id FROM spectra WHERE {where}")["spectrum_id"].to_pylist()
    )


def test_a_batch_answers_as_one_question_after_the_other(lake, near):
    taken = []
    report = predict_where(lake, near, neighbours=2, take=taken.extend)
    (short,) = report.refused
    assert "does not cover the grid 0.6 to 5.6" in report.refused[short]
    assert report.asked == len(taken) == len(ids(lake)) - 1
    assert told(lake).keys() == ids(lake) - {short}
    assert report.outside == sum(one.out_of_domain for one in taken) > 0
    for one in taken[:5]:
        same = predict_spectrum(lake, near, one.entity_id, neighbours=2)
        assert (one.value, one.likely) == (same.value, same.likely)
        assert [n.entity_id for n in one.neighbours] == [n.entity_id for n in same.neighbours]
        assert one.similarity == pytest.approx(same.similarity)
    query = "SELECT entity_id, likely, level, similarity, out_of_domain FROM predictions"
    noted = {row.pop("entity_id"): row for row in lake.sql(query).to_pylist()}
    for one in taken[5:]:
        assert noted[one.entity_id] == {
            "likely": list(one.likely),
            "level": one.level,
            "similarity": one.similarity,
            "out_of_domain": one.out_of_domain,
        }


def test_a_batch_notes_the_rows_that_one_question_after_the_other_notes(lake, near):
    query = "SELECT * EXCLUDE (predicted_at) FROM predictions"
    silent = predict_where(lake, near, "spectrum_id NOT LIKE '%short'")
    batched = {row.pop("entity_id"): row for row in lake.sql(query).to_pylist()}
    assert silent.asked == len(batched) == len(ids(lake)) - 1
    shutil.rmtree(lake.path / "tables" / "predictions")
    fresh = Lake.existing(lake.path)
    fresh["predictions"].create()
    said = [predict_spectrum(fresh, near, name) for name in list(batched)[:6]]
    assert silent.outside >= sum(one.out_of_domain for one in said)
    for row in fresh.sql(query).to_pylist():
        same = batched[row.pop("entity_id")]
        shares, expected = (json.loads(one.pop("alternatives")) for one in (row, same))
        assert list(shares) == list(expected)
        assert shares == pytest.approx(expected)
        for name in ("probability", "similarity"):
            assert row.pop(name) == pytest.approx(same.pop(name))
        assert row == same


def test_curves_from_files_are_on_the_grid_as_single_ones_are(lake, near):
    source = near.card.inputs[0]
    query = "SELECT spectrum_id, x, intensity FROM spectra WHERE technique = 'xrd'"
    rows = lake.sql(query)
    found = gridded(rows, source)
    by_id = {row["spectrum_id"]: row for row in rows.to_pylist()}
    assert len(found.ids) + len(found.refused) == len(by_id)
    for name, values in zip(found.ids, found.values, strict=True):
        (one,) = curve_block(source, np.array(by_id[name]["x"]), np.array(by_id[name]["intensity"]))
        np.testing.assert_allclose(values, one, rtol=1e-5, atol=1e-6)


def test_what_was_stopped_goes_on_and_nothing_is_asked_twice(lake, near, monkeypatch):
    monkeypatch.setattr(batch, "BATCH", 1)

    def stop(done: int, total: int) -> None:
        assert done < total
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        predict_where(lake, near, XRD, progress=stop)
    before = told(lake)
    assert 0 < len(before) < len(ids(lake))
    report = predict_where(lake, near, XRD)
    assert set(report.known) == before.keys()
    assert report.asked == len(ids(lake)) - len(before) - 1
    assert predict_where(lake, near, XRD).asked == 0


def test_an_error_while_reading_ahead_comes_after_what_was_read():
    def batches():
        yield ["a"], {}, {}
        raise LakeError("damaged")

    coming = batch._ahead(batches())
    assert next(coming)[0] == ["a"]
    with pytest.raises(LakeError, match="damaged"):
        next(coming)


def test_a_condition_chooses_and_what_is_retracted_is_not_asked_about(lake, near):
    some = sorted(ids(lake, "spectrum_id LIKE 'xrd-simulated-odd%'"))
    retract(lake, some[0], "detector was saturated", "A. Nother")
    report = predict_where(lake, near, "spectrum_id LIKE 'xrd-simulated-odd%'")
    restore(lake, some[0], "it was not", "A. Nother")
    assert report.asked == 2
    assert told(lake).keys() == set(some[1:])
    assert predict_where(lake, near, "spectrum_id = 'none'").asked == 0
    with pytest.raises(QueryError):
        predict_where(lake, near, "no_such_column = 1")


def test_a_model_of_several_inputs_is_asked_about_materials(lake):
    fused = loaded(lake, FUSED)
    report = predict_where(lake, fused, "crystal_system = 'cubic'")
    chosen = lake.sql("SELECT material_id FROM materials WHERE crystal_system = 'cubic'")
    assert told(lake).keys() == set(chosen["material_id"].to_pylist())
    assert report.asked == len(chosen)


def test_a_served_model_of_several_inputs_answers_as_the_lake_does(lake, world):
    fused = loaded(lake, FUSED)
    found, inputs = read_inputs(lake, fused.card, ["cubicite000-0", "hexagonalite001-0"])
    query = "SELECT x, intensity FROM spectra WHERE technique = 'xrd' AND material_id = $1"
    rows = [lake.sql(query, [name]).to_pylist()[0] for name in found]
    curves = {"xrd_x": [r["x"] for r in rows], "xrd_y": [r["intensity"] for r in rows]}
    served = ServedModel(fused.card, fused.fitted)
    given = {name: np.array(rows) for name, rows in {**curves, "soap": inputs["soap"]}.items()}
    for name, said in zip(found, served.predict(given), strict=True):
        assert said["probabilities"] == predict_material(lake, fused, name).probabilities
    with pytest.raises(MlflowException, match="a tensor 'soap', found xrd_x, xrd_y"):
        served.predict({name: given[name] for name in ("xrd_x", "xrd_y")})
    with pytest.raises(MlflowException, match=r"y of shape \(2, 300\), found \(2, 299\)"):
        served.predict({**given, "xrd_y": given["xrd_y"][:, 1:]})


def other_code(algorithm: str):
    found = models()
    return lambda: {**found, algorithm: replace(found[algorithm], version="99")}


def test_a_model_of_other_code_answers_nothing(lake, near, monkeypatch, tmp_path):
    curve = curve_file(tmp_path, lake)
    monkeypatch.setattr(cards, "models", other_code(NEAR.model))
    message = "trained with nearest_neighbour .*installed is nearest_neighbour 99"
    with pytest.raises(OtherCode, match=message):
        predict_where(lake, near)
    with pytest.raises(OtherCode, match=message):
        predict_file(lake, f"minerals@{near.row['version']}", curve, {"technique": "xrd"})
    assert told(lake) == {}


def test_a_champion_of_other_code_is_replaced(first, monkeypatch):
    lake, dataset = first
    rows = {r["alias"]: r for r in lake.sql("SELECT * FROM models").to_pylist()}
    champion, other = rows["champion"], rows.get("challenger") or rows[None]
    monkeypatch.setattr(cards, "models", other_code(champion["algorithm"]))
    decision = challenge(lake, client(lake), dataset, "minerals", other["version"])
    assert decision.promote
    assert decision.reason.startswith("the champion cannot be asked any more")
    monkeypatch.undo()
    assert (
        "champion already"
        in challenge(lake, client(lake), dataset, "minerals", other["version"]).reason
    )


def curve_file(folder: Path, lake: Lake, name: str = "good.csv", least: float = 0, n: int = 0):
    query = (
        "SELECT x, intensity FROM spectra WHERE technique = 'xrd' ORDER BY spectrum_id OFFSET $1"
    )
    row = lake.sql(query, [n]).slice(0, 1).to_pylist()[0]
    points = sorted(zip(row["x"], row["intensity"], strict=True))
    lines = [f"{x},{y}" for x, y in points if x >= least]
    path = folder / name
    path.write_text("Q (1/angstrom),intensity\n" + "\n".join(lines))
    return path


@pytest.fixture
def folder(tmp_path, lake) -> Path:
    """Two good files, one that is broken, one too short, one of another technique."""
    made = tmp_path / "curves"
    made.mkdir()
    for n in range(2):
        curve_file(made, lake, f"good{n}.csv", n=n)
    curve_file(made, lake, "short.csv", least=3)
    (made / "broken.csv").write_text("not,a\ncurve\n")
    r = np.linspace(1, 20, 60)
    rows = "\n".join(f"{a},{np.sin(a)}" for a in r)
    (made / "pdf.csv").write_text(f"r (angstrom),G\n{rows}")
    (made / "scatterlake.yaml").write_text(
        '"pdf.csv": {technique: xpdf}\n"good*": {technique: xrd}\n"short*": {technique: xrd}\n'
    )
    return made


def test_one_bad_file_stops_nothing(lake, near, folder):
    name = f"minerals@{near.row['version']}"
    found = list(predict_files(lake, name, [folder], {}))
    answered = {a.spectrum.provenance.file_name: a for a in found if isinstance(a, FileAnswer)}
    assert {Path(name).name for name in answered} == {"good0.csv", "good1.csv"}
    assert told(lake).keys() == {a.prediction.entity_id for a in answered.values()}
    why = {one.path.name: one.reason for one in found if isinstance(one, NotAsked)}
    assert why.keys() == {"broken.csv", "short.csv", "pdf.csv"}
    assert "covers 0.6 to 5.6" in why["short.csv"]
    assert "a curve of xrd, found one of xpdf" in why["pdf.csv"]
    again = list(predict_files(lake, name, [folder], {}))
    assert sum(isinstance(one, Known) for one in again) == 2
    assert not any(isinstance(one, FileAnswer) for one in again)
    with pytest.raises(NotFound, match="there are: minerals"):
        list(predict_files(lake, "no_such", [folder], {}))


def test_another_technique_is_an_error_before_anything_is_answered(lake, near, folder):
    with pytest.raises(BadInput, match=r"a curve of xrd, found one of xpdf"):
        predict_file(
            lake, f"minerals@{near.row['version']}", folder / "pdf.csv", {"technique": "xpdf"}
        )
    with pytest.raises(NotFound, match="version of minerals that reads"):
        predict_file(lake, "minerals", folder / "pdf.csv", {"technique": "xpdf"})
    assert told(lake) == {}


def run(lake: Lake, *words: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, ["predict", *words, "--lake", str(lake.path)])
    assert done.exit_code == code, (done.output, done.exception)
    return done.stdout


def test_the_command_asks_about_a_folder_and_writes_a_table(lake, near, folder, tmp_path):
    name, target = f"minerals/{near.row['version']}", tmp_path / "answers.csv"
    shown = run(lake, name, str(folder), "--to", str(target), code=1)
    assert "not asked: 3" in shown
    with target.open() as file:
        rows = list(csv.DictReader(file))
    assert sorted(Path(row["file"]).name for row in rows) == ["good0.csv", "good1.csv"]
    assert {row["value"] for row in rows} == set(told(lake).values())
    assert all(row["likely"] and row["similarity"] and row["neighbours"] for row in rows)


def test_the_command_asks_about_the_lake_and_writes_a_table(lake, near, tmp_path):
    name, target = f"minerals/{near.row['version']}", tmp_path / "answers.parquet"
    shown = run(lake, name, "--where", XRD, "--to", str(target), code=1)
    assert "not asked: 1" in shown
    rows = pq.read_table(target)
    assert set(rows["entity_id"].to_pylist()) == told(lake).keys()
    assert rows["out_of_domain"].null_count == 0
    assert "one class alone in the 90% set" in shown
    assert "similarity to training" in shown
    run(lake, name, "--where", XRD, "--to", str(target), code=1)
    again = pq.read_table(target)
    assert again.num_rows == rows.num_rows
    for one in ("likely", "level", "similarity", "out_of_domain"):
        earlier, now = (t.sort_by("entity_id")[one].to_pylist() for t in (rows, again))
        assert earlier == now


def test_wrong_use_is_said(lake, near, folder, tmp_path):
    for words in ((), (str(folder), "--where", XRD)):
        done = CliRunner().invoke(app, ["predict", "minerals", *words, "--lake", str(lake.path)])
        assert isinstance(done.exception, WrongUse)
    with pytest.raises(WrongUse, match=r"\.parquet or \.csv"), answer_file(tmp_path / "a.xls"):
        pass
