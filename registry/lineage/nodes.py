"""What the nodes of lineage are: the SELECTs of the views ``lineage_nodes`` and ``lineage_states``.

Labels come from what is stored (schema ``stored``), states from the marked views
(:mod:`registry.query.views`), so that a query for labels alone does not find out about states.
"""

from __future__ import annotations

from registry.query.views import withdrawn

_CODE = """
SELECT producer || ' ' || producer_version AS id FROM stored.materials
UNION SELECT producer || ' ' || producer_version FROM stored.spectra
UNION SELECT view || ' ' || version FROM stored.feature_views
UNION SELECT 'scatterlake ' || code_version FROM stored.models
"""
_FILES = """
SELECT file_digest, file_name FROM stored.materials
UNION ALL SELECT file_digest, file_name FROM stored.spectra
"""

NODES = f"""
SELECT id, 'code' AS kind, '' AS label FROM ({_CODE}) WHERE id IS NOT NULL
UNION ALL SELECT file_digest, 'file', coalesce(min(file_name), '') FROM ({_FILES})
WHERE file_digest IS NOT NULL GROUP BY file_digest
UNION ALL SELECT sample_id, 'sample', '' FROM stored.spectra
WHERE sample_id IS NOT NULL GROUP BY sample_id
UNION ALL SELECT recipe, 'recipe', concat_ws(' ', min(producer), min(producer_version))
FROM stored.spectra WHERE recipe IS NOT NULL GROUP BY recipe
UNION ALL SELECT run_id, 'run', '' FROM stored.models WHERE run_id IS NOT NULL
UNION ALL SELECT view_id, 'view', concat_ws(' ', view, version, parameters)
FROM stored.feature_views
UNION ALL SELECT material_id, 'material', concat_ws(', ', name, formula, space_group)
FROM stored.materials
UNION ALL SELECT spectrum_id, 'spectrum', concat_ws(' ', kind, technique, absorber, edge, title)
FROM stored.spectra
UNION ALL SELECT entity_id || '/' || check_name, 'check',
  CASE WHEN passed IS NULL THEN 'does not apply' WHEN passed THEN 'passed'
       ELSE concat_ws(' ', severity, value) END FROM stored.checks
UNION ALL SELECT entity_id || '/' || view_id, 'feature',
  concat_ws(' ', view, 'refused: ' || refused) FROM stored.features
UNION ALL SELECT manifest, 'dataset',
  concat_ws(' ', dataset, n_train || '+' || n_validation || '+' || n_test) FROM stored.datasets
UNION ALL SELECT model || '/' || version, 'model',
  concat_ws(', ', alias, algorithm || ' on ' || array_to_string(inputs, '+'),
            'simulated ' || round(score_simulated, 3), 'measured ' || round(score_measured, 3))
FROM stored.models
UNION ALL SELECT model || '/' || version || '/' || entity_id, 'prediction',
  concat_ws(' ', value, round(probability, 3)) FROM stored.predictions
"""
"""SELECT of ``lineage_nodes``: id, kind and label of every node."""

STATES = f"""
SELECT entity_id AS id, 'file' AS kind, 'retracted' AS state FROM {withdrawn("file")}
UNION ALL SELECT entity_id, 'sample', 'retracted' FROM {withdrawn("sample")}
UNION ALL SELECT material_id, 'material', 'retracted' FROM materials WHERE retracted
UNION ALL SELECT spectrum_id, 'spectrum', CASE WHEN retracted THEN 'retracted' ELSE 'stale' END
FROM spectra WHERE retracted OR stale
UNION ALL SELECT entity_id || '/' || view_id, 'feature', 'stale' FROM features WHERE stale
UNION ALL SELECT manifest, 'dataset', 'stale' FROM datasets WHERE stale
UNION ALL SELECT model || '/' || version, 'model', 'stale' FROM models WHERE stale
UNION ALL SELECT model || '/' || version || '/' || entity_id, 'prediction', 'stale'
FROM predictions WHERE stale
"""
"""SELECT of ``lineage_states``: id, kind and state of what is retracted or stale."""
