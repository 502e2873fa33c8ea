"""Detectors that know something of each sample, so that samples may differ as much as they like.

- ``lines``: where the lines of a sample's own structure meet its measured pattern. The checks
  ``line_shift`` and ``zero_shift`` measure that for each spectrum; here those of recent spectra
  are compared with those of the reference by the Wilcoxon rank sum, counted over random divisions
  of the groups.
- ``paired``: a spectrum against an earlier one of the same material, by its shift along x and its
  intensity. Where nothing changed either of the two could have been the earlier one, so
  every difference could as well have the other sign: the Wilcoxon signed rank sum, counted over
  random signs (Wilcoxon, Biometrics Bulletin 1, 80 (1945); Good, Permutation, Parametric and
  Bootstrap Tests of Hypotheses, 2005).

Ranks, because a wrong structure or a mixed-up sample is far off, and must not decide.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from registry.errors import BadInput
from registry.records import Floats
from training.drift.detectors import DIVISIONS, Evidence
from training.drift.membership import divisions, p_value

PAIRED = ("lines", "paired")
OFFSETS = {"line_shift": "of Q", "zero_shift": "degree"}
"""Checks against the structure, with what their values are in."""
DIFFERENCES = ("shift along x", "logarithm of the intensity")
FARTHEST = 0.05
"""Largest shift looked for, as a share of the axis."""
FLOOR = 0.1
"""Quantile of a curve above which its intensity counts."""


def lines(
    reference: Floats, recent: Floats, groups: Sequence[str] | None = None, seed: int = 0
) -> Evidence:
    """Rank sums of offsets from the structure.

    Args:
        reference: Columns as :data:`OFFSETS`, shape ``(n, 2)``; NaN where one does not apply.
        recent: Shape ``(m, 2)``.
        groups: Group of each row, reference first; None when each row is one.
        seed: Of the divisions.

    Raises:
        BadInput: For no rows, and for groups on both sides.
    """
    from scipy.stats import rankdata

    rows = np.concatenate([reference, recent])
    parts = divisions(len(reference), groups, len(rows), DIVISIONS, seed)
    ranks = _unit(rankdata(rows, axis=0, nan_policy="omit"))
    n, m = len(reference), len(recent)
    # in standard deviations, were each row a group of its own
    scale = np.sqrt((n + m) * (n + m - 1) / (n * m))
    moved = scale * np.abs(parts.astype(np.float64) @ ranks)
    column = int(moved[0].argmax())
    by = np.nanmedian(recent[:, column]) - np.nanmedian(reference[:, column])
    name, unit = list(OFFSETS.items())[column]
    said = f"{name} by {by:+.2g} {unit}"
    worst = moved.max(axis=1)
    return Evidence("lines", float(worst[0]), p_value(worst), moved=said)


def paired(difference: Floats, seed: int = 0) -> Evidence:
    """Signed rank sums of differences, new less earlier.

    Args:
        difference: One row for each material, columns as :data:`DIFFERENCES`, shape ``(n, 2)``.
        seed: Of the signs.

    Raises:
        BadInput: For no rows, and values that are not finite.
    """
    from scipy.stats import rankdata

    if not len(difference) or not np.isfinite(difference).all():
        raise BadInput("drift: paired", "finite differences", f"{len(difference)} rows")
    ranks = np.sign(difference) * rankdata(np.abs(difference), axis=0)
    ranks = ranks / np.sqrt(np.maximum((ranks**2).sum(axis=0), 1))
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], (DIVISIONS, len(ranks)))
    moved = np.abs(np.concatenate([np.ones((1, len(ranks))), signs]) @ ranks)
    column = int(moved[0].argmax())
    said = f"{DIFFERENCES[column]} by {np.median(difference[:, column]):+.2g}"
    worst = moved.max(axis=1)
    return Evidence("paired", float(worst[0]), p_value(worst), moved=said)


def differences(x: Floats, earlier: Floats, newer: Floats) -> Floats:
    """What differs between two curves of one material.

    Args:
        x: Even axis, ascending, shape ``(n,)``.
        earlier: Shape ``(m, n)``.
        newer: Shape ``(m, n)``.

    Returns:
        Shape ``(m, 2)``: the shift along x, in its unit, at which the cross-correlation of the two
        is largest (between points by a parabola), and the logarithm of the ratio of their
        intensities above the floor; NaN where a curve is flat.
    """
    from scipy.signal import fftconvolve

    far = max(1, int(FARTHEST * len(x)))
    old, new = _roots(earlier), _roots(newer)
    every = fftconvolve(new, old[:, ::-1], axes=1)
    middle = len(x) - 1
    near = every[:, middle - far - 1 : middle + far + 2]
    place = near[:, 1:-1].argmax(axis=1) + 1
    row = np.arange(len(near))
    before, at, after = (near[row, place + step] for step in (-1, 0, 1))
    bend = before - 2 * at + after
    between = np.divide(before - after, 2 * bend, out=np.zeros_like(bend), where=bend < 0)
    shift = (place - far - 1 + between) * (x[1] - x[0])
    with np.errstate(divide="ignore", invalid="ignore"):
        gain = np.log(_intensity(newer)) - np.log(_intensity(earlier))
    found = np.column_stack([shift, gain])
    found[~np.isfinite(found).all(axis=1)] = np.nan
    return found


def _unit(ranks: Floats) -> Floats:
    """Ranks about their mean as columns of length 1; 0 where there is none."""
    counted = np.isfinite(ranks)
    n = np.maximum(counted.sum(axis=0), 1)
    about = np.where(counted, ranks, 0.0) - counted * (np.where(counted, ranks, 0).sum(axis=0) / n)
    length = np.sqrt((about**2).sum(axis=0))
    unit: Floats = about / np.where(length > 0, length, 1.0)
    return unit


def _roots(curves: Floats) -> Floats:
    """Roots about the median, so that texture and a few strong lines do not decide a shift."""
    about = curves - np.median(curves, axis=1, keepdims=True)
    root = np.sign(about) * np.sqrt(np.abs(about))
    centred: Floats = root - root.mean(axis=1, keepdims=True)
    return centred


def _intensity(curves: Floats) -> Floats:
    floor = np.quantile(curves, FLOOR, axis=1, keepdims=True)
    mean: Floats = np.clip(curves - floor, 0, None).mean(axis=1)
    return mean
