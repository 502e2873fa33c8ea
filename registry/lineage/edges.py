"""Lineage as SQL: what was made from what, as a view of edges and two table macros.

``lineage`` has a row per edge: a file holds a spectrum, a material is simulated in it, it was read
for a dataset, the dataset trained a model, the model gave a prediction. ``downstream(id)`` and
``upstream(id)`` follow the edges from any node and give every node reached once, at its shortest
distance, with its parent on that way. ``lineage_nodes`` says what a node is, ``lineage_states``
which nodes are retracted or stale (:mod:`registry.lineage.nodes`). Code that made something (a
reader, a simulator, a descriptor, scatterlake itself, each with its version) is a node as well.

The kinds of nodes have an order in which every edge leads forward. So a macro does not recurse: it
goes through the kinds once and joins each table once with what was reached before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from registry.lineage.nodes import NODES, STATES


@dataclass(frozen=True)
class Edge:
    """Rows of a table read as edges.

    Attributes:
        source_kind: Kind of node the edges begin at.
        relation: What the source is to the target.
        target_kind: Kind of node they end at.
        table: SQL table expression.
        source: SQL of the source's id, null where a row has no such edge.
        target: SQL of the target's id.
        where: Rows that count.
    """

    source_kind: str
    relation: str
    target_kind: str
    table: str
    source: str
    target: str
    where: str = "true"


@dataclass(frozen=True)
class Example:
    """A question about lineage and the statement that answers it, ``$1`` being the id."""

    question: str
    query: str


NAMES = ("lineage", "lineage_nodes", "lineage_states", "downstream", "upstream", "stored")
"""What :func:`create_statements` defines; ``stored`` is the schema of tables without marks."""

TABLES = (
    *("materials", "spectra", "checks", "retractions", "features", "feature_views"),
    *("datasets", "dataset_members", "models", "predictions"),
)
"""Tables whose views must exist for it."""

KINDS = (
    *("code", "file", "sample", "recipe", "run", "view", "material", "spectrum"),
    *("check", "feature", "dataset", "model", "prediction"),
)
"""Kinds of nodes; every edge leads to a later one."""

_MATERIALS, _SPECTRA, _MODELS = "stored.materials", "stored.spectra", "stored.models"
_CHECKS, _FEATURES, _PREDICTIONS = "stored.checks", "stored.features", "stored.predictions"
_MEMBERS = "stored.dataset_members"
_SPECTRA_READ = f"(SELECT manifest, unnest(spectra) AS spectrum_id FROM {_MEMBERS})"
_VIEWS_READ = f"(SELECT DISTINCT manifest, unnest(views) AS view_id FROM {_MEMBERS})"

_PRODUCER = "producer || ' ' || producer_version"
_MODEL = "model || '/' || version"
_CHECK = "entity_id || '/' || check_name"
_FEATURE = "entity_id || '/' || view_id"
_PREDICTION = f"{_MODEL} || '/' || entity_id"

_OF_MATERIAL = f"entity_id IN (SELECT material_id FROM {_MATERIALS})"
_OF_SPECTRUM = f"entity_id IN (SELECT spectrum_id FROM {_SPECTRA})"


def _of_entity(relation: str, kind: str, table: str, target: str) -> tuple[Edge, Edge]:
    """Edges from an entity where the table does not say whether it is a material or a spectrum."""
    return (
        Edge("material", relation, kind, table, "entity_id", target, _OF_MATERIAL),
        Edge("spectrum", relation, kind, table, "entity_id", target, _OF_SPECTRUM),
    )


EDGES = (
    Edge("file", "holds", "material", _MATERIALS, "file_digest", "material_id"),
    Edge("code", "read", "material", _MATERIALS, _PRODUCER, "material_id"),
    Edge("file", "holds", "spectrum", _SPECTRA, "file_digest", "spectrum_id"),
    Edge("code", "made", "spectrum", _SPECTRA, _PRODUCER, "spectrum_id"),
    Edge("recipe", "made", "spectrum", _SPECTRA, "recipe", "spectrum_id"),
    Edge("sample", "measured in", "spectrum", _SPECTRA, "sample_id", "spectrum_id"),
    *(
        Edge("material", f"{verb} in", "spectrum", _SPECTRA, "material_id", "spectrum_id", where)
        for verb, where in (
            ("measured", "kind = 'experimental'"),
            ("simulated", "kind = 'simulated'"),
        )
    ),
    *(
        Edge(kind, "tested by", "check", _CHECKS, "entity_id", _CHECK, f"entity_kind = '{kind}'")
        for kind in ("material", "spectrum", "view")
    ),
    Edge("code", "defines", "view", "stored.feature_views", "view || ' ' || version", "view_id"),
    Edge("view", "gave", "feature", _FEATURES, "view_id", _FEATURE),
    *_of_entity("described by", "feature", _FEATURES, _FEATURE),
    Edge("material", "member of", "dataset", _MEMBERS, "entity_id", "manifest"),
    Edge("spectrum", "read for", "dataset", _SPECTRA_READ, "spectrum_id", "manifest"),
    Edge("view", "read for", "dataset", _VIEWS_READ, "view_id", "manifest"),
    Edge("dataset", "trained", "model", _MODELS, "manifest", _MODEL),
    Edge("run", "registered", "model", _MODELS, "run_id", _MODEL),
    Edge("code", "trained", "model", _MODELS, "'scatterlake ' || code_version", _MODEL),
    Edge("model", "gave", "prediction", _PREDICTIONS, _MODEL, _PREDICTION),
    *_of_entity("asked about in", "prediction", _PREDICTIONS, _PREDICTION),
)

EXAMPLES = (
    Example(
        "This file is bad: which models saw it?",
        "SELECT id AS model FROM downstream($1) WHERE kind = 'model'",
    ),
    Example(
        "Which files, spectra, feature views and code versions made this model?",
        "SELECT kind, id, label FROM upstream($1) JOIN lineage_nodes USING (kind, id)",
    ),
    Example(
        "Which checks failed on what made this model?",
        "SELECT entity_id, check_name, value FROM checks\n"
        "SEMI JOIN upstream($1) ON id = entity_id WHERE NOT passed",
    ),
    Example(
        "What is retracted or stale, and through what?",
        "SELECT state, target_kind, target, relation, source FROM lineage\n"
        "JOIN lineage_states ON id = target AND kind = target_kind",
    ),
)


def create_statements(sources: Mapping[str, str]) -> list[str]:
    """SQL that defines :data:`NAMES` in a DuckDB connection that has the views of :data:`TABLES`.

    Args:
        sources: SQL table expression with the stored columns of each of :data:`TABLES`. Edges are
            read from these: what is retracted would only be work to find out.
    """
    return [
        "CREATE SCHEMA stored",
        *(f"CREATE VIEW stored.{name} AS FROM {sources[name]}" for name in TABLES),
        f"CREATE VIEW lineage AS {' UNION ALL '.join(_rows(edge) for edge in EDGES)}",
        f"CREATE VIEW lineage_nodes AS {NODES}",
        f"CREATE VIEW lineage_states AS {STATES}",
        f"CREATE MACRO downstream(start) AS TABLE {_walk(down=True)}",
        f"CREATE MACRO upstream(start) AS TABLE {_walk(down=False)}",
    ]


def _rows(edge: Edge) -> str:
    return (
        f"SELECT {edge.source} AS source, '{edge.source_kind}' AS source_kind, "
        f"'{edge.relation}' AS relation, {edge.target} AS target, "
        f"'{edge.target_kind}' AS target_kind FROM {edge.table} "
        f"WHERE {edge.where} AND {edge.source} IS NOT NULL"
    )


def _walk(down: bool) -> str:
    """All that is reached from ``start``, along the edges or against them.

    ``found_K`` holds the nodes of kind K; ``reached_K`` their ids and the start, which may be of
    any kind.
    """
    steps, found = [], []
    for kind in KINDS if down else KINDS[::-1]:
        reached = "SELECT start AS id, 0 AS depth"
        edges = [e for e in EDGES if kind == (e.target_kind if down else e.source_kind)]
        if edges:
            found.append(f"found_{kind}")
            steps.append(f"found_{kind} AS MATERIALIZED ({_nearest(kind, edges, down)})")
            reached += f" UNION ALL SELECT id, depth FROM found_{kind}"
        steps.append(f"reached_{kind} AS MATERIALIZED ({reached})")
    every = " UNION ALL ".join(f"SELECT id, kind, depth, relation, parent FROM {f}" for f in found)
    return f"WITH {', '.join(steps)} {every}"


def _nearest(kind: str, edges: list[Edge], down: bool) -> str:
    """Nodes of one kind, each with its nearest parent (the first by id where two are as near)."""
    rows = " UNION ALL ".join(_step(edge, down) for edge in edges)
    return (
        f"SELECT id, '{kind}' AS kind, min(depth) AS depth, "
        "arg_min(relation, (depth, parent)) AS relation, "
        f"arg_min(parent, (depth, parent)) AS parent FROM ({rows}) GROUP BY id"
    )


def _step(edge: Edge, down: bool) -> str:
    """Far ends of the edges whose near end was reached."""
    near, far = (edge.source, edge.target) if down else (edge.target, edge.source)
    kind = edge.source_kind if down else edge.target_kind
    return (
        f"SELECT far AS id, near AS parent, depth + 1 AS depth, '{edge.relation}' AS relation "
        f"FROM (SELECT {near} AS near, {far} AS far FROM {edge.table} WHERE {edge.where}) "
        f"JOIN reached_{kind} ON near = id WHERE far IS NOT NULL"
    )
