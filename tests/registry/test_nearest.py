"""The nearest curves are those a plain computation finds; a matrix is the rows asked for."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.curves.interpolation import Interpolation
from registry.curves.nearest import MIN_OVERLAP, nearest
from registry.curves.query import Query
from registry.curves.sidecar import Sidecar, Sidecars
from registry.curves.spectra import matrix as lake_matrix
from registry.curves.spectra import nearest as lake_nearest
from registry.curves.take import matrix
from registry.errors import BadInput, QueryError, WrongUse
from registry.lake import Lake
from registry.lineage.retractions import retract
from registry.records import Axis, Provenance, Spectrum
from registry.schemas import SCHEMAS

Numbers = np.ndarray[Any, np.dtype[Any]]
Q = np.linspace(0.5, 6, 60)


def row(name: str, x: Any, y: Any, technique: str = "xrd", **more: Any) -> dict[str, Any]:
    shape = [len(y)]
    given = {"spectrum_id": name, "technique": technique, "x": x, "intensity": y, "shape": shape}
    return {"kind": "simulated", **given, **more}


def peaks(x: Numbers, *places: float) -> Numbers:
    return np.sum([np.exp(-(((x - place) / 0.15) ** 2)) for place in places], axis=0)


def opened(rows: list[dict[str, Any]]) -> list[Sidecar]:
    """Sidecars of two data files with these rows."""

    def read(file: str, columns: Sequence[str]) -> list[pa.Table]:
        some = rows[int(file) :: 2]
        whole = pa.Table.from_pylist(some, schema=SCHEMAS["spectra"].arrow)
        return [whole.select(list(columns))]

    # what is mapped stays readable after its folder is gone
    with tempfile.TemporaryDirectory() as scratch:
        return Sidecars(Path(scratch), read).open(["0", "1"])


def similarity_by_hand(x: Numbers, y: Numbers, row_x: Numbers, row_y: Numbers) -> float | None:
    """Cosine over the points of x inside the row's range; None when it is not compared."""
    order = np.argsort(row_x)
    inside = (x >= row_x.min()) & (x <= row_x.max())
    z = np.interp(x[inside], row_x[order], np.asarray(row_y, np.float32)[order].astype(float))
    if not np.isfinite(row_y).all() or inside.mean() < MIN_OVERLAP or not z.any():
        return None
    if not y[inside].any():
        return None
    return float(z @ y[inside] / np.linalg.norm(z) / np.linalg.norm(y[inside]))


def test_on_one_grid_the_answer_is_that_of_numpy_over_sql(lake: Lake) -> None:
    rng = np.random.default_rng(0)
    for start in range(0, 600, 200):
        rows = [row(f"{n:032x}", Q, rng.random(len(Q))) for n in range(start, start + 200)]
        lake.append("spectra", rows)
    y = rng.random(len(Q))
    table = lake.sql("select spectrum_id, intensity from spectra")
    values = np.array(table["intensity"].to_pylist())
    cosine = values @ y / np.linalg.norm(values, axis=1) / np.linalg.norm(y)
    best = np.argsort(-cosine)[:10]
    found = lake_nearest(lake, (Q, y), "xrd")
    assert found["spectrum_id"].to_pylist() == [table["spectrum_id"][n].as_py() for n in best]
    np.testing.assert_allclose(found["similarity"], cosine[best], rtol=1e-12)
    assert found["overlap"].to_pylist() == [1.0] * 10
    assert found.column_names[3:] == ["title", "material_id", "technique", "kind"]


def test_measured_patterns_have_the_neighbours_scikit_learn_finds(shared_data: Path) -> None:
    from sklearn.neighbors import NearestNeighbors

    patterns = np.load(shared_data / "xrd-rruff-experimental" / "rruff.npz")["intensity"]
    patterns = patterns[:300, ::10]
    x = np.linspace(0.4, 5.8, patterns.shape[1])
    sidecars = opened([row(f"{n:04}", x, y) for n, y in enumerate(patterns)])
    theirs = NearestNeighbors(n_neighbors=5, metric="cosine").fit(patterns.astype(float))
    distances, places = theirs.kneighbors(patterns[:20].astype(float))
    for n in range(20):
        found = nearest(sidecars, Query.stored(sidecars, f"{n:04}"), k=5)
        np.testing.assert_allclose(found["similarity"], 1 - distances[n], atol=1e-9)
        assert found["spectrum_id"].to_pylist() == [f"{place:04}" for place in places[n]]


