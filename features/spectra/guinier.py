"""Radius of gyration and forward intensity of a small-angle curve, with their uncertainties.

See :mod:`features.spectra._guinier`. The last two values tell how much to trust the others: q Rg
of the first point (well below 1 for a particle that fits into the measured range) and of the last.
"""

from __future__ import annotations

import numpy as np

from features.curve import Curve
from features.descriptor import Descriptor, Parameters
from features.spectra._guinier import guinier
from features.spectra._parameters import above
from registry.records import Floats


def _compute(curve: Curve, limit: float, q_min: float) -> Floats:
    fit = guinier(curve, limit, q_min)
    return np.array(
        [fit.rg, fit.rg_error, fit.i0, fit.i0_error, fit.first * fit.rg, fit.last * fit.rg]
    )


def _width(parameters: Parameters) -> int:
    above("limit", parameters["limit"])
    return 6


DESCRIPTOR = Descriptor(
    name="guinier",
    version="1",
    parameters={"limit": 1.3, "q_min": 0.0},
    units={"limit": "", "q_min": "1/angstrom"},
    width=_width,
    compute=_compute,
    unit="angstrom; angstrom; of the intensity; of the intensity; none; none",
    source="Guinier, Ann. Phys. 11, 161 (1939); limit as in Putnam et al., Q. Rev. Biophys. 40, "
    "191 (2007)",
    entity="spectrum",
    techniques=("saxs", "sans"),
)
