"""Speed of the simulators on measured mineral structures of AMCSD (shipped with larixite).

Run as a script to print the rows. The structures are a seeded sample, the particles and layers
seeded draws; times are the median of three passes over them in one process.
"""

from __future__ import annotations

import random
import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from io import StringIO
from statistics import median
from typing import TYPE_CHECKING, Any

from ingest.draws import drawn_settings
from ingest.simulators import Curve, Simulator, simulators
from registry.errors import Unsupported

if TYPE_CHECKING:
    from pymatgen.core import Structure

SEED = 2026
STRUCTURES = 120
SMALL_CELL = 8
DRAWS = 50
DRAWN = ("saxs_sphere", "sans_sphere", "sans_core_shell", "saxs_cylinder", "saxs_ellipsoid", "nr")


def amcsd_sample(count: int = STRUCTURES, seed: int = SEED) -> list[Structure]:
    """``count`` conventional cells of AMCSD that pymatgen parses, drawn at random by seed."""
    from larixite.amcsd import AMCSD

    database = AMCSD(read_only=True)
    identities = sorted(row.id for row in database.get_all("cif"))
    random.Random(seed).shuffle(identities)
    sample: list[Structure] = []
    for identity in identities:
        sample += _structures(database.get_cif(identity).ciftext)[:1]
        if len(sample) == count:
            return sample
    raise ValueError(f"AMCSD has only {len(sample)} structures, not {count}")


def run() -> list[dict[str, Any]]:
    """Benchmark rows: ours against pymatgen's calculators, and patterns a second."""
    sample = amcsd_sample()
    small = [structure for structure in sample if len(structure) <= SMALL_CELL]
    named = simulators()
    return [
        _against_pymatgen("XRD line pattern", "xrd", sample),
        _against_pymatgen("neutron powder line pattern", "npd", sample),
        _rate("XRD with profile, 850 points", named["xrd"], sample, None),
        _rate(f"X-ray PDF, cells of at most {SMALL_CELL} sites", named["xpdf"], small, 400.0),
        _rate("X-ray PDF, all cells", named["xpdf"], sample, None),
        _rate("neutron PDF, all cells", named["npdf"], sample, None),
        *(_draw_rate(named[name]) for name in DRAWN),
    ]


def _draw_rate(simulator: Simulator) -> dict[str, Any]:
    drawn = drawn_settings(simulator, {}, DRAWS, SEED)

    def simulate(settings: dict[str, float]) -> Curve:
        return simulator.run(None, settings)

    simulate(drawn[0])  # compiles
    return {
        "what": f"{simulator.name}, 200 points, {DRAWS} draws of the declared ranges",
        "against": None,
        "ratio": None,
        "ours": DRAWS / _seconds(simulate, drawn),
        "theirs": None,
        "goal": None,
        "unit": "curves/s",
    }


def _against_pymatgen(what: str, name: str, sample: list[Structure]) -> dict[str, Any]:
    from pymatgen.analysis.diffraction.neutron import NDCalculator
    from pymatgen.analysis.diffraction.xrd import XRDCalculator

    from ingest.simulators import npd, xrd

    ours, theirs = {"xrd": (xrd.sticks, XRDCalculator()), "npd": (npd.sticks, NDCalculator())}[name]
    known = _known(theirs.get_pattern, _known(ours, sample))
    mine = _seconds(ours, known)
    other = _seconds(theirs.get_pattern, known)
    return {
        "what": f"{what}, {len(known)} structures",
        "against": f"pymatgen {type(theirs).__name__}",
        "ratio": other / mine,
        "ours": len(known) / mine,
        "theirs": len(known) / other,
        "goal": 10.0,
        "unit": "structures/s",
    }


def _rate(
    what: str, simulator: Simulator, sample: list[Structure], goal: float | None
) -> dict[str, Any]:
    settings = simulator.settings()

    def simulate(structure: Structure) -> Curve:
        return simulator.run(structure, settings)

    known = _known(simulate, sample)
    seconds = _seconds(simulate, known)
    return {
        "what": f"{what}, {len(known)} structures",
        "against": None,
        "ratio": None,
        "ours": len(known) / seconds,
        "theirs": None,
        "goal": goal,
        "unit": "patterns/s",
    }


def _seconds(simulate: Callable[..., Any], sample: Sequence[Any]) -> float:
    """Median of three passes over the sample."""
    return median(_pass(simulate, sample) for _ in range(3))


def _pass(simulate: Callable[..., Any], sample: Sequence[Any]) -> float:
    start = time.perf_counter()
    for structure in sample:
        simulate(structure)
    return time.perf_counter() - start


def _known(simulate: Callable[..., Any], sample: list[Structure]) -> list[Structure]:
    """The structures it does not refuse (pymatgen does so with a ValueError)."""
    known = []
    for structure in sample:
        with suppress(Unsupported, ValueError):
            simulate(structure)
            known.append(structure)
    return known


def _structures(cif: str) -> list[Structure]:
    from pymatgen.io.cif import CifParser

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return CifParser(StringIO(cif)).parse_structures(primitive=False)
        except ValueError:  # an entry without usable atoms
            return []


if __name__ == "__main__":
    for row in run():
        print(row)
