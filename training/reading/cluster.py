"""A dataset as a Ray Data dataset, for training on more than one machine."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from registry.errors import WrongUse
from registry.lake import Lake
from training.models import Labels, Ragged
from training.reading import Reading, open_reading

# the name that Ray gives to the only column of an array
ROW, ENTITY, TARGET, PRESENT = "data", "entity_id", "target", "_present"


def to_ray(
    lake: Lake,
    reading: Reading,
    inputs: Sequence[str],
    side: str = "train",
    batch: int = 1000,
    seed: int | None = None,
) -> Any:
    """Members of one side as rows of a ``ray.data.Dataset``.

    The driver sends row numbers only. A task opens the files of the dataset on its own machine,
    and builds them from the lake where that machine has none yet: the lake must be reachable from
    there (a bucket, or a shared folder) and scatterlake installed.

    Args:
        lake: The lake.
        reading: The dataset; ragged inputs are not sent.
        inputs: Names of its inputs.
        side: train, validation or test.
        batch: Rows read by one task.
        seed: Of the order of the rows; None leaves them as they lie. Ray hands on what is ready
            first, unless its ``execution_options.preserve_order`` is set.

    Returns:
        Columns ``entity_id``, ``target`` (class number or value, unless unsupervised), each input
        as a vector with NaN where a member lacks it, and ``<input>_present``.

    Raises:
        WrongUse: When the extra ``cluster`` is not installed.
        NotFound: When there is no such side or input.
    """
    data = _ray_data()
    rows = reading.rows(side, inputs)
    if seed is not None:
        rows = np.random.default_rng(seed).permutation(rows)
    ragged = [n for n in inputs if isinstance(reading.inputs[n].values, Ragged)]
    if ragged:
        raise WrongUse("to_ray", "inputs with one vector for each member", ", ".join(ragged))
    tasks = max(1, -(-len(rows) // batch))
    with warnings.catch_warnings():
        # Ray Data warns of its own defaults when it copies them
        warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"ray\.data\.context")
        found = data.from_numpy(np.array_split(rows, tasks))
    options = tuple(sorted(lake.storage.options.items()))
    read = _Read(lake.uri, options, reading.manifest, tuple(inputs))
    return found.map_batches(read, batch_size=None)


def _ray_data() -> Any:
    try:
        return importlib.import_module("ray.data")
    except ImportError as error:
        expected = "the extra cluster: pip install 'scatterlake[cluster]'"
        raise WrongUse("to_ray", expected, f"no Ray Data: {error}") from error


@dataclass(frozen=True)
class _Read:
    """Turns row numbers into values, on whatever machine it is called."""

    uri: str
    options: tuple[tuple[str, str], ...]
    manifest: str
    inputs: tuple[str, ...]

    def __call__(self, asked: dict[str, Labels]) -> dict[str, Any]:
        reading = _opened(self.uri, self.options, self.manifest, self.inputs)
        rows = asked[ROW]
        found: dict[str, Any] = {ENTITY: np.array([reading.entities[row] for row in rows])}
        if reading.targets is not None:
            found[TARGET] = reading.targets[rows]
        for name in self.inputs:
            mapped = reading.inputs[name]
            # of one vector for each member: others were refused before
            found[name] = np.asarray(mapped.values)[rows]
            found[f"{name}{PRESENT}"] = mapped.present[rows]
        return found


@lru_cache(maxsize=4)
def _opened(
    uri: str, options: tuple[tuple[str, str], ...], manifest: str, inputs: tuple[str, ...]
) -> Reading:
    """A process opens a dataset once, however many tasks it does."""
    return open_reading(Lake.existing(uri, dict(options)), manifest, inputs)
