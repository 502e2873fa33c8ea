"""``scatterlake predict``: what a registered model says about files, or about what a lake holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from scatterlake import Lake
from scatterlake.cli import app
from scatterlake.cli._console import (
    DEFAULT_LAKE,
    REFUSED,
    LakeOption,
    OnOption,
    SetOption,
    WorkersOption,
    console,
    print_table,
    progress_bar,
    settings,
)
from scatterlake.cli.models import print_answer

if TYPE_CHECKING:
    from training.answer_files import Sink
    from training.answers import FileAnswer, Known, NotAsked
    from training.loading import LoadedModel
    from training.predict import Prediction

TOLD = 5
"""Answers told in full; more are counted."""
NAMED = 10
"""Refusals listed."""

ToOption = Annotated[
    Path | None, typer.Option("--to", help="Also write the answers into FILE.parquet or FILE.csv.")
]
NeighboursOption = Annotated[
    int | None, typer.Option(min=0, help="Most similar training members to name.")
]


class Hands(NamedTuple):
    """Who computes the answers: how many processes, and where if not on this machine."""

    workers: int
    on: str | None

    def on_model(self, lake: Lake, model: LoadedModel) -> AbstractContextManager[LoadedModel]:
        """The model itself, or one that answers on several processes."""
        if self.workers == 1 and self.on is None:
            return nullcontext(model)
        from flows.cluster.predicting import spread

        return spread(lake, model, self.workers, self.on)


@app.command()
def predict(
    model: Annotated[str, typer.Argument(help="MODEL, MODEL/VERSION or MODEL@ALIAS.")],
    paths: Annotated[
        list[Path] | None, typer.Argument(exists=True, help="Measured curves: files, folders.")
    ] = None,
    lake: LakeOption = DEFAULT_LAKE,
    where: Annotated[
        str | None,
        typer.Option(
            help="Instead of files: SQL condition on the spectra of the lake (or on what "
            "else the model reads), such as \"kind = 'experimental'\"."
        ),
    ] = None,
    neighbours: NeighboursOption = None,
    workers: WorkersOption = 1,
    on: OnOption = None,
    to: ToOption = None,
    wavelength: Annotated[float | None, typer.Option(help="Wavelength (angstrom).")] = None,
    pairs: SetOption = None,
) -> None:
    """Ask a registered model; answers are kept in 'predictions' and not asked for twice."""
    from registry.errors import WrongUse
    from training.answer_files import answer_file

    if (where is None) == (not paths):
        raise WrongUse("predict", "files and folders, or --where", "both" if paths else "neither")
    if where is None and (workers > 1 or on):
        raise WrongUse("--workers, --on", "--where beside them", "files, which one process reads")
    opened, asked = Lake.existing(lake), model.replace("/", "@")
    hints = settings(pairs) | ({"wavelength": wavelength} if wavelength else {})
    with answer_file(to) if to else nullcontext(_nowhere) as sink:
        if where is not None:
            hands = Hands(workers, on)
            refused = _about_lake(opened, asked, where, neighbours or 0, sink, hands)
        else:
            near = 5 if neighbours is None else neighbours
            refused = _about_files(opened, asked, paths or [], hints, near, sink)
    if to:
        console.print(f"written to {to}", highlight=False, soft_wrap=True)
    if refused:
        rows = [(name, reason) for name, reason in refused[:NAMED]]
        print_table(f"not asked: {len(refused)}", ("what", "why"), rows)
        raise typer.Exit(REFUSED)


def _nowhere(rows: Sequence[Any]) -> None:
    del rows


def _about_lake(
    lake: Lake, asked: str, where: str, neighbours: int, sink: Sink, hands: Hands
) -> list[tuple[str, str]]:
    from training.answer_files import row_of, stored_rows
    from training.batch import predict_where
    from training.loading import load_model
    from training.lookup import split_reference

    model = load_model(lake, *split_reference(asked))
    name, version = model.row["model"], model.row["version"]
    tally = _Tally()

    def take(said: list[Prediction]) -> None:
        tally.add(said)
        sink([row_of(one, name, version) for one in said])

    with progress_bar(f"asking {name}/{version}") as progress, hands.on_model(lake, model) as able:
        report = predict_where(lake, able, where, neighbours, progress, take)
    sink(stored_rows(lake, name, version, report.known))
    counts = [
        ("answered", report.asked),
        ("answered before", len(report.known)),
        ("unlike anything it was trained on", report.outside),
        ("not asked", len(report.refused)),
    ]
    print_table(f"{name} version {version} ({model.card.algorithm})", ("", "count"), counts)
    if sure := tally.sureness(model.card.unit):
        print_table("how sure", ("", "value"), sure)
    if model.card.task == "classification" and tally.values:
        said = tally.values.most_common()
        print_table("most probable", (model.card.predicts or "", "count"), said)
    return sorted(report.refused.items())


@dataclass
class _Tally:
    """What is told of many answers; all of one version, so of one level and threshold."""

    values: Counter[str | None] = field(default_factory=Counter)
    alone: int = 0
    widths: list[float] = field(default_factory=list)
    similar: list[float] = field(default_factory=list)
    last: Prediction | None = None

    def add(self, said: Sequence[Prediction]) -> None:
        """Take in some answers."""
        for one in said:
            self.values[one.value] += 1
            self.alone += len(one.likely) == 1
            self.similar.append(one.similarity)
            if one.interval is not None:
                self.widths.append(one.interval[1] - one.interval[0])
            self.last = one

    def sureness(self, unit: str) -> list[tuple[str, str]]:
        """How sure the answers are, as lines of a table; none without answers."""
        if self.last is None:
            return []
        lines = []
        if self.last.likely:
            share = f"{self.alone} of {len(self.similar)}"
            lines.append((f"one class alone in the {self.last.level:.0%} set", share))
        if self.widths:
            width = f"{median(self.widths):.4g} {unit}".rstrip()
            lines.append((f"{self.last.level:.0%} interval, median width", width))
        like = f"{median(self.similar):.3f}, {min(self.similar):.3f}"
        known = f"known from {self.last.domain_threshold:.3f}"
        return [*lines, (f"similarity to training, median and least ({known})", like)]


def _about_files(
    lake: Lake,
    asked: str,
    paths: list[Path],
    hints: dict[str, Any],
    neighbours: int,
    sink: Sink,
) -> list[tuple[str, str]]:
    from training.answers import FileAnswer, NotAsked, predict_file, predict_files

    name = asked.partition("@")[0]
    found: list[FileAnswer | Known | NotAsked]
    if len(paths) == 1 and paths[0].is_file():
        found = [*predict_file(lake, asked, paths[0], hints, neighbours)]
    else:
        with progress_bar("files") as progress:
            found = [*predict_files(lake, asked, paths, hints, neighbours, progress)]
    answers = [one for one in found if isinstance(one, FileAnswer)]
    sink(_rows(lake, name, found))
    for one in answers[:TOLD]:
        print_answer(name, one)
    refused = [(str(one.path), one.reason) for one in found if isinstance(one, NotAsked)]
    counts = [
        ("answered", len(answers)),
        ("answered before", len(found) - len(answers) - len(refused)),
        ("unlike anything it was trained on", sum(a.prediction.out_of_domain for a in answers)),
        ("not asked", len(refused)),
    ]
    if len(found) > 1:
        print_table("curves", ("", "count"), counts)
    return refused


def _rows(
    lake: Lake, model: str, found: Sequence[FileAnswer | Known | NotAsked]
) -> list[dict[str, Any]]:
    """Rows of what was answered now or before, with the names of the files."""
    from training.answer_files import row_of, stored_rows
    from training.answers import FileAnswer, Known

    rows = [
        row_of(one.prediction, model, one.version, one.spectrum.provenance.file_name)
        for one in found
        if isinstance(one, FileAnswer)
    ]
    known = {one.entity_id: one for one in found if isinstance(one, Known)}
    for version in sorted({one.version for one in known.values()}):
        own = [entity for entity, one in known.items() if one.version == version]
        rows += [
            {**row, "file": known[row["entity_id"]].spectrum.provenance.file_name}
            for row in stored_rows(lake, model, version, own)
        ]
    return rows
