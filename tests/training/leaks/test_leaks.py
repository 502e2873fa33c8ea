"""Leaks of every kind are found wherever they are planted, and nothing else is called a leak."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from pymatgen.core import Structure

from ingest.simulate import simulate
from registry.errors import BadInput, WrongUse
from registry.lake import Lake
from registry.records import Floats
from training.assembly import assemble
from training.datasets import Dataset
from training.definitions import DatasetDefinition, SpectrumInput, Split
from training.leaks import Audit, audit, picture_of, refuse_leaks
from training.leaks.clusters import note_structures

Make = Callable[[dict[str, Structure]], tuple[Lake, Dataset]]


@pytest.fixture
def own(crystals: Lake, tmp_path: Path) -> Lake:
    """A copy of the lake of crystals, to be added to."""
    shutil.copytree(crystals.path, tmp_path / "own")
    return Lake.existing(tmp_path / "own")


@pytest.fixture
def planted(ores: ModuleType, own: Lake) -> Make:
    """A lake of the usual crystals and some more, which are the test side."""

    def make(more: dict[str, Structure]) -> tuple[Lake, Dataset]:
        ores.add(own, more)
        dataset = assemble(own, ores.DEFINITION)
        return own, ores.moved(dataset, **dict.fromkeys(more, "test"), TiO2="train")

    return make


CURVE = SpectrumInput("xrd", "xrd", (1.0, 5.6, 501))


def kinds(found: Audit) -> set[str]:
    return {twins.kind for twins in found.twins}


def test_a_clean_split_of_isostructural_compounds_has_no_leak(
    crystals: Lake, clean: Dataset
) -> None:
    found = refuse_leaks(crystals, clean, "training")
    assert found.twins == ()
    assert picture_of(crystals, found).stat().st_size > 10_000
    assert {c.what for c in found.compared} == {"structures", "xrd"}


def test_a_supercell_with_another_origin_and_name_is_one_structure(
    planted: Make, ores: ModuleType
) -> None:
    other = ores.rutile("TiO2") * (1, 2, 1)
    other.translate_sites(range(len(other)), [0.13, 0.27, 0.41])
    lake, dataset = planted({"Lost rutile": ores.shaken(other, 0.012)})
    found = audit(lake, dataset)
    (twins,) = (t for t in found.twins if t.kind == "identical structure")
    name = {m.entity_id: m.name for m in dataset.members}
    assert [name[i] for i in twins.names] == ["TiO2", "Lost rutile"]
    assert twins.sides == ("train", "test")
    with pytest.raises(BadInput, match="identical structure"):
        refuse_leaks(lake, dataset, "training")


def test_a_redetermination_when_hot_is_near_identical(planted: Make, ores: ModuleType) -> None:
    hot = ores.rutile("TiO2")
    hot.apply_strain([0.008, 0.008, 0.011])
    lake, dataset = planted({"Hot rutile": ores.shaken(hot, 0.05)})
    assert "near-identical structure" in kinds(audit(lake, dataset))


def test_polymorphs_are_different_structures(planted: Make, ores: ModuleType) -> None:
    lake, dataset = planted({"Anatase": ores.anatase()})
    assert not kinds(audit(lake, dataset))


def test_structures_that_are_one_can_be_kept_together(planted: Make, ores: ModuleType) -> None:
    other = ores.shaken(ores.rutile("TiO2"), 0.05)
    lake, _ = planted({"Lost rutile": other})
    together = note_structures(lake)
    assert note_structures(lake) == together
    for seed in range(4):
        split = Split(seed=seed, together=together)
        dataset = assemble(lake, replace(ores.DEFINITION, split=split))
        side = {m.name: m.split for m in dataset.members}
        assert side["TiO2"] == side["Lost rutile"]
        assert not audit(lake, dataset).twins


def test_a_split_by_nobody_leaks(ores: ModuleType, planted: Make) -> None:
    lake, _ = planted({})
    dataset = assemble(lake, replace(ores.DEFINITION, name="mixed"))
    same = tuple(replace(m, group="everyone", name="Halite") for m in dataset.members)
    found = audit(lake, replace(dataset, members=same))
    assert kinds(found) == {"group", "mineral name"}
    late = sum(m.split != "train" for m in dataset.members)
    assert found.counts == {"group": late, "mineral name": late}


def by_spectrum(lake: Lake, source: SpectrumInput, tested: set[str]) -> Dataset:
    """Every spectrum a member of its own; some of them, by id, are the test side."""
    definition = DatasetDefinition(
        "spectra", (source,), None, entity="spectrum", task="unsupervised"
    )
    dataset = assemble(lake, definition)
    members = tuple(
        replace(m, group=m.entity_id, name=None, split="test" if m.entity_id in tested else "train")
        for m in dataset.members
    )
    return replace(dataset, members=members, manifest="leaking")


def test_one_material_at_another_wavelength_is_told_by_its_parent(
    ores: ModuleType, own: Lake
) -> None:
    simulate(own, "xrd", parameters={**ores.COUNTED, "wavelength": 1.2, "seed": 7})
    short = own.sql("SELECT spectrum_id FROM spectra WHERE wavelength < 1.3")
    dataset = by_spectrum(own, CURVE, set(short["spectrum_id"].to_pylist()))
    found = audit(own, dataset)
    assert found.counts["parent material"] == len(ores.structures())
    assert all(t.sides == ("train", "test") for t in found.twins)


def test_a_curve_of_unknown_origin_that_was_counted_twice(
    ores: ModuleType, own: Lake, crystals: Lake
) -> None:
    # the same powder, counted anew at another wavelength, and nothing says which it is
    again = Lake.open(own.path.parent / "again")
    ids = ores.add(again, {"TiO2": ores.rutile("TiO2")}, seed=3, wavelength=1.4)
    (row,) = again.sql("SELECT * EXCLUDE (retracted, stale) FROM spectra").to_pylist()
    own.append("spectra", [{**row, "material_id": None, "spectrum_id": "unknown"}])
    found = audit(own, by_spectrum(own, CURVE, {"unknown"}))
    (twins,) = found.twins
    assert twins.kind == "near-duplicate curve"
    assert 0.5 < twins.score < twins.limit
    parents = own.sql("SELECT spectrum_id, material_id FROM spectra").to_pylist()
    parent = {r["spectrum_id"]: r["material_id"] for r in parents}
    assert parent[twins.first] == ids["TiO2"]


def measured(
    ores: ModuleType, lake: Lake, changed: dict[str, object], y: Callable[[Floats], Floats]
) -> Dataset:
    """Measured curves of all crystals, TiO2's given to AlN as well after a change."""
    rows = lake.sql(
        "SELECT s.*, name FROM spectra s JOIN (SELECT material_id, name FROM materials) "
        "USING (material_id) ORDER BY spectrum_id"
    ).to_pylist()
    curves = []
    for row in rows:
        copied = row["name"] == "AlN"
        source = next(r for r in rows if r["name"] == "TiO2") if copied else row
        values = np.asarray(source["intensity"], dtype=np.float64)
        about = {"material_id": row["material_id"], "sample_id": f"sample of {row['name']}"}
        about |= {"file_digest": row["name"]}
        name = f"measured {row['name']}"
        curves.append(
            ores.spectrum(
                name,
                source["x"],
                y(values) if copied else values,
                **{**about, **(changed if copied else {})},
            )
        )
    lake.append("spectra", curves)
    source = SpectrumInput("xrd", "xrd", (1.0, 5.6, 501), measured=True)
    dataset = assemble(lake, DatasetDefinition("measured", (source,)))
    return ores.moved(dataset, AlN="test", TiO2="train")


