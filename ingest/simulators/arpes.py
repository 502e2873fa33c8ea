r"""Angle-resolved photoemission of one tight-binding band with electron-boson coupling.

.. math:: I(k, \omega) = \big[ A(k, \omega) f(\omega) \big] * R(k, \omega), \qquad
          A(k, \omega) = -\frac1\pi \mathrm{Im} \frac{1}{\omega - \epsilon_k - \Sigma(\omega)}

.. math:: \epsilon_k = -2t (\cos k_x a + \cos k_y a) + 4 t' \cos k_x a \cos k_y a
          - 2 t'' (\cos 2 k_x a + \cos 2 k_y a) - \mu

.. math:: \Sigma(\omega) = -i\Gamma_0 + \frac{\lambda \Omega}{2}
          \ln \frac{\Omega - \omega - i\gamma}{\Omega + \omega + i\gamma}

omega is the energy from the Fermi level, f the Fermi function, R a Gaussian in energy and one in k.
The logarithm is the coupling (lambda) to a boson of energy Omega at zero temperature: a kink at
-Omega, slope 1 / (1 + lambda) before it. gamma rounds the kink; it is analytic in the upper half
plane, so that A keeps its sum rule. The matrix element is 1: no photon energy, no polarisation.

Sources: Damascelli, Hussain & Shen, Rev. Mod. Phys. 75, 473 (2003), sections II.C and II.D;
coupling: Engelsberg & Schrieffer, Phys. Rev. 131, 993 (1963).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ingest.simulators import Curve, Parameter, Simulator
from registry.errors import WrongUse
from registry.records import Axis, Floats

K_B = 8.617333262e-5
"""Boltzmann constant (eV/K), CODATA 2018."""
TAIL = 6.0
"""How far a resolution reaches to each side, in sigma."""
FWHM = 2 * np.sqrt(2 * np.log(2))
"""Full width at half maximum of a Gaussian, in sigma."""


@dataclass(frozen=True)
class Band:
    """Hopping t, t', t'' and chemical potential mu (eV), lattice constant a (angstrom)."""

    t: float
    t_prime: float
    t_second: float
    mu: float
    a: float

    def energy(self, kx: Floats, ky: Floats) -> Floats:
        """Energy from the Fermi level (eV) at k (1/angstrom)."""
        x, y = kx * self.a, ky * self.a
        near = -2 * self.t * (np.cos(x) + np.cos(y))
        next_near = 4 * self.t_prime * np.cos(x) * np.cos(y)
        third = -2 * self.t_second * (np.cos(2 * x) + np.cos(2 * y))
        return np.asarray(near + next_near + third - self.mu)


@dataclass(frozen=True)
class SelfEnergy:
    """Impurity width Gamma_0 (eV), coupling lambda, boson energy and its width gamma (eV)."""

    impurity: float
    coupling: float
    boson: float
    boson_width: float

    def __call__(self, omega: Floats) -> npt.NDArray[np.complex128]:
        """Sigma (eV), its imaginary part negative."""
        if self.coupling == 0:
            return np.full(np.shape(omega), -1j * self.impurity)
        z = omega + 1j * self.boson_width
        # two logarithms: one of the quotient would jump from branch to branch
        logarithms = np.log(self.boson - z) - np.log(self.boson + z)
        return np.asarray(-1j * self.impurity + self.coupling * self.boson / 2 * logarithms)


def spectral_function(omega: Floats, epsilon: Floats, self_energy: SelfEnergy) -> Floats:
    """A(omega) of states at ``epsilon`` (eV), shape ``(len(omega), len(epsilon))``, in 1/eV."""
    distance = (omega - self_energy(omega))[:, None] - epsilon
    return np.asarray(-np.imag(1 / distance) / np.pi)


def fermi(omega: Floats, temperature: float) -> Floats:
    """Occupation at ``omega`` (eV from the Fermi level) and ``temperature`` (K, above 0)."""
    from scipy.special import expit

    return np.asarray(expit(-omega / (K_B * temperature)))


def cut(
    omega: Floats,
    k: Floats,
    path: tuple[tuple[float, float], tuple[float, float]],
    band: Band,
    self_energy: SelfEnergy,
    temperature: float,
    resolution: tuple[float, float],
) -> Floats:
    """Photoemission intensity along a straight cut, in states per eV.

    Args:
        omega: Energy from the Fermi level (eV), even and ascending, shape ``(n,)``.
        k: Distance along the cut (1/angstrom), even and ascending, shape ``(m,)``.
        path: (kx, ky) where k is 0 (1/angstrom), and the direction of the cut.
        band: The bare band.
        self_energy: The broadening.
        temperature: Of the Fermi function (K).
        resolution: Full widths at half maximum in energy (eV) and in k (1/angstrom).

    Returns:
        Shape ``(n, m)``. Intensity from beyond the edges of the map is followed into it.

    Raises:
        WrongUse: When the temperature or the broadening is not above 0, or the direction is null.
    """
    if temperature <= 0:
        raise WrongUse("temperature", "more than 0 K", str(temperature))
    if self_energy.impurity <= 0:
        raise WrongUse("impurity", "a width of more than 0 eV", str(self_energy.impurity))
    origin, direction = np.array(path[0]), np.array(path[1], dtype=np.float64)
    if not direction.any():
        raise WrongUse("path", "a direction", str(path[1]))
    unit = direction / np.linalg.norm(direction)
    wide_omega, wide_k = (
        _widen(axis, fwhm) for axis, fwhm in zip((omega, k), resolution, strict=True)
    )
    kx, ky = origin[:, None] + np.outer(unit, wide_k)
    intensity = spectral_function(wide_omega, band.energy(kx, ky), self_energy)
    intensity *= fermi(wide_omega, temperature)[:, None]
    blurred = _blur(omega, wide_omega, resolution[0]) @ intensity
    return np.asarray(blurred @ _blur(k, wide_k, resolution[1]).T)


