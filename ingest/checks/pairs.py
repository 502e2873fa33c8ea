"""A spectrum against the structure it belongs to: do the two speak of the same thing?"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow as pa

from ingest.checks import Check
from ingest.checks._curves import Curves
from ingest.checks._line_shift import line_shift
from ingest.checks.total_scattering import PDF, low_r_density
from registry.records import Floats

SITE_KEYS = ("absorbing_site", "site_index")
"""Names under which readers keep the index of a site, counted from 0 in the structure."""
THZ = 4.135667696
"""meV for one THz (Planck's constant, CODATA 2018)."""
DENSITY_UNITS = {"1/THz": THZ, "1/meV": 1.0}
COMPARED = ("xrd", "npd")
"""Techniques whose measured lines are compared with those of the structure."""

PAIRS = """
SELECT s.spectrum_id AS entity_id, s.technique, s.kind, s.absorber, s.parameters, s.shape,
    CASE WHEN compared THEN s.x ELSE [] END AS x,
    CASE WHEN compared THEN s.intensity ELSE [] END AS intensity,
    s.intensity_unit, s.wavelength, s.ingested_at, m.material_id IS NULL AS homeless, m.elements,
    m.n_sites, m.lattice, m.species, m.positions, m.volume,
    coalesce(list_product(s.shape), 0) AS points
FROM (
    SELECT *, technique IN ('phonon_dos', 'xpdf', 'npdf')
        OR (kind = 'experimental' AND technique IN ('xrd', 'npd')) AS compared
    FROM spectra WHERE material_id IS NOT NULL AND ({where})
) s LEFT JOIN materials m ON m.material_id = s.material_id
"""
"""Spectra with the structures they name; curves only where they are compared."""
FOUND_SINCE = """
SELECT entity_id FROM checks JOIN spectra ON spectrum_id = entity_id JOIN materials
USING (material_id) WHERE check_name = 'structure_missing' AND value = 1
"""
"""Spectra whose structure came into the lake after they were checked."""

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
        "absorbing_site",
        "1 when the structure has no site of the index that the spectrum names, or one without "
        "the absorber",
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
        "low_r_density_ratio",
        "number density from the slope of G(r) at low r over that of the structure",
        lower=0.5,
        upper=1.5,
        severity="warning",
    ),
    Check(
        "line_shift",
        "relative shift of Q at which the structure's lines meet the measured pattern",
        lower=-0.01,
        upper=0.01,
        severity="warning",
    ),
    Check(
        "zero_shift",
        "shift of every angle (degree) at which the structure's lines meet the measured pattern",
        lower=-0.25,
        upper=0.25,
        severity="warning",
    ),
)


def pair_quality(rows: pa.Table) -> dict[str, Floats]:
    """Quality columns, shape ``(n,)``, of spectra joined with their structures (``PAIRS``)."""
    densities = low_r_density(Curves(rows))
    measured = [_of(row, density) for row, density in zip(rows.to_pylist(), densities, strict=True)]
    return {check.name: np.array([m[check.name] for m in measured]) for check in PAIR_CHECKS}


def _of(row: dict[str, Any], density: float) -> dict[str, float]:
    if row["homeless"]:
        return {check.name: np.nan for check in PAIR_CHECKS} | {"structure_missing": 1.0}
    absorber = row["absorber"]
    shift, zero = _line_shift(row)
    return {
        "structure_missing": 0.0,
        "absorber_missing": float(absorber not in row["elements"]) if absorber else np.nan,
        "absorbing_site": _absorbing_site(row),
        "dos_modes": _dos_modes(row),
        "low_r_density_ratio": _density_ratio(row, density),
        "line_shift": shift,
        "zero_shift": zero,
    }


def _absorbing_site(row: dict[str, Any]) -> float:
    parameters = json.loads(row["parameters"] or "{}")
    sites = [parameters[key] for key in SITE_KEYS if isinstance(parameters.get(key), int)]
    if not sites:
        return np.nan
    if not 0 <= sites[0] < row["n_sites"]:
        return 1.0
    there = {each["symbol"] for each in row["species"][sites[0]]}
    return float(row["absorber"] is not None and row["absorber"] not in there)


def _dos_modes(row: dict[str, Any]) -> float:
    """Modes under the density, over 3 a site; NaN where its unit does not say that it is one."""
    unit = DENSITY_UNITS.get(row["intensity_unit"] or "")
    if row["technique"] != "phonon_dos" or unit is None or len(row["shape"]) > 1:
        return np.nan
    return float(np.trapezoid(row["intensity"], row["x"]) / unit / (3 * row["n_sites"]))


def _density_ratio(row: dict[str, Any], density: float) -> float:
    """Only for G(r), whose slope at low r is -4 pi rho0."""
    if row["technique"] not in PDF:
        return np.nan
    atoms = sum(each["occupancy"] for site in row["species"] for each in site)
    return float(density / (atoms / row["volume"]))


def _line_shift(row: dict[str, Any]) -> tuple[float, float]:
    """Only of measured powder patterns: a simulated one was made from the structure."""
    pattern = row["technique"] in COMPARED and len(row["shape"]) == 1
    if row["kind"] != "experimental" or not pattern:
        return np.nan, np.nan
    q, y = np.array(row["x"]), np.array(row["intensity"])
    order = np.argsort(q)
    return line_shift(row["technique"], q[order], y[order], row, row["wavelength"])
