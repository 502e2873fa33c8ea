"""What a Ray of several processes gives is what this process gives: the same ids and bytes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from features.store import FeatureStore
from flows.cluster.predicting import PIECE, spread
from flows.cluster.training import train_on_ray
from ingest.files import ingest_files
from ingest.simulate import simulate
from registry.errors import Unsupported, WrongUse
from registry.lake import Lake
from training.assembly import assemble
from training.batch import predict_where
from training.loading import load_model
from training.models import models
from training.reading import open_reading
from training.study import Candidate

ray = pytest.importorskip("ray", reason="the extra cluster is not installed")
pytest.importorskip("ray.train", reason="the extra cluster is not installed")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:ray")
CIF = """data_{name}
_chemical_name_mineral {name}
_cell_length_a {a}
_cell_length_b {a}
_cell_length_c {a}
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_space_group_name_H-M_alt 'F m -3 m'
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
A {cation} 0 0 0
B {anion} 0.5 0.5 0.5
"""
SALTS = {"Halite": ("Na", "Cl", 5.64), "Sylvite": ("K", "Cl", 6.29), "Periclase": ("Mg", "O", 4.21)}
SAID = """
SELECT entity_id, value, probability, alternatives FROM predictions WHERE version = $1
ORDER BY entity_id
"""
CALM = {"epochs": 4, "dropout": 0.0, "batch": 16}


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[Any]:
    """One Ray with two workers, which everything here finds and uses."""
    ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield ray
    ray.shutdown()


@pytest.fixture(scope="module")
def salts(tmp_path_factory: pytest.TempPathFactory) -> tuple[Lake, Lake]:
    """Two lakes of the same structures: one worked on here, one by a Ray."""
    folder = tmp_path_factory.mktemp("salts")
    for name, (cation, anion, a) in SALTS.items():
        (folder / f"{name}.cif").write_text(CIF.format(name=name, cation=cation, anion=anion, a=a))
    lakes = Lake.open(folder / "here"), Lake.open(folder / "ray")
    for lake, on in zip(lakes, (None, "ray"), strict=True):
        ingest_files(lake, [folder])
        simulate(lake, "xrd", workers=2 if on else 1, on=on)
        simulate(lake, "saxs_sphere", draws=40, seed=1, workers=2 if on else 1, on=on)
        FeatureStore(lake).compute("soap", workers=2 if on else 1, on=on)
    return lakes


@pytest.mark.parametrize(
    "query",
    [
        "SELECT spectrum_id, technique, material_id, recipe, parameters, x, intensity, uncertainty "
        "FROM spectra ORDER BY spectrum_id",
        "SELECT entity_id, view_id, vector FROM features ORDER BY entity_id, view_id",
    ],
    ids=["simulation", "features"],
)
def test_rows_are_those_of_one_process(salts: tuple[Lake, Lake], query: str) -> None:
    here, there = (lake.sql(query) for lake in salts)
    assert here.num_rows >= len(SALTS)
    assert here.equals(there)


@pytest.fixture(scope="module")
def world() -> ModuleType:
    """The invented minerals of the tests of training."""
    path = Path(__file__).resolve().parents[2] / "training" / "conftest.py"
    spec = spec_from_file_location("invented_minerals", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def study(world: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    from training.train import train_study

    lake = Lake.open(tmp_path_factory.mktemp("study") / "lake")
    world.fill(lake, 24)
    cnn = Candidate("cnn1d", ("xrd",), {"epochs": 2, "hidden": 16})
    trees = Candidate("hist_gradient_boosting", ("xrd",), {"iterations": 10})
    train_study(lake, replace(world.STUDY, candidates=(trees, cnn), claim=None))
    rng, q = np.random.default_rng(0), np.linspace(0.4, 5.8, 300)
    more = (world.peaks(q, rng, world.SYSTEMS[n % 3]) for n in range(2 * PIECE))
    lake.append("spectra", [world.curve(world.XRD, f"more-{n}", q, y) for n, y in enumerate(more)])
    return lake


@pytest.mark.parametrize("version", [1, 2])
def test_predictions_are_those_of_one_process(study: Lake, tmp_path: Path, version: int) -> None:
    model = load_model(study, "minerals", version)
    here, there = (Lake.existing(shutil.copytree(study.path, tmp_path / n)) for n in ("a", "b"))
    alone = predict_where(here, model)
    with spread(study, model, 2, "ray") as able:
        report = predict_where(there, able)
    assert report == alone
    assert report.asked > 2 * PIECE
    said = [lake.sql(SAID, [version]) for lake in (here, there)]
    assert said[0].num_rows >= report.asked
    assert said[0].equals(said[1])


def test_what_gives_no_answers_stays_on_this_machine(study: Lake) -> None:
    other = replace(load_model(study, "minerals", 1), fitted=object())
    with pytest.raises(Unsupported, match="several processes"), spread(study, other, 2, "ray"):
        pass


def test_two_workers_have_the_losses_of_one(world: ModuleType, tmp_path: Path) -> None:
    lake = Lake.open(tmp_path / "lake")
    world.fill(lake, 24)
    manifest = assemble(lake, world.DEFINITION).manifest
    candidate = Candidate("mlp", ("xrd", "soap"), CALM)
    shared = train_on_ray(lake, manifest, candidate, seed=3)
    training = open_reading(lake, manifest).training(candidate.inputs, 3)
    alone = models()["mlp"].train(training, **CALM)
    np.testing.assert_allclose(np.array(shared.history), np.array(alone.history), rtol=1e-4)
    given = training.validation_inputs
    np.testing.assert_allclose(
        shared.probabilities(given), alone.probabilities(given), rtol=1e-3, atol=1e-5
    )


def test_one_worker_needs_no_ray(salts: tuple[Lake, Lake]) -> None:
    with pytest.raises(WrongUse, match="workers"):
        train_on_ray(salts[0], "minerals", Candidate("mlp", ("xrd",)), workers=1)


def test_the_tasks_of_a_sweep_run_on_the_ray(tmp_path: Path) -> None:
    pytest.importorskip("prefect_ray", reason="the extra cluster is not installed")
    from prefect.testing.utilities import prefect_test_harness

    from flows.cluster.sweep import on_ray_tasks, sweep

    lake = Lake.open(tmp_path / "lake")
    wanted = {"saxs_sphere": {}, "saxs_cylinder": {"radius": 30.0}}
    with prefect_test_harness(server_startup_timeout=300):
        reports = on_ray_tasks(sweep, 2)(lake.uri, wanted, draws={"saxs_sphere": 40}, seed=1)
    assert [one.simulated for one in reports] == [40, 1]
    query = "SELECT spectrum_id FROM spectra WHERE technique = 'saxs' AND recipe = $1 ORDER BY 1"
    plain = Lake.open(tmp_path / "plain")
    simulate(plain, "saxs_sphere", draws=40, seed=1)
    assert lake.sql(query, [reports[0].recipe]).equals(plain.sql(query, [reports[0].recipe]))
