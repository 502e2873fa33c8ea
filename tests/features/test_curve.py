"""A curve made from rows of the lake is the one made from the spectrum, and it is clean."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.curve import COLUMNS, Curve, curve_of, curves
from ingest.readers import Source, reader_for
from ingest.rows import row_of_spectrum
from registry.errors import Unsupported
from registry.records import Axis, Provenance, Spectrum
from registry.schemas import SCHEMAS

ORIGIN = Provenance("test", "1")


def spectrum(x, y, sigma=None, **known):
    axis = Axis("Q", "1/angstrom", np.array(x, dtype=float))
    made = Spectrum("xrd", "experimental", axis, np.array(y, dtype=np.float32), ORIGIN, **known)
    return replace(made, uncertainty=None if sigma is None else np.array(sigma, dtype=np.float32))


def rows(*spectra):
    made = [row_of_spectrum(s) for s in spectra]
    return pa.Table.from_pylist(made, SCHEMAS["spectra"].arrow).select(COLUMNS)


def same(one: Curve, other: Curve) -> None:
    for name in ("technique", "absorber", "edge", "wavelength", "temperature"):
        assert getattr(one, name) == getattr(other, name)
    np.testing.assert_array_equal(one.x, other.x)
    np.testing.assert_array_equal(one.y, other.y)
    assert (one.uncertainty is None) == (other.uncertainty is None)
    if one.uncertainty is not None:
        np.testing.assert_array_equal(one.uncertainty, other.uncertainty)


RISING = spectrum([1, 2, 3], [5, 6, 7], [0.1, 0.2, 0.3], wavelength=1.54, temperature=20.0)
FALLING = spectrum([3, 2, 1], [7, 6, 5], [0.3, 0.2, 0.1])
BARE = spectrum([0.5, 1.5], [1, 2], absorber="Fe", edge="K")
DEAD = spectrum([1, 2, 3, np.nan], [5, np.nan, 7, 8], [0.1, 0.2, 0.3, 0.4])


@pytest.mark.parametrize("part", [slice(0, 4), slice(1, 4), slice(2, 3), slice(0, 0)])
def test_rows_and_spectra_give_the_same_curve(part):
    spectra = [RISING, FALLING, BARE, DEAD]
    table = rows(*spectra).slice(part.start, part.stop - part.start)
    found = curves(table)
    assert len(found) == table.num_rows
    for one, given_ in zip(found, spectra[part], strict=True):
        same(one, curve_of(given_))


def test_chunks_of_a_table_make_no_difference():
    whole = rows(RISING, FALLING, BARE)
    pieces = pa.concat_tables([whole.slice(0, 1), whole.slice(1, 2)])
    for one, other in zip(curves(pieces), curves(whole), strict=True):
        same(one, other)


def test_x_ascends_whatever_the_order_of_the_file():
    same(curve_of(FALLING), replace(curve_of(RISING), wavelength=None, temperature=None))


def test_dead_channels_are_left_out():
    curve = curve_of(DEAD)
    assert curve.x.tolist() == [1, 3]
    assert curve.y.tolist() == [5, 7]
    np.testing.assert_allclose(curve.uncertainty, [0.1, 0.3], rtol=1e-6)


def test_points_measured_twice_become_their_mean():
    curve = curve_of(spectrum([1, 2, 2, 3], [1, 4, 6, 1], [1, 3, 4, 1]))
    assert curve.x.tolist() == [1, 2, 3]
    assert curve.y.tolist() == [1, 5, 1]
    assert curve.uncertainty.tolist() == [1, 2.5, 1]


def test_what_is_no_curve_refuses_its_row_only():
    further = (Axis("energy_transfer", "meV", np.array([0.0, 1.0])),)
    image = replace(spectrum([1, 2], [[1, 2], [3, 4]]), axes=further)
    lonely = spectrum([1, np.nan], [1, 1])
    table = rows(RISING, image, lonely, BARE)
    elsewhere = table["intensity"].to_pylist()
    elsewhere[3] = None
    table = table.set_column(
        table.schema.get_field_index("intensity"),
        "intensity",
        pa.array(elsewhere, table["intensity"].type),
    )
    first, *refused = curves(table)
    same(first, curve_of(RISING))
    assert all(isinstance(outcome, Unsupported) for outcome in refused)
    for outcome, reason in zip(refused, ("2 axes", "2 finite points", "in chunks"), strict=True):
        assert reason in str(outcome)
    with pytest.raises(Unsupported, match="2 axes"):
        curve_of(image)


def test_the_columns_are_those_of_the_table():
    assert set(COLUMNS) <= {column.name for column in SCHEMAS["spectra"].columns}


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(2, 40), dead=st.booleans())
def test_any_order_gives_one_clean_curve(seed, n, dead):
    rng = np.random.default_rng(seed)
    x, y = rng.integers(0, 3 * n, n).astype(float), rng.normal(size=n)
    if dead:
        y[rng.integers(n)] = np.nan
    kept = x[np.isfinite(y)]
    given_ = spectrum(x, y)
    before = given_.x.values.copy(), given_.intensity.copy()
    if len(np.unique(kept)) < 2:
        with pytest.raises(Unsupported, match="finite points"):
            curve_of(given_)
        return
    curve = curve_of(given_)
    assert (np.diff(curve.x) > 0).all()
    assert np.isfinite(curve.y).all()
    assert curve.x.tolist() == np.unique(kept).tolist()
    turned = rng.permutation(n)
    other = curve_of(spectrum(x[turned], y[turned]))
    np.testing.assert_allclose(other.y, curve.y, rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(given_.x.values, before[0])
    np.testing.assert_array_equal(given_.intensity, before[1])


def test_a_real_file_gives_the_numbers_in_it(shared_data):
    path = shared_data / "xas-xasdatalibrary" / "Fe" / "Fe2O3_rt_01.xdi"
    source = Source(path, path.read_bytes())
    (read,) = reader_for(source).read(source)
    (curve,) = curves(rows(read))
    # the lake keeps intensities in single precision
    same(curve, curve_of(replace(read, intensity=read.intensity.astype(np.float32))))
    assert (curve.absorber, curve.edge) == ("Fe", "K")
    numbers = np.loadtxt(path)
    np.testing.assert_allclose(curve.x, numbers[:, 0])
    assert curve.x[0] < 7112 < curve.x[-1]
