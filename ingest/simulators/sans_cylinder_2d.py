"""Small-angle neutron scattering of cylinders that point one way: a map over Qx and Qy.

``theta`` is the angle between the axis of the cylinders and the beam, ``phi`` the direction of its
projection on the detector, against Qx. Both are spread by ``spread`` (Gaussian). The instrument
does not smear. See :mod:`ingest.simulators._small_angle` for the particles.
"""

from __future__ import annotations

import numpy as np

from ingest.simulators import Curve, Parameter, Simulator
from ingest.simulators._counting import counted
from ingest.simulators._sasmodels import model_intensity
from ingest.simulators._small_angle import CYLINDER, UNIT, model_parameters, particle_parameters
from registry.records import Axis

DIRECTIONS = 15
"""Steps that the spread of each angle is divided into."""


def simulate(**settings: float) -> Curve:
    """I(Qx, Qy) in 1/cm on a square detector, shape ``(points, points)``."""
    reach = settings["q_max"]
    q = np.linspace(-reach, reach, int(settings["points"]))
    qx, qy = (part.ravel() for part in np.meshgrid(q, q, indexing="ij"))
    parameters = model_parameters(CYLINDER, settings, np.sqrt(2) * reach)
    for angle in ("theta", "phi"):
        parameters[angle] = settings[angle]
        parameters[f"{angle}_pd"] = settings["spread"]
        parameters[f"{angle}_pd_n"] = DIRECTIONS
    intensity = model_intensity(CYLINDER.model, (qx, qy), parameters).reshape(len(q), len(q))
    intensity += settings["background"]
    sigma = None
    if settings["counts"]:
        expected = settings["counts"] * intensity / intensity.max()
        intensity, sigma = counted(intensity, expected, settings)
    return Curve(
        Axis("Q", "1/angstrom", q),
        intensity,
        UNIT,
        uncertainty=sigma,
        axes=(Axis("Q_y", "1/angstrom", q),),
    )


SIMULATOR = Simulator(
    name="sans_cylinder_2d",
    version="1",
    technique="sans",
    parameters={
        "q_max": Parameter(0.1, "1/angstrom", "edge of the detector, from its centre", 1e-3, 5.0),
        "points": Parameter(64, "", "pixels of an edge", 5, 1024),
        "theta": Parameter(90.0, "degree", "axis to beam", 0.0, 180.0, (0.0, 90.0)),
        "phi": Parameter(0.0, "degree", "axis about the beam", -180.0, 180.0, (0.0, 180.0)),
        "spread": Parameter(
            0.0, "degree", "standard deviation of both angles", 0.0, 45.0, (0.0, 15.0)
        ),
        **particle_parameters("sans", CYLINDER),
    },
    simulate=simulate,
    source=f"{CYLINDER.source}; sasmodels {CYLINDER.model}",
    from_structure=False,
)
