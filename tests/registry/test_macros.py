"""Curve functions of SQL agree with NumPy, SciPy and pint, on curves of every kind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.query.macros import MACROS, Macro, create_statements
from registry.query.macros.units import ENERGIES, WAVELENGTHS
from registry.units import convert

Values = npt.NDArray[np.float64]
Curve = tuple[Values, Values]
COLUMNS = "x DOUBLE[], intensity FLOAT[], x_unit VARCHAR"
quick = settings(max_examples=20, deadline=None)
slow = settings(max_examples=12, deadline=None)


@pytest.fixture(scope="module")
def sql() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect()
    for statement in create_statements():
        connection.execute(statement)
    yield connection
    connection.close()


def ask(sql: duckdb.DuckDBPyConnection, expression: str, *given: Any) -> Any:
    """Value of an expression over x, y and what else is given ($3, ...)."""
    x, y, *others = (v.tolist() if isinstance(v, np.ndarray) else v for v in given)
    query = f"SELECT {expression} FROM (SELECT $1::DOUBLE[] AS x, $2::DOUBLE[] AS y)"
    return sql.execute(query, [x, y, *others]).fetchone()[0]  # type: ignore[index]


numbers = st.integers(-1000, 1000).map(lambda n: n / 8)


@st.composite
def curves(draw: st.DrawFn, points: int = 2, low: int = -1000, repeats: bool = False) -> Curve:
    """Uneven axes, up or down; y takes few values, so that plateaus and ties are common."""
    steps = draw(st.lists(st.integers(0 if repeats else 1, 40), min_size=points, max_size=30))
    x = draw(numbers) + np.cumsum(steps) / 16
    values = st.integers(low, 1000) | st.integers(max(low, -3), 3)
    y = np.array(draw(st.lists(values, min_size=len(x), max_size=len(x)))) / 8
    return (x[::-1], y[::-1]) if draw(st.booleans()) else (x, y)


def up(curve: Curve) -> Curve:
    x, y = curve
    return (x, y) if x[0] <= x[-1] else (x[::-1], y[::-1])


BAD_Y = ((9.0, None), (9.0, np.nan), (9.0, -np.inf))
BAD_POINTS = (*BAD_Y, (None, 9.0), (np.nan, 9.0), (-np.inf, 9.0))


def spoilt(
    x: Values, y: Values, bad: tuple[Any, ...] = BAD_POINTS
) -> tuple[list[float | None], list[float | None]]:
    """The curve with a point that is none before each of its own."""
    points: list[tuple[Any, Any]] = []
    for n, point in enumerate(zip(x.tolist(), y.tolist(), strict=True)):
        points += [bad[n % len(bad)], point]
    return [p[0] for p in points], [p[1] for p in points]


# expression and what NumPy says, of the whole curve and between 2 and 40
SUMMARIES = {
    "y_max(x, y)": lambda _, y: y.max(),
    "y_min(x, y)": lambda _, y: y.min(),
    "y_mean(x, y)": lambda _, y: y.mean(),
    "y_sum(x, y)": lambda _, y: y.sum(),
    "x_at_max(x, y)": lambda x, y: x[y.argmax()],
    "area(x, y)": lambda x, y: np.trapezoid(y, x) * (1 if x[0] <= x[-1] else -1),
    "centroid(x, y)": lambda x, y: (x * y).sum() / y.sum() if y.sum() else None,
    "mean_between(x, y, 2, 40)": lambda x, y: y[(x >= 2) & (x <= 40)].mean(),
    "sum_between(x, y, 2, 40)": lambda x, y: y[(x >= 2) & (x <= 40)].sum(),
}
# a sum of products of x and y: what rounding may do to it
SCALE = 1e-12 * 30 * 200 * 200


@pytest.mark.parametrize("expression", SUMMARIES)
@given(curve=curves(points=1, repeats=True), shuffle=st.booleans())
@quick
def test_summaries_are_those_of_numpy_whatever_the_order_of_x(
    sql: duckdb.DuckDBPyConnection, expression: str, curve: Curve, shuffle: bool
) -> None:
    x, y = curve
    if shuffle:
        order = np.random.default_rng(0).permutation(len(x))
        x, y = x[order], y[order]
    if "between" in expression and not ((x >= 2) & (x <= 40)).any():
        expected = None
    else:
        expected = SUMMARIES[expression](x, y)
    # y_max and the like look at y alone
    bad = BAD_Y if expression.startswith("y_") else BAD_POINTS
    for given_x, given_y in ((x, y), spoilt(x, y, bad)):
        got = ask(sql, expression, given_x, given_y)
        if expected is None:
            assert got is None
        elif "centroid" in expression:
            assert got * y.sum() == pytest.approx(expected * y.sum(), abs=SCALE)
        else:
            assert got == pytest.approx(expected, rel=1e-12, abs=SCALE)


@given(curve=curves(), low=numbers, width=st.integers(0, 100))
@quick
def test_a_slice_holds_the_points_within_and_gives_their_centroid(
    sql: duckdb.DuckDBPyConnection, curve: Curve, low: float, width: int
) -> None:
    x, y = curve
    within = (x >= low) & (x <= low + width)
    for given_x, given_y in ((x, y), spoilt(x, y)):
        points = ask(sql, "slice_x(x, y, $3, $4)", given_x, given_y, low, low + width)
        assert [(p["x"], p["y"]) for p in points] == list(zip(x[within], y[within], strict=True))
        centroid = ask(sql, "centroid_between(x, y, $3, $4)", given_x, given_y, low, low + width)
        if y[within].sum() == 0:
            assert centroid is None
        else:
            expected = np.average(x[within], weights=y[within])
            total = y[within].sum()
            assert centroid * total == pytest.approx(expected * total, abs=SCALE)


@given(curve=curves(points=1, repeats=True), places=st.lists(numbers, max_size=8))
@quick
def test_values_between_points_are_those_of_numpy_interp(
    sql: duckdb.DuckDBPyConnection, curve: Curve, places: list[float]
) -> None:
    x, y = up(curve)
    places = [*places, *x.tolist(), (x[0] + x[-1]) / 2]
    expected = np.interp(places, x, y, left=np.nan, right=np.nan)
    for given_x, given_y in (curve, spoilt(*curve)):
        got = ask(sql, "resample(x, y, $3)", given_x, given_y, places)
        assert np.array(got, dtype=float) == pytest.approx(expected, rel=1e-12, nan_ok=True)
        one = ask(sql, "y_at(x, y, $3)", given_x, given_y, places[0])
        assert np.array(one, dtype=float) == pytest.approx(expected[0], rel=1e-12, nan_ok=True)


@given(curve=curves(), seed=st.integers(0, 99))
@quick
def test_points_out_of_order_are_put_in_order_before_interpolation(
    sql: duckdb.DuckDBPyConnection, curve: Curve, seed: int
) -> None:
    x, y = up(curve)
    place = (x[0] + 2 * x[-1]) / 3
    order = np.random.default_rng(seed).permutation(len(x))
    got = ask(sql, "y_at(x, y, $3)", x[order], y[order], place)
    assert got == pytest.approx(np.interp(place, x, y), rel=1e-12)


@given(curve=curves(), shares=st.tuples(st.floats(0, 1), st.floats(0, 1)))
@quick
def test_the_area_between_two_x_is_that_of_the_cut_curve(
    sql: duckdb.DuckDBPyConnection, curve: Curve, shares: tuple[float, float]
) -> None:
    x, y = up(curve)
    a, b = (min(float(x[0] + s * (x[-1] - x[0])), float(x[-1])) for s in sorted(shares))
    cut = np.concatenate([[a], x[(x > a) & (x < b)], [b]])
    expected = np.trapezoid(np.interp(cut, x, y), cut)
    for given_x, given_y in (curve, spoilt(*curve)):
        got = ask(sql, "area_between(x, y, $3, $4)", given_x, given_y, a, b)
        assert got == pytest.approx(expected, abs=SCALE)
    assert ask(sql, "area_between(x, y, $3, $4)", *curve, x[0] - 1, b) is None
    assert ask(sql, "area_between(x, y, $3, $4)", *curve, a, x[-1] + 1) is None


def test_an_offset_of_x_costs_the_area_no_digits_that_data_have(
    sql: duckdb.DuckDBPyConnection,
) -> None:
    # an absorption edge: 100 eV in steps of 0.2 eV around 20 keV
    x = 20_000 + np.arange(500) / 5
    y = 1 / (1 + np.exp(20_050 - x))
    assert ask(sql, "area(x, y)", x, y) == pytest.approx(np.trapezoid(y, x), rel=1e-9)


@given(curve=curves())
@quick
def test_the_derivative_is_that_of_numpy_on_uneven_x(
    sql: duckdb.DuckDBPyConnection, curve: Curve
) -> None:
    x, y = curve
    expected = np.gradient(y, x)
    assert ask(sql, "derivative(x, y)", x, y) == pytest.approx(expected, rel=1e-9, abs=1e-9)
    gaps = ask(sql, "derivative(x, y)", *spoilt(x, y))
    assert gaps[::2] == [None] * len(x)
    assert gaps[1::2] == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_a_repeated_x_has_no_slope(sql: duckdb.DuckDBPyConnection) -> None:
    got = ask(sql, "derivative(x, y)", [0.0, 1.0, 1.0, 2.0], [0.0, 1.0, 2.0, 3.0])
    assert got == [1.0, None, None, 1.0]


@pytest.mark.parametrize(
    ("name", "scale"),
    [
        ("normalise_max", lambda _, y: y / y.max()),
        ("normalise_sum", lambda _, y: y / y.sum()),
        ("normalise_area", lambda x, y: y / abs(np.trapezoid(y, x))),
        ("normalise_range", lambda _, y: (y - y.min()) / np.ptp(y)),
    ],
)
@given(curve=curves(low=1))
@quick
def test_normalised_curves_stay_on_their_x(
    sql: duckdb.DuckDBPyConnection, name: str, scale: Any, curve: Curve
) -> None:
    x, y = curve
    if np.ptp(y) == 0 and name == "normalise_range":
        assert ask(sql, f"{name}(x, y)", x, y) == [None] * len(x)
        return
    assert ask(sql, f"{name}(x, y)", x, y) == pytest.approx(scale(x, y), rel=1e-9)
    assert ask(sql, f"{name}(x, y)", *spoilt(x, y, BAD_Y))[1::2] == pytest.approx(
        scale(x, y), rel=1e-9
    )


@given(st.integers(1, 200), numbers, numbers)
@quick
def test_a_grid_is_that_of_linspace_and_ends_exactly(
    sql: duckdb.DuckDBPyConnection, n: int, a: float, b: float
) -> None:
    (got,) = sql.execute("SELECT grid($1, $2, $3)", [a, b, n]).fetchone()  # type: ignore[misc]
    assert got == pytest.approx(np.linspace(a, b, n), rel=1e-14, abs=1e-12)
    assert got[-1] == (b if n > 1 else a)


@given(curve=curves(points=3), share=st.sampled_from([0.0, 0.05, 0.25, 0.5]))
@slow
def test_peaks_are_those_of_scipy_with_their_prominence(
    sql: duckdb.DuckDBPyConnection, curve: Curve, share: float
) -> None:
    from scipy.signal import find_peaks

    x, y = up(curve)
    at, found = find_peaks(y, prominence=share * np.ptp(y))
    for given_x, given_y in (curve, spoilt(*curve)):
        peaks = ask(sql, "peaks(x, y, $3)", given_x, given_y, share)
        assert [p["x"] for p in peaks] == x[at].tolist()
        assert [p["y"] for p in peaks] == y[at].tolist()
        assert [p["prominence"] for p in peaks] == found["prominences"].tolist()


def test_one_row_per_peak(sql: duckdb.DuckDBPyConnection) -> None:
    query = """SELECT unnest(peaks(x, y, 0.1), recursive := true)
               FROM (SELECT [1, 2, 3, 4, 5] AS x, [0, 5, 1, 3, 0] AS y)"""
    assert sql.execute(query).fetchall() == [(2.0, 5.0, 5.0), (4.0, 3.0, 2.0)]


@given(curve=curves(points=3))
@quick
def test_the_width_is_that_of_scipy(sql: duckdb.DuckDBPyConnection, curve: Curve) -> None:
    from scipy.signal import peak_widths

    x, y = up(curve)
    top = int(y.argmax())
    x = np.arange(len(x), dtype=float)  # scipy measures in points
    got = ask(sql, "fwhm(x, y)", x, y)
    half = y[top] / 2
    if y[top] <= 0 or not ((y[:top] <= half).any() and (y[top:] <= half).any()):
        assert got is None
        return
    # height above zero: the whole peak stands on zero, from end to end
    whole = (np.array([y[top]]), np.array([0]), np.array([len(y) - 1]))
    assert got == pytest.approx(peak_widths(y, [top], 0.5, whole)[0][0], rel=1e-9)
    assert (
        ask(sql, "fwhm(x, y)", x[::-1], y[::-1])
        == pytest.approx(peak_widths(y[::-1], [int(y[::-1].argmax())], 0.5, whole)[0][0], rel=1e-9)
        or (y == y[top]).sum() > 1
    )


@given(sigma=st.floats(0.05, 0.5), place=st.floats(4, 6))
@quick
def test_the_width_of_a_gaussian_is_2_3548_sigma(
    sql: duckdb.DuckDBPyConnection, sigma: float, place: float
) -> None:
    x = np.linspace(0, 10, 4001)
    y = np.exp(-(((x - place) / sigma) ** 2) / 2)
    assert ask(sql, "fwhm(x, y)", x, y) == pytest.approx(sigma * 2 * np.sqrt(2 * np.log(2)), 1e-3)


@given(curve=curves(points=3, low=0), data=st.data())
@slow
def test_similarities_are_those_of_scipy(
    sql: duckdb.DuckDBPyConnection, curve: Curve, data: st.DataObject
) -> None:
    from scipy.spatial import distance

    x, y = curve
    z = np.array(data.draw(st.lists(st.integers(0, 9), min_size=len(x), max_size=len(x)))) / 4
    expected = {
        "similarity": 1 - distance.cosine(y, z) if y.any() and z.any() else None,
        "pearson": 1 - distance.correlation(y, z) if np.ptp(y) and np.ptp(z) else None,
        "jensen_shannon": distance.jensenshannon(y, z, 2) if y.any() and z.any() else None,
    }
    for name, value in expected.items():
        for got in (
            ask(sql, f"{name}(y, $3)", x, y, z),
            ask(sql, f"{name}(y, $3)", x, [*y, None, 1.0], [*z, 7.0, np.nan]),
        ):
            # the square root of a divergence that is rounding
            assert got == (None if value is None else pytest.approx(value, abs=1e-7))


@given(curve=curves(points=4, low=1), other=curves(points=4, low=1))
@slow
def test_curves_on_different_grids_compare_over_the_common_range(
    sql: duckdb.DuckDBPyConnection, curve: Curve, other: Curve
) -> None:
    from scipy.spatial import distance

    (x, y), (u, z) = curve, up(other)
    common = (x >= u[0]) & (x <= u[-1])
    got = ask(sql, "similarity(x, y, $3, $4)", x, y, *other)
    if not common.any():
        assert got is None
        return
    expected = 1 - distance.cosine(y[common], np.interp(x[common], u, z))
    assert got == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("name", ["similarity", "pearson", "jensen_shannon"])
def test_curves_of_different_length_are_not_compared(
    sql: duckdb.DuckDBPyConnection, name: str
) -> None:
    with pytest.raises(duckdb.Error, match="3 and 2 points are not on one grid"):
        ask(sql, f"{name}(x, y)", [1.0, 2.0, 3.0], [1.0, 2.0])


def test_a_negative_value_is_no_distribution(sql: duckdb.DuckDBPyConnection) -> None:
    assert ask(sql, "jensen_shannon(x, y)", [1.0, -1.0, 2.0], [1.0, 1.0, 1.0]) is None


OF_ONE_CURVE = [m for m in MACROS if m.signature.partition("(")[2].startswith("x, y")]


@pytest.mark.parametrize("macro", OF_ONE_CURVE, ids=lambda macro: macro.signature)
@pytest.mark.parametrize(
    ("x", "y"),
    [(None, None), ([1.0], None), ([], []), ([1.0], [None]), ([1.0], [np.nan])],
)
def test_no_points_give_null_or_an_empty_list(
    sql: duckdb.DuckDBPyConnection, macro: Macro, x: Any, y: Any
) -> None:
    expression = macro.example.replace("a.intensity", "y").replace("b.intensity", "y")
    expression = expression.replace("intensity", "y").replace("a.x", "x").replace("b.x", "x")
    answer = ask(sql, expression, x, y)
    many = answer if isinstance(answer, list) else [answer]
    assert all(value is None or np.isnan(value) for value in many)


def test_one_bad_row_does_not_spoil_its_neighbours(sql: duckdb.DuckDBPyConnection) -> None:
    # rows are calculated in chunks: good, bad, descending, unordered, no curve, empty
    rows = """SELECT * FROM (VALUES
        (1, [0, 1, 2], [1, 2, 4]), (2, [0, NULL, 2], [1, 9, 4]), (3, [0, 1, 2], [1, NULL, 4]),
        (4, [2, 1, 0], [4, 2, 1]), (5, [2, 1, 0], [4, 'nan'::DOUBLE, 1]), (6, [0, 2, 1], [1, 4, 2]),
        (7, [0, 1], [1, NULL, 4, 4]), (8, NULL, [1]), (9, [1], NULL), (10, [], [])
    ) t(id, x, y)"""
    types = "id, x::DOUBLE[] AS x, y::DOUBLE[] AS y"
    sql.execute(f"CREATE OR REPLACE TEMP TABLE mixed AS SELECT {types} FROM ({rows})")
    for expression, full, gap in (
        ("y_at(x, y, 1.5)", 3, 3.25),
        ("mean_between(x, y, 0.5, 2)", 3, 4),
        ("area_between(x, y, 0, 2)", 4.5, 5),
        ("centroid(x, y)", 10 / 7, 8 / 5),
        ("centroid_between(x, y, 0, 2)", 10 / 7, 8 / 5),
        ("x_at_max(x, y)", 2, 2),
    ):
        query = f"SELECT {expression} FROM mixed"
        got = sql.execute(f"{query} ORDER BY id").fetchall()
        expected = [full, gap, gap, full, gap, full, None, None, None, None]
        assert [v for (v,) in got] == [None if e is None else pytest.approx(e) for e in expected]
        assert sql.execute(f"{query} WHERE id = 1").fetchall() == [(pytest.approx(full),)]
    similar = "SELECT round(similarity(x, y), 9) FROM mixed WHERE id <> 7 ORDER BY id"
    full, gap = 10 / np.sqrt(5 * 21), 8 / np.sqrt(4 * 17)
    expected = [full, gap, gap, full, gap, full, None, None, None]
    assert [v for (v,) in sql.execute(similar).fetchall()] == [
        None if e is None else pytest.approx(e) for e in expected
    ]


@pytest.mark.parametrize(
    "expression",
    [
        "area(x, y)",
        "centroid(x, y)",
        "x_at_max(x, y)",
        "mean_between(x, y, 0, 9)",
        "y_at(x, y, 1)",
        "peaks(x, y, 0)",
        "fwhm(x, y)",
        "derivative(x, y)",
    ],
)
def test_a_map_is_no_curve(sql: duckdb.DuckDBPyConnection, expression: str) -> None:
    assert ask(sql, expression, [1.0, 2.0], [1.0, 2.0, 3.0, 4.0]) is None


def test_a_single_point_has_a_value_and_no_area(sql: duckdb.DuckDBPyConnection) -> None:
    assert ask(sql, "y_at(x, y, 2)", [2.0], [5.0]) == 5
    assert ask(sql, "area(x, y)", [2.0], [5.0]) == 0
    assert ask(sql, "derivative(x, y)", [2.0], [5.0]) == [None]
    assert ask(sql, "fwhm(x, y)", [2.0], [5.0]) is None


@pytest.mark.parametrize("unit", (*ENERGIES, *WAVELENGTHS))
@pytest.mark.parametrize("wanted", (*ENERGIES, *WAVELENGTHS))
def test_energies_convert_as_pint_does(
    sql: duckdb.DuckDBPyConnection, unit: str, wanted: str
) -> None:
    boltzmann = convert(np.array([1.0]), "boltzmann_constant * K", "J")[0]

    def to_joule(values: Values) -> Values:
        return values * boltzmann if unit == "K" else convert(values, unit, "J")

    energies = to_joule(np.array([0.5, 3.0, 7112.0]))
    expected = energies / boltzmann if wanted == "K" else convert(energies, "J", wanted)
    got = sql.execute(
        "SELECT convert_axis([0.5, 3, 7112], $1, $2), convert_energy(0.5, $1, $2)", [unit, wanted]
    ).fetchone()
    assert got is not None
    assert got[0] == pytest.approx(expected, rel=1e-12)
    assert got[1] == pytest.approx(expected[0], rel=1e-12)


def test_an_unknown_unit_is_refused_with_those_there_are(sql: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(duckdb.Error, match=r"no unit of energy: furlong; .*eV, meV.*nm"):
        sql.execute("SELECT convert_energy(1, 'furlong', 'eV')").fetchall()
    with pytest.raises(duckdb.Error, match=r"no unit of energy: 1/angstrom"):
        sql.execute("SELECT convert_axis([1.0], '1/angstrom', 'meV')").fetchall()


@given(st.floats(0.2, 20), st.floats(0.5, 5))
@quick
def test_angle_momentum_transfer_and_spacing_agree_with_each_other(
    sql: duckdb.DuckDBPyConnection, q: float, wavelength: float
) -> None:
    from registry.units import q_to_two_theta

    row = sql.execute(
        """SELECT q_to_two_theta(q, w), d_to_two_theta(q_to_d(q), w), d_to_q(q_to_d(q)),
                  two_theta_to_q(q_to_two_theta(q, w), w), two_theta_to_d(q_to_two_theta(q, w), w)
           FROM (SELECT $1::DOUBLE AS q, $2::DOUBLE AS w)""",
        [q, wavelength],
    ).fetchone()
    assert row is not None
    angle = float(q_to_two_theta(np.array([q]), wavelength)[0])
    assert row[2] == pytest.approx(q)
    if np.isnan(angle):
        assert row[0] is None
    else:
        assert row[:2] == pytest.approx((angle, angle), rel=1e-6)
        assert row[3:] == pytest.approx((q, 2 * np.pi / q), rel=1e-6)


def test_silicon_is_where_nist_says(sql: duckdb.DuckDBPyConnection) -> None:
    # silicon 111 with Cu K-alpha1 (NIST SRM 640): d = 3.1356 angstrom, 28.443 degree
    query = "SELECT two_theta_to_d(28.443, 1.5406), d_to_two_theta(3.1356, 1.5406)"
    assert sql.execute(query).fetchone() == pytest.approx((3.1356, 28.443), rel=1e-4)


@pytest.fixture(scope="module")
def spectra(sql: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    sql.execute(f"CREATE TABLE spectra ({COLUMNS})")
    sql.execute("INSERT INTO spectra VALUES ([0.5, 1, 2, 3], [1, 4, 2, 0], 'eV')")
    return sql


@pytest.mark.parametrize("macro", MACROS, ids=lambda macro: macro.signature)
def test_every_documented_example_runs(spectra: duckdb.DuckDBPyConnection, macro: Macro) -> None:
    source = "spectra a, spectra b" if "a.intensity" in macro.example else "spectra"
    assert len(spectra.execute(f"SELECT {macro.example} FROM {source}").fetchall()) == 1
    assert macro.meaning
    assert macro.group


@pytest.mark.parametrize("alias", ["p", "n", "v", "i", "x", "y", "a", "b", "q"])
def test_no_alias_or_column_of_a_query_is_mistaken_for_a_name_inside(
    spectra: duckdb.DuckDBPyConnection, alias: str
) -> None:
    query = f"""SELECT y_at({alias}.x, {alias}.{alias}1, {alias}.n), peaks(x, {alias}1, 0.1)[1].x
                FROM (SELECT x, intensity AS {alias}1, 1.5 AS n FROM spectra) {alias}
                WHERE mean_between(x, {alias}1, 0.75, 1.5) = 4"""
    assert spectra.execute(query).fetchall() == [(3.0, 1.0)]
