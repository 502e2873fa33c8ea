"""The registry on an MLflow server whose data base is PostgreSQL, by a role that can do little."""

from __future__ import annotations

from dataclasses import replace

import pytest

from registry.lake import Lake
from training.aliases import reinstate, retire, rollback
from training.comparing import promote
from training.decisions import decisions
from training.dossier import dossier
from training.loading import load_model
from training.lookup import champion, find_models, model_rows
from training.registration import mirror
from training.study import Candidate
from training.tracking import client
from training.train import train_study

NOTHING, NEAR = Candidate("most_frequent", ("xrd",)), Candidate("nearest_neighbour", ("xrd",))
ALIKE = {"near-duplicate curve": "invented minerals are alike"}


@pytest.fixture(scope="module")
def server(postgres, start_mlflow, tmp_path_factory):
    """Its address; the password of the data base is not on its command line."""
    files = tmp_path_factory.mktemp("artifacts")
    words = ("server", "--workers", "1", "--artifacts-destination", str(files))
    with start_mlflow(words, {"MLFLOW_BACKEND_STORE_URI": postgres}) as found:
        assert found.answers("/health"), found.tail()
        yield found.url


@pytest.fixture
def lake(server, tmp_path, world, monkeypatch) -> Lake:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    monkeypatch.setenv("SCATTERLAKE_USER", "A. Nother")
    made = Lake.open(tmp_path / "lake")
    world.fill(made, 18, measured=True)
    return made


def test_models_are_registered_promoted_looked_up_and_mirrored(lake, world):
    dataset = replace(world.DEFINITION, inputs=(world.XRD,))
    study = replace(world.STUDY, dataset=dataset, candidates=(NOTHING, NEAR), claim=None)
    study = replace(study, allowed_leaks=ALIKE)
    for one in (NOTHING, NEAR):
        train_study(lake, study, models=[one.model])
    mlflow = client(lake)
    assert champion(lake, "minerals")["version"] == 2
    assert rollback(lake, mlflow, "minerals", "a test") == 1
    assert promote(lake, "minerals", 2).promote
    assert retire(lake, mlflow, "minerals", 2, "a test")
    reinstate(lake, mlflow, "minerals", 2, "it was one")
    assert promote(lake, "minerals", 2).promote
    made = decisions(mlflow, "minerals")
    assert [one.act for one in made][-3:] == ["retired", "reinstated", "promoted"]
    assert {one.by for one in made} == {"A. Nother"}
    assert find_models(lake, "crystal system", "xrd", champion_only=True)[0]["version"] == 2
    assert load_model(lake, "minerals").card.algorithm == NEAR.model
    assert dossier(lake, "minerals", 2).used["prediction"] > 0

    before = model_rows(lake, "minerals")
    lake.replace("models", [{**row, "alias": None, "reason": None} for row in before])
    assert mirror(lake) == 2
    assert model_rows(lake, "minerals") == before


def test_the_role_owns_its_data_base_and_can_do_nothing_else(server, postgres):
    import psycopg

    address = postgres.replace("+psycopg", "")
    with psycopg.connect(address, autocommit=True) as connection:
        may = "rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls"
        found = connection.execute(f"SELECT {may} FROM pg_roles WHERE rolname = current_user")
        assert found.fetchone() == (False,) * 5
        tables = connection.execute("SELECT count(*) FROM registered_models")
        assert tables.fetchone() is not None
        file = "COPY (SELECT 1) TO '/tmp/written'"
        for refused in ("CREATE DATABASE another", "CREATE ROLE another", file):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(refused)
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        psycopg.connect(address.rsplit("/", 1)[0] + "/postgres")