def test_a_copied_measurement_is_found_whatever_material_it_is_said_to_be(
    ores: ModuleType, own: Lake
) -> None:
    found = audit(own, measured(ores, own, {}, lambda y: 3.7 * y))
    (twins,) = (t for t in found.twins if t.kind == "copied curve")
    assert twins.score < 1e-3


def test_a_sample_or_file_that_was_learnt_from_is_told(ores: ModuleType, own: Lake) -> None:
    told = {"sample_id": "sample of TiO2", "file_digest": "TiO2"}
    rng = np.random.default_rng(0)
    found = audit(own, measured(ores, own, told, lambda y: y[::-1] + rng.random(len(y))))
    assert kinds(found) == {"sample", "measurement"}


def test_one_set_of_parameters_counted_twice_is_one_sample(empty: Lake) -> None:
    for seed in (1, 2):
        simulate(empty, "saxs_sphere", draws=12, seed=5, parameters={"seed": seed, "counts": 1e4})
    first = empty.sql(
        "SELECT spectrum_id FROM spectra WHERE recipe = (SELECT min(recipe) FROM spectra)"
    )
    source = SpectrumInput("saxs", "saxs", (0.02, 0.2, 100))
    dataset = by_spectrum(empty, source, set(first["spectrum_id"].to_pylist()))
    found = audit(empty, dataset)
    assert found.counts["simulated sample"] == 12
    # others of the same law are no leak, however alike they look
    rows = dataset.rows("train")
    apart = (dataset.members[row] for row in rows)
    apart = [replace(m, split="test" if n % 3 else "train") for n, m in enumerate(apart)]
    blocks = {"saxs": dataset.blocks["saxs"][rows]}
    clean = replace(dataset, members=tuple(apart), blocks=blocks, manifest="clean")
    assert "near-duplicate curve" not in kinds(audit(empty, clean))


