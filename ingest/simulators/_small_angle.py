r"""Small-angle scattering of dilute particles, what X-rays and neutrons share.

.. math:: I(Q) = \frac{\phi}{\langle V \rangle}
          \int f(r)\, \langle |\textstyle\int \Delta\rho\, e^{i Q x} dV|^2 \rangle\, dr + b

averaged over orientations and over a Schulz distribution f of one dimension r of the particle.
See ``docs/simulators.md`` for symbols, units and limits.

Sources: the models of sasmodels, named by each shape; Schulz distribution: Kotlarchyk & Chen,
J. Chem. Phys. 79, 2461 (1983).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from ingest.simulators import Curve, Parameter, Simulator
from ingest.simulators._counting import counted
from ingest.simulators._sasmodels import model_intensity
from ingest.simulators._smearing import grid_parameters, q_grid, smeared
from registry.errors import Unsupported
from registry.records import Axis, Floats

UNIT = "1/cm"
SLD_UNIT = "1e-6/angstrom^2"
STEPS = 5
"""Points per standard deviation of the resolution."""
SIGMAS = 8.0
"""How far the distribution is followed to each side, in standard deviations."""
FEWEST, MOST = 41, 5000
"""Sizes that the distribution is divided into."""
PHASE = 2.0
"""Largest step of Q r (radian) from one size to the next; below pi fringes do not alias."""
LENGTHS = {
    "saxs": {"sld": 18.9, "sld_core": 18.9, "sld_shell": 10.8, "sld_solvent": 9.47},
    "sans": {"sld": 3.47, "sld_core": 3.47, "sld_shell": 1.06, "sld_solvent": 6.37},
}
"""Scattering length densities (1e-6/angstrom^2): silica, silica under PMMA, in H2O or D2O."""


@dataclass(frozen=True)
class Shape:
    """A particle.

    Attributes:
        model: Its name in sasmodels.
        source: Publication of its form factor.
        dimensions: Its dimensions.
        distributed: The dimension that is distributed.
        densities: Scattering length densities that it needs.
    """

    model: str
    source: str
    dimensions: Mapping[str, Parameter]
    distributed: str
    densities: tuple[str, ...] = ("sld", "sld_solvent")


def dimension(default: float, meaning: str, drawn: tuple[float, float]) -> Parameter:
    """A dimension of a particle (angstrom)."""
    return Parameter(default, "angstrom", meaning, 1.0, 5000.0, drawn, "log")


RADIUS = dimension(60.0, "radius", (20.0, 500.0))
SPHERE = Shape("sphere", "Rayleigh, Proc. R. Soc. A 84, 25 (1910)", {"radius": RADIUS}, "radius")
CORE_SHELL = Shape(
    "core_shell_sphere",
    "Guinier & Fournet, Small-Angle Scattering of X-Rays (1955)",
    {
        "radius": dimension(60.0, "radius of the core", (20.0, 300.0)),
        "thickness": dimension(20.0, "thickness of the shell", (5.0, 100.0)),
    },
    "radius",
    ("sld_core", "sld_shell", "sld_solvent"),
)
CYLINDER = Shape(
    "cylinder",
    "Pedersen, Adv. Colloid Interface Sci. 70, 171 (1997)",
    {
        "radius": dimension(20.0, "radius", (10.0, 100.0)),
        "length": dimension(400.0, "length", (100.0, 1000.0)),
    },
    "radius",
)
ELLIPSOID = Shape(
    "ellipsoid",
    "Feigin & Svergun, Structure Analysis by Small-Angle X-Ray and Neutron Scattering (1987)",
    {
        "radius_polar": dimension(100.0, "semi-axis along the axis of revolution", (20.0, 300.0)),
        "radius_equatorial": dimension(50.0, "semi-axis across it", (20.0, 300.0)),
    },
    "radius_equatorial",
)


def small_angle(name: str, technique: str, shape: Shape) -> Simulator:
    """The simulator of a shape for ``saxs`` or ``sans``."""
    return Simulator(
        name=name,
        version="1",
        technique=technique,
        parameters={
            **grid_parameters(0.005, 0.5, 0.0 if technique == "saxs" else 0.05),
            **particle_parameters(technique, shape),
        },
        simulate=partial(_curve, shape),
        source=f"{shape.source}; sasmodels {shape.model}",
        from_structure=False,
    )


def particle_parameters(technique: str, shape: Shape) -> dict[str, Parameter]:
    """Parameters of the sample and of counting."""
    densities = {
        name: Parameter(LENGTHS[technique][name], SLD_UNIT, _meaning(name), -200.0, 200.0)
        for name in shape.densities
    }
    return {
        "volume_fraction": Parameter(
            0.01, "", "share of the volume that is particles", 0.0, 1.0, (1e-4, 1e-2), "log"
        ),
        **densities,
        **shape.dimensions,
        "polydispersity": Parameter(
            0.1,
            "",
            f"standard deviation of {shape.distributed} over its mean (Schulz)",
            0.0,
            0.5,
            (0.02, 0.3),
        ),
        "background": Parameter(0.001, UNIT, "flat background", 0.0, 1e3, (1e-4, 1e-2), "log"),
        "counts": Parameter(0.0, "", "counts of the point that has most; 0 for no noise", 0.0, 1e9),
        "seed": Parameter(0, "", "seed of the counting noise", 0, 2**31, (0, 2**31), "whole"),
    }


def model_parameters(shape: Shape, settings: dict[str, float], q_max: float) -> dict[str, Any]:
    """Settings in the words of sasmodels, without background.

    Raises:
        Unsupported: When the distribution cannot be resolved at the largest Q.
    """
    name, width = shape.distributed, settings["polydispersity"]
    sizes = int(np.ceil(2 * SIGMAS * width * settings[name] * q_max / PHASE))
    if sizes > MOST:
        where = f"{name}, polydispersity, q_max"
        raise Unsupported(where, f"a distribution of at most {MOST} sizes", str(sizes))
    return {
        "scale": settings["volume_fraction"],
        "background": 0.0,
        **{known: settings[known] for known in (*shape.densities, *shape.dimensions)},
        f"{name}_pd": width,
        f"{name}_pd_n": max(sizes, FEWEST),
        f"{name}_pd_nsigma": SIGMAS,
        f"{name}_pd_type": "schulz",
    }


def _curve(shape: Shape, **settings: float) -> Curve:
    """I(Q) in 1/cm on a logarithmic grid of Q (1/angstrom)."""
    q = q_grid(settings)
    parameters = model_parameters(shape, settings, settings["q_max"])
    resolution = settings["resolution"]

    def smooth(at: Floats) -> Floats:
        return model_intensity(shape.model, (at,), parameters)

    intensity = smeared(smooth, q, resolution, STEPS) + settings["background"]
    sigma = None
    if settings["counts"]:
        # the ring of the detector behind a point of a logarithmic grid grows as Q^2
        share = intensity * q**2
        intensity, sigma = counted(intensity, settings["counts"] * share / share.max(), settings)
    return Curve(
        Axis("Q", "1/angstrom", q),
        intensity,
        UNIT,
        uncertainty=sigma,
        resolution=resolution * q if resolution else None,
    )


def _meaning(name: str) -> str:
    part = name.partition("_")[2] or "particle"
    return f"scattering length density of the {part}"
