"""``scatterlake ingest`` and ``inspect``: files into the lake, or only a look at one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from registry.records import Axis, Material, Refused, Spectrum
from scatterlake import Lake
from scatterlake.cli import app
from scatterlake.cli._console import (
    DEFAULT_LAKE,
    REFUSED,
    LakeOption,
    SetOption,
    WorkersOption,
    console,
    print_table,
    progress_bar,
    settings,
)

TechniqueOption = Annotated[
    str | None, typer.Option(help="Technique of the files, such as xrd, npd, saxs or nr.")
]
XUnitOption = Annotated[str | None, typer.Option("--x-unit", help="Unit of the first axis.")]
ColumnsOption = Annotated[str | None, typer.Option(help="Names of the columns, such as x,y,dy.")]
WavelengthOption = Annotated[float | None, typer.Option(help="Wavelength (angstrom).")]
KindOption = Annotated[str | None, typer.Option(help="experimental or simulated.")]
PolicyOption = Annotated[
    str | None,
    typer.Option(
        help="What breaks a check of severity error is refused (strict) or stored and flagged in "
        "checks (lenient). Kept with the lake; a new lake is strict."
    ),
]


def _hints(**given: Any) -> dict[str, Any]:
    pairs = settings(given.pop("pairs"))
    return {name: value for name, value in {**given, **pairs}.items() if value is not None}


@app.command()
def ingest(
    paths: Annotated[list[Path], typer.Argument(exists=True, help="Files and folders.")],
    lake: LakeOption = DEFAULT_LAKE,
    technique: TechniqueOption = None,
    x_unit: XUnitOption = None,
    columns: ColumnsOption = None,
    wavelength: WavelengthOption = None,
    kind: KindOption = None,
    pairs: SetOption = None,
    policy: PolicyOption = None,
    workers: WorkersOption = 1,
) -> None:
    """Read files into the lake; what cannot be accepted goes to quarantine with the reason."""
    from flows.run import ingest as run_ingest
    from ingest.checks.policy import set_policy

    hints = _hints(
        technique=technique,
        x_unit=x_unit,
        columns=columns,
        wavelength=wavelength,
        kind=kind,
        pairs=pairs,
    )
    opened = Lake.open(lake)
    if policy:
        set_policy(opened, policy)
    with progress_bar("reading files") as progress:
        report = run_ingest(opened, paths, hints, progress, workers)
    rows = [
        ("files looked at", report.files),
        ("new structures", report.stored["materials"]),
        ("new spectra", report.stored["spectra"]),
        ("files already there", report.known_files),
        ("rows already there", report.known_rows),
        ("stored although a check failed (in checks)", report.flagged),
        ("refused (in quarantine)", len(report.refused)),
    ]
    print_table("", ("ingest", "count"), rows)
    end_with(report.refused)


def end_with(refused: list[Refused]) -> None:
    """Say what was refused, if anything, and leave with the exit code that says so."""
    if refused:
        print_refused(refused)
        console.print("one by one: scatterlake sql 'from quarantine'")
        raise typer.Exit(REFUSED)


def print_refused(refused: list[Refused]) -> None:
    """Print the reasons for refusals, each with how many there were and one example."""
    reasons: dict[str, list[Refused]] = {}
    for each in refused:
        reasons.setdefault(each.expected, []).append(each)
    rows = [
        (len(same), Path(same[0].file_name).name, expected, same[0].found)
        for expected, same in sorted(reasons.items(), key=lambda item: -len(item[1]))
    ]
    print_table("in quarantine, with their bytes", ("n", "for example", "expected", "found"), rows)


@app.command()
def inspect(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="File to look at.")],
    technique: TechniqueOption = None,
    x_unit: XUnitOption = None,
    columns: ColumnsOption = None,
    wavelength: WavelengthOption = None,
    kind: KindOption = None,
    pairs: SetOption = None,
    picture: Annotated[Path | None, typer.Option(help="Draw the curves into this PNG.")] = None,
) -> None:
    """Show what would be stored of a file, what was guessed and why; stores nothing."""
    from ingest.preview import draw, preview

    hints = _hints(
        technique=technique,
        x_unit=x_unit,
        columns=columns,
        wavelength=wavelength,
        kind=kind,
        pairs=pairs,
    )
    found = preview(file, hints)
    console.print(f"[bold]{file.name}[/]: {found.reader.title} (reader {found.reader.name})")
    for record, complaint in zip(found.records, found.complaints, strict=True):
        print_table("", ("field", "value"), _facts(record))
        if complaint:
            console.print(f"[bold red]would be refused:[/] {complaint}", highlight=False)
    if picture:
        draw(found.records, picture)
        console.print(f"drawn in {picture}")
    if any(found.complaints):
        raise typer.Exit(REFUSED)


def _facts(record: Spectrum | Material) -> list[tuple[str, Any]]:
    provenance = record.provenance
    told = provenance.parameters.items()
    notes = [(f"note: {key}", json.dumps(value, ensure_ascii=False)) for key, value in told]
    if isinstance(record, Material):
        species = sorted({symbol for site in record.sites for symbol in site.species})
        facts: dict[str, Any] = {
            "structure": record.name or "(no name)",
            "species": ", ".join(species),
            "sites": len(record.sites),
            "space group": record.declared_space_group,
            "source": record.source,
        }
    else:
        facts = {
            "spectrum": record.title or provenance.file_part or "(no title)",
            "technique": f"{record.technique} ({record.kind})",
            "axis": _range(record.x),
            **{f"axis {n}": _range(axis) for n, axis in enumerate(record.axes, start=2)},
            "shape": " x ".join(map(str, record.shape)),
            "uncertainty": "given" if record.uncertainty is not None else "none",
            "wavelength": record.wavelength,
            "incident energy": record.incident_energy,
            "temperature": record.temperature,
            "sample": record.sample_id,
            "instrument": record.instrument,
        }
    return [*((k, v) for k, v in facts.items() if v is not None), *notes]


def _range(axis: Axis) -> str:
    first, last = axis.values[0], axis.values[-1]
    return f"{axis.quantity} [{axis.unit}] {first:.5g} to {last:.5g}"
