"""Appends small batches and merges files without end; tests kill it at any moment.

Prints a line for every commit when it was acknowledged: first row, rows that were new.
"""

from __future__ import annotations

import itertools
import runpy
import sys
from pathlib import Path

from registry.lake import Lake
from registry.tables.maintenance import checkpoint, compact

if __name__ == "__main__":
    curves = runpy.run_path(str(Path(__file__).with_name("write_rows.py")))["curves"]
    lake = Lake.existing(sys.argv[1])
    for n in itertools.count(int(sys.argv[2]), 10):
        print(n, lake.append("spectra", curves(range(n, n + 10))), flush=True)  # noqa: T201
        compact(lake["spectra"], least=2)
        checkpoint(lake["spectra"])
