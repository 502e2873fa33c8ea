r"""Vertical beam size of a storage ring whose insertion devices couple the planes, with drift.

What Leemann et al., Phys. Rev. Lett. 123, 194801 (2019), doi:10.1103/PhysRevLett.123.194801,
report of a real ring, as a model that is stated in full and fitted to no machine. Each of 35
devices adds to the complex coupling of the planes, more the further it is closed, and none knows
of the others; the size is not linear in any of them:

.. math:: \kappa(t) = \kappa_0 + \sum_k c_k(t) \, (e^{-a_k s_k} - e^{-a_k / 2}), \qquad
          \sigma_y = \sigma_0 \sqrt{1 + |\kappa|^2} + \epsilon

with the setting s of a device (0 closed, 1 open), drawn evenly and anew for every shot; the ring
is corrected where all are half open. What drifts
is what no setting shows, the strength c of each device: a random walk in the complex plane, one
step a shot. So the distribution of the settings never changes and the relation does.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from registry.identity import recipe_id
from registry.records import Axis, Floats, Provenance, Spectrum

PRODUCER, VERSION = "storage_ring", "1"
DEVICES = 35
SIZE = 45.0
"""Beam size without coupling (micrometre)."""
COUPLING = 0.5
"""Of the ring itself."""
STRENGTH = 0.08
"""Deviation of the coupling of a device, per component, at the first shot."""
OPENING = (1.0, 4.0)
"""Range of a, how quickly a device that opens stops to couple."""
NOISE = 0.2
"""Deviation of one measurement (micrometre)."""
DRIFT = 0.5
"""Deviation of a strength after 1000 shots, in units of STRENGTH."""
EDGE = 0.499
"""Half the width over which the trace of the settings keeps the value of a device."""
_LONGEST = 20_000


def settings(machine: int, shots: range) -> Floats:
    """Settings of all devices, shape ``(n, 35)``, 0 to 1."""
    return np.stack([np.random.default_rng([machine, 1, n]).random(DEVICES) for n in shots])


def beam_size(machine: int, shots: range, given: Floats, drift: float = DRIFT) -> Floats:
    """Measured vertical beam size (micrometre), shape ``(n,)``.

    Args:
        machine: Seed of a ring: its strengths, how they drift and the noise.
        shots: Their numbers, n of them, below 20,000.
        given: Settings, shape ``(n, 35)``.
        drift: See :data:`DRIFT`.
    """
    opening, start, walk = _machine(machine)
    strength = start + STRENGTH * drift * walk[list(shots)]
    shape = np.exp(-opening * given) - np.exp(-opening / 2)
    kappa = COUPLING + (strength * shape).sum(axis=1)
    noise = [np.random.default_rng([machine, 2, n]).normal(0, NOISE) for n in shots]
    return np.asarray(SIZE * np.sqrt(1 + np.abs(kappa) ** 2) + noise)


def spectra(machine: int, first: int, count: int, drift: float = DRIFT) -> list[Spectrum]:
    """Traces of settings as rows are made of: 35 devices and a reference channel that is 1.

    The vocabulary has no technique for slow controls: the trace is kept under ``imaging``, its
    axis ``frame`` the number of the device. The reference keeps the scale of settings where
    curves are scaled to a maximum of 1.
    """
    shots = range(first, first + count)
    channels = np.arange(DEVICES + 1)
    x = np.stack([channels - EDGE, channels + EDGE], axis=1).ravel()
    traces = np.hstack([settings(machine, shots), np.ones((count, 1))])
    recipe = recipe_id(PRODUCER, VERSION, {"machine": machine, "drift": drift})
    return [
        Spectrum(
            technique="imaging",
            kind="simulated",
            x=Axis("frame", "", x),
            intensity=np.repeat(trace, 2),
            provenance=Provenance(
                PRODUCER, VERSION, {"machine": machine, "shot": shot}, recipe=recipe
            ),
            title=f"settings of ring {machine}, shot {shot}",
        )
        for shot, trace in zip(shots, traces, strict=True)
    ]


@lru_cache(maxsize=8)
def _machine(machine: int) -> tuple[Floats, Floats, Floats]:
    """Openings ``(35,)``, first strengths ``(35,)``, walk ``(shots, 35)`` of 1 at 1000 shots."""
    rng = np.random.default_rng([machine, 0])
    opening = rng.uniform(*OPENING, DEVICES)
    start = STRENGTH * (rng.normal(size=DEVICES) + 1j * rng.normal(size=DEVICES))
    steps = rng.normal(size=(_LONGEST, DEVICES)) + 1j * rng.normal(size=(_LONGEST, DEVICES))
    walk = np.cumsum(steps, axis=0) / np.sqrt(1000)
    return opening, start, walk - walk[0]
