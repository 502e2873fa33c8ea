"""Batches from files are those from memory, in one process or several."""

from __future__ import annotations

import sys
from types import ModuleType

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from registry.errors import NotFound, WrongUse
from registry.lake import Lake
from training.assembly import assemble
from training.models import Ragged
from training.models._batches import Batches, Side, Table, epoch_seed
from training.reading import Reading, open_reading
from training.reading.cache import Mapped
from training.reading.cluster import to_ray
from training.reading.torch_data import (
    MemberBatches,
    MemberDataset,
    as_it_is,
    batches,
    loader,
    padded,
)

INPUTS = ("xrd", "soap")


@pytest.fixture(scope="module")
def reading(world: ModuleType, minerals: Lake) -> Reading:
    return open_reading(minerals, assemble(minerals, world.DEFINITION).manifest)


def test_the_order_is_that_of_batches_in_memory(reading: Reading) -> None:
    training = reading.training(INPUTS, 0)
    side = Side(
        training.inputs, torch.from_numpy(training.labels), torch.ones(len(training.labels))
    )
    expected = list(Batches(side, 16).epoch(42))
    found = list(batches(reading, INPUTS, 16, seed=42))
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        for name in INPUTS:
            torch.testing.assert_close(ours.inputs[name], theirs.inputs[name], rtol=0, atol=0)
        torch.testing.assert_close(ours.targets, theirs.targets, rtol=0, atol=0)


def test_every_member_comes_once_and_the_seed_decides_when(reading: Reading) -> None:
    def order(seed: int) -> list[int]:
        return torch.cat([b.rows for b in batches(reading, ["xrd"], 10, seed)]).tolist()

    assert sorted(order(1)) == reading.rows("train", ["xrd"]).tolist()
    assert order(1) == order(1)
    assert order(1) != order(2)
    in_order = [b.rows for b in batches(reading, ["xrd"], 10, shuffle=False)]
    assert torch.cat(in_order).tolist() == sorted(order(1))


def test_no_batch_is_much_smaller_than_others(reading: Reading) -> None:
    sizes = [len(b.rows) for b in batches(reading, ["xrd"], 16)]
    assert max(sizes) <= 16
    assert max(sizes) - min(sizes) <= 1


def test_several_workers_give_the_batches_of_one_process(reading: Reading) -> None:
    dataset = MemberBatches(reading, INPUTS, 16, seed=5)
    several = loader(dataset, workers=2, pin=False)
    for epoch in range(2):
        dataset.set_epoch(epoch)
        alone = list(batches(reading, INPUTS, 16, seed=epoch_seed(5, epoch)))
        together = list(several)
        assert len(together) == len(alone) == len(dataset)
        for one, other in zip(alone, together, strict=True):
            assert one.rows.tolist() == other.rows.tolist()
            torch.testing.assert_close(one.inputs["xrd"], other.inputs["xrd"], rtol=0, atol=0)


def test_members_one_by_one_or_by_a_sampler(reading: Reading) -> None:
    members = MemberDataset(reading, INPUTS, "test")
    single = members[0]
    assert single.inputs["xrd"].shape == (1, 120)
    chosen = DataLoader(members, batch_size=4, sampler=range(6), collate_fn=as_it_is)
    rows = torch.cat([batch.rows for batch in chosen])
    assert rows.tolist() == reading.rows("test", INPUTS)[:6].tolist()


def test_ragged_inputs_come_as_tables_that_can_be_padded(reading: Reading) -> None:
    counts = np.arange(len(reading.entities)) % 4
    offsets = np.concatenate([[0], np.cumsum(counts)])
    values = np.arange(offsets[-1] * 2, dtype=np.float32).reshape(-1, 2)
    graph = Mapped(Ragged(values, offsets), counts > 0)
    own = Reading(
        reading.manifest,
        reading.definition,
        reading.entities,
        reading.sides,
        {"graph": graph},
        reading.targets,
        reading.class_names,
    )
    (batch,) = batches(own, ["graph"], 1000, shuffle=False)
    table = batch.inputs["graph"]
    assert isinstance(table, Table)
    block, there = padded(table)
    for row, (n, member) in enumerate(zip(counts[batch.rows], block, strict=True)):
        first = offsets[batch.rows[row]]
        np.testing.assert_array_equal(member[:n], values[first : first + n])
        assert not member[n:].any()
        assert there[row].sum() == n
        assert bool(batch.present["graph"][row]) == bool(n)


def test_wrong_batches_are_refused(reading: Reading) -> None:
    with pytest.raises(WrongUse, match="batch"):
        batches(reading, INPUTS, 0)
    with pytest.raises(NotFound, match="npd"):
        batches(reading, ["npd"], 4)


def test_ray_that_is_not_there_names_the_extra(
    minerals: Lake, reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray.data", None)
    with pytest.raises(WrongUse, match=r"pip install 'scatterlake\[cluster\]'"):
        to_ray(minerals, reading, INPUTS)