def test_what_was_learnt_before_must_not_hold_what_is_tested(
    crystals: Lake, clean: Dataset, ores: ModuleType
) -> None:
    before = assemble(crystals, replace(ores.DEFINITION, name="before", split=Split(seed=9)))
    found = audit(crystals, clean, before)
    seen = {m.entity_id for m in before.members if m.split != "test"}
    late = [m for m in clean.members if m.split != "train" and m.entity_id in seen]
    assert found.counts["parent material"] == found.counts["mineral name"] == len(late)
    assert found.counts["copied curve"] == len(late)
    assert {t.sides[0] for t in found.twins} == {"pre-training"}
    with pytest.raises(BadInput, match="pre-training"):
        refuse_leaks(crystals, clean, "transfer", pretraining=before)


def test_what_is_allowed_goes_onto_the_card_with_its_reason(
    planted: Make, ores: ModuleType
) -> None:
    other = ores.shaken(ores.rutile("TiO2"), 0.05)
    lake, dataset = planted({"Lost rutile": other})
    every = kinds(audit(lake, dataset))
    reasons = dict.fromkeys(every, "two names of one mineral")
    found = refuse_leaks(lake, dataset, "training", allow={**reasons, "sample": "none known"})
    card = found.card()
    assert card["allowed"] == reasons
    assert card["found"] == dict.fromkeys(sorted(every), 1)
    with pytest.raises(WrongUse, match="a reason"):
        refuse_leaks(lake, dataset, "training", allow=dict.fromkeys(every, " "))
    with pytest.raises(WrongUse, match="near-identical"):
        refuse_leaks(lake, dataset, "training", allow={"anything": "why not"})


def test_an_audit_is_kept_with_the_manifest(
    crystals: Lake, clean: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = audit(crystals, clean)

    def never(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr("training.leaks.case_of", never)
    assert audit(crystals, clean) == first
    with pytest.raises(AssertionError):
        audit(crystals, clean, again=True)


def test_what_was_audited_in_part_is_not_kept(
    crystals: Lake, clean: Dataset, ores: ModuleType
) -> None:
    other = replace(ores.XRD, name="other", grid=(1.0, 5.0, 301))
    inputs = (ores.XRD, other)
    both = assemble(crystals, replace(ores.DEFINITION, name="both", inputs=inputs))
    part = audit(crystals, both.only(["other"]))
    assert [c.what for c in part.compared] == ["structures", "other"]
    assert [c.what for c in audit(crystals, both).compared] == ["structures", "xrd", "other"]
    assert audit(crystals, both.only(["other"])).compared == audit(crystals, both).compared


def test_an_audit_is_kept_in_a_bucket_too(ores: ModuleType, bucket: str) -> None:
    lake = Lake.open(bucket)
    ores.add(lake, ores.structures())
    dataset = assemble(lake, ores.DEFINITION)
    found = audit(lake, dataset)
    assert lake.storage.read(f"audits/{dataset.manifest}.json")
    assert audit(lake, dataset) == found
    assert audit(lake, dataset, again=True) == found
