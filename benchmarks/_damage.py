"""Kinds of damage done to measured curves, each with the checks that are meant to find it.

A kind takes a row of ``spectra`` (arrays as numpy) and returns a damaged copy, or None where it
cannot be done to that row. Sizes are drawn from the generator given.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Row = dict[str, Any]
Generator = np.random.Generator
CURVES = ("xas", "exafs", "saxs", "sans", "nr", "xrr", "xpdf", "xps", "xrd", "npd", "phonon_dos")


@dataclass(frozen=True)
class Damage:
    """One kind: its name, what happened, which techniques, which checks should tell."""

    name: str
    story: str
    checks: tuple[str, ...]
    do: Callable[[Row, Generator], Row | None]
    techniques: tuple[str, ...] = CURVES


def _with(row: Row, **changed: Any) -> Row:
    return {**row, **changed}


def _nan(row: Row, rng: Generator) -> Row:
    y = row["intensity"].copy()
    y[rng.choice(len(y), max(1, len(y) // 100), replace=False)] = np.nan
    return _with(row, intensity=y)


def _infinite(row: Row, rng: Generator) -> Row:
    y = row["intensity"].copy()
    y[rng.integers(len(y))] = np.inf
    return _with(row, intensity=y)


def _dead(row: Row, _rng: Generator) -> Row:
    return _with(row, intensity=np.full_like(row["intensity"], row["intensity"][0]))


def _torn(row: Row, rng: Generator) -> Row:
    return _with(row, intensity=row["intensity"][: -rng.integers(1, max(2, len(row["x"]) // 4))])


def _scrambled(row: Row, rng: Generator) -> Row:
    x = row["x"].copy()
    some = rng.choice(len(x), max(3, len(x) // 3), replace=False)
    x[some] = x[rng.permutation(some)]
    return _with(row, x=x)


def _swapped(row: Row, rng: Generator) -> Row:
    x = row["x"].copy()
    n = int(rng.integers(len(x) - 1))
    x[[n, n + 1]] = x[[n + 1, n]]
    return _with(row, x=x)


def _negative_uncertainty(row: Row, rng: Generator) -> Row | None:
    if row["uncertainty"] is None:
        return None
    sigma = row["uncertainty"].copy()
    sigma[rng.integers(len(sigma))] = -1
    return _with(row, uncertainty=sigma)


def _absurd_uncertainty(row: Row, rng: Generator) -> Row | None:
    if row["uncertainty"] is None:
        return None
    sigma = row["uncertainty"].copy()
    sigma[rng.integers(len(sigma))] *= 10.0 ** rng.uniform(3, 12)
    return _with(row, uncertainty=sigma)


def _frozen(row: Row, rng: Generator) -> Row:
    y = row["intensity"].copy()
    n = len(y)
    first = int(rng.integers(n // 2))
    y[first : first + int(n * rng.uniform(0.25, 0.5))] = y[first]
    return _with(row, intensity=y)


def _spike(row: Row, rng: Generator) -> Row:
    y = row["intensity"].copy()
    height = np.ptp(y) * rng.uniform(0.2, 1.5)
    y[rng.integers(3, len(y) - 3)] += height * rng.choice([-1, 1])
    return _with(row, intensity=y)


def _saturated(row: Row, rng: Generator) -> Row:
    y = row["intensity"]
    return _with(row, intensity=np.minimum(y, np.quantile(y, rng.uniform(0.5, 0.75))))


def _dark(row: Row, rng: Generator) -> Row:
    y = row["intensity"]
    return _with(row, intensity=y - np.float32(np.quantile(y, rng.uniform(0.4, 0.8))))


def _unit(factor: float) -> Callable[[Row, Generator], Row]:
    return lambda row, _rng: _with(row, x=row["x"] * factor)


def _shift(least: float, most: float) -> Callable[[Row, Generator], Row]:
    def do(row: Row, rng: Generator) -> Row:
        return _with(row, x=row["x"] + rng.choice([-1, 1]) * rng.uniform(least, most))

    return do


def _inverted(row: Row, _rng: Generator) -> Row:
    return _with(row, intensity=-row["intensity"])


def _reversed(row: Row, _rng: Generator) -> Row:
    return _with(row, intensity=row["intensity"][::-1].copy())


def _scaled(row: Row, rng: Generator) -> Row:
    return _with(row, intensity=row["intensity"] * np.float32(10 ** rng.uniform(0.5, 3)))


def _other_element(row: Row, rng: Generator) -> Row | None:
    if not row["absorber"]:
        return None
    others = [e for e in ("V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Zn") if e != row["absorber"]]
    return _with(row, absorber=str(rng.choice(others)))


def _wavelength(row: Row, rng: Generator) -> Row | None:
    """Another line of the tube, or filter: the axis stays, the wavelength beside it is wrong."""
    if not row["wavelength"]:
        return None
    return _with(row, wavelength=row["wavelength"] * float(rng.uniform(1.5, 3)))


def _beam_stop(row: Row, rng: Generator) -> Row:
    x, y = row["x"], row["intensity"]
    edge = np.quantile(x, rng.uniform(0.1, 0.25))
    return _with(row, intensity=y / (1 + (edge / np.maximum(x, 1e-9)) ** 8).astype(np.float32))


def _offset_q(row: Row, rng: Generator) -> Row:
    return _with(row, x=row["x"] - np.quantile(row["x"], rng.uniform(0.05, 0.3)))


def _cut(row: Row, _rng: Generator) -> Row:
    """The axis ends at the maximum, as when a range was too short."""
    end = max(6, int(np.argmax(row["intensity"])) + 1)
    return _with(row, x=row["x"][:end], intensity=row["intensity"][:end], shape=[end])


Q = ("saxs", "sans", "nr", "xrd", "npd")
DAMAGES = (
    Damage("nan", "1 % of the points are NaN", ("intensity_not_finite",), _nan),
    Damage("infinite", "one point is infinite", ("intensity_not_finite",), _infinite),
    Damage("dead", "the detector gives one value", ("intensity_range",), _dead),
    Damage("torn", "intensities are missing at the end", ("length_mismatch",), _torn),
    Damage("scrambled", "a third of the axis is permuted", ("x_back_share",), _scrambled),
    Damage("swapped", "two neighbouring points of x are swapped", ("x_back_steps",), _swapped),
    Damage("sigma", "one uncertainty is negative", ("uncertainty_min",), _negative_uncertainty),
    Damage(
        "sigma_digits",
        "one uncertainty 10^3 to 10^12 times",
        ("uncertainty_ratio",),
        _absurd_uncertainty,
    ),
    Damage("frozen", "25 to 50 % repeat one value", ("frozen_share",), _frozen),
    Damage("spike", "one point off by 0.2 to 1.5 of the range", ("single_point",), _spike),
    Damage("saturated", "clipped at the 50 to 75 % quantile", ("saturated_share",), _saturated, Q),
    Damage("dark", "too much background subtracted", ("negative_share",), _dark, Q),
    Damage("q_offset", "Q shifted below zero", ("q_min",), _offset_q, Q),
    Damage("nm", "Q in 1/nm taken for 1/angstrom", ("axis_end",), _unit(10), Q),
    Damage("keV", "keV taken for eV", ("axis_end", "edge_offset"), _unit(1e-3), ("xas",)),
    Damage("energy", "energy off by 50 to 500 eV", ("edge_offset",), _shift(50, 500), ("xas",)),
    Damage("element", "another absorber named", ("edge_offset",), _other_element, ("xas",)),
    Damage("inverted", "ln(I/I0) for ln(I0/I)", ("edge_step",), _inverted, ("xas",)),
    Damage("wavelength", "wavelength 1.5 to 3 times", ("q_share_of_reach",), _wavelength, ("xrd",)),
    Damage("beam_stop", "low Q in the shadow", ("guinier_slope",), _beam_stop, ("saxs", "sans")),
    Damage("scale", "reflectivity 3 to 1000 times", ("reflectivity_max",), _scaled, ("nr",)),
    Damage("backwards", "R(Q) end to end", ("reflectivity_fall",), _reversed, ("nr",)),
    Damage("pdf_sign", "G(r) with the wrong sign", ("low_r_density",), _inverted, ("xpdf",)),
    Damage(
        "charging", "binding energy off by 5 to 30 eV", ("carbon_offset",), _shift(5, 30), ("xps",)
    ),
    Damage("dos_cut", "the axis ends at the maximum", ("dos_end_share",), _cut, ("phonon_dos",)),
    Damage("dos_sign", "g(E) negative", ("dos_negative_share",), _inverted, ("phonon_dos",)),
)
