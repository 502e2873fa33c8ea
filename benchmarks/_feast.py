"""Feast's historical retrieval of a view of the lake, from the same Parquet file.

Feast is not a dependency: name a Python that has it in SCATTERLAKE_FEAST_PYTHON. It reads the
column of vectors as an array feature, as of a moment after all of them were made, and its data
frame is stacked into a matrix. As some keep them, the same numbers are also tried as a column each.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

PYTHON = "SCATTERLAKE_FEAST_PYTHON"
SCRIPT = """
import json, sys, time
from datetime import datetime, timedelta, timezone
from statistics import median
import numpy as np, pandas as pd
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig
from feast.types import Array, Float32
from feast.value_type import ValueType

asked = json.load(sys.stdin)
settings = dict(project="bench", provider="local", registry=asked["registry"], online_store=None)
store = FeatureStore(config=RepoConfig(
    **settings, offline_store={"type": "dask"}, entity_key_serialization_version=3))
entity = Entity(name="entity", join_keys=["entity_id"], value_type=ValueType.STRING)

def view(name, path, schema):
    source = FileSource(name=name + "_file", path=path, timestamp_field="computed_at")
    return FeatureView(name=name, entities=[entity], ttl=timedelta(days=36500), schema=schema,
                       source=source)

columns = [f"f{n}" for n in range(asked["width"])]
one = Field(name="vector", dtype=Array(Float32))
many = [Field(name=c, dtype=Float32) for c in columns]
store.apply([entity, view("vectors", asked["vectors"], [one]), view("wide", asked["wide"], many)])
now = datetime.now(timezone.utc)
entities = pd.DataFrame({"entity_id": asked["ids"], "event_timestamp": pd.Timestamp(now)})

def retrieved(features):
    found = store.get_historical_features(entity_df=entities, features=features).to_df()
    return found.set_index("entity_id").loc[asked["ids"]]

def vectors():
    return np.stack(retrieved(["vectors:vector"])["vector"].to_numpy())

def wide():
    return retrieved([f"wide:{c}" for c in columns])[columns].to_numpy(np.float32)

def seconds(work):
    work()
    taken = []
    for _ in range(3):
        start = time.perf_counter()
        matrix = work()
        taken.append(time.perf_counter() - start)
    return median(taken), matrix

said = {}
for work in (vectors, wide):
    taken, matrix = seconds(work)
    np.save(asked[work.__name__] + ".npy", matrix)
    said[work.__name__] = taken
print(json.dumps(said))
"""


def measured(folder: Path, vectors: str, width: int, ids: Sequence[str]) -> dict[str, float] | None:
    """Seconds of Feast for ``vectors`` and ``wide``; None when no Python with Feast is named.

    What it retrieved lies beside the two files, as ``.npy``.

    Args:
        folder: Where its registry and the wide file go.
        vectors: Parquet file of the table ``features``, of one view.
        width: Length of a vector.
        ids: Entities, in the order wanted.
    """
    python = os.environ.get(PYTHON)
    if python is None:
        return None
    wide = folder / "wide.parquet"
    _write_wide(wide, vectors, width)
    asked = {"registry": str(folder / "registry.db"), "vectors": vectors, "wide": str(wide)}
    answer = subprocess.run(
        [python, "-c", SCRIPT],
        input=json.dumps({**asked, "width": width, "ids": list(ids)}),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=True,
        cwd=folder,
    )
    said: dict[str, float] = json.loads(answer.stdout.splitlines()[-1])
    return said


def _write_wide(target: Path, vectors: str, width: int) -> None:
    rows = pq.read_table(vectors, columns=["entity_id", "computed_at", "vector"])
    values = rows["vector"].combine_chunks().flatten().to_numpy().reshape(-1, width)
    columns = {f"f{n}": pa.array(values[:, n]) for n in range(width)}
    pq.write_table(
        pa.table({name: rows[name] for name in ("entity_id", "computed_at")} | columns),
        target,
        compression="zstd",
    )
