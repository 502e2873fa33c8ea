r"""Specular reflectivity of flat layers, what X-rays and neutrons share.

.. math:: k_j = \sqrt{Q^2/4 - 4\pi(\rho_j - \rho_0)}, \qquad
          r_j = \frac{k_{j-1} - k_j}{k_{j-1} + k_j}\, e^{-2 k_{j-1} k_j \sigma_j^2}, \qquad
          R = |r|^2

with r put together by Abeles' matrices. See ``docs/simulators.md`` for symbols, units and limits.

Sources: Abeles, Ann. Phys. 12, 504 (1948); roughness: Nevot & Croce, Rev. Phys. Appl. 15, 761
(1980); kernel: refnx, Nelson & Prescott, J. Appl. Cryst. 52, 193 (2019).
"""

from __future__ import annotations

import numpy as np

from ingest.simulators import Curve, Parameter
from ingest.simulators._counting import counted
from ingest.simulators._smearing import grid_parameters, q_grid, smeared
from registry.errors import Unsupported
from registry.records import Axis, Floats

LAYERS = 5
STEPS = 20
"""Points per standard deviation of the resolution; between fringes R falls by decades."""
SLD_UNIT = "1e-6/angstrom^2"


def reflectivity(q: Floats, slabs: Floats, resolution: float = 0.0) -> Floats:
    """Reflectivity of a stack of slabs.

    Args:
        q: Momentum transfer (1/angstrom), ascending where it is smeared, shape ``(n,)``.
        slabs: A row each, from the side of the beam to the substrate: thickness (angstrom; of no
            meaning in the first and the last), real and imaginary scattering length density
            (1e-6/angstrom^2), roughness of the surface towards the beam (angstrom, one standard
            deviation); shape ``(m, 4)``.
        resolution: dQ/Q, one standard deviation.

    Returns:
        Reflectivity, shape ``(n,)``.
    """
    from refnx.reflect import reflectivity as abeles

    def smooth(at: Floats) -> Floats:
        return np.asarray(abeles(at, slabs, dq=0.0, threads=1))

    return smeared(smooth, q, resolution, STEPS)


def layer_parameters(
    film: tuple[float, float], substrate: tuple[float, float], drawn: tuple[float, float]
) -> dict[str, Parameter]:
    """Parameters of a stack in air: one layer by default, the others of no thickness.

    Args:
        film: Real and imaginary scattering length density of the layer (1e-6/angstrom^2).
        substrate: The same of the substrate.
        drawn: Range of the real density of the layer where samples are drawn.
    """
    parameters = {
        **grid_parameters(0.008, 0.3, 0.02),
        "sld_front": _density(0.0, "of the medium the beam comes through"),
        "repeats": Parameter(1, "", "how often the stack of layers is repeated", 1, 100),
    }
    for n in range(1, LAYERS + 1):
        first = n == 1
        told = f"of layer {n}, counted from the beam"
        parameters |= {
            f"thickness_{n}": Parameter(
                300.0 if first else 0.0,
                "angstrom",
                f"{told}; 0 for no such layer",
                0.0,
                10_000.0,
                (50.0, 1500.0) if first else None,
            ),
            f"sld_{n}": _density(film[0], told, drawn if first else None),
            f"sld_imaginary_{n}": _density(film[1], f"{told}, absorption"),
            f"roughness_{n}": _roughness(told, (0.0, 20.0) if first else None),
        }
    return parameters | {
        "sld_back": _density(substrate[0], "of the substrate"),
        "sld_imaginary_back": _density(substrate[1], "of the substrate, absorption"),
        "roughness_back": _roughness("of the substrate", (0.0, 10.0)),
        "background": Parameter(1e-7, "", "flat background", 0.0, 1.0, (1e-8, 1e-5), "log"),
        "counts": Parameter(0.0, "", "counts in the beam at q_max; 0 for no noise", 0.0, 1e12),
        "seed": Parameter(0, "", "seed of the counting noise", 0, 2**31, (0, 2**31), "whole"),
    }


def slabs_of(settings: dict[str, float]) -> Floats:
    """The stack of settings as :func:`reflectivity` takes it, shape ``(m, 4)``.

    Raises:
        Unsupported: When a roughness exceeds half of a layer beside it, where the
            Nevot-Croce factor no longer holds.
    """
    names = ("thickness", "sld", "sld_imaginary", "roughness")
    rows = [[settings[f"{name}_{n}"] for name in names] for n in range(1, LAYERS + 1)]
    stack = [row for row in rows if row[0] > 0] * int(settings["repeats"])
    back = [0.0, *(settings[f"{name}_back"] for name in names[1:])]
    slabs = np.array([[0.0, settings["sld_front"], 0.0, 0.0], *stack, back])
    # every layer has the roughness of its own surface and that of the next one
    rough = np.maximum(slabs[1:-1, 3], slabs[2:, 3])
    if np.any(rough > slabs[1:-1, 0] / 2):
        n = int(np.argmax(rough - slabs[1:-1, 0] / 2))
        found = f"{rough[n]:g} at a layer of {slabs[n + 1, 0]:g} angstrom"
        raise Unsupported("roughness", "at most half of the layers beside it", found)
    return slabs


def layered(**settings: float) -> Curve:
    """R(Q) on a logarithmic grid of Q (1/angstrom).

    Raises:
        Unsupported: When the layers are too rough.
        WrongUse: When the grid is empty.
    """
    q = q_grid(settings)
    resolution = settings["resolution"]
    curve = reflectivity(q, slabs_of(settings), resolution) + settings["background"]
    sigma = None
    if settings["counts"]:
        # slits that keep dQ/Q open with the angle, in both directions: the beam grows as Q^2
        expected = settings["counts"] * curve * (q / q[-1]) ** 2
        curve, sigma = counted(curve, expected, settings)
    return Curve(
        Axis("Q", "1/angstrom", q),
        curve,
        uncertainty=sigma,
        resolution=resolution * q if resolution else None,
    )


def _density(default: float, of: str, drawn: tuple[float, float] | None = None) -> Parameter:
    meaning = f"scattering length density {of}"
    return Parameter(default, SLD_UNIT, meaning, -200.0, 200.0, drawn)


def _roughness(of: str, drawn: tuple[float, float] | None) -> Parameter:
    return Parameter(3.0, "angstrom", f"roughness of the surface {of}", 0.0, 500.0, drawn)