@st.composite
def curves(draw: st.DrawFn) -> tuple[Numbers, list[tuple[Numbers, Numbers]]]:
    """A query grid and curves on it, on its reverse, and on other grids."""
    grid = np.sort(draw(st.lists(st.integers(0, 60), min_size=3, max_size=9, unique=True))) / 7.0
    other = np.sort(draw(st.lists(st.integers(0, 60), min_size=2, max_size=9, unique=True))) / 5.0
    level = st.one_of(st.floats(-100, 100, width=32), st.sampled_from([0.0, float("nan")]))
    made = []
    for _ in range(draw(st.integers(1, 12))):
        x = draw(st.sampled_from([grid, grid[::-1], other, other[::-1]]))
        y = draw(st.lists(level, min_size=len(x), max_size=len(x)))
        made.append((x, np.array(y, np.float32)))
    return grid, made


@settings(max_examples=30, deadline=None)
@given(curves(), st.integers(1, 5), st.booleans(), st.integers(0, 1000))
def test_any_curves_are_ranked_as_by_hand(
    some: tuple[Numbers, list[tuple[Numbers, Numbers]]], k: int, down: bool, seed: int
) -> None:
    grid, made = some
    y = np.random.default_rng(seed).normal(size=len(grid))
    sidecars = opened([row(f"{n:03}", *curve) for n, curve in enumerate(made)])
    query = Query.of("xrd", grid[::-1], y[::-1]) if down else Query.of("xrd", grid, y)
    found = nearest(sidecars, query, k)
    by_hand = {f"{n:03}": similarity_by_hand(grid, y, *curve) for n, curve in enumerate(made)}
    known = {name: s for name, s in by_hand.items() if s is not None}
    expected = sorted(known.values(), reverse=True)[:k]
    np.testing.assert_allclose(found["similarity"], expected, atol=1e-6)
    for name, similarity in zip(*found.columns[:2], strict=True):
        assert known[name.as_py()] == pytest.approx(similarity.as_py(), abs=1e-6)


@settings(max_examples=25, deadline=None)
@given(curves(), st.data())
def test_any_rows_come_back_in_the_order_asked_for(
    some: tuple[Numbers, list[tuple[Numbers, Numbers]]], data: st.DataObject
) -> None:
    grid, made = some
    names = [f"{n:03}" for n in range(len(made))]
    sidecars = opened([row(name, *curve) for name, curve in zip(names, made, strict=True)])
    asked = data.draw(st.lists(st.sampled_from(names), min_size=1))
    expected = [made[int(name)] for name in asked]
    if len({len(y) for _, y in expected}) == 1:
        np.testing.assert_array_equal(matrix(sidecars, asked), [y for _, y in expected])
    for (x, y), z in zip(expected, matrix(sidecars, asked, grid), strict=True):
        order = np.argsort(x)
        by_hand = np.interp(grid, x[order], y[order].astype(float), np.nan, np.nan)
        exact = np.isin(grid, x)  # numpy.interp gives a NaN neighbour no say there
        np.testing.assert_allclose(z[~exact], by_hand[~exact], rtol=1e-5, atol=1e-4)


def test_the_weights_of_an_interpolation_give_its_sums() -> None:
    x, grid = np.array([0.0, 1.0, 1.5, 4.0]), np.linspace(-1, 3, 23)
    y, w = np.array([[1.0, -2.0, 3.0, 0.5]], np.float32), np.linspace(1, 2, 23)
    for axis, curve in ((x, y), (x[::-1], y[:, ::-1])):
        onto = Interpolation.onto(grid, axis)
        z, inside = np.interp(grid, x, y[0])[onto.inside], onto.inside
        p, d, b = onto.products(w[inside])
        assert p @ curve[0] == pytest.approx(w[inside] @ z)
        assert d @ curve[0] ** 2 + b @ (curve[0, 1:] * curve[0, :-1]) == pytest.approx(z @ z)


