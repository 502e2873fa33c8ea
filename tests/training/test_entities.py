"""Members that are spectra or samples: who is in, what is read, who stays together."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from ingest.labels import Label, write_properties
from registry.errors import BadInput, NotFound, Unsupported
from registry.lake import Lake
from training.assembly import assemble
from training.definition_files import definition_yaml, read_definition
from training.definitions import (
    DatasetDefinition,
    FeatureInput,
    SpectrumInput,
    Split,
    definition_from,
)
from training.fitting import fit_candidate
from training.promotion import unseen
from training.splits import leaks
from training.stored import stored_members
from training.study import Candidate
from training.targets import Property

REGION = Property("region", "by eye")
GAP = Property("gap", "optics", "eV")
GRID = (0.6, 5.6, 120)
XRD = SpectrumInput("xrd", "xrd", GRID, measured=True)
Q = np.linspace(0.4, 5.8, 300)


def scan(world, name: str, seed: int, system: str, **columns) -> dict:
    y = world.peaks(Q, np.random.default_rng(seed), system)
    row = world.curve(world.XRD, name, Q, y, kind="experimental")
    return {**row, "material_id": None, "spectrum_id": name, **columns}


def fill_library(lake: Lake, world) -> None:
    """A combinatorial library: 36 samples of three regions, each measured twice, no material."""
    rows, labels = [], []
    for i in range(36):
        system = world.SYSTEMS[i % 3]
        for n in range(2):
            when = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=7 * i % 36)
            name = f"scan-{i:02d}-{n}"
            rows.append(scan(world, name, 10 * i + n, system, sample_id=f"S{i:02d}", time=when))
            labels.append(Label(name, "region", "by eye", text=system))
        labels.append(Label(f"S{i:02d}", "region", "by eye", text=system))
        labels.append(Label(f"S{i:02d}", "gap", "optics", value=i % 3 + i / 100, unit="eV"))
    lake.append("spectra", rows)
    write_properties(lake, labels)


@pytest.fixture(scope="module")
def library(tmp_path_factory, world) -> Lake:
    """A library that tests only read, or add to what no other reads."""
    lake = Lake.open(tmp_path_factory.mktemp("library") / "lake")
    fill_library(lake, world)
    return lake


def spectra(**how) -> DatasetDefinition:
    given = {"target": REGION, "entity": "spectrum", "where": "technique = 'xrd'", **how}
    return DatasetDefinition("scans", (XRD,), **given)


def samples(**how) -> DatasetDefinition:
    given = {"target": REGION, "entity": "sample", "where": "'xrd' IN techniques", **how}
    return DatasetDefinition("library", (XRD,), **given)


def test_the_usual_entity_is_not_said_so_that_old_manifests_stay(world):
    assert "entity" not in world.DEFINITION.json()
    assert "together" not in world.DEFINITION.json()
    assert "measured" not in world.DEFINITION.json()


@pytest.mark.parametrize(
    "definition",
    [
        spectra(split=Split(together=REGION)),
        samples(split=Split("sample", test="any")),
        DatasetDefinition("d", (replace(XRD, measured=False),), split=Split(test="measured")),
        spectra(target=GAP, task="regression", where="temperature > 4"),
    ],
)
def test_a_definition_survives_json_and_yaml(definition, tmp_path):
    assert definition_from(definition.json()) == definition
    path = tmp_path / "d.yaml"
    path.write_text(definition_yaml(definition))
    assert read_definition(path) == definition


def test_every_spectrum_is_a_member_and_scans_of_one_sample_stay_together(library, world):
    data = assemble(library, spectra())
    assert len(data.members) == 72
    assert {m.spectra for m in data.members} == {(m.entity_id,) for m in data.members}
    sides = defaultdict(set)
    for m in data.members:
        sides[m.entity_id[:7]].add(m.split)
        assert m.group == f"of-sample:S{m.entity_id[5:7]}"
    assert {len(s) for s in sides.values()} == {1}
    assert leaks(data.members) == []
    stored = library.spectrum("scan-05-1")
    row = [m.entity_id for m in data.members].index("scan-05-1")
    assert data.class_names[data.labels[row]] == world.SYSTEMS[5 % 3]
    peak = Q[np.argmax(stored.intensity)]
    assert XRD.points()[data.blocks["xrd"][row].argmax()] == pytest.approx(peak, abs=0.05)


def test_a_sample_is_one_member_with_one_of_its_curves(library):
    data = assemble(library, samples())
    assert [m.entity_id for m in data.members] == [f"S{i:02d}" for i in range(36)]
    assert data.members[3].spectra == ("scan-03-0",)
    assert data.definition.tested_on == "experimental"
    assert data.measured is not None
    assert set(data.measured.rows) == set(data.rows("test"))


def test_numbers_of_samples_are_predicted_in_their_unit(library):
    data = assemble(library, samples(target=GAP, task="regression"))
    assert data.values[4] == pytest.approx(1.04)
    with pytest.raises(BadInput, match="the unit 'meV', found 'eV'"):
        assemble(library, samples(target=replace(GAP, unit="meV"), task="regression"))


def test_a_model_learns_from_measured_spectra_and_is_judged_on_them(library):
    data = assemble(library, spectra())
    trees = Candidate("hist_gradient_boosting", ("xrd",), {"iterations": 20})
    result = fit_candidate(data, trees, (0,), lambda _: None)
    done = result.repetitions[0]
    assert done.measured is not None
    assert done.measured.values == done.test.values
    assert done.test.values["balanced_accuracy"] > 0.6


def test_equal_curves_without_sample_or_material_are_one_group(empty, world):
    rows = [scan(world, f"s{i}", i // 2, world.SYSTEMS[i // 2 % 3]) for i in range(48)]
    empty.append("spectra", rows)
    write_properties(
        empty,
        [Label(f"s{i}", "region", "by eye", text=world.SYSTEMS[i // 2 % 3]) for i in range(48)],
    )
    group = {m.entity_id: m.group for m in assemble(empty, spectra()).members}
    assert all(group[f"s{i}"] == group[f"s{i + 1}"] for i in range(0, 48, 2))
    assert len(set(group.values())) == 24


def test_a_property_keeps_members_together(library):
    labels = [
        Label(f"scan-{i:02d}-{n}", "batch", "log book", text=f"{i // 9}{i % 3}")
        for i in range(36)
        for n in range(2)
    ]
    write_properties(library, labels)
    split = Split("sample", together=Property("batch", "log book"))
    data = assemble(library, spectra(split=split))
    assert {m.group for m in data.members} == {
        f"by-property:{i}{j}" for i in range(4) for j in range(3)
    }


def test_the_newest_spectra_are_the_test_side(library):
    data = assemble(library, spectra(split=Split("time")))
    query = "SELECT spectrum_id, time FROM spectra"
    when = {r["spectrum_id"]: r["time"] for r in library.sql(query).to_pylist()}
    of = {s: [when[data.members[i].entity_id] for i in data.rows(s)] for s in ("train", "test")}
    assert max(of["train"]) < min(of["test"])


def test_a_spectrum_stays_with_its_material_and_has_its_columns_and_features(empty, world):
    world.fill(empty, 8, measured=True)
    simulated = SpectrumInput("xrd", "xrd", GRID)
    definition = DatasetDefinition(
        "scans", (simulated, world.SOAP), entity="spectrum", where="technique = 'xrd'"
    )
    data = assemble(empty, definition)
    assert data.left_out == {"xrd: not in the lake": 36}  # the measured ones: other data
    plain = assemble(empty, replace(world.DEFINITION, inputs=(world.XRD, world.SOAP)))
    of = {m.spectra[0]: m for m in plain.members}
    for m, vector in zip(data.members, data.blocks["soap"], strict=True):
        same = of[m.entity_id]
        assert (m.group, m.split, m.label, m.name) == (
            same.group,
            same.split,
            same.label,
            same.name,
        )
        row = [x.entity_id for x in plain.members].index(same.entity_id)
        assert np.array_equal(vector, plain.blocks["soap"][row])


@pytest.fixture(scope="module")
def named(tmp_path_factory, world) -> Lake:
    """Scans of which every other one is of a known mineral; S01 was measured on two of them."""
    lake = Lake.open(tmp_path_factory.mktemp("named") / "lake")
    lake.append("materials", [world.material(f"{s}ite", 0, s) for s in world.SYSTEMS])
    rows, labels = [], []
    for i in range(36):
        system = world.SYSTEMS[i % 3]
        owner = f"{system}ite-0" if i % 2 else None
        sample = f"S{i:02d}"
        rows.append(scan(world, f"n{i:02d}", i, system, sample_id=sample, material_id=owner))
        labels += [Label(name, "region", "by eye", text=system) for name in (f"n{i:02d}", sample)]
    assert rows[1]["material_id"] == "hexagonalite-0"
    rows.append({**rows[1], "spectrum_id": "other", "material_id": "cubicite-0"})
    labels.append(Label("other", "region", "by eye", text="hexagonal"))
    lake.append("spectra", rows)
    write_properties(lake, labels)
    return lake


@pytest.mark.parametrize("make", [spectra, samples])
def test_stored_members_have_the_name_of_their_one_material(make, named):
    data = assemble(named, make(split=Split("random")))
    stored = {m["entity_id"]: m["name"] for m in stored_members(named, data.manifest)}
    assert stored == {m.entity_id: m.name for m in data.members}
    key = "spectrum_id" if make is spectra else "sample_id"
    query = f"""SELECT {key} AS id, any_value(name) AS name FROM spectra JOIN materials
                USING (material_id) GROUP BY 1 HAVING count(DISTINCT material_id) = 1"""
    expected = {row["id"]: row["name"] for row in named.sql(query).to_pylist()}
    assert {name: told for name, told in stored.items() if told} == {
        name: told for name, told in expected.items() if name in stored
    }
    assert None in stored.values()
    if make is samples:
        assert stored["S01"] is None


def test_who_has_the_mineral_name_of_a_training_spectrum_is_not_unseen(named):
    everyone = assemble(named, spectra(split=Split("random")))
    learnt = {m.name for m in everyone.members if m.split != "test"} - {None}
    assert learnt == {"monoclinicite", "hexagonalite", "cubicite"}
    left = unseen(named, everyone, everyone.manifest)
    tested = [m for m in everyone.members if m.split == "test"]
    assert left == [m for m in tested if m.name is None]
    assert 0 < len(left) < len(tested)
    with pytest.raises(NotFound, match="dataset 'nothing'"):
        unseen(named, everyone, "nothing")


def test_a_retracted_scan_is_left_out_and_counted(empty, world):
    fill_library(empty, world)
    when = datetime(2026, 2, 2, tzinfo=UTC)
    event = {"event_id": "e", "entity_id": "scan-00-0", "entity_kind": "spectrum"}
    empty.append("retractions", [{**event, "action": "retract", "decided_at": when}])
    assert assemble(empty, spectra()).left_out == {"spectrum: retracted": 1}
    data = assemble(empty, samples())
    assert data.members[0].spectra == ("scan-00-1",)


@pytest.mark.parametrize("by", ["prototype", "chemical_system", "space_group"])
def test_what_only_materials_have_does_not_divide_what_has_none(by, library):
    with pytest.raises(BadInput, match=f"split by {by}: .* every one of the spectra, found 72 of"):
        assemble(library, spectra(split=Split(by)))
    with pytest.raises(BadInput, match=f"split by {by}: .* every one of the samples, found 36 of"):
        assemble(library, samples(split=Split(by)))


def test_a_split_by_what_nobody_has_is_refused(library):
    together = Property("batch", "hearsay")
    with pytest.raises(BadInput, match=r"split together: expected 'batch' by 'hearsay'.*none"):
        assemble(library, spectra(split=Split(together=together)))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: spectra(entity="mineral"), "entity: expected one of material, sample, spectrum"),
        (
            lambda: DatasetDefinition(
                "d", (SpectrumInput("a", "xrd", GRID, parameters={"counts": 1.0}),), entity="sample"
            ),
            "input 'a': parameters: expected none: where says which samples are read",
        ),
        (
            lambda: SpectrumInput("a", "xrd", GRID, "xrd", measured=True),
            "input 'a': simulator: expected none: it reads measured curves",
        ),
        (
            lambda: DatasetDefinition("d", (XRD, SpectrumInput("b", "npd", GRID))),
            "measured and simulated ones are never mixed, found both",
        ),
        (
            lambda: spectra(split=Split(test="measured")),
            "split: test: expected curves that are simulated",
        ),
        (lambda: Split("time", test="measured"), "split test: expected any"),
        (lambda: Split(test="real"), "split test: expected one of any, measured"),
    ],
)
def test_a_definition_that_cannot_be_is_refused(make, message):
    with pytest.raises(BadInput, match=message):
        make()


def test_nobody_is_said_with_what_was_asked_for(library):
    with pytest.raises(BadInput, match="expected spectra where technique = 'npd', found none"):
        assemble(library, spectra(where="technique = 'npd'"))
    with pytest.raises(BadInput, match=r"'region' by 'dft' of at least one spectrum.*by eye"):
        assemble(library, spectra(target=Property("region", "dft")))
    with pytest.raises(BadInput, match="a material of at least one spectrum, found none"):
        assemble(library, spectra(target="crystal_system"))
    simulated = SpectrumInput("xrd", "xrd", GRID)
    with pytest.raises(BadInput, match=r"xrd of at least one spectrum.*none in the lake"):
        assemble(library, replace(spectra(), inputs=(simulated,)))


def test_a_view_of_spectra_has_no_value_for_a_sample(library):
    with pytest.raises(Unsupported, match="a value for each sample, found one for each spectrum"):
        assemble(library, replace(samples(), inputs=(FeatureInput("g", "moments"),)))


def test_two_inputs_may_read_the_same_technique_of_other_curves(library):
    early = replace(XRD, name="first", where="spectrum_id LIKE '%-0'")
    late = replace(XRD, name="second", where="spectrum_id LIKE '%-1'")
    data = assemble(library, replace(samples(), inputs=(early, late)))
    assert data.members[7].spectra == ("scan-07-0", "scan-07-1")
    assert not np.array_equal(data.blocks["first"], data.blocks["second"])


def simulated_and_measured(lake, world) -> None:
    """40 minerals, of which every third one has been measured."""
    world.fill(lake, 13)
    ids = lake.sql("SELECT material_id, crystal_system FROM materials WHERE name LIKE '%0_%'")
    for n, row in enumerate(ids.to_pylist()):
        if int(row["material_id"].split("ite")[1][:3]) % 3 == 0:
            made = scan(world, f"m{n}", 500 + n, row["crystal_system"])
            lake.append("spectra", [{**made, "material_id": row["material_id"]}])
    short = scan(world, "short", 99, "cubic", x=Q / 2)
    lake.append("spectra", [{**short, "material_id": "cubicite001-0"}])


@pytest.mark.parametrize("entity", ["material", "spectrum"])
def test_a_measured_test_side_is_of_groups_never_trained_on(entity, empty, world):
    simulated_and_measured(empty, world)
    definition = DatasetDefinition(
        "transfer",
        (SpectrumInput("xrd", "xrd", GRID),),
        entity=entity,
        where="technique = 'xrd'" if entity == "spectrum" else "true",
        split=Split(test="measured"),
    )
    data = assemble(empty, definition)
    kind = {
        r["spectrum_id"]: (r["kind"], r["material_id"].split("-")[0])
        for r in empty.sql("SELECT spectrum_id, kind, material_id FROM spectra").to_pylist()
    }
    sides = defaultdict(set)
    for m in data.members:
        (spectrum,) = m.spectra
        assert (kind[spectrum][0] == "experimental") == (m.split == "test")
        sides[kind[spectrum][1]].add(m.split)
    assert {len(s) for s in sides.values()} == {1}
    assert leaks(data.members) == []
    measured = {m.entity_id.split("-")[0] for m in data.members if m.split == "test"}
    if entity == "spectrum":
        measured = {kind[m.entity_id][1] for m in data.members if m.split == "test"}
        assert data.left_out["xrd: does not cover the grid 0.6 to 5.6"] == 1
    assert len(measured) == 15
    assert {n for n, s in sides.items() if s == {"test"}} == measured
    # of the minerals with two determinations, both measured here; spectra lose their simulations
    left = data.left_out.get("test: simulated, in a group that is measured", 0)
    assert left == (len(data.rows("test")) if entity == "spectrum" else 0)
    assert data.measured is not None
    row = data.rows("test")[0]
    assert np.array_equal(data.blocks["xrd"][row], data.measured.blocks["xrd"][0])
    assert data.definition.tested_on == "experimental"


def test_a_measured_test_side_needs_measurements(minerals, world):
    split = Split(test="measured")
    with pytest.raises(BadInput, match=r"split test: expected measured curves .* found none"):
        assemble(minerals, replace(world.DEFINITION, split=split))
