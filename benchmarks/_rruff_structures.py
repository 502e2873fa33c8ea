"""Which structure of AMCSD each measured pattern of RRUFF is of, found by its lines.

The file of patterns names space groups and no minerals. Of the structures in the pattern's space
group the one is taken whose pattern is most like it (cosine of roots of intensities), whatever the
zero of two-theta is within 0.4 degree and the lattice within 0.8 %: so that it is not chosen for a
zero that happens to fit. Cosines fall into two heaps, above 0.75 and below 0.5; between them lies
``LIKE``. Written once, as it takes minutes::

    python -m benchmarks._rruff_structures
"""

from __future__ import annotations

import json
import random
import re
import sqlite3
import warnings
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._planted import DATA
from ingest.connectors.amcsd import _database, write_entries
from ingest.readers import Source
from ingest.readers.cif import read
from ingest.simulators import xrd
from ingest.simulators._powder import Sticks
from registry.errors import Unsupported
from registry.records import Floats
from registry.structures import material_row
from registry.vocabulary import CU_KA

FOUND = Path(__file__).with_name("rruff_structures.json")
MOST_SITES, MOST_ATOMS, PER_MINERAL = 60, 400, 3
X = np.arange(1500) * 0.05 + 10.02
"""Two theta (degree)."""
RANGE, B_ISO, WEAKEST = (5.0, 90.0), 0.8, 1e-3
SCALES = (0.992, 0.996, 1.0, 1.004, 1.008)
LAG, WIDTH, PIECES = 8, 3.0, 40
"""Largest zero and width of a line (points), pieces that a background is taken from."""
LIKE = 0.7
OTHER_SYMBOLS = {"Cmca": 64, "Bmab": 64, "Acam": 64, "Cmma": 67, "I2mb": 46, "C-1": 2, "I-1": 2}
ENTRIES = """
SELECT cif.id, hm_notation, minerals.name, atoms_sites FROM cif
JOIN spacegroups ON spacegroups.id = spacegroup_id JOIN minerals ON minerals.id = mineral_id
WHERE atoms_sites != '0' AND a IS NOT NULL
"""


def known_structures(folder: Path) -> dict[int, dict[str, Any]]:
    """Row of ``materials`` of each pattern that has a structure, by place in the file.

    Args:
        folder: Where CIF files are written.

    Returns:
        Nothing where the file of patterns is not there.
    """
    if not (DATA / "rruff.npz").exists():
        return {}
    entries = {int(row): number for row, number in json.loads(FOUND.read_text()).items()}
    numbers = sorted(set(entries.values()))
    paths = write_entries(folder, numbers)
    rows = {
        number: material_row(read(Source(path, path.read_bytes()))[0])
        for number, path in zip(numbers, paths, strict=True)
    }
    return {row: rows[number] for row, number in entries.items()}


def structures() -> dict[int, int]:
    """Number of the AMCSD entry of each pattern of the file that has one, by place in the file."""
    with np.load(DATA / "rruff.npz") as file:
        measured = file["intensity"][:, 500:8000].astype(np.float64)
        groups = file["space_group"].astype(int) + 1
    patterns = measured.reshape(len(measured), -1, 5).mean(axis=2)
    calculated = _calculated(set(groups.tolist()))
    found = {}
    for row, (pattern, group) in enumerate(zip(patterns, groups, strict=True)):
        wave = np.fft.rfft(_heights(pattern), 2048)
        likeness = {
            number: float(_shifted(np.fft.irfft(wave * one, 2048)).max())
            for number, one in calculated[group].items()
        }
        best = max(likeness, key=likeness.__getitem__, default=None)
        if best is not None and likeness[best] > LIKE:
            found[row] = best
    return found


