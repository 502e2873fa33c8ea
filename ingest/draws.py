"""Samples that exist as parameters only: settings given one by one, or drawn at random by seed.

A draw is addressed by its number: the first thousand of two thousand draws are the thousand of a
shorter run, so a set can be extended, and fixing one parameter leaves the draws of others alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from zlib import crc32

import numpy as np

from ingest.simulators import Parameter, Simulator
from registry.errors import WrongUse
from registry.identity import recipe_id
from registry.records import Floats

Range = tuple[float, float]


def drawn_settings(
    simulator: Simulator, chosen: Mapping[str, float | Range], draws: int, seed: int
) -> list[dict[str, float]]:
    """Complete settings of every draw.

    Args:
        simulator: Whose parameters are drawn.
        chosen: A value holds for all draws; a range replaces the one the simulator declares.
        draws: How many.
        seed: Of the draws. Every parameter has a random stream of its own.

    Raises:
        WrongUse: For an unknown parameter, or a value or range out of its limits.
    """
    fixed, ranges = _split(simulator, chosen)
    columns = {
        name: _draw(simulator.parameters[name], span, draws, [seed, crc32(name.encode())])
        for name, span in ranges.items()
    }
    return [
        simulator.settings(**fixed, **{name: float(column[n]) for name, column in columns.items()})
        for n in range(draws)
    ]


def draws_recipe(simulator: Simulator, chosen: Mapping[str, float | Range], seed: int) -> str:
    """Identity of a set of draws, however many: simulator, fixed settings, ranges and seed."""
    fixed, ranges = _split(simulator, chosen)
    told = {
        name: [*span, simulator.parameters[name].scale] for name, span in sorted(ranges.items())
    }
    parameters = {"settings": simulator.settings(**fixed), "drawn": told, "seed": seed}
    return recipe_id(simulator.name, simulator.version, parameters)


def _split(
    simulator: Simulator, chosen: Mapping[str, float | Range]
) -> tuple[dict[str, float], dict[str, Range]]:
    """Values that hold for all draws, and ranges to draw from; both within the limits."""
    fixed = {name: value for name, value in chosen.items() if not isinstance(value, tuple)}
    given = {name: value for name, value in chosen.items() if isinstance(value, tuple)}
    declared = {
        name: parameter.drawn
        for name, parameter in simulator.parameters.items()
        if parameter.drawn is not None and name not in chosen
    }
    ranges = declared | given
    for name, (low, high) in ranges.items():
        simulator.settings(**{name: low})
        simulator.settings(**{name: high})
        least = 0.0 if simulator.parameters[name].scale == "log" else -np.inf
        if not least < low < high:
            wanted = "lower < upper, above 0 on a logarithmic scale"
            raise WrongUse(f"{simulator.name}: {name}", wanted, f"{low:g} to {high:g}")
    simulator.settings(**fixed)
    return fixed, ranges


def _draw(parameter: Parameter, span: Range, draws: int, seed: list[int]) -> Floats:
    u = np.random.default_rng(seed).random(draws)
    low, high = span
    if parameter.scale == "log":
        return np.asarray(low * (high / low) ** u)
    values = low + (high - low) * u
    return np.floor(values) if parameter.scale == "whole" else values
