"""The feature store: descriptors of the lake's materials, computed once and read as a matrix.

A view is a descriptor with its parameters and the version of its code; its id is the hash of the
three. Every (material, view) has at most one row in the table ``features``: a vector, or null and
the reason why the descriptor refused the structure. Vectors are stored in single precision.
Retracted materials are not described, and vectors of materials retracted since are stale: they are
given only to those who ask for them.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from features.describe import describe
from features.descriptor import Descriptor, Parameters, descriptors
from registry.errors import BadInput, NotFound, Unsupported
from registry.identity import canonical_json
from registry.lake import Lake, now
from registry.parallel import mapper
from registry.plugins import pick
from registry.records import Floats

BATCH = 200


@dataclass(frozen=True)
class ComputeReport:
    """What one computation of a view did."""

    view_id: str
    computed: int
    refused: int
    already_there: int
    seconds: float


class FeatureStore:
    """The features of a lake.

    Args:
        lake: Where materials are read from and features are kept.
    """

    def __init__(self, lake: Lake) -> None:
        self.lake = lake

    def compute(
        self,
        descriptor_name: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        where: str = "true",
        workers: int = 1,
        progress: Callable[[int, int], None] | None = None,
        batch: int = BATCH,
    ) -> ComputeReport:
        """Compute a view for every material that has none yet and is not retracted.

        A refusal is kept like a vector.

        Each batch is written when it is done: stopped half-way, the next call goes on there.

        Args:
            descriptor_name: Descriptor.
            parameters: What differs from the descriptor's defaults.
            where: SQL condition on ``materials``.
            workers: Processes; above one, a script needs the ``__name__ == "__main__"`` guard.
            progress: Called with (materials done, materials to do) after each batch.
            batch: Materials per write.

        Raises:
            NotFound: When there is no such descriptor.
            BadInput: For an unknown or impossible parameter.
            QueryError: When the condition is no valid SQL.
        """
        start = time.perf_counter()
        descriptor: Descriptor = pick(descriptors(), "descriptor", descriptor_name)
        settings = descriptor.settings(**(parameters or {}))
        view = _view_row(descriptor, settings)
        todo, there = self._missing(view["view_id"], where)
        self.lake.append("feature_views", [view])
        refused = 0
        with mapper(workers) as work:
            for first in range(0, todo.num_rows, batch):
                rows = todo.slice(first, batch)
                size = -(-rows.num_rows // max(workers, 1))
                parts = [rows.slice(n, size) for n in range(0, rows.num_rows, size)]
                done = work(partial(describe, descriptor.name, settings), parts)
                outcomes = [outcome for part in done for outcome in part]
                ids = rows["material_id"].to_pylist()
                self.lake.append("features", _rows(view, ids, outcomes))
                refused += sum(isinstance(outcome, Unsupported) for outcome in outcomes)
                if progress:
                    progress(first + len(ids), todo.num_rows)
        return ComputeReport(
            view["view_id"], todo.num_rows - refused, refused, there, time.perf_counter() - start
        )

    def matrix(
        self,
        view_id: str,
        entity_ids: Sequence[str],
        at: dict[str, int] | None = None,
        stale: bool = False,
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
        """Read vectors as one matrix in the order asked for.

        Args:
            view_id: View.
            entity_ids: Materials; one may be asked for twice.
            at: Snapshot to read, the newest by default.
            stale: Give those of retracted materials as well.

        Returns:
            Contiguous values, shape ``(n, width)``, and which of them are missing, shape ``(n,)``:
            refused, never computed or stale. Missing rows are NaN.

        Raises:
            NotFound: When there is no such view.
        """
        width = int(self._view(view_id, at)["width"])
        asked = pa.array(list(entity_ids), pa.string())
        found = self.lake.sql(
            """
            SELECT entity_id, vector FROM features
            WHERE view_id = $1 AND vector IS NOT NULL AND entity_id IN (SELECT unnest($2))
              AND ($3 OR NOT stale)
            """,
            [view_id, asked.to_pylist(), stale],
            at,
        )
        # flatten gives the values behind the offsets: no vector is touched one by one
        chunks = [chunk.flatten().to_numpy() for chunk in found["vector"].chunks]
        values = np.concatenate([np.empty(0, np.float32), *chunks]).reshape(-1, width)
        place = (
            pc.index_in(asked, value_set=found["entity_id"].combine_chunks())
            .fill_null(-1)
            .to_numpy()
        )
        missing = place < 0
        matrix = np.full((len(place), width), np.nan, dtype=np.float32)
        matrix[~missing] = values[place[~missing]]
        return matrix, missing

    def vector(self, view_id: str, entity_id: str, stale: bool = False) -> npt.NDArray[np.float32]:
        """Read the vector of one material, shape ``(width,)``.

        Args:
            view_id: View.
            entity_id: Material.
            stale: Give it even when the material is retracted.

        Raises:
            BadInput: When the material is retracted.
            NotFound: When there is no such view, or it was not computed for this material.
            Unsupported: When the descriptor refused the structure; the message says why.
        """
        view = self._view(view_id)
        rows = self.lake.sql(
            "SELECT vector, refused, stale FROM features WHERE view_id = $1 AND entity_id = $2",
            [view_id, entity_id],
        ).to_pylist()
        if not rows:
            raise NotFound(f"vector of view {view['view']!r} for material", entity_id, [])
        if rows[0]["stale"] and not stale:
            raise BadInput(f"material {entity_id}", "one that is not retracted", "a retracted one")
        if rows[0]["vector"] is None:
            raise Unsupported(
                f"material {entity_id}", f"one that {view['view']!r} takes", rows[0]["refused"]
            )
        return np.array(rows[0]["vector"], dtype=np.float32)

    def views(self) -> list[dict[str, Any]]:
        """List the views: id, name, version, parameters, entities, refused, width, unit."""
        rows = self.lake.sql(
            """
            SELECT v.view_id, v.view AS name, v.version, v.parameters, v.width, v.unit,
                   count(f.vector) AS entities, count(f.refused) AS refused
            FROM feature_views v LEFT JOIN features f USING (view_id)
            GROUP BY ALL ORDER BY name, v.view_id
            """
        ).to_pylist()
        return [{**row, "parameters": json.loads(row["parameters"])} for row in rows]

    def _missing(self, view_id: str, where: str) -> tuple[pa.Table, int]:
        """Structures the view lacks, and how many it has (or refused); retracted ones apart."""
        at = self.lake.snapshot()
        wanted = self.lake.sql(
            f"SELECT count(*) FILTER (NOT retracted) AS n FROM materials WHERE {where}", at=at
        )
        missing = self.lake.sql(
            f"""
            SELECT material_id, lattice, species, positions
            FROM (SELECT * FROM materials WHERE {where})
            ANTI JOIN (SELECT entity_id FROM features WHERE view_id = $1)
            ON material_id = entity_id WHERE NOT retracted ORDER BY material_id
            """,
            [view_id],
            at,
        )
        return missing, wanted["n"][0].as_py() - missing.num_rows

    def _view(self, view_id: str, at: dict[str, int] | None = None) -> dict[str, Any]:
        views = self.lake.sql("SELECT view_id, view, width FROM feature_views", at=at).to_pylist()
        return dict(pick({view["view_id"]: view for view in views}, "feature view", view_id))


def _view_row(descriptor: Descriptor, settings: Parameters) -> dict[str, Any]:
    """Row of ``feature_views``; the parameters are checked by asking for the width."""
    return {
        "view_id": descriptor.view_id(settings),
        "view": descriptor.name,
        "version": descriptor.version,
        "parameters": canonical_json(dict(settings)),
        "width": descriptor.width(settings),
        "unit": descriptor.unit,
        "source": descriptor.source,
        "created_at": now(),
    }


def _rows(view: dict[str, Any], ids: list[str], outcomes: list[Floats | Unsupported]) -> pa.Table:
    """Rows of ``features``; vectors are laid end to end and never become Python lists."""
    vectors = [o for o in outcomes if not isinstance(o, Unsupported)]
    reasons = [str(o) if isinstance(o, Unsupported) else None for o in outcomes]
    refused = np.array([reason is not None for reason in reasons])
    lengths = np.where(refused, 0, view["width"])
    n = len(ids)
    return pa.table(
        {
            "entity_id": pa.array(ids, pa.string()),
            "view_id": pa.array([view["view_id"]] * n, pa.string()),
            "view": pa.array([view["view"]] * n, pa.string()),
            "vector": pa.ListArray.from_arrays(
                pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int32()),
                pa.array(np.concatenate([np.empty(0, np.float32), *vectors]), pa.float32()),
                mask=pa.array(refused),
            ),
            "refused": pa.array(reasons, pa.string()),
            "computed_at": pa.array([now()] * n, pa.timestamp("us", tz="UTC")),
        }
    )
