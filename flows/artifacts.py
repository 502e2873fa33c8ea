"""What a flow run leaves in Prefect's pages: tables of what it did, and pictures."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from features.store import ComputeReport
from flows.steps import slug
from ingest.files import IngestReport
from ingest.simulate import SimulationReport
from ingest.telling import MOST_REASONS, reasons
from registry.events import clean
from registry.tables.maintenance import Upkeep

Row = dict[str, Any]
WIDTHS = (1200, 900, 600, 300)
"""Pixels of a picture, the most that fits first."""
LARGEST = 200_000
"""Bytes of a picture: its page is read from Prefect's data base as one row."""
COLOURS = 64


def key_of(what: str, lake: str) -> str:
    """Key of an artifact: Prefect lines up what runs leave under one key as its versions."""
    return f"{re.sub(r'[^a-z0-9]+', '-', what.lower()).strip('-')}-{slug(lake)}"


def keep_table(what: str, lake: str, rows: Sequence[Row], title: str) -> None:
    """Keep a table; its key is ``what`` and the lake, so that runs line up as its versions.

    Args:
        what: Short name.
        lake: Address of the lake.
        rows: Rows of equal fields.
        title: Markdown above it.
    """
    from prefect.artifacts import create_table_artifact

    create_table_artifact(list(clean(rows)), key=key_of(what, lake), description=title)


def keep_picture(what: str, lake: str, picture: Path, title: str) -> None:
    """Keep a picture, inside the page itself: it is seen wherever the page is, without an address.

    Args:
        what: Short name.
        lake: Address of the lake.
        picture: A PNG; what is kept of it is no larger than :data:`LARGEST`.
        title: What it shows.
    """
    from prefect.artifacts import create_markdown_artifact

    content = b64encode(small(picture)).decode()
    page = f"![{re.sub(r'[^ -Z^-~]', ' ', title)}](data:image/png;base64,{content})"
    create_markdown_artifact(page, key=key_of(what, lake), description=title)


def small(picture: Path) -> bytes:
    """A picture as a PNG of at most :data:`LARGEST` bytes: fewer colours, and as wide as fits."""
    from PIL import Image

    with Image.open(picture) as opened:
        whole = opened.convert("RGB")
    for width in WIDTHS:
        fitted = whole.copy()
        fitted.thumbnail((width, width))
        made = BytesIO()
        fitted.quantize(COLOURS, Image.Quantize.FASTOCTREE).save(made, "PNG")
        if made.tell() <= LARGEST:
            break
    return made.getvalue()


def keep_ingested(lake: str, report: IngestReport) -> None:
    """Keep what became of the files, and why some were refused."""
    counts = {
        "files looked at": report.files,
        "new structures": report.stored["materials"],
        "new spectra": report.stored["spectra"],
        "files already there": report.known_files,
        "rows already there": report.known_rows,
        "stored although a check failed": report.flagged,
        "refused": len(report.refused),
    }
    rows = [{"what": what, "count": count} for what, count in counts.items()]
    keep_table("ingest", lake, rows, f"Ingested into `{clean(lake)}`")
    if report.refused:
        why = [{"refused": n, "why": reason} for reason, n in reasons(report).items()]
        title = f"Refused, the {MOST_REASONS} most frequent reasons; the bytes are in `quarantine`"
        keep_table("quarantine", lake, why, title)


def keep_simulated(lake: str, reports: Sequence[SimulationReport]) -> None:
    """Keep how many curves each simulator made."""
    rows = [
        {
            "simulator": each.simulator,
            "simulated": each.simulated,
            "refused": each.refused,
            "already there": each.already_there,
            "seconds": round(each.seconds, 1),
        }
        for each in reports
    ]
    keep_table("simulate", lake, rows, f"Simulated into `{clean(lake)}`")


def keep_described(lake: str, reports: Mapping[str, ComputeReport]) -> None:
    """Keep how many entities each view describes; reports by name of the view."""
    rows = [
        {
            "view": name,
            "computed": each.computed,
            "refused": each.refused,
            "already there": each.already_there,
            "seconds": round(each.seconds, 1),
        }
        for name, each in reports.items()
    ]
    keep_table("features", lake, rows, f"Described in `{clean(lake)}`")


def keep_maintained(lake: str, reports: Sequence[Upkeep]) -> None:
    """Keep what was merged and deleted in each table."""
    rows = [
        {
            "table": each.table,
            "files merged": each.merged,
            "into": each.into,
            "files deleted": each.deleted,
            "damaged": len(each.damaged),
        }
        for each in reports
    ]
    keep_table("maintain", lake, rows, f"Upkeep of `{clean(lake)}`")
