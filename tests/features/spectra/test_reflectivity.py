"""Critical edges and thicknesses of layers that refnx computes, and of a measured film."""

from __future__ import annotations

import numpy as np
import pytest

from features.curve import Curve
from registry.errors import Unsupported

Q = np.linspace(0.003, 0.3, 800)
SILICON = 2.07


def reflectivity(thickness, contrast, substrate=SILICON, lower=3.0, q=Q):
    """R(Q) of a layer (1e-6 / angstrom^2) by refnx; ``lower`` is the roughness below it."""
    from refnx.reflect import abeles

    slabs = [[0, 0, 0, 0], [thickness, contrast, 0, 3.0], [0, substrate, 0, lower]]
    return Curve("nr", q, abeles(q, np.array(slabs, dtype=float)))


@pytest.mark.parametrize("substrate", [2.07, 3.47, 6.36])
def test_the_edge_of_a_bare_surface(described, substrate):
    """Qc = 4 sqrt(pi rho)."""
    edge, _, strength = described("reflectivity", reflectivity(0, 0, substrate))
    assert edge == pytest.approx(4 * np.sqrt(np.pi * substrate * 1e-6), rel=5e-3)
    assert strength < 0.05


@pytest.mark.parametrize("thickness", [120.0, 300.0, 800.0])
def test_the_thickness_of_a_layer(described, thickness):
    _, found, strength = described("reflectivity", reflectivity(thickness, 4.5))
    assert found == pytest.approx(thickness, rel=0.01)
    assert strength > 0.3


def test_the_noise_at_the_end_does_not_disturb(described):
    clean = reflectivity(300.0, 4.0)
    noise = np.full(len(Q), 2e-7)
    y = clean.y + noise * np.random.default_rng(1).normal(size=len(Q))
    assert described("reflectivity", Curve("nr", Q, y, noise))[1] == pytest.approx(300, rel=0.02)


def test_a_rough_lower_interface_weakens_the_fringes(described):
    smooth = described("reflectivity", reflectivity(300.0, 4.0))
    rough = described("reflectivity", reflectivity(300.0, 4.0, lower=15.0))
    assert rough[1] == pytest.approx(300, rel=0.03)
    assert rough[2] < 0.7 * smooth[2]


def test_what_was_not_measured_is_refused(described):
    layer = reflectivity(300.0, 4.0)
    with pytest.raises(Unsupported, match="plateau"):
        described("reflectivity", Curve("nr", Q[60:], layer.y[60:]))
    with pytest.raises(Unsupported, match="plateau"):
        described("reflectivity", Curve("nr", Q[60:], 1e6 * reflectivity(0, 0).y[60:]))
    with pytest.raises(Unsupported, match="falls to half"):
        described("reflectivity", Curve("nr", Q[:15], layer.y[:15]))
    with pytest.raises(Unsupported, match="points above the edge"):
        described("reflectivity", Curve("nr", Q[:60], layer.y[:60]))


def test_a_measured_film_against_heavy_water(described, read_curves, shared_data):
    """Silicon against D2O: Qc = 4 sqrt(pi (6.36 - 2.07) 1e-6) less the resolution of 3 %."""
    (path,) = (shared_data / "nr-refnx").rglob("c_PLP0007882.dat")
    curve = next(iter(read_curves(path, technique="nr")))
    edge, thickness, strength = described("reflectivity", curve)
    assert edge == pytest.approx(0.01468, rel=0.05)
    assert 200 < thickness < 300
    assert strength > 0.3
