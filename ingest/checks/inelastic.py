"""Inelastic scattering: no more energy than the neutron brings, and detailed balance.

S(Q, -E) = exp(-E / kT) S(Q, E), E > 0 being lost by the neutron: G. L. Squires, Introduction to
the Theory of Thermal Neutron Scattering (1978), eq. 4.56.
"""

from __future__ import annotations

import numpy as np

from ingest.checks import Check, CheckSet
from ingest.checks._curves import Curves, Offsets, reduce
from registry.records import Floats

BOLTZMANN = 0.08617333262
"""meV / K (CODATA 2018)."""
INELASTIC = ("ins", "qens")
INNER = 0.25
"""Share of the common energy range about zero that is left to the elastic line."""
COLDEST = 0.2
"""Range over kT below which the two sides are too alike to tell."""


def measure(curves: Curves) -> dict[str, Floats]:
    """Columns of shape ``(n,)``."""
    incident = curves.numbers("incident_energy") * 1000
    end = reduce(np.fmax, curves.x, curves.x_at, np.nan)
    return {
        "energy_share": end / np.where(incident > 0, incident, np.nan),
        "detailed_balance": _balance(curves),
    }


def _balance(curves: Curves) -> Floats:
    """ln of the gain side over exp(-E/kT) times the loss side, each summed over Q and E."""
    s, at = _over_q(curves)
    x = curves.x
    owner = np.repeat(np.arange(len(curves)), np.diff(curves.x_at))
    # both sides are compared over the range they share
    reach = np.minimum(reduce(np.fmax, x, at, np.nan), -reduce(np.fmin, x, at, np.nan))
    kt = BOLTZMANN * curves.numbers("temperature")
    told = (reach > 0) & (reach / np.where(kt > 0, kt, np.nan) > COLDEST)
    size = np.abs(x) / np.where(told, reach, np.nan)[owner]
    used = (size > INNER) & (size <= 1)
    width = np.abs(np.gradient(x)) if len(x) > 1 else np.zeros(len(x))
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        expected = np.where(used & (x > 0), s * np.exp(-x / kt[owner]) * width, 0.0)
        found = np.where(used & (x < 0), s * width, 0.0)
        ratio = reduce(np.add, found, at, 0.0) / reduce(np.add, expected, at, 0.0)
        return np.where(told & (ratio > 0) & np.isfinite(ratio), np.log(ratio), np.nan)


def _over_q(curves: Curves) -> tuple[Floats, Offsets]:
    """Intensity at each energy summed over the other axes, masked points left out."""
    lengths, counts = np.diff(curves.x_at), np.diff(curves.y_at)
    inner = counts // np.maximum(lengths, 1)
    place = np.arange(len(curves.x)) - np.repeat(curves.x_at[:-1], lengths)
    begins = np.repeat(curves.y_at[:-1], lengths) + place * np.repeat(inner, lengths)
    ends = begins + np.repeat(inner, lengths)
    below = np.concatenate([[0.0], np.cumsum(np.nan_to_num(curves.y.astype(np.float64)))])
    return below[ends] - below[begins], curves.x_at


CHECKS = CheckSet(
    "inelastic",
    (
        Check(
            "energy_share",
            "largest energy lost over the incident energy",
            upper=1.0,
            severity="warning",
            techniques=INELASTIC,
        ),
        Check(
            "detailed_balance",
            "ln of measured over expected energy gain, exp(-E/kT) of the loss",
            lower=-0.7,
            upper=0.7,
            severity="warning",
            techniques=INELASTIC,
        ),
    ),
    measure,
    INELASTIC,
)