def test_many_equal_curves_are_told_apart_beyond_single_precision() -> None:
    base = 1 + peaks(Q, 2)
    step = np.zeros(len(Q))
    step[5] = 1e-5
    # float32 products of these differ by less than their rounding
    rows = [row(f"{n:03}", Q, (base + n * step).astype(np.float32)) for n in range(200)]
    found = nearest(opened(rows), Query.of("xrd", Q, rows[50]["intensity"]), k=3)
    assert found["spectrum_id"][0].as_py() == "050"
    assert set(found["spectrum_id"].to_pylist()[1:]) == {"049", "051"}


def test_curves_without_a_signal_are_similar_to_nothing() -> None:
    y = peaks(Q, 2)
    bad = {"zero": 0 * y, "nan": np.where(Q > 5, np.nan, y), "inf": np.where(Q > 5, np.inf, y)}
    other = np.linspace(0.4, 6.1, 80)
    rows = [row(name, Q, curve) for name, curve in bad.items()]
    rows += [row("away", other, np.where(other > 6.05, 1.0, 0.0)), row("good", Q, y)]
    rows += [row("nan too", other, np.where(other > 5, np.nan, 1.0))]
    assert nearest(opened(rows), Query.of("xrd", Q, y))["spectrum_id"].to_pylist() == ["good"]


def test_overlap_is_the_share_of_the_query_that_a_curve_covers() -> None:
    x = np.linspace(0, 10, 101)
    y = 1 + peaks(x, 3, 6)
    rows = [row(f"to {end}", fine, 1 + peaks(fine, 3, 6)) for end, fine in _ending(6, 8, 9, 12)]
    sidecars = opened(rows)
    found = nearest(sidecars, Query.of("xrd", x, y)).to_pydict()
    overlap = dict(zip(found["spectrum_id"], found["overlap"], strict=True))
    assert overlap == pytest.approx({"to 8": 81 / 101, "to 9": 91 / 101, "to 12": 1.0})
    assert min(found["similarity"]) > 0.9999
    lower = nearest(sidecars, Query.of("xrd", x, y), min_overlap=0.5)
    assert "to 6" in lower["spectrum_id"].to_pylist()


def _ending(*ends: float) -> list[tuple[float, Numbers]]:
    return [(end, np.linspace(0, end, round(end * 40) + 1)) for end in ends]


def test_a_condition_narrows_the_search_and_what_is_excluded_never_answers(lake: Lake) -> None:
    rows = [
        row(f"s{n}", Q, peaks(Q, 2 + n / 100), temperature=float(n), title=f"at {n} K")
        for n in range(60)
    ]
    lake.append("spectra", [*rows, row("npd", Q, peaks(Q, 2), technique="npd")])
    curve = (Q, peaks(Q, 2))

    def ids(**how: Any) -> list[str]:
        return lake_nearest(lake, curve, **{"technique": "xrd", "k": 2, **how})[
            "spectrum_id"
        ].to_pylist()

    assert ids() == ["s0", "s1"]
    assert ids(where="temperature >= 10") == ["s10", "s11"]
    assert ids(where="temperature in (40, 50, 20)") == ["s20", "s40"]
    assert ids(where="false") == []
    assert ids(exclude=["s0", "not there"]) == ["s1", "s2"]
    assert ids(technique="npd") == ["npd"]
    assert len(ids(k=1000)) == 60
    with pytest.raises(QueryError):
        ids(where="temperature < 'cold'")
    with pytest.raises(QueryError):
        ids(where="true; drop table spectra")


def test_the_query_itself_is_not_its_neighbour(lake: Lake) -> None:
    from ingest.rows import row_of_spectrum

    def measured(place: float) -> Spectrum:
        two_theta = Axis("two_theta", "degree", np.linspace(10, 90, 200))
        curve = peaks(np.linspace(0, 6, 200), place)
        origin = Provenance("test", "1")
        return Spectrum("xrd", "experimental", two_theta, curve, origin, wavelength=1.54184)

    rows = [row_of_spectrum(measured(place)) for place in (2, 2.1, 2.3)]
    lake.append("spectra", rows)
    first, second, third = (r["spectrum_id"] for r in rows)
    for curve in (measured(2), first):
        assert lake_nearest(lake, curve)["spectrum_id"].to_pylist() == [second, third]


def test_what_is_retracted_answers_no_more(lake: Lake) -> None:
    lake.append("spectra", [row(f"s{n}", Q, peaks(Q, 2 + n / 100)) for n in range(3)])
    before = lake.snapshot()
    retract(lake, "s0", "wrong sample", "a test")
    curve = (Q, peaks(Q, 2))
    assert lake_nearest(lake, curve, "xrd")["spectrum_id"].to_pylist() == ["s1", "s2"]
    then = lake_nearest(lake, curve, "xrd", at=before)["spectrum_id"].to_pylist()
    assert then == ["s0", "s1", "s2"]


