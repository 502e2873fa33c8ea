"""Curves of one sample in two techniques: which belong together, and what is recorded of it."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from ingest.labels import Label, write_properties
from registry.errors import BadInput
from registry.lake import Lake
from scatterlake.cli import _load_commands, app
from training.alignment import Alignment, aligned
from training.assembly import assemble
from training.blocks import resample, resampling_error
from training.definitions import DatasetDefinition, SpectrumInput, definition_from
from training.quality import Spread, stored_quality
from training.targets import Property

XRD = SpectrumInput("xrd", "xrd", (0.6, 5.6, 120), measured=True)
XPDF = SpectrumInput("xpdf", "xpdf", (1.0, 20.0, 100), measured=True)
X = {"xrd": np.linspace(0.4, 5.8, 300), "xpdf": np.linspace(0.5, 21.0, 250)}


def scan(world, source: SpectrumInput, name: str, seed: int, **columns) -> dict:
    """A measured curve of no material, and its place in the lake."""
    x = X[source.name]
    y = world.peaks(x, np.random.default_rng(seed), world.SYSTEMS[seed % 3])
    row = world.curve(source, name, x, y, kind="experimental")
    return {**row, "material_id": None, "spectrum_id": name, **columns}


def fill(lake: Lake, world, of_sample) -> None:
    """Samples with the curves that ``of_sample(i)`` names: technique and conditions of each."""
    rows, labels = [], []
    for i in range(18):
        sample = f"S{i:02d}"
        labels.append(Label(sample, "region", "eye", text=world.SYSTEMS[i % 3]))
        for n, (source, conditions) in enumerate(of_sample(i)):
            name = f"{sample}-{n}"
            rows.append(scan(world, source, name, 30 * i + n, sample_id=sample, **conditions))
    lake.append("spectra", rows)
    write_properties(lake, labels)


def definition(**how) -> DatasetDefinition:
    given = {"entity": "sample", "target": Property("region", "eye"), **how}
    return DatasetDefinition("joined", (XRD, XPDF), **given)


def at(temperature: float | None, pressure: float | None = None) -> dict:
    return {"temperature": temperature, "pressure": pressure}


def test_the_closest_curves_are_taken_and_their_difference_recorded(empty, world, monkeypatch):
    fill(
        empty,
        world,
        lambda _: [
            (XRD, at(100.0)),
            (XRD, at(290.0)),
            (XRD, at(300.0)),
            (XPDF, at(110.0)),
            (XPDF, at(303.0)),
            (XPDF, at(None)),
        ],
    )
    data = assemble(empty, definition(align=Alignment(temperature=5)))
    assert {m.spectra for m in data.members} == {(f"S{i:02d}-2", f"S{i:02d}-4") for i in range(18)}
    for m, row in zip(data.members, data.blocks["xpdf"], strict=True):
        stored = empty.spectrum(m.spectra[1])
        (own,) = resample(stored.x.values, stored.intensity[None], XPDF.points())
        assert row == pytest.approx(own / np.abs(own).max(), abs=1e-6)
    quality = stored_quality(empty, data.manifest)
    assert quality is not None
    assert quality.differences["S03"] == {"temperature": 3.0}
    assert quality.apart() == {"temperature": Spread(18, 3.0, 3.0, 3.0, "S00")}
    monkeypatch.setenv("COLUMNS", "200")
    _load_commands()
    shown = CliRunner().invoke(app, ["dataset", "show", "joined", "--lake", empty.uri]).output
    assert "difference between aligned curves" in shown
    assert "temperature K" in shown
    assert "experimental curves" in shown


def test_without_tolerances_the_first_of_each_is_read(empty, world):
    fill(empty, world, lambda _: [(XRD, at(100.0)), (XPDF, at(300.0))])
    data = assemble(empty, definition())
    assert data.members[0].spectra == ("S00-0", "S00-1")
    assert '"align"' not in data.definition.json()


def test_who_cannot_be_aligned_is_left_out_by_reason(empty, world):
    odd = {
        0: [(XRD, at(100.0, 1.0)), (XPDF, at(106.0, 1.0))],
        4: [(XRD, at(None, 1.0)), (XPDF, at(300.0, 1.0))],
        8: [(XRD, at(300.0, 1.0)), (XPDF, at(300.0, 2.0))],
        # each condition alone could be met
        9: [(XRD, at(300.0, 1.0)), (XPDF, at(300.0, 2.0)), (XPDF, at(100.0, 1.0))],
        13: [(XRD, at(300.0, 1.0))],
    }
    usual = [(XRD, at(300.0, 1.0)), (XPDF, at(305.0, 1.1))]
    fill(empty, world, lambda i: odd.get(i, usual))
    data = assemble(empty, definition(align=Alignment(temperature=5, pressure=0.1)))
    assert data.left_out == {
        "align: temperature differs by more than 5 K": 1,
        "align: temperature not stated": 1,
        "align: pressure differs by more than 0.1 GPa": 1,
        "align: temperature and pressure not within tolerance together": 1,
        "xpdf: not in the lake": 1,
    }
    assert len(data.members) == 13


def test_a_curve_that_does_not_cover_the_grid_is_not_taken(empty, world):
    def short(i):
        return [(XRD, {**at(300.0), "x": X["xrd"] / 2}), (XRD, at(302.0)), (XPDF, at(300.0))]

    fill(empty, world, short)
    data = assemble(empty, definition(align=Alignment(temperature=5)))
    assert data.members[0].spectra == ("S00-1", "S00-2")


def test_compositions_of_samples_that_a_material_was_measured_on_agree(empty, world):
    rows, labels = [], []
    for n, (sample, iron) in enumerate((("A", 0.60), ("B", 0.70), ("C", 0.69))):
        source = XRD if sample == "A" else XPDF
        own = scan(world, source, f"s{n}", n, sample_id=sample)
        rows.append({**own, "material_id": "alloy"})
        labels.append(Label(sample, "Fe", "composition", value=iron))
        labels.append(Label(sample, "Ga", "composition", value=1 - iron))
    empty.append("spectra", rows)
    write_properties(empty, labels)

    def find(tolerance: float):
        align = Alignment(composition=tolerance)
        return aligned(empty, align, (XRD, XPDF), ["alloy"], "material", empty.snapshot())

    found = find(0.095)
    assert found.chosen == {"xrd": {"alloy": "s0"}, "xpdf": {"alloy": "s2"}}
    assert found.differences["alloy"]["composition"] == pytest.approx(0.09)
    assert find(0.05).refused == {"alloy": "align: composition differs by more than 0.05"}


def test_measured_curves_beside_simulated_ones_are_aligned_too(empty, world):
    world.fill(empty, 12)
    ids = empty.sql("SELECT material_id FROM materials ORDER BY material_id")["material_id"]
    for n, owner in enumerate(ids.to_pylist()):
        for source, temperature in ((XRD, 300.0), (XPDF, 301.0 if n % 2 else 400.0)):
            row = scan(world, source, f"{source.name}-{n}", n, temperature=temperature)
            empty.append("spectra", [{**row, "material_id": owner}])
    simulated = (SpectrumInput("xrd", "xrd", XRD.grid), SpectrumInput("xpdf", "xpdf", XPDF.grid))
    plain = DatasetDefinition("minerals", simulated, align=Alignment(temperature=5))
    data = assemble(empty, plain)
    test = data.rows("test")
    even = [i for i in test if ids.to_pylist().index(data.members[i].entity_id) % 2 == 0]
    assert data.measured is not None
    assert len(data.measured.rows) == len(test) - len(even)
    reason = "measured curves: align: temperature differs by more than 5 K"
    assert data.left_out == {reason: len(even)}


@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 30), st.integers(0, 12)), min_size=1, max_size=4),
        min_size=2,
        max_size=3,
    )
)
def test_the_choice_is_the_best_of_all_combinations(conditions):
    from training.alignment import _closest, _Taken

    options = [
        [
            _Taken(f"{i}-{n}", {"temperature": {"t": t}, "pressure": {"p": p / 10}})
            for n, (t, p) in enumerate(curves)
        ]
        for i, curves in enumerate(conditions)
    ]

    def spread(combination) -> float:
        t = [c.conditions["temperature"]["t"] for c in combination]
        p = [c.conditions["pressure"]["p"] for c in combination]
        return max((max(t) - min(t)) / 5, (max(p) - min(p)) / 0.1)

    least = min(map(spread, product(*options)))
    best = _closest(options, {"temperature": 5, "pressure": 0.1})
    if least > 1 + 1e-9:
        assert isinstance(best, str)
    else:
        assert spread(best) == pytest.approx(least)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Alignment(), "align: expected a tolerance on one of temperature, pressure"),
        (lambda: Alignment(temperature=-1), "align: temperature: expected a number above 0"),
        (lambda: Alignment(pressure=float("nan")), "align: pressure: expected a number above 0"),
        (
            lambda: definition(align=Alignment(composition=0.1)),
            "align: composition: expected none: a sample has one",
        ),
        (
            lambda: DatasetDefinition("d", (XRD,), align=Alignment(5)),
            "align: expected two inputs of curves or more, found 1 of a material",
        ),
        (
            lambda: definition(entity="spectrum", align=Alignment(5)),
            "align: expected two inputs of curves or more, found 2 of a spectrum",
        ),
    ],
)
def test_tolerances_that_cannot_be_are_refused(make, message):
    with pytest.raises(BadInput, match=message):
        make()


def test_nobody_aligned_is_said_with_the_reason(empty, world):
    fill(empty, world, lambda _: [(XRD, at(None)), (XPDF, at(300.0))])
    with pytest.raises(BadInput, match=r"input 'xrd'.*none usable \(align: temperature not stated"):
        assemble(empty, definition(align=Alignment(temperature=5)))


def test_a_definition_with_tolerances_survives_its_json():
    wanted = definition(align=Alignment(temperature=5, pressure=0.1))
    assert definition_from(wanted.json()) == wanted


@pytest.mark.parametrize("way", [1, -1])
def test_a_straight_line_loses_nothing_and_a_spike_what_it_is(way):
    x, grid = np.linspace(0, 10, 1001), np.linspace(1, 9, 81)
    # the end cells of the grid are half as wide, so a line is off there by a quarter of a step
    y = np.stack([2 * x + 1, np.zeros_like(x)])
    y[1, 500] = 1.0
    x, y = x[::way], y[:, ::way]
    found = resampling_error(x, y, grid, resample(x, y, grid))
    assert found[0] < 2e-3
    # all but the cell's mean of one point in 801 is lost
    assert found[1] == pytest.approx((1 / 801) ** 0.5, rel=0.1)


def test_a_finer_grid_loses_less(world):
    x = X["xrd"]
    y = world.peaks(x, np.random.default_rng(0), "cubic")[None]
    grids = [np.linspace(0.6, 5.6, n) for n in (30, 120, 480)]
    errors = [resampling_error(x, y, grid, resample(x, y, grid))[0] for grid in grids]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.03 < errors[0]


def test_the_worst_member_is_named(empty, world):
    def noisy(i):
        alternating = {"intensity": 1.0 + np.arange(300) % 2}
        return [(XRD, at(300.0) | (alternating if i == 7 else {})), (XPDF, at(300.0))]

    fill(empty, world, noisy)
    data = assemble(empty, definition())
    quality = stored_quality(empty, data.manifest)
    assert quality is not None
    spread = quality.resampling["xrd"]
    assert (spread.n, spread.member) == (18, "S07")
    # 1 and 2 by turns over cells of more than two points: half the difference, of a peak of 2
    assert spread.worst == pytest.approx(0.25, abs=0.05)
    assert spread.median < spread.most < spread.worst
    assert stored_quality(empty, "0" * 32) is None
