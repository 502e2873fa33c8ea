"""ISIS 2-D maps: Qx runs fastest, pixels without a value are NaN, damage is named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from flows.example_data import folder
from ingest.readers import Source, reader_for
from ingest.readers.isis_2d import read
from ingest.rows import row_of_spectrum
from registry.errors import BadInput

TEXT = """ LOQ Wed 31-MAY-2017 16:13 Workspace: w
  6 q (1/Angstrom)
  6 q (1/Angstrom)
  0 Cross Section (1/cm)
  1
 gold
  4
 -0.15 -0.05 0.05 0.15
  3
 -0.1 0 0.1
    3    2  2.0
  3(8E12.4)
  1.0000E+00  2.0000E+00  3.0000E+00  4.0000E+00
   -nan(ind)  6.0000E+00
  1.0000E-01  2.0000E-01  3.0000E-01  4.0000E-01
   -nan(ind)  6.0000E-01
"""


def source(text: str) -> Source:
    return Source(Path("map.txt"), text.encode())


def test_qx_runs_fastest_and_boundaries_become_middles() -> None:
    assert reader_for(source(TEXT)).name == "isis_2d"
    (found,) = read(source(TEXT))
    np.testing.assert_allclose(found.x.values, [-0.1, 0, 0.1], atol=1e-12)
    np.testing.assert_allclose(found.axes[0].values, [-0.05, 0.05])
    np.testing.assert_array_equal(found.intensity.T, [[2, 4, 6], [8, np.nan, 12]])
    assert found.uncertainty is not None
    np.testing.assert_allclose(found.uncertainty[:, 0], [0.2, 0.4, 0.6])
    assert (found.technique, found.instrument, found.title) == ("sans", "LOQ", "gold")


@pytest.mark.parametrize("name", ["YBCO_12685__ISIS2D.txt", "LMOG_100254_merged_ISIS2D.txt"])
def test_real_maps_hold_the_numbers_of_their_files(name: str) -> None:
    (path,) = folder().rglob(name)
    (found,) = read(Source(path, path.read_bytes()))
    words = path.read_text().split("3(8E12.4)")[1].replace("-nan(ind)", "nan").split()
    numbers = np.array(words, dtype=float)
    nx, ny = found.shape
    assert len(numbers) == 2 * nx * ny
    for i, j in ((0, 0), (nx - 1, 0), (3, 7), (nx - 1, ny - 1)):
        np.testing.assert_equal(found.intensity[i, j], numbers[j * nx + i])
    # the beam is in the middle: a map that is laid on the right axes falls off from there
    q = np.hypot(found.x.values[:, None], found.axes[0].values[None, :])
    near, far = (q < 0.3 * q.max(), q > 0.6 * q.max())
    assert np.nanmean(found.intensity[near]) > np.nanmean(found.intensity[far])
    assert row_of_spectrum(found)["x_unit"] == "1/angstrom"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("  4.0000E-01\n   -nan(ind)  6.0000E-01\n", "  4.0000E-01\n", "numbers in fields"),
        ("  2.0000E+00", "         x  ", "line 13: expected numbers in fields of the format"),
        ("  2.0000E+00", "  -7", "line 13: expected numbers in fields of the format"),
        ("  6.0000E-01\n", "  6.0000E-01  7.0000E-01\n", "6 numbers in all, found 7"),
        ("  6.0000E-01\n", "   -nan(ind)\n", "uncertainty of point 3, 2"),
        ("3(8E12.4)", "free", "a FORTRAN format"),
        ("  3    2  2.0", "  5    2  2.0", "as many values of an axis"),
        ("  4\n", "  400000\n", "a count from 2"),
        (" -0.1 0 0.1\n", " -0.1 0.2 0.1\n", "goes one way"),
        (" q (1/Angstrom)\n  6 q", " r (1/Angstrom)\n  6 q", "a code, q and its unit"),
    ],
)
def test_faults_are_named(old: str, new: str, message: str) -> None:
    assert TEXT.count(old) >= 1
    with pytest.raises(BadInput, match=message):
        read(source(TEXT.replace(old, new, 1)))
