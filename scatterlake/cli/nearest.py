"""``scatterlake nearest``: which stored curves look most like this one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scatterlake import Lake
from scatterlake.cli import app
from scatterlake.cli._console import (
    DEFAULT_LAKE,
    LakeOption,
    SetOption,
    console,
    print_table,
    progress_bar,
    settings,
)
from scatterlake.cli.ingest import ColumnsOption, KindOption, WavelengthOption, XUnitOption

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes

    from registry.records import Spectrum

SHORTEST_PREFIX = 6
DRAWN = 5
LOGARITHMIC = ("saxs", "sans", "nr", "xrr")
COLOURS = {"experimental": "#0072B2", "simulated": "#D55E00"}
CURVES = """
SELECT spectrum_id, s.technique, x, intensity, kind,
       coalesce(m.name, s.sample_id, parse_filename(s.file_name), s.title, s.spectrum_id) AS what
FROM spectra s LEFT JOIN materials m USING (material_id)
WHERE spectrum_id IN (SELECT unnest($1::VARCHAR[]))
"""
STARTING = """
SELECT spectrum_id FROM spectra WHERE starts_with(spectrum_id, $1)
ORDER BY spectrum_id <> $1, spectrum_id LIMIT 4
"""


@dataclass(frozen=True)
class Asked:
    """A curve that was asked about: what to compare, how to call it, how to draw it."""

    curve: str | Spectrum
    spectrum_id: str
    title: str
    technique: str
    x: np.ndarray[Any, Any]
    y: np.ndarray[Any, Any]


@app.command()
def nearest(
    curve: Annotated[str, typer.Argument(help="A file, or the first 6 digits or more of an id.")],
    lake: LakeOption = DEFAULT_LAKE,
    technique: Annotated[
        str | None, typer.Option(help="Technique of the file, and to compare with.")
    ] = None,
    where: Annotated[
        str | None,
        typer.Option(help="SQL condition on the spectra, such as \"kind = 'simulated'\"."),
    ] = None,
    k: Annotated[int, typer.Option("-k", min=1, help="How many to find.")] = 10,
    x_unit: XUnitOption = None,
    columns: ColumnsOption = None,
    wavelength: WavelengthOption = None,
    kind: KindOption = None,
    pairs: SetOption = None,
) -> None:
    """Find the stored curves most similar to a file or a stored curve, and draw them."""
    from registry.curves.spectra import nearest as search

    opened = Lake.existing(lake)
    given = {
        "technique": technique,
        "x_unit": x_unit,
        "columns": columns,
        "wavelength": wavelength,
        "kind": kind,
    }
    hints = {name: value for name, value in given.items() if value is not None} | settings(pairs)
    for asked in _asked(opened, curve, hints):
        with progress_bar("opening spectra") as progress:
            found = search(opened, asked.curve, technique, where, k, progress=progress).to_pylist()
        known = _curves(opened, [row["spectrum_id"] for row in found])
        rows = [
            (
                row["spectrum_id"][:12],
                row["similarity"],
                f"{row['overlap']:.0%}",
                known[row["spectrum_id"]]["what"],
                row["kind"],
            )
            for row in found
        ]
        heads = ("spectrum", "similarity", "overlap", "what", "kind")
        print_table(f"nearest to {asked.title} ({technique or asked.technique})", heads, rows)
        if found:
            best = [{**known[row["spectrum_id"]], **row} for row in found[:DRAWN]]
            target = opened.pictures / f"nearest-{asked.spectrum_id[:12]}.png"
            draw(asked, best, target)
            console.print(f"drawn in {target}", highlight=False, soft_wrap=True)
        else:
            console.print("none that covers enough of its range and meets the condition")


def _asked(lake: Lake, curve: str, hints: dict[str, Any]) -> Iterator[Asked]:
    """The stored curve of an id, or every curve of a file.

    Raises:
        BadInput: When the file cannot be read, holds no curve, or a check refuses it.
        WrongUse: When there is neither such a file nor one such id.
    """
    path = Path(curve)
    if not path.is_file():
        yield _stored(lake, curve)
        return
    from ingest.preview import curves_in
    from ingest.rows import row_of_spectrum

    spectra = curves_in(path, hints)
    for spectrum in spectra:
        row = row_of_spectrum(spectrum)
        part = spectrum.provenance.file_part
        title = f"{path.name}, {part}" if part and len(spectra) > 1 else path.name
        identity = row["spectrum_id"], title, spectrum.technique
        yield Asked(spectrum, *identity, row["x"], row["intensity"])


def _stored(lake: Lake, prefix: str) -> Asked:
    import numpy as np

    spectrum_id = _full_id(lake, prefix)
    row = _curves(lake, [spectrum_id])[spectrum_id]
    identity = spectrum_id, row["what"], row["technique"]
    return Asked(spectrum_id, *identity, np.array(row["x"]), np.array(row["intensity"]))


def _full_id(lake: Lake, prefix: str) -> str:
    from registry.errors import WrongUse

    expected = f"a file, or the first {SHORTEST_PREFIX} digits or more of the id of one spectrum"
    found: list[str] = lake.sql(STARTING, [prefix])["spectrum_id"].to_pylist()
    if found and found[0] == prefix:
        return prefix
    if len(prefix) < SHORTEST_PREFIX or not found:
        raise WrongUse("CURVE", expected, repr(prefix))
    if len(found) > 1:
        raise WrongUse("CURVE", expected, f"{prefix!r}, with which start {', '.join(found)}")
    return found[0]


def _curves(lake: Lake, ids: list[str]) -> dict[str, dict[str, Any]]:
    return {row["spectrum_id"]: row for row in lake.sql(CURVES, [ids]).to_pylist()}


def draw(asked: Asked, found: list[dict[str, Any]], target: Path) -> None:
    """Draw a curve (black) and below it the best found, within its range and scaled alike.

    Args:
        asked: The curve.
        found: The best first: ``x``, ``intensity``, ``kind``, ``what``, ``similarity``.
        target: PNG to write.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 1.6 + 0.9 * (len(found) + 1)), layout="constrained")
    axes = figure.add_subplot()
    _line(axes, asked, asked.x, asked.y, 0, "black", asked.title)
    for place, row in enumerate(found, 1):
        label = f"{row['similarity']:.3f}  {row['what']}"
        _line(axes, asked, row["x"], row["intensity"], place, COLOURS[row["kind"]], label)
    _label(axes, asked)
    figure.savefig(target, dpi=110)


