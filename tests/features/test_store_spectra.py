"""Views of spectra: of the techniques a descriptor is made for, beside those of materials."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from features.store import FeatureStore
from registry.errors import BadInput, Unsupported
from registry.identity import digest
from registry.lake import Lake
from registry.lineage.retractions import restore, retract

X = np.linspace(1.0, 3.0, 50)


def spectrum(name: str, technique: str, heights: Any, **more: Any) -> dict[str, Any]:
    intensity = np.ravel(np.asarray(heights, dtype=np.float32))
    return {
        "spectrum_id": digest(name),
        "title": name,
        "technique": technique,
        "kind": "experimental",
        "x": X,
        "shape": list(np.shape(heights)),
        "intensity": intensity,
        **more,
    }


@pytest.fixture
def lake(metals: Lake, ids: dict[str, str]) -> Lake:
    """Patterns, one of them simulated from copper, a small-angle curve and a map."""
    bell = np.exp(-((X - 2) ** 2))
    metals.append(
        "spectra",
        [
            *(spectrum(f"pattern {n}", "xrd", n * bell) for n in range(1, 4)),
            spectrum("simulated", "xrd", bell, kind="simulated", material_id=ids["Cu"]),
            spectrum("scattering", "saxs", bell),
            spectrum("map", "xrd", np.outer(bell, [1.0, 2.0])),
        ],
    )
    return metals


@pytest.fixture
def area(made_up: Callable[..., Any]) -> None:
    """Area of a curve, and its number of points."""
    made_up(
        entity="spectrum",
        techniques=("xrd", "npd"),
        compute=lambda curve: np.array([np.trapezoid(curve.y, curve.x), len(curve.x)]),
    )


def test_spectra_of_the_right_technique_are_described(lake, area):
    store = FeatureStore(lake)
    report = store.compute("made_up")
    assert (report.computed, report.refused, report.already_there) == (4, 1, 0)
    with pytest.raises(Unsupported, match="axes"):
        store.vector(report.view_id, digest("map"))
    asked = [digest(f"pattern {n}") for n in (3, 1, 2)]
    matrix, _ = store.matrix(report.view_id, [*asked, digest("scattering")])
    # integral of exp(-(x - 2)^2) over 1 to 3: sqrt(pi) erf(1)
    np.testing.assert_allclose(matrix[:3, 0], np.array([3, 1, 2]) * 1.4936483, rtol=1e-3)
    assert np.isnan(matrix[3]).all()
    (view,) = store.views()
    assert (view.entity, view.computed, view.refused) == ("spectrum", 4, 1)


def test_a_condition_chooses_spectra(lake, area):
    store = FeatureStore(lake)
    assert store.compute("made_up", where="kind = 'simulated'").computed == 1
    report = store.compute("made_up", where="technique = 'saxs' OR title = 'pattern 1'")
    assert (report.computed, report.already_there) == (1, 0)


def test_what_is_retracted_or_stale_is_not_described(lake, ids, area):
    store = FeatureStore(lake)
    retract(lake, digest("pattern 1"), "wrong sample", "A. Nother")
    retract(lake, ids["Cu"], "wrong cell", "A. Nother")
    report = store.compute("made_up")
    assert (report.computed, report.refused) == (2, 1)
    restore(lake, ids["Cu"], "right after all", "A. Nother")
    assert store.compute("made_up").computed == 1


def test_features_of_spectra_become_stale(lake, ids, area):
    store = FeatureStore(lake)
    view = store.compute("made_up").view_id
    asked = [digest("pattern 1"), digest("simulated"), digest("pattern 2")]
    whole, _ = store.matrix(view, asked)
    retract(lake, digest("pattern 1"), "wrong sample", "A. Nother")
    retract(lake, ids["Cu"], "wrong cell", "A. Nother")
    served, missing = store.matrix(view, asked)
    assert missing.tolist() == [True, True, False]
    np.testing.assert_array_equal(served[2], whole[2])
    np.testing.assert_array_equal(store.matrix(view, asked, stale=True)[0], whole)
    with pytest.raises(BadInput, match=r"spectrum .*not retracted or stale"):
        store.vector(view, digest("simulated"))


def test_arrays_too_large_for_a_row_are_refused(lake, area):
    lake.append("chunks", [])
    nowhere = {**spectrum("large", "npd", X), "intensity": None}
    lake.append("spectra", [nowhere])
    store = FeatureStore(lake)
    view = store.compute("made_up").view_id
    with pytest.raises(Unsupported, match="too large"):
        store.vector(view, digest("large"))
