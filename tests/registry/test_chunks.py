"""Arrays too large for a row are cut when stored and whole again when read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from registry.lake import Lake
from registry.tables import chunks


def cube(shape: tuple[int, ...], name: str = "cube") -> dict[str, Any]:
    rng = np.random.default_rng(0)
    return {
        "spectrum_id": name,
        "technique": "arpes",
        "kind": "experimental",
        "x": np.linspace(-1, 1, shape[0]),
        "x_quantity": "energy",
        "x_unit": "eV",
        "x_given_quantity": "energy",
        "x_given_unit": "eV",
        "axes": [{"quantity": "k", "unit": "1/angstrom", "values": np.arange(shape[1]) / 7}],
        "shape": list(shape),
        "intensity": rng.random(shape, np.float32).ravel(),
        "uncertainty": rng.random(shape, np.float32).ravel(),
        "producer": "test",
        "producer_version": "1",
        "parameters": "{}",
    }


@pytest.fixture
def small_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut at a thousand values, so that the test need not hold a gigabyte."""
    monkeypatch.setattr(chunks, "LARGEST", 1000)
    monkeypatch.setattr(chunks, "PIECE", 300)


@pytest.mark.usefixtures("small_rows")
def test_a_large_array_is_cut_and_read_back_whole(lake: Lake) -> None:
    rows = [cube((50, 40)), cube((20, 30), "small")]
    assert lake.append("spectra", rows) == 2
    stored = lake.sql("select spectrum_id, len(intensity) as n from spectra order by 1")
    assert stored.to_pylist() == [
        {"spectrum_id": "cube", "n": None},
        {"spectrum_id": "small", "n": 600},
    ]
    for row in rows:
        spectrum = lake.spectrum(row["spectrum_id"])
        assert spectrum.shape == tuple(row["shape"])
        assert np.array_equal(spectrum.intensity.ravel(), row["intensity"])
        assert spectrum.uncertainty is not None
        assert np.array_equal(spectrum.uncertainty.ravel(), row["uncertainty"])
        assert np.array_equal(spectrum.axes[0].values, row["axes"][0]["values"])


@pytest.mark.usefixtures("small_rows")
def test_chunks_are_idempotent_like_everything(lake: Lake) -> None:
    lake.append("spectra", [cube((50, 40))])
    assert lake.append("spectra", [cube((50, 40))]) == 0
    counted = lake.sql('select count(*) as n, count(distinct ("field", "first")) as d from chunks')
    assert counted.to_pylist() == [{"n": 14, "d": 14}]


def test_rows_of_ordinary_size_are_not_touched(lake: Lake) -> None:
    rows = lake["spectra"].conform(lake["spectra"].schema.arrow.empty_table())
    kept, cut = chunks.split(rows)
    assert kept is rows
    assert cut.num_rows == 0


def test_an_array_of_more_than_64_megabytes_makes_the_round_trip(tmp_path: Path) -> None:
    lake = Lake.open(tmp_path / "lake")
    row = cube((4200, 4100))
    lake.append("spectra", [row])
    assert lake.sql("select count(*) as n from chunks")["n"][0].as_py() == 10
    assert np.array_equal(lake.spectrum("cube").intensity.ravel(), row["intensity"])
