r"""Nearest-neighbour spin ice on the pyrochlore lattice: magnetic S(Q) in the (h h l) plane.

.. math:: H = J_\mathrm{eff} \sum_{\langle ij \rangle} \sigma_i \sigma_j, \qquad
          \vec S_i = \sigma_i \hat z_i, \quad \sigma = \pm 1

.. math:: S_{\alpha\beta}(\vec Q) = \frac1N \Big\langle \sum_{ij}
          S_{i\alpha} S_{j\beta} e^{i \vec Q \cdot (\vec r_i - \vec r_j)} \Big\rangle, \qquad
          S_\mathrm{SF} = \sum_{\alpha\beta} \hat y_\alpha \hat y_\beta S_{\alpha\beta}

with z the local <111> axis of a spin, out of its "up" tetrahedron, and J_eff > 0, so that two spins
point in and two out (the ice rule). Spins are sampled by Metropolis flips while the temperature
falls to the chosen one, and by loops of flips that keep the ice rule, which alone still move when
it is cold. For neutrons polarised along [1 -1 0] the spin-flip channel (SF) is the spin component
in the plane and at right angles to Q; its pinch points are at (002), (111), (222). The form factor
of the ion is left out.

Sources: Harris et al., Phys. Rev. Lett. 79, 2554 (1997); Fennell et al., Science 326, 415 (2009);
loops: Barkema & Newman, Phys. Rev. E 57, 1155 (1998); Melko & Gingras, J. Phys.: Condens. Matter
16, R1277 (2004).
"""

from __future__ import annotations

import numpy as np

from ingest.simulators import Curve, Parameter, Simulator
from ingest.simulators._pyrochlore import Pyrochlore, Spins, pyrochlore, sweep
from registry.errors import WrongUse
from registry.records import Axis, Floats

HOTTEST = 10.0
"""Where the cooling begins, in units of J_eff."""
COOLING = 0.8
"""Factor from one temperature to the next."""


def sample(
    size: int, temperature: float, sweeps: int, samples: int, seed: int
) -> tuple[Spins, Floats]:
    """Configurations of a block cooled to ``temperature`` (in units of J_eff).

    Args:
        size: Cubic cells along an edge, 1 or more.
        temperature: k_B T / J_eff, above 0.
        sweeps: Metropolis sweeps at each temperature, and between samples, 1 or more.
        samples: How many configurations are kept.
        seed: Of the generator.

    Returns:
        Ising variables, shape ``(samples, 16 size^3)``, and the energy per spin of each sample in
        units of J_eff, ``-1`` in the ice states, shape ``(samples,)``.

    Raises:
        WrongUse: For a temperature of 0 or below, or counts below 1.
    """
    if temperature <= 0:
        raise WrongUse("temperature", "more than 0 J_eff", str(temperature))
    if min(size, sweeps, samples) < 1:
        raise WrongUse("size, sweeps, samples", "1 or more", f"{size}, {sweeps}, {samples}")
    block = pyrochlore(size)
    generator = np.random.default_rng(seed)
    spins = generator.choice(np.array([-1, 1], dtype=np.int8), size=len(block.position))
    hot = max(HOTTEST, temperature)
    for t in _cooling(hot, temperature):
        for _ in range(sweeps):
            sweep(spins, block, t, generator)
    kept = np.empty((samples, len(spins)), dtype=np.int8)
    for n in range(samples):
        for _ in range(sweeps):
            sweep(spins, block, temperature, generator)
        kept[n] = spins
    return kept, energy(kept, block)


def energy(spins: Spins, block: Pyrochlore) -> Floats:
    """Energy per spin in units of J_eff, shape ``(samples,)`` for spins ``(samples, n)``."""
    total = spins[:, block.tetrahedra].sum(axis=2, dtype=np.int64)
    # sum over pairs of a tetrahedron = (square of the sum - 4) / 2
    return np.asarray(((total**2 - 4) / 2).sum(axis=1) / spins.shape[1])


def structure_factor(
    spins: Spins, block: Pyrochlore, hhl: Floats, polarisation: Floats | None = None
) -> Floats:
    """Spin-flip structure factor per spin at wave vectors of the (h h l) plane.

    Exact for wave vectors that fit the block (h and l whole multiples of 1 / size).

    Args:
        spins: Shape ``(samples, n)``.
        block: The lattice.
        hhl: (h, l) in reciprocal lattice units of the cubic cell, shape ``(m, 2)``.
        polarisation: Direction at right angles to Q onto which spins are projected, shape
            ``(m, 3)``; the one in the (h h l) plane when left out.

    Returns:
        S(Q) in units of the squared moment, shape ``(m,)``; NaN at Q = 0, where there is no
        direction at right angles.
    """
    q = np.column_stack([hhl[:, 0], hhl[:, 0], hhl[:, 1]])
    if polarisation is None:
        polarisation = np.cross(q, [1.0, -1.0, 0.0])
    with np.errstate(invalid="ignore"):
        direction = polarisation / np.linalg.norm(polarisation, axis=1, keepdims=True)
    phase = np.exp(2j * np.pi * (q @ block.position.T))
    amplitude = (phase * (direction @ block.axis.T)) @ spins.T.astype(np.float64)
    return np.asarray((np.abs(amplitude) ** 2).mean(axis=1) / spins.shape[1])


def simulate(**settings: float) -> Curve:
    """Map of S(Q) in units of the squared moment, over h and l of Q = (h h l).

    Its points are those that fit the block; the value at Q = 0 is that of (0, 0, 1 / size). With
    the settings of ``SPIN_ICE_PARAMETERS``.

    Raises:
        WrongUse: As :func:`sample` does.
    """
    size = int(settings["size"])
    counts = (int(settings[name]) for name in ("sweeps", "samples", "seed"))
    spins, _ = sample(size, settings["temperature"], *counts)
    h = np.arange(int(settings["h_max"] * size) + 1) / size
    l = np.arange(int(settings["l_max"] * size) + 1) / size  # noqa: E741
    grid = np.stack(np.meshgrid(h, l, indexing="ij"), axis=-1).reshape(-1, 2)
    s = structure_factor(spins, pyrochlore(size), grid).reshape(len(h), len(l))
    s[0, 0] = s[0, 1]
    return Curve(Axis("h", "", h), s, "squared moment", axes=(Axis("l", "", l),))


SPIN_ICE_PARAMETERS = {
    "temperature": Parameter(0.2, "J_eff / k_B", "temperature", 0.05, 100.0, (0.1, 5.0), "log"),
    "h_max": Parameter(2.0, "", "last h of (h h l), reciprocal lattice units", 1.0, 8.0),
    "l_max": Parameter(4.0, "", "last l", 1.0, 8.0),
    "size": Parameter(6, "", "cubic cells along an edge of the block", 1, 12),
    "sweeps": Parameter(10, "", "sweeps at each temperature and between samples", 1, 1000),
    "samples": Parameter(100, "", "configurations in the mean", 1, 10_000),
    "seed": Parameter(0, "", "seed of the Monte Carlo", 0, 2**31, (0, 2**31), "whole"),
}


def _cooling(hot: float, cold: float) -> list[float]:
    steps = int(np.ceil(np.log(hot / cold) / -np.log(COOLING)))
    return [float(t) for t in np.geomspace(hot, cold, steps + 1)]


SIMULATOR = Simulator(
    name="spin_ice",
    version="1",
    technique="diffuse",
    parameters=SPIN_ICE_PARAMETERS,
    simulate=simulate,
    source="Harris et al. (1997); Fennell et al. (2009)",
    from_structure=False,
)
