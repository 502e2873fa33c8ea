"""A spectrum against the structure it belongs to: do the two speak of the same thing?"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow as pa

from ingest.checks import Check
from ingest.checks._line_shift import line_shift
from registry.records import Floats

SITE_KEYS = ("site", "site_index")
THZ = 4.135667696
"""meV for one THz (Planck's constant, CODATA 2018)."""
DENSITY_UNITS = {"1/THz": THZ, "1/meV": 1.0}

PAIRS = """
SELECT s.spectrum_id AS entity_id, s.technique, s.kind, s.absorber, s.parameters, s.shape,
    CASE WHEN compared THEN s.x ELSE [] END AS x,
    CASE WHEN compared THEN s.intensity ELSE [] END AS intensity,
    s.intensity_unit, m.material_id IS NULL AS homeless, m.elements, m.n_sites, m.lattice,
    m.species, m.positions
FROM (
    SELECT *, technique = 'phonon_dos'
        OR (kind = 'experimental' AND technique IN ('xrd', 'npd')) AS compared
    FROM spectra WHERE material_id IS NOT NULL
) s LEFT JOIN materials m ON m.material_id = s.material_id
"""
"""Spectra with the structures they name; curves only where they are compared."""

PAIR_CHECKS = (
    Check(
        "structure_missing",
        "1 when the structure that the spectrum names is not in the lake",
        upper=0,
        severity="warning",
    ),
    Check(
        "absorber_missing",
        "1 when the structure does not contain the absorbing element",
        upper=0,
        severity="warning",
    ),
    Check(
        "site_invalid",
        "1 when the structure has no site of the index that the spectrum names",
        upper=0,
        severity="warning",
    ),
    Check(
        "dos_modes",
        "integral of the density of states over 3 modes a site",
        lower=0.9,
        upper=1.1,
        severity="warning",
    ),
    Check(
        "line_shift",
        "relative shift of Q at which the structure's lines meet the measured pattern",
        lower=-0.01,
        upper=0.01,
        severity="warning",
    ),
)


def pair_quality(rows: pa.Table) -> dict[str, Floats]:
    """Quality columns, shape ``(n,)``, of spectra joined with their structures (``PAIRS``)."""
    measured = [_of(row) for row in rows.to_pylist()]
    return {check.name: np.array([m[check.name] for m in measured]) for check in PAIR_CHECKS}


def _of(row: dict[str, Any]) -> dict[str, float]:
    if row["homeless"]:
        return {check.name: np.nan for check in PAIR_CHECKS} | {"structure_missing": 1.0}
    absorber = row["absorber"]
    return {
        "structure_missing": 0.0,
        "absorber_missing": float(absorber not in row["elements"]) if absorber else np.nan,
        "site_invalid": _site_invalid(row),
        "dos_modes": _dos_modes(row),
        "line_shift": _line_shift(row),
    }


def _site_invalid(row: dict[str, Any]) -> float:
    parameters = json.loads(row["parameters"] or "{}")
    sites = [parameters[key] for key in SITE_KEYS if isinstance(parameters.get(key), int)]
    return float(not 0 <= sites[0] < row["n_sites"]) if sites else np.nan


def _dos_modes(row: dict[str, Any]) -> float:
    """Modes under the density, over 3 a site; NaN where its unit does not say that it is one."""
    unit = DENSITY_UNITS.get(row["intensity_unit"] or "")
    if row["technique"] != "phonon_dos" or unit is None or len(row["shape"]) > 1:
        return np.nan
    return float(np.trapezoid(row["intensity"], row["x"]) / unit / (3 * row["n_sites"]))


def _line_shift(row: dict[str, Any]) -> float:
    """Only of measured powder patterns: a simulated one was made from the structure."""
    pattern = row["technique"] in ("xrd", "npd") and len(row["shape"]) == 1
    if row["kind"] != "experimental" or not pattern:
        return np.nan
    q, y = np.array(row["x"]), np.array(row["intensity"])
    order = np.argsort(q)
    return line_shift(row["technique"], q[order], y[order], row)
