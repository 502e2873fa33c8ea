"""The Fourier transform of EXAFS: a shell is a peak at its distance, and larch agrees."""

from __future__ import annotations

import numpy as np
import pytest

from features.curve import Curve
from features.spectra.exafs_transform import hann
from registry.errors import Unsupported

K = np.arange(0, 15.001, 0.05)
R = 0.05 * np.arange(1, 121)

# larch 2026.3, xftf of cu_chi.dat: kmin=3, kmax=11, dk=1, hanning, kweight=2; |chi(R)| interpolated
# at R = 0.5, 1, ..., 5.5 angstrom
LARCH = [
    0.11811781, 0.26657384, 0.77392929, 4.31372274, 3.69255662, 1.06112746,
    0.95677319, 2.55238079, 2.0264028, 2.02507312, 0.52669673,
]  # fmt: skip


def shell(distance):
    return Curve("exafs", K, np.sin(2 * K * distance) * np.exp(-2 * 0.003 * K**2))


@pytest.mark.parametrize("distance", [1.5, 2.2, 4.1])
def test_a_shell_without_phase_is_where_it_is(described, distance):
    found = described("exafs_transform", shell(distance))
    assert R[np.argmax(found)] == pytest.approx(distance, abs=0.05)


def test_two_shells_are_apart(described):
    one, two = shell(1.9), shell(3.4)
    found = described("exafs_transform", Curve("exafs", K, one.y + two.y))
    apart = described("exafs_transform", one) + described("exafs_transform", two)
    near = np.abs(R - 1.9) < 0.2
    np.testing.assert_allclose(found[near], apart[near], rtol=0.05)


def test_the_window_rises_and_falls_over_dk():
    k = np.array([2.4, 2.5, 3.0, 3.5, 7.0, 10.5, 11.0, 11.5, 11.6])
    np.testing.assert_allclose(
        hann(k, 3, 11, 1), [0, 0, 0.5, 1, 1, 1, 0.5, 0, 0], atol=1e-12
    )  # fmt: skip


def test_measured_copper_agrees_with_larch(described, read_curves, shared_data):
    (curve,) = read_curves(shared_data / "xafs-larch-examples" / "cu_chi.dat")
    found = described("exafs_transform", curve)
    np.testing.assert_allclose(found[9:119:10], LARCH, atol=0.01)
    # twelve neighbours at 2.55 angstrom, their phase shifts the peak down
    assert R[np.argmax(found)] == pytest.approx(2.22, abs=0.06)


def test_a_short_measurement_is_refused(described):
    short = Curve("exafs", K[:150], shell(2.0).y[:150])
    with pytest.raises(Unsupported, match="x from"):
        described("exafs_transform", short)
    assert described("exafs_transform", short, k_max=6.5).max() > 0
