"""Precision and recall of the checks on measured curves and on damaged copies of them.

Protocol, fixed before the first scored run. Good: one-dimensional curves of the open data (phonon
densities are calculated, all others measured) as the readers give them, at most ``PER_FILE`` of a
file and ``PER_TECHNIQUE`` of a technique; no one sorted out bad ones, so what a check rightly finds
in them counts as a false alarm. Bad: a copy of each good curve, damaged by one kind drawn among
those that can be done to it (``_damage.py``). Split by file: even digests to set limits on, odd
digests to score. Metric: a curve is flagged when any check fails, refused when one of severity
error does; precision and recall of both, recall by kind, and for each check its alarms on good and
bad curves. ``SEEDS`` draws of damage; intervals are 95 % of a bootstrap over files. Negative
control: labels shuffled. ``near_copies`` tells of pairs: it is scored by itself, on scaled copies
of every curve (``_copies.py``).

Run as a script to write ``precision_checks.json`` and ``docs/checks.md``. Needs the open data
beside the checkout (``../shared/data``); ``--limits`` prints quantiles of the even half only.
"""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from benchmarks._copies import copies_told
from benchmarks._damage import CURVES, DAMAGES, Row
from ingest.checks import Check, check_sets
from ingest.checks.spectra import spectrum_checks, spectrum_quality
from ingest.files import find_files
from ingest.readers import Source, reader_for
from ingest.rows import row_of_spectrum
from registry.errors import BadInput
from registry.records import Spectrum
from registry.schemas import SCHEMAS

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data"
RESULT = Path(__file__).with_suffix(".json")
SEEDS, DRAWS = 5, 1000
PER_FILE, PER_TECHNIQUE, FEWEST = 40, 250, 20
CU = {"technique": "xrd", "wavelength": 1.5406}
SOURCES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("xas-xasdatalibrary", {}),
    ("xafs-larch-examples", {}),
    ("xrd-alab-dara", {}),
    ("xrd-autoanalyzer/Example/Spectra", CU),
    ("xrd-thinfilm-autoxrd/Datasets/Experimental", CU),
    ("xrd-rruff-experimental", {"technique": "xrd", "wavelength": 1.54184, "x": "5:89.99"}),
    ("neutron-powder-easydiffraction", {}),
    ("nr-refnx", {"technique": "nr"}),
    ("nr-orso-analysis/model_library", {"technique": "nr"}),
    ("nr-orso-analysis/tutorials", {"technique": "nr"}),
    ("pdf-diffpy-cmi", {}),
    ("xps-pynxtools-xps", {}),
    ("ins-multiphonon", {}),
    ("phonon-dos-ffonons", {}),
)
"""Folders of the open data and what is said about their files."""


def corpus() -> list[Row]:
    """Good curves, in the order of their ids, so that every run has the same."""
    import sasdata

    places = [(DATA / name, hints) for name, hints in SOURCES]
    places.append((Path(sasdata.__file__).parent / "example_data" / "1d_data", {}))
    by_file: defaultdict[str, list[Row]] = defaultdict(list)
    for place, hints in places:
        for path in find_files([place]):
            for row in _curves(path, hints):
                by_file[row["file_digest"]].append(row)
    some = [row for rows in by_file.values() for row in _first(rows, PER_FILE)]
    by_technique: defaultdict[str, list[Row]] = defaultdict(list)
    for row in some:
        by_technique[row["technique"]].append(row)
    return [row for rows in by_technique.values() for row in _first(rows, PER_TECHNIQUE)]


def _first(rows: list[Row], most: int) -> list[Row]:
    unique = {row["spectrum_id"]: row for row in rows}
    return [unique[key] for key in sorted(unique)[:most]]


def _curves(path: Path, hints: dict[str, Any]) -> Iterator[Row]:
    """One-dimensional curves of a file; what no reader accepts is no curve to score on."""
    source = Source(path, path.read_bytes(), hints)
    try:
        for record in reader_for(source).read(source):
            if isinstance(record, Spectrum) and len(record.shape) == 1:
                row = row_of_spectrum(record)
                if row["technique"] in CURVES and len(row["x"]) >= FEWEST:
                    yield row
    except BadInput:
        return


def is_for_limits(row: Row) -> bool:
    """Whether a curve belongs to the half on which limits were set."""
    return int(row["file_digest"][:8], 16) % 2 == 0


def damaged(row: Row, rng: np.random.Generator) -> tuple[str, Row]:
    """A damaged copy, and the kind of damage."""
    kinds = [kind for kind in DAMAGES if row["technique"] in kind.techniques]
    while True:
        kind = kinds[int(rng.integers(len(kinds)))]
        spoiled = kind.do(row, rng)
        if spoiled is not None:
            return kind.name, spoiled


Alarms = dict[str, npt.NDArray[np.bool_]]


def alarms(rows: list[Row]) -> Alarms:
    """For each check which rows break it."""
    sets = [each for each in check_sets().values() if not each.together]
    table = pa.Table.from_pylist(rows, schema=SCHEMAS["spectra"].arrow)
    columns = spectrum_quality(table, sets)
    techniques = np.array([row["technique"] for row in rows])
    found = {name: np.zeros(len(rows), dtype=bool) for name in columns}
    for check in _checks():
        meant = np.isin(techniques, check.techniques) if check.techniques else True
        found[check.name] |= check.broken_by(columns[check.name]) & meant
    return found