def simulate(**settings: float) -> Curve:
    """Map over energy from the Fermi level (eV) and k along a cut (1/angstrom), maximum 100.

    Raises:
        WrongUse: When a grid is empty, or as :func:`cut` does.
    """
    grids = []
    for name in ("energy", "k"):
        low, high = settings[f"{name}_min"], settings[f"{name}_max"]
        if not low < high:
            raise WrongUse(f"{name}_max", f"more than {name}_min = {low}", str(high))
        grids.append(np.linspace(low, high, int(settings[f"{name}_points"])))
    omega, k = grids
    angle = np.radians(settings["direction"])
    intensity = cut(
        omega,
        k,
        ((settings["kx"], settings["ky"]), (float(np.cos(angle)), float(np.sin(angle)))),
        Band(*(settings[name] for name in ("t", "t_prime", "t_second", "mu", "a"))),
        SelfEnergy(*(settings[name] for name in ("impurity", "coupling", "boson", "boson_width"))),
        settings["temperature"],
        (settings["energy_resolution"], settings["k_resolution"]),
    )
    return Curve(
        Axis("energy", "eV", omega),
        100 * intensity / intensity.max(),
        "percent of maximum",
        axes=(Axis("k", "1/angstrom", k),),
    )


def _widen(axis: Floats, fwhm: float) -> Floats:
    """The axis continued as far as the resolution reaches, in steps that resolve it."""
    step = (axis[-1] - axis[0]) / (len(axis) - 1)
    finer = max(1, int(np.ceil(2 * step / fwhm))) if fwhm > 0 else 1
    extra = int(np.ceil(TAIL * fwhm / FWHM / step))
    n = (len(axis) - 1 + 2 * extra) * finer + 1
    return np.asarray(np.linspace(axis[0] - extra * step, axis[-1] + extra * step, n))


def _blur(axis: Floats, wide: Floats, fwhm: float) -> Floats:
    """Matrix of the resolution, shape ``(len(axis), len(wide))``, each row of sum 1."""
    if fwhm == 0:
        return np.eye(len(axis))
    weight = np.exp(-0.5 * (FWHM * (axis[:, None] - wide) / fwhm) ** 2)
    return np.asarray(weight / weight.sum(axis=1, keepdims=True))


SIMULATOR = Simulator(
    name="arpes",
    version="1",
    technique="arpes",
    parameters={
        "energy_min": Parameter(-0.5, "eV", "first energy from the Fermi level", -5.0, 1.0),
        "energy_max": Parameter(0.1, "eV", "last energy from the Fermi level", -5.0, 1.0),
        "energy_points": Parameter(301, "", "number of energies", 2, 3000),
        "k_min": Parameter(0.0, "1/angstrom", "where the cut begins", -5.0, 5.0),
        "k_max": Parameter(0.9, "1/angstrom", "where the cut ends", -5.0, 5.0),
        "k_points": Parameter(181, "", "number of k", 2, 3000),
        "kx": Parameter(0.0, "1/angstrom", "kx where k is 0", -5.0, 5.0),
        "ky": Parameter(0.0, "1/angstrom", "ky where k is 0", -5.0, 5.0),
        "direction": Parameter(45.0, "degree", "of the cut, from kx", -180.0, 180.0, (0.0, 45.0)),
        "t": Parameter(0.36, "eV", "hopping to neighbours", 0.0, 5.0, (0.1, 0.6)),
        "t_prime": Parameter(0.10, "eV", "along the diagonal", -2.0, 2.0, (0.0, 0.2)),
        "t_second": Parameter(0.035, "eV", "to second neighbours", -2.0, 2.0, (0.0, 0.07)),
        "mu": Parameter(-0.40, "eV", "chemical potential", -10.0, 10.0, (-0.6, -0.2)),
        "a": Parameter(3.85, "angstrom", "lattice constant", 1.0, 20.0),
        "impurity": Parameter(0.02, "eV", "width at the Fermi level", 1e-4, 2.0, (0.005, 0.05)),
        "coupling": Parameter(0.8, "", "lambda of the boson", 0.0, 5.0, (0.0, 1.5)),
        "boson": Parameter(0.07, "eV", "energy of the boson", 0.001, 1.0, (0.02, 0.1)),
        "boson_width": Parameter(0.01, "eV", "width of the boson", 1e-4, 0.5),
        "temperature": Parameter(20.0, "K", "temperature", 0.1, 2000.0, (10.0, 300.0)),
        "energy_resolution": Parameter(0.01, "eV", "full width", 0.0, 0.5),
        "k_resolution": Parameter(0.01, "1/angstrom", "full width", 0.0, 0.5),
    },
    simulate=simulate,
    source="Damascelli, Hussain & Shen, Rev. Mod. Phys. 75, 473 (2003)",
    from_structure=False,
)