def _calculated(groups: set[int]) -> dict[int, dict[int, Floats]]:
    """Conjugate transforms of patterns, by space group and number of the entry."""
    from larixite.amcsd import AMCSD
    from pymatgen.io.cif import CifParser

    found: dict[int, dict[int, Floats]] = defaultdict(dict)
    database = AMCSD(str(_database()), read_only=True)
    for number, group in _entries(groups).items():
        text = database.get_cif(number).ciftext
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                parser = CifParser.from_str(text, check_cif=False, occupancy_tolerance=1.1)
                (structure, *_) = parser.parse_structures(primitive=True)
            if len(structure) > MOST_ATOMS:
                continue
            sticks = xrd.sticks(structure, CU_KA, RANGE, B_ISO)
        except (ValueError, Unsupported):
            continue  # entries that are no crystal, or one that cannot be calculated
        curves = np.stack([_drawn(sticks, scale) for scale in SCALES])
        found[group][number] = np.conj(np.fft.rfft(curves, 2048, axis=1))
    return found


def _entries(groups: set[int]) -> dict[int, int]:
    """Numbers of entries with their space group: a few determinations of each mineral."""
    connection = sqlite3.connect(f"file:{_database()}?mode=ro", uri=True)
    rows = connection.execute(ENTRIES).fetchall()
    connection.close()
    random.Random(0).shuffle(rows)
    known, taken, found = _symbols(), Counter[tuple[str, int]](), {}
    for number, symbol, mineral, sites in rows:
        group = known.get(_plain(symbol or ""))
        few = len(json.loads(sites)) <= MOST_SITES
        if group in groups and few and taken[mineral, group] < PER_MINERAL:
            taken[mineral, group] += 1
            found[number] = group
    return found


def _symbols() -> dict[str, int]:
    """Number of the space group by Hermann-Mauguin symbol, of all settings."""
    import spglib

    found = dict(OTHER_SYMBOLS)
    for hall in range(1, 531):
        kind = spglib.get_spacegroup_type(hall)
        written = (kind.international_short, kind.international_full)
        for symbol in (*written, *kind.international.split("=")):
            found.setdefault(re.sub(r"[\s_]", "", symbol), kind.number)
    return found


def _plain(symbol: str) -> str:
    """A symbol as tables write it: F m 3 m was how m -3 m was written once."""
    parts = symbol.split("%", maxsplit=1)[0].split()
    if len(parts) >= 3 and parts[1] in "mdna" and parts[2] == "3":
        parts[2] = "-3"
    return "".join(parts).split(":")[0].lstrip("*")


def _drawn(sticks: Sticks, scale: float) -> Floats:
    """Lines of a lattice that is so much smaller, as a pattern of length 1."""
    from scipy.ndimage import gaussian_filter1d

    strong = sticks.intensity > WEAKEST * sticks.intensity.max()
    sine = np.sin(np.radians(sticks.two_theta[strong] / 2)) * scale
    places = 2 * np.degrees(np.arcsin(np.minimum(sine, 0.999)))
    edges = np.append(X, X[-1] + 0.05) - 0.025
    counts, _ = np.histogram(places, edges, weights=sticks.intensity[strong])
    return _unit(np.sqrt(gaussian_filter1d(counts, WIDTH)))


def _heights(pattern: Floats) -> Floats:
    """Roots of a measured pattern above straight lines between its lowest points."""
    from scipy.ndimage import gaussian_filter1d

    smooth = gaussian_filter1d(pattern, 2)
    pieces = np.array_split(np.arange(len(smooth)), PIECES)
    lowest = [piece[np.argmin(smooth[piece])] for piece in pieces]
    floor = np.interp(np.arange(len(smooth)), lowest, smooth[lowest])
    return _unit(np.sqrt(np.maximum(smooth - floor, 0)))


def _unit(curve: Floats) -> Floats:
    about = curve - curve.mean()
    unit: Floats = about / max(float(np.linalg.norm(about)), 1e-12)
    return unit


def _shifted(correlation: Floats) -> Floats:
    """Of a circular correlation what is near no shift."""
    return np.concatenate([correlation[..., -LAG:], correlation[..., : LAG + 1]], axis=-1)


if __name__ == "__main__":
    found = structures()
    FOUND.write_text(json.dumps(found, separators=(",", ":")) + "\n")
    print(f"{len(found)} patterns with a structure in {FOUND.name}")
