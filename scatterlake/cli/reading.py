"""``scatterlake dataset tidy``: removing what was written to read datasets quickly."""

from __future__ import annotations

from typing import Annotated

import typer

from scatterlake import Lake
from scatterlake.cli._console import DEFAULT_LAKE, LakeOption, console
from scatterlake.cli.datasets import dataset


@dataset.command("tidy")
def tidy_datasets(
    lake: LakeOption = DEFAULT_LAKE,
    keep: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME|MANIFEST", help="A dataset whose files stay; any number."),
    ] = None,
) -> None:
    """Remove the mapped files of datasets; they are written again when they are read."""
    from training.reading import tidy
    from training.stored import stored_dataset

    opened = Lake.existing(lake)
    freed = tidy(opened, [stored_dataset(opened, which).manifest for which in keep or ()])
    console.print(f"{freed / 1e6:.1f} MB freed")
