"""Members through Ray Data are those of the files."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from registry.errors import WrongUse
from registry.lake import Lake
from training.assembly import assemble
from training.models import Ragged
from training.reading import Reading, open_reading
from training.reading.cache import Mapped
from training.reading.cluster import to_ray

pytest.importorskip("ray.data", reason="the extra cluster is not installed")
ray = pytest.importorskip("ray")
INPUTS = ("xrd", "soap")
# Ray Data warns of its own defaults whenever it copies them
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:ray.data.context")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    quiet = {"include_dashboard": False, "log_to_driver": False}
    ray.init(address="local", num_cpus=2, **quiet)
    ray.data.DataContext.get_current().execution_options.preserve_order = True
    yield ray
    ray.shutdown()


@pytest.fixture(scope="module")
def reading(world: ModuleType, minerals: Lake) -> Reading:
    return open_reading(minerals, assemble(minerals, world.DEFINITION).manifest)


@pytest.mark.usefixtures("cluster")
def test_a_side_comes_in_order_and_whole(minerals: Lake, reading: Reading) -> None:
    rows = to_ray(minerals, reading, INPUTS, batch=20).take_all()
    expected = reading.rows("train", INPUTS)
    assert [row["entity_id"] for row in rows] == [reading.entities[i] for i in expected]
    for row, i in zip(rows, expected, strict=True):
        np.testing.assert_array_equal(row["xrd"], reading.inputs["xrd"].values[i])
        assert row["target"] == reading.targets[i]
        assert row["soap_present"]


@pytest.mark.usefixtures("cluster")
def test_a_seed_shuffles_it_the_same_each_time(minerals: Lake, reading: Reading) -> None:
    def order(seed: int) -> list[str]:
        found = to_ray(minerals, reading, ["soap"], batch=20, seed=seed).take_all()
        return [row["entity_id"] for row in found]

    assert order(1) == order(1)
    assert sorted(order(1)) == sorted(order(2))
    assert order(1) != order(2)


def test_ragged_inputs_are_refused(minerals: Lake, reading: Reading) -> None:
    n = len(reading.entities)
    graph = Mapped(Ragged(np.zeros((n, 2), np.float32), np.arange(n + 1)), np.ones(n, bool))
    own = Reading(
        reading.manifest,
        reading.definition,
        reading.entities,
        reading.sides,
        {"graph": graph},
        reading.targets,
        reading.class_names,
    )
    with pytest.raises(WrongUse, match="graph"):
        to_ray(minerals, own, ["graph"])