def _checks() -> list[Check]:
    return [c for each in check_sets().values() if not each.together for c in each.checks]


def score() -> dict[str, Any]:
    """All figures; see the protocol above."""
    every = corpus()
    scored = [row for row in every if not is_for_limits(row)]
    files = np.unique([row["file_digest"] for row in scored], return_inverse=True)[1]
    refusing = {check.name for check in _checks() if check.severity == "error"}
    good = alarms(scored)
    flagged_good = _any(good, set(good))
    refused_good = _any(good, refusing)
    flagged, refused, control = [], [], []
    kinds: defaultdict[str, list[tuple[bool, bool, bool]]] = defaultdict(list)
    by_check: Counter[str] = Counter()
    meant: defaultdict[str, list[bool]] = defaultdict(list)
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        names, spoiled = zip(*(damaged(row, rng) for row in scored), strict=True)
        bad = alarms(list(spoiled))
        flagged.append((flagged_good, _any(bad, set(bad))))
        refused.append((refused_good, _any(bad, refusing)))
        both = np.concatenate([flagged_good, flagged[-1][1]])
        labels = rng.permutation(np.repeat([False, True], len(scored)))
        control.append((_ratio(both & labels, both), _ratio(both & labels, labels)))
        for name, values in bad.items():
            by_check[name] += int(values.sum())
        for n, name in enumerate(names):
            (kind,) = (k for k in DAMAGES if k.name == name)
            told = any(bad[check][n] for check in kind.checks)
            kinds[name].append((told, bool(flagged[-1][1][n]), bool(refused[-1][1][n])))
            for check in kind.checks:
                meant[check].append(bool(bad[check][n]))
    return {
        "files": int(files.max()) + 1,
        "curves": dict(sorted(Counter(row["technique"] for row in scored).items())),
        "seeds": SEEDS,
        "copies": copies_told(every),
        "flagged": _interval(flagged, files),
        "refused": _interval(refused, files),
        "control": {
            "precision": [float(p) for p, _ in control],
            "recall": [float(r) for _, r in control],
        },
        "kinds": {
            kind.name: {
                "n": len(kinds[kind.name]),
                **dict(zip(("meant", "flagged", "refused"), _means(kinds[kind.name]), strict=True)),
            }
            for kind in DAMAGES
            if kinds[kind.name]
        },
        "checks": {
            name: {
                "good": int(good[name].sum()),
                "bad": by_check[name],
                "recall": float(np.mean(meant[name])) if meant[name] else None,
            }
            for name in sorted(good)
        },
    }


def _means(told: list[tuple[bool, bool, bool]]) -> list[float]:
    return [float(value) for value in np.mean(told, axis=0)]


def _any(found: Alarms, names: set[str]) -> npt.NDArray[np.bool_]:
    return np.asarray(np.any([found[name] for name in sorted(names)], axis=0))


def _ratio(part: npt.NDArray[np.bool_], whole: npt.NDArray[np.bool_]) -> float:
    return float(part.sum() / max(1, whole.sum()))


Pairs = list[tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]]


def _interval(seeds: Pairs, files: npt.NDArray[np.int64]) -> dict[str, list[float]]:
    """Precision, recall and share of false alarms: mean, and 95 % of a bootstrap over files.

    Each draw takes one seed and as many files as there are, with replacement.
    """
    count = int(files.max()) + 1
    sums = [(np.bincount(files, g), np.bincount(files, b), np.bincount(files)) for g, b in seeds]
    rng = np.random.default_rng(0)
    draws = []
    for n in range(DRAWS):
        weight = np.bincount(rng.integers(count, size=count), minlength=count)
        draws.append(_figures(sums[n % len(seeds)], weight))
    mean = np.mean([_figures(each, np.ones(count)) for each in sums], axis=0)
    low, high = np.quantile(draws, [0.025, 0.975], axis=0)
    names = ("precision", "recall", "false_alarms")
    return {name: [float(mean[k]), float(low[k]), float(high[k])] for k, name in enumerate(names)}


def _figures(sums: tuple[Any, Any, Any], weight: npt.NDArray[Any]) -> tuple[float, float, float]:
    false, true, all_ = (float((part * weight).sum()) for part in sums)
    return true / max(1.0, true + false), true / all_, false / all_


def print_limits() -> None:
    """Quantiles of every check on the even half: what limits were set by."""
    rows = [row for row in corpus() if is_for_limits(row)]
    for technique in sorted({row["technique"] for row in rows}):
        some = [row for row in rows if row["technique"] == technique]
        columns = spectrum_quality(pa.Table.from_pylist(some, schema=SCHEMAS["spectra"].arrow))
        for check in spectrum_checks(technique):
            told = columns[check.name][~np.isnan(columns[check.name])]
            if len(told):
                quantiles = " ".join(f"{v:.3g}" for v in np.quantile(told, [0, 0.01, 0.99, 1]))
                print(technique, len(told), check.name, check.limits(), quantiles)


if __name__ == "__main__":
    if "--limits" in sys.argv:
        print_limits()
    else:
        from benchmarks._checks_page import write_page

        result = score()
        RESULT.write_text(json.dumps(result, indent=1) + "\n")
        write_page(result)
