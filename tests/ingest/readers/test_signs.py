"""Signs of damage that a reader can see in numbers, and what must not be taken for one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.readers import Source, reader_for
from ingest.readers._signs import cut_short, deviations, grid, not_negative, odd_row, one_way
from ingest.readers._table import read_table
from registry.errors import BadInput, Unsupported

finite = st.floats(-1e6, 1e6)


@given(st.lists(finite, min_size=2, max_size=50, unique=True))
def test_sorted_axes_go_one_way_and_one_swap_shows(values: list[float]) -> None:
    up = np.sort(values)
    np.testing.assert_array_equal(one_way(up, "a"), up)
    np.testing.assert_array_equal(one_way(up[::-1], "a"), up[::-1])
    if len(up) > 3:
        up[[1, 2]] = up[[2, 1]]
        with pytest.raises(BadInput, match="an axis that goes one way"):
            one_way(up, "a")


@given(st.integers(15, 200), st.integers(3, 11), st.floats(1e-3, 10))
def test_rows_missing_from_an_even_grid_show(n: int, at: int, step: float) -> None:
    even = step * np.arange(n)
    grid(even, "a")
    with pytest.raises(BadInput, match="as elsewhere"):
        grid(np.delete(even, [at, at + 1]), "a")


def test_grids_of_two_steps_and_uneven_ones_pass() -> None:
    grid(np.concatenate([np.arange(0, 10, 0.1), np.arange(10, 60, 1.0)])[::2] ** 1.01, "a")
    grid(np.geomspace(0.01, 1, 60), "a")
    grid(np.append(np.arange(50.0), 49.2), "a")  # the end of the range itself


def test_errors_are_finite_or_masked_with_their_point() -> None:
    signal = np.array([[1.0, np.nan], [2.0, 3.0]])
    masked = np.array([[0.1, np.nan], [0.2, 0.3]])
    assert deviations(masked, signal, "a") is masked
    assert deviations(np.zeros(3), np.ones(3), "a") is None
    assert deviations(None, np.ones(3), "a") is None
    with pytest.raises(BadInput, match=r"uncertainty of point 2, 1: expected a finite number"):
        deviations(np.array([[0.1, 0.1], [np.inf, 0.1]]), np.ones((2, 2)), "a")
    with pytest.raises(BadInput, match="found nan"):
        deviations(np.array([0.1, np.nan]), np.ones(2), "a")


def test_negative_counts_are_named() -> None:
    not_negative(np.array([0.0, 3.0]), "a")
    with pytest.raises(BadInput, match=r"a, point 2: expected no negative number, found -7"):
        not_negative(np.array([0.0, -7.0]), "a")


@given(st.lists(st.floats(-999, 999), min_size=20, max_size=60), st.integers(0, 19))
def test_rows_of_fixed_width_show_a_changed_field(values: list[float], at: int) -> None:
    rows = [f"{n:10.3f}{value:15.5E}" for n, value in enumerate(values)]
    assert odd_row(rows) is None
    rows[at] = rows[at].replace("E", "", 1)
    assert odd_row(rows) == at


def test_a_peak_that_needs_one_more_digit_is_no_damage() -> None:
    rows = [f"{n / 100:.2f} {9000 + 40 * n}" for n in range(30)]
    assert odd_row(rows) is None
    text = "\n".join(rows) + "\n"
    assert len(read_table(text, "a").values) == 30


def test_a_last_row_cut_short_shows_only_where_widths_are_fixed() -> None:
    rows = [f"{n:8.3f} {n * n:12.4E}" for n in range(12)]
    assert cut_short([*rows[:-1], rows[-1][:-2]])
    assert not cut_short(rows)
    with pytest.raises(BadInput, match=r"line 12: expected a row as long as the others"):
        read_table("\n".join(rows)[:-4], "a")
    # a whole last row without an end of line is common
    assert len(read_table("\n".join(rows), "a").values) == 12


def test_a_file_behind_itself_is_not_one_table() -> None:
    once = "# scan 12\n" + "".join(f"{n} {n}\n" for n in range(20))
    with pytest.raises(BadInput, match=r"line 22: expected one table, found the first line"):
        read_table(once + once, "a")


def test_numbers_too_large_for_a_number_are_damage() -> None:
    with pytest.raises(BadInput, match="line 9"):
        read_table("".join(f"{n} {'1e400' if n == 8 else n}\n" for n in range(20)), "a")


@pytest.mark.parametrize(
    ("name", "old", "new", "reason"),
    [
        ("inx", b"2.30073e-02  1.4367e-02", b"nan  1.4367e-02", "a row as long as the others"),
        ("anton_paar", b"1.340500E+00   1.2", b"1.340500E+10   1.2", "goes one way"),
        ("xrdml", b" 2579 ", b" -7 ", "no negative number"),
        ("labview_scan", b"259 points", b"258 points", "259 points"),
        ("scienta_txt", b" 5.37200000000000E+0002 ", b" 5.27200000000000E+0002 ", "in the scale"),
        ("casaxps_txt", b"1.199000e+003", b"1.190000e+003", "of one sum"),
        ("xdi", b"# Element.edge: K", b"# Element.edge: Q", "Element.edge"),
        ("xdi", b"energy eV", b"energy furlong", "eV or keV"),
        ("fdmnes", b"21.600  7.0560407E-02", b"21.600  7.0560407E02", "as long as the others"),
    ],
)
def test_one_changed_value_of_a_real_file_is_seen(
    name: str, old: bytes, new: bytes, reason: str, shared_data: Path
) -> None:
    path, content = next(
        (path, content)
        for path in sorted([*shared_data.rglob("*"), *_sasdata()])
        if path.is_file() and path.stat().st_size < 400_000
        and old in (content := path.read_bytes())
        and reader_for(Source(path, content)).name == name
    )  # fmt: skip
    reader = reader_for(Source(path, content))
    assert reader.read(Source(path, content))
    with pytest.raises(BadInput, match=reason):
        reader.read(Source(path, content.replace(old, new, 1)))


def _sasdata() -> list[Path]:
    from flows.example_data import folder

    return list(folder().rglob("*.pdh"))


@pytest.mark.parametrize("far", ["1e308", "-1e9", "1e400", "nan"])
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.vasp", "NaCl\n1.0\n4 0 0\n0 4 0\n0 0 4\nNa Cl\n1 1\nDirect\n0 0 0\n0.5 {} 0.5\n"),
        (
            "a.cif",
            "data_a\n_cell_length_a 4\n_cell_length_b 4\n_cell_length_c 4\n_cell_angle_alpha 90\n"
            "_cell_angle_beta 90\n_cell_angle_gamma 90\nloop_\n_atom_site_label\n"
            "_atom_site_fract_x\n_atom_site_fract_y\n_atom_site_fract_z\nNa 0 0 0\nCl 0.5 {} 0.5\n",
        ),
        (
            "a.xyz",
            '2\nLattice="4 0 0 0 4 0 0 0 4" Properties=species:S:1:pos:R:3\nNa 0 0 0\nCl 2 {} 2\n',
        ),
    ],
)
def test_atoms_absurdly_far_out_are_refused_with_their_place(
    name: str, text: str, far: str
) -> None:
    near, away = (
        Source(Path(name), text.format(value).encode()) for value in ("0.5", far)
    )  # fmt: skip
    reader = reader_for(near)
    assert reader.read(near)
    with pytest.raises(BadInput) as caught:
        reader.read(away)
    assert caught.value.where.startswith(name) and caught.value.found


def test_a_typographic_minus_in_a_cif_is_not_dropped() -> None:
    text = (
        "data_a\n_cell_length_a 4\n_cell_length_b 4\n_cell_length_c 4\n_cell_angle_alpha 90\n"
        "_cell_angle_beta 90\n_cell_angle_gamma 90\nloop_\n_atom_site_label\n"
        "_atom_site_fract_x\n_atom_site_fract_y\n_atom_site_fract_z\nNa 0 0 \N{MINUS SIGN}0.25\n"
    )
    with pytest.raises(BadInput, match="_atom_site_fract_z of Na"):
        reader_for(Source(Path("a.cif"), b"data_a\n")).read(Source(Path("a.cif"), text.encode()))


def test_weighted_chi_is_asked_to_be_named() -> None:
    text = "# k chik2\n" + "".join(f"{n / 20} {n}\n" for n in range(1, 40))
    with pytest.raises(Unsupported, match="columns named k and chi"):
        source = Source(Path("a.dat"), text.encode(), {"technique": "exafs"})
        reader_for(source).read(source)


def test_the_title_of_a_pdf_is_not_the_name_of_the_program(shared_data: Path) -> None:
    paths = [p for p in sorted(shared_data.rglob("*.gr")) if b"xPDFsuite" in p.read_bytes()[:80]]
    titles = set()
    for path in paths:
        source = Source(path, path.read_bytes())
        (found,) = reader_for(source).read(source)
        titles.add(getattr(found, "title"))  # noqa: B009 - a structure has none
    assert "Ni.chi" in titles
    assert not any("onfiguration" in (title or "") for title in titles)