def test_a_folder_and_a_bucket_answer_alike(place: str, tmp_path: Path) -> None:
    lake = Lake.open(place)
    lake.append("spectra", [row(f"s{n}", Q, peaks(Q, 2 + n / 100)) for n in range(5)])
    found = lake_nearest(lake, (Q, peaks(Q, 2.03)), "xrd", k=1)
    assert found["spectrum_id"].to_pylist() == ["s3"]
    np.testing.assert_array_equal(
        lake_matrix(lake, ["s4", "s1"]), np.float32([peaks(Q, 2.04), peaks(Q, 2.01)])
    )


def test_an_older_snapshot_answers_as_it_did(lake: Lake) -> None:
    lake.append("spectra", [row("old", Q, peaks(Q, 2.5))])
    then = lake.snapshot()
    lake.append("spectra", [row("new", Q, peaks(Q, 2))])
    curve = (Q, peaks(Q, 2))
    assert lake_nearest(lake, curve, "xrd")["spectrum_id"].to_pylist() == ["new", "old"]
    assert lake_nearest(lake, curve, "xrd", at=then)["spectrum_id"].to_pylist() == ["old"]
    with pytest.raises(WrongUse, match="1 of 1 unknown: new"):
        lake_matrix(lake, ["new"], at=then)


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [
        (Q, peaks(Q, 2)[:-1], "one length"),
        (Q, np.full(len(Q), np.nan), "finite signal"),
        (Q, np.zeros(len(Q)), "finite signal"),
        (np.ones(len(Q)), peaks(Q, 2), "ascending or descending"),
    ],
)
def test_a_curve_that_cannot_be_compared_is_refused(x: Numbers, y: Numbers, expected: str) -> None:
    with pytest.raises(BadInput, match=expected):
        Query.of("xrd", x, y)


def test_wrong_use_is_named(lake: Lake) -> None:
    axes = [{"quantity": "Q", "unit": "1/angstrom", "values": [1.0, 2.0]}]
    flat = row("map", Q[:2], [1, 2, 3, 4], technique="ins", shape=[2, 2], axes=axes)
    lake.append("spectra", [row("a", Q, peaks(Q, 2)), flat])
    for curve, how, complaint in (
        ((Q, peaks(Q, 2)), {}, "technique of the curve"),
        ("a", {"technique": "xas"}, "along Q"),
        ("a", {"k": 0}, "at least 1"),
        ("b", {}, "unknown: b"),
        ("map", {}, "a map"),
    ):
        with pytest.raises(BadInput, match=complaint):
            lake_nearest(lake, curve, **how)


def test_a_matrix_says_which_spectrum_does_not_fit(lake: Lake) -> None:
    x = Q[::2]
    flat = row("map", Q[:2], [1, 2, 3, 4], shape=[2, 2])
    lake.append("spectra", [row("a", Q, Q), row("b", Q, Q), row("c", x, x), flat])
    with pytest.raises(BadInput, match=r"spectrum c: expected 60 values as in a .* found 30"):
        lake_matrix(lake, ["a", "b", "c"])
    with pytest.raises(WrongUse, match=r"7 of 8 unknown: x0, x1, x2, x3, x4, \.\.\."):
        lake_matrix(lake, ["a", *(f"x{n}" for n in range(7))])
    with pytest.raises(BadInput, match=r"spectrum map: .* found a map"):
        lake_matrix(lake, ["a", "map"], grid=Q)
    assert lake_matrix(lake, ["map"]).tolist() == [[1, 2, 3, 4]]
    assert lake_matrix(lake, []).shape == (0, 0)
    lake.append("spectra", [{"spectrum_id": "none", "technique": "xrd", "x": Q}])
    with pytest.raises(BadInput, match="spectrum none: expected values in its row"):
        lake_matrix(lake, ["none"])
    onto = lake_matrix(lake, ["c", "a"], grid=np.array([0.0, 1.0, 2.0, 7.0]))
    np.testing.assert_allclose(onto, [[np.nan, 1, 2, np.nan]] * 2, rtol=1e-6)
