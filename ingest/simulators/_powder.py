"""Powder diffraction at one wavelength: what the X-ray and the neutron pattern share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ingest.simulators import Curve, Parameter, Simulator
from ingest.simulators._atoms import Integers, atoms_of
from ingest.simulators._counting import formula_number
from ingest.simulators._profile import line_width, pseudo_voigt
from ingest.simulators._reflections import powder_lines
from ingest.simulators._scattering import Scattering
from ingest.simulators._texture import RANDOM, Texture
from registry.errors import Unsupported, WrongUse
from registry.identity import recipe_id
from registry.records import Axis, Floats
from registry.units import q_to_two_theta, two_theta_to_q

if TYPE_CHECKING:
    from pymatgen.core import Structure

MARGIN = 2.0
"""Lines this far outside the grid (degree) still lend it their tails."""
INTENSITY_UNIT = "percent of maximum"
SAMPLE_PARAMETERS = {
    "strain": Parameter(0.0, "", "microstrain, delta d / d", 0.0, 0.1),
    "zero": Parameter(0.0, "degree", "zero shift, added to every two_theta", -1.0, 1.0),
    "march": Parameter(1.0, "", "March coefficient; 1 for no preferred orientation", 0.1, 10.0),
    "plane_h": Parameter(0.0, "", "h of the plane that lies flat, in the stored cell", -20.0, 20.0),
    "plane_k": Parameter(0.0, "", "k of that plane", -20.0, 20.0),
    "plane_l": Parameter(1.0, "", "l of that plane", -20.0, 20.0),
}
"""Came after the first rows were stored: at their defaults they change nothing."""


@dataclass(frozen=True)
class Radiation:
    """A probe: amplitude of one atom, and the angular factor of a line by theta (radian)."""

    scattering: Scattering
    angular: Callable[[Floats], Floats]


@dataclass(frozen=True)
class PowderSimulator(Simulator):
    """A powder simulator, whose recipes are those of before there was strain or texture."""

    def recipe(self, settings: dict[str, float]) -> str:
        """Identity of the simulator and its settings; idle ``SAMPLE_PARAMETERS`` do not count."""
        idle = {name for name, p in SAMPLE_PARAMETERS.items() if settings.get(name) == p.default}
        counted = {name: value for name, value in settings.items() if name not in idle}
        return recipe_id(self.name, self.version, counted)


@dataclass(frozen=True)
class Sticks:
    """Lines of a powder pattern before broadening.

    Attributes:
        two_theta: Scattering angle (degree), ascending, shape ``(n,)``.
        q: Momentum transfer (1/angstrom), shape ``(n,)``.
        multiplicity: Number of reflections, shape ``(n,)``.
        intensity: Integrated intensity, arbitrary unit, shape ``(n,)``.
    """

    two_theta: Floats
    q: Floats
    multiplicity: Integers
    intensity: Floats


def powder_parameters(wavelength: float) -> dict[str, Parameter]:
    """Parameters of a powder pattern, given its usual wavelength (angstrom)."""
    return {
        "two_theta_min": Parameter(5.0, "degree", "first angle of the grid", 0.1, 160.0),
        "two_theta_max": Parameter(90.0, "degree", "last angle of the grid", 1.0, 170.0),
        "points": Parameter(850, "", "number of points of the grid", 2, 100_000),
        "wavelength": Parameter(wavelength, "angstrom", "wavelength", 0.1, 10.0),
        "u": Parameter(0.01, "degree^2", "Caglioti U", -10.0, 10.0),
        "v": Parameter(-0.005, "degree^2", "Caglioti V", -10.0, 10.0),
        "w": Parameter(0.01, "degree^2", "Caglioti W", 0.0, 10.0),
        "size": Parameter(500.0, "angstrom", "crystallite size (Scherrer, K = 0.9)", 5.0, 1e6),
        "eta": Parameter(0.5, "", "Lorentzian share of the pseudo-Voigt profile", 0.0, 1.0),
        "b_iso": Parameter(0.5, "angstrom^2", "B of every site that has no B_iso", 0.0, 20.0),
        "background": Parameter(0.0, "", "flat background, share of the maximum", 0.0, 0.99),
        "counts": Parameter(0.0, "", "counts at the maximum; 0 for no noise", 0.0, 1e9),
        "seed": Parameter(0, "", "seed of the counting noise", 0, 2**31),
        **SAMPLE_PARAMETERS,
    }


def powder_sticks(
    structure: Structure,
    radiation: Radiation,
    wavelength: float,
    two_theta_range: tuple[float, float],
    b_iso: float,
    texture: Texture = RANDOM,
) -> Sticks:
    """Lines of a structure within a range of two_theta (degree), extinct ones left in at zero.

    Raises:
        Unsupported: When the structure cannot be simulated; the message says why.
    """
    q_min, q_max = two_theta_to_q(np.array(two_theta_range), wavelength)
    atoms = atoms_of(structure)
    lines = powder_lines(atoms, radiation.scattering, q_min, q_max, b_iso, texture)
    two_theta = q_to_two_theta(lines.q, wavelength)
    intensity = lines.f_squared * radiation.angular(np.radians(two_theta) / 2)
    return Sticks(two_theta, lines.q, lines.multiplicity, intensity)


def powder_curve(structure: Structure, radiation: Radiation, settings: dict[str, float]) -> Curve:
    """Powder pattern on an even grid of two_theta, its maximum scaled to 100.

    With ``counts`` the pattern is counted: Poisson noise, and its standard deviation beside it.

    Raises:
        Unsupported: When the structure cannot be simulated or has no line on the grid.
        WrongUse: When the grid is empty or U, V, W leave no positive width.
    """
    low, high = settings["two_theta_min"], settings["two_theta_max"]
    wavelength = settings["wavelength"]
    if not low < high:
        raise WrongUse("two_theta_max", f"more than two_theta_min = {low}", str(high))
    reach = (max(0.0, low - MARGIN), high + MARGIN)
    grid = np.linspace(low, high, int(settings["points"]))
    widths = {name: settings[name] for name in ("u", "v", "w", "size", "strain")}
    # refuses impossible widths by the grid, so that it does not depend on the structure
    line_width(np.radians(grid) / 2, wavelength=wavelength, **widths)
    plane = (settings["plane_h"], settings["plane_k"], settings["plane_l"])
    texture = Texture(settings["march"], plane)
    sticks = powder_sticks(structure, radiation, wavelength, reach, settings["b_iso"], texture)
    fwhm = line_width(np.radians(sticks.two_theta) / 2, wavelength=wavelength, **widths)
    centre = sticks.two_theta + settings["zero"]
    peaks = pseudo_voigt(grid, centre, sticks.intensity, fwhm, settings["eta"])
    on_grid = (centre >= low) & (centre <= high)
    if not np.any(sticks.intensity[on_grid] > 0):
        raise Unsupported("structure", f"a line between {low} and {high} degree", "none")
    share = settings["background"]
    pattern = share + (1 - share) * peaks / peaks.max()
    x = Axis("two_theta", "degree", grid)
    if not settings["counts"]:
        return Curve(x, 100 * pattern, INTENSITY_UNIT, wavelength)
    counted = _count(pattern * settings["counts"], structure, int(settings["seed"]))
    scale = 100 / counted.max()
    # at least one count: a channel that saw none is not known to be empty
    sigma = scale * np.sqrt(np.maximum(counted, 1.0))
    return Curve(x, scale * counted, INTENSITY_UNIT, wavelength, sigma)


def _count(expected: Floats, structure: Structure, seed: int) -> Floats:
    """Poisson counts, the same for the same structure and seed on every machine."""
    generator = np.random.default_rng([seed, formula_number(structure)])
    return generator.poisson(expected).astype(np.float64)
