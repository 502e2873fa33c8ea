"""Columns that exist only when read: what is retracted, and what is stale because of it.

An entity whose last event in ``retractions`` is a retraction is withdrawn. A withdrawn file
retracts its spectra and materials, a withdrawn sample its spectra. Whatever was computed from
something retracted is stale: spectra simulated from a material, features, datasets, the models
trained on them, predictions. Nothing of it is stored, so a restored entity leaves no trace, and a
model registered later on old data is stale at once.

Each marked view is its table with a left join to the few rows that are marked. They are grouped by
the key of the join: DuckDB then drops it from a query that counts or sums and does not use the
derived columns; one that lists rows pays for a look into a small hash table.
"""

from __future__ import annotations

from dataclasses import dataclass

from registry.schemas import SCHEMAS


def withdrawn(kind: str) -> str:
    """Subquery of the entities of one kind whose last event is a retraction."""
    return (
        f"(SELECT entity_id FROM retractions WHERE entity_kind = '{kind}' "
        "GROUP BY entity_id HAVING arg_max(action, decided_at) = 'retract')"
    )


_UNFIT = """
SELECT material_id AS entity_id FROM materials WHERE retracted
UNION ALL SELECT spectrum_id FROM spectra WHERE retracted OR stale
"""
"""Entities nothing should be computed from."""


@dataclass(frozen=True)
class _Marks:
    """How the marked rows of one table are found.

    Attributes:
        needs: Tables whose views the query reads.
        key: Columns of the table that the marked rows are joined by.
        query: The marked rows: the key, distinct, and the derived columns that are true or false;
            ``{source}`` is the table itself.
    """

    needs: tuple[str, ...]
    key: tuple[str, ...]
    query: str


_MARKS = {
    "materials": _Marks(
        ("retractions",),
        ("material_id",),
        f"""SELECT material_id, true AS retracted FROM {{source}}
            WHERE material_id IN {withdrawn("material")} OR file_digest IN {withdrawn("file")}
            GROUP BY material_id""",
    ),
    "spectra": _Marks(
        ("retractions", "materials"),
        ("spectrum_id",),
        f"""SELECT spectrum_id, bool_or(r) AS retracted, bool_or(s) AS stale FROM (
              SELECT spectrum_id, spectrum_id IN {withdrawn("spectrum")}
                  OR coalesce(file_digest IN {withdrawn("file")}, false)
                  OR coalesce(sample_id IN {withdrawn("sample")}, false) AS r,
                kind = 'simulated' AND coalesce(
                  material_id IN (SELECT material_id FROM materials WHERE retracted), false) AS s
              FROM {{source}})
            WHERE r OR s GROUP BY spectrum_id""",
    ),
    "features": _Marks(
        ("materials", "spectra"),
        ("entity_id",),
        f"SELECT entity_id, true AS stale FROM ({_UNFIT}) GROUP BY entity_id",
    ),
    "datasets": _Marks(
        ("dataset_members", "materials", "spectra"),
        ("manifest",),
        f"""SELECT manifest, true AS stale FROM (
              SELECT manifest, entity_id FROM dataset_members
              UNION ALL SELECT manifest, unnest(spectra) FROM dataset_members)
            WHERE entity_id IN ({_UNFIT}) GROUP BY manifest""",
    ),
    "models": _Marks(
        ("datasets",),
        ("manifest",),
        "SELECT manifest, true AS stale FROM datasets WHERE stale GROUP BY manifest",
    ),
    "predictions": _Marks(
        ("models", "materials", "spectra"),
        ("model", "version", "entity_id"),
        f"""SELECT model, version, entity_id, true AS stale FROM {{source}}
            WHERE (model, version) IN (SELECT (model, version) FROM models WHERE stale)
               OR entity_id IN ({_UNFIT})
            GROUP BY model, version, entity_id""",
    ),
}


def view(name: str, source: str, marked: bool) -> str:
    """The SELECT of the view of a table: what is stored, then what is derived.

    Args:
        name: The table.
        source: SQL table expression with exactly the stored columns.
        marked: Whether the table ``retractions`` has any row. If not, the derived columns are
            constant and cost nothing; if so, the views that ``needs`` names must exist.
    """
    derived = [column.name for column in SCHEMAS[name].derived]
    if not (marked and derived):
        constants = "".join(f", false AS {column}" for column in derived)
        return f"SELECT *{constants} FROM {source}"
    marks = _MARKS[name]
    flags = ", ".join(f"coalesce(marks.{column}, false) AS {column}" for column in derived)
    same = " AND ".join(f"stored.{column} = marks.{column}" for column in marks.key)
    rows = marks.query.format(source=source)
    return f"SELECT stored.*, {flags} FROM {source} AS stored LEFT JOIN ({rows}) AS marks ON {same}"


def needs(name: str) -> tuple[str, ...]:
    """Tables whose views the marked view of ``name`` reads, each after those it needs itself."""
    direct = _MARKS[name].needs if name in _MARKS else ()
    return tuple(dict.fromkeys(n for table in direct for n in (*needs(table), table)))
