"""Run every ``bench_*.py`` of this folder and write ``RESULTS.md``.

``python -m benchmarks [NAME ...]`` runs only those named; the other sections are kept.
"""

from __future__ import annotations

import importlib
import platform
import re
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
RESULTS = HERE / "RESULTS.md"
VERSIONS = (
    "numpy",
    "pyarrow",
    "deltalake",
    "duckdb",
    "h5py",
    "pymatgen",
    "dscribe",
    "scikit-learn",
    "torch",
)
TITLE = "# Benchmarks\n\nWritten by `make bench`. Ratios above 1 mean that scatterlake is faster.\n"


def main(names: list[str]) -> None:
    found = sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))
    for name in names or found:
        print(f"running {name} ...", flush=True)
        rows = importlib.import_module(f"benchmarks.bench_{name}").run()
        text = _section(name, rows)
        print(text)
        _write(name, text)


def _section(name: str, rows: list[dict[str, Any]]) -> str:
    head = "| what | against | ours | theirs | unit | ratio | goal |\n|---|---|---|---|---|---|---|"
    lines = [
        f"| {r['what']} | {r['against']} | {_number(r['ours'])} | {_number(r['theirs'])} | "
        f"{r['unit']} | {_number(r['ratio'])} | {_number(r['goal'])} |"
        for r in rows
    ]
    versions = ", ".join(f"{package} {version(package)}" for package in VERSIONS)
    when = datetime.now(UTC).strftime("%Y-%m-%d")
    machine = f"{platform.machine()}, Python {platform.python_version()}, {versions}"
    return "\n".join([f"## {name}", "", f"{when}; {machine}", "", head, *lines, ""])


def _number(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else "-" if value is None else str(value)


def _write(name: str, text: str) -> None:
    old = RESULTS.read_text() if RESULTS.exists() else TITLE
    sections = dict(re.findall(r"(?ms)^## (\w+)\n(.*?)(?=^## |\Z)", old))
    sections[name] = text.split("\n", 1)[1]
    body = "\n".join(f"## {key}\n{value.rstrip()}\n" for key, value in sorted(sections.items()))
    RESULTS.write_text(f"{TITLE}\n{body}")


if __name__ == "__main__":
    main(sys.argv[1:])