def _line(axes: Axes, asked: Asked, x: Any, y: Any, place: int, colour: str, label: str) -> None:
    """One curve, moved down by its place: by a step, or by decades on a logarithmic axis."""
    import numpy as np

    x, y = np.asarray(x), np.asarray(y, dtype=float)
    seen = (x >= asked.x.min()) & (x <= asked.x.max())
    x, y = x[seen], y[seen]
    if asked.technique in LOGARITHMIC:
        level = 10.0 ** (-2 * place)
        moved = y / y.max() * level
    else:
        level = 0.5 - 1.1 * place
        moved = (y - y.min()) / max(np.ptp(y), np.finfo(float).tiny) + level - 0.5
    axes.plot(x, moved, lw=0.9, color=colour)
    beside = axes.get_yaxis_transform()
    axes.text(1.01, level, label[:34], transform=beside, fontsize=8, color=colour, va="center")


def _label(axes: Axes, asked: Asked) -> None:
    from registry.vocabulary import TECHNIQUES

    technique = TECHNIQUES[asked.technique]
    if asked.technique in LOGARITHMIC:
        axes.set_xscale("log")
        axes.set_yscale("log")
    axes.set_yticks([])
    axes.minorticks_off()
    axes.set_xlabel(f"{technique.quantity} [{technique.unit}]")
    axes.set_ylabel(f"{technique.signal}, scaled and moved apart")
    axes.set_title(f"{technique.title}: measured blue, simulated orange", fontsize=9)
