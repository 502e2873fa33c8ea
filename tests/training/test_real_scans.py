"""Measured thin films, straight from their files: labelled by a table, learnt from as spectra.

Patterns of Oviedo et al., npj Comput. Mater. 5, 60 (2019), sorted by space group into folders.
"""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from ingest.files import ingest_files
from ingest.labels import ingest_labels
from registry.lake import Lake
from training.assembly import assemble
from training.definitions import DatasetDefinition, SpectrumInput
from training.fitting import fit_candidate
from training.quality import stored_quality
from training.splits import leaks
from training.study import Candidate
from training.targets import Property

FOLDERS = {"I4Imcm": "I4/mcm", "P3m1": "P3m1", "pm-3m": "Pm-3m"}
HINTS = {"technique": "xrd", "x_unit": "degree", "wavelength": 1.5406}
# 15 to 55 degree two-theta with Cu K-alpha 1
FILMS = DatasetDefinition(
    "films",
    (SpectrumInput("pattern", "xrd", (1.07, 3.76, 200), measured=True),),
    target=Property("space group", "label_exp.csv"),
    where="technique = 'xrd' AND kind = 'experimental'",
    entity="spectrum",
)


@pytest.fixture(scope="module")
def films(shared_data: Path, tmp_path_factory) -> Lake:
    """The films of three space groups, and a table of their labels by file."""
    folder = shared_data / "xrd-thinfilm-autoxrd" / "Datasets" / "Experimental"
    files = {p: name for sub, name in FOLDERS.items() for p in sorted((folder / sub).glob("*.xy"))}
    made = tmp_path_factory.mktemp("films")
    lake = Lake.open(made / "lake")
    ingest_files(lake, list(files), HINTS)
    with (made / "labels.csv").open("w", newline="", encoding="utf-8") as out:
        table = csv.writer(out)
        table.writerow(["file", "space group"])
        table.writerows([(path.name, name) for path, name in files.items()])
    report = ingest_labels(lake, made / "labels.csv", "spectrum", "label_exp.csv")
    stored = lake.sql("SELECT count(*) AS n FROM spectra")["n"][0].as_py()
    assert report.written == stored >= 30
    # a file that was refused, or has the content of another, is a line that names nobody
    assert len(report.refused) == len(files) - stored
    return lake


def test_films_are_members_by_themselves_with_the_label_of_their_folder(films):
    data = assemble(films, FILMS)
    query = "SELECT spectrum_id, file_name FROM spectra"
    folder = {
        r["spectrum_id"]: Path(r["file_name"]).parent.name for r in films.sql(query).to_pylist()
    }
    assert Counter(m.label for m in data.members) == Counter(
        FOLDERS[folder[m.entity_id]] for m in data.members
    )
    assert leaks(data.members) == []
    assert all("pattern" in reason for reason in data.left_out)
    assert len(data.members) + sum(data.left_out.values()) == len(folder)


def test_what_their_common_grid_loses_is_recorded(films):
    data = assemble(films, FILMS)
    quality = stored_quality(films, data.manifest)
    assert quality is not None
    spread = quality.resampling["pattern"]
    assert spread.n == len(data.members)
    assert 0 < spread.median < spread.most <= spread.worst < 0.5
    assert spread.member in {m.entity_id for m in data.members}


def test_a_model_learns_from_them_and_its_score_is_a_measured_one(films):
    data = assemble(films, FILMS)
    forest = Candidate("random_forest", ("pattern",))
    result = fit_candidate(data, forest, (0,), lambda _: None)
    measured = result.repetitions[0].measured
    assert measured is not None
    assert measured.values == result.repetitions[0].test.values
    assert len(result.truth) == len(data.rows("test"))
