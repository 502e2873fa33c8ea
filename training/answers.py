"""Answers about files: read as ingest would, a model that can read them chosen, then asked.

One bad file stops nothing, and what was answered before is not asked again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ingest.files import find_files
from ingest.hints import Hints
from ingest.preview import curves_in
from ingest.rows import row_of_spectrum
from registry.errors import BadInput, NotFound
from registry.lake import Lake
from registry.records import Spectrum
from training.batch import answered
from training.blocks import curve_block
from training.cards import insist_on_code
from training.likeness import TrainingSide
from training.loading import LoadedModel, load_model
from training.lookup import CHAMPION, model_rows, one_model
from training.metrics import metric_named
from training.models import Block, Inputs
from training.predict import Prediction, answer, curve_input

Progress = Callable[[int, int], None]
FILES = 100
"""Files read before their curves are asked about together."""


@dataclass(frozen=True)
class FileAnswer:
    """One curve of a file, which model version was asked, and what it said."""

    spectrum: Spectrum
    version: int
    algorithm: str
    prediction: Prediction


@dataclass(frozen=True)
class Known:
    """One curve of a file that this version had answered about before."""

    spectrum: Spectrum
    version: int
    entity_id: str


@dataclass(frozen=True)
class NotAsked:
    """A file, or a curve of it, that the model could not be asked about, and why."""

    path: Path
    reason: str


@dataclass(frozen=True)
class Opened:
    """A version that is asked: the model, what it was trained on, what it has answered about."""

    model: LoadedModel
    side: TrainingSide
    before: set[str]


@dataclass(frozen=True)
class Question:
    """A curve as a version takes it."""

    spectrum: Spectrum
    opened: Opened
    entity_id: str
    block: Block


class Oracle:
    """A model by name, asked about curves of files; each version is loaded once.

    Args:
        lake: The lake.
        model: ``name``, ``name@version`` or ``name@alias``. A bare name means its champion, or,
            when the champion needs more than this one curve, the best version that does not.
        neighbours: How many training members to name.

    Raises:
        NotFound: When there is no such model, version or alias.
    """

    def __init__(self, lake: Lake, model: str, neighbours: int = 5) -> None:
        self._lake, self._neighbours = lake, neighbours
        self._name, _, self._which = model.partition("@")
        # a wrong name is answered with the right ones
        one_model(lake, self._name, self._which or CHAMPION)
        self._opened: dict[str, Opened] = {}

    def question(self, curve: Spectrum) -> Question:
        """A curve as the version for its technique takes it.

        Raises:
            BadInput: When it is of another technique or does not cover the grid of the model.
            NotFound: When no version of the model reads this technique alone.
        """
        opened = self._for(curve.technique)
        source = curve_input(opened.model)
        if curve.technique != source.technique:
            where = curve.provenance.file_name or "curve"
            raise BadInput(where, f"a curve of {source.technique}", f"one of {curve.technique}")
        row = row_of_spectrum(curve)
        block = curve_block(source, row["x"], row["intensity"])
        return Question(curve, opened, row["spectrum_id"], block)

    def ask(self, questions: Sequence[Question], again: bool = False) -> list[FileAnswer | Known]:
        """Answers in the order of the questions; those of one version are asked together.

        Args:
            questions: Questions of this oracle.
            again: Whether to ask also about what was answered before.
        """
        found: dict[int, FileAnswer | Known] = {}
        for opened in {id(q.opened): q.opened for q in questions}.values():
            own = {i: q for i, q in enumerate(questions) if q.opened is opened}
            new = {i: q for i, q in own.items() if again or q.entity_id not in opened.before}
            version = int(opened.model.row["version"])
            found |= {i: Known(q.spectrum, version, q.entity_id) for i, q in own.items()}
            if new:
                said = self._answers(opened, list(new.values()))
                found |= dict(zip(new, said, strict=True))
        return [found[i] for i in range(len(questions))]

    def _answers(self, opened: Opened, questions: list[Question]) -> list[FileAnswer]:
        model = opened.model
        entities = [q.entity_id for q in questions]
        inputs: Inputs = {curve_input(model).name: np.concatenate([q.block for q in questions])}
        said = answer(self._lake, model, opened.side, entities, inputs, self._neighbours)
        opened.before.update(entities)
        version, algorithm = int(model.row["version"]), model.card.algorithm
        return [
            FileAnswer(q.spectrum, version, algorithm, one)
            for q, one in zip(questions, said, strict=True)
        ]

    def _for(self, technique: str) -> Opened:
        if technique not in self._opened:
            which = self._which or _version_for(self._lake, self._name, technique)
            model = load_model(self._lake, self._name, which)
            insist_on_code(model.card)
            side = TrainingSide(self._lake, model.card)
            self._opened[technique] = Opened(model, side, answered(self._lake, model))
        return self._opened[technique]


def predict_file(
    lake: Lake, model: str, path: Path, hints: Mapping[str, Any], neighbours: int = 5
) -> list[FileAnswer]:
    """Predict every curve of a file, also what was answered before.

    Args:
        lake: The lake.
        model: As :class:`Oracle` takes it.
        path: The file.
        hints: What the user says about it.
        neighbours: How many training members to name.

    Raises:
        BadInput: When the file cannot be read, holds no curve, a check refuses it, or it is no
            file for this model.
        NotFound: When no version of the model reads this technique alone.
        OtherCode: When the installed algorithm is another version than the model's.
    """
    oracle = Oracle(lake, model, neighbours)
    asked = [oracle.question(curve) for curve in curves_in(path, dict(hints))]
    return [one for one in oracle.ask(asked, again=True) if isinstance(one, FileAnswer)]


def predict_files(
    lake: Lake,
    model: str,
    paths: Sequence[Path],
    hints: Mapping[str, Any],
    neighbours: int = 5,
    progress: Progress | None = None,
) -> Iterator[FileAnswer | Known | NotAsked]:
    """Predict every curve of files and folders; what cannot be answered is told and passed over.

    What was answered before is not asked again. Answers are noted some files at a time.

    Args:
        lake: The lake.
        model: As :class:`Oracle` takes it.
        paths: Files, or folders that are walked.
        hints: What the user says about the files; wins over ``scatterlake.yaml`` beside them.
        neighbours: How many training members to name.
        progress: Called with (files done, files in all).

    Raises:
        BadInput: When a path does not exist.
        NotFound: When there is no such model, version or alias.
        OtherCode: When the installed algorithm is another version than the model's.
    """
    files = find_files(paths)
    said = Hints(hints, [path.absolute() for path in paths])
    oracle = Oracle(lake, model, neighbours)
    for first in range(0, len(files), FILES):
        some = files[first : first + FILES]
        found = [one for path in some for one in _read(oracle, path, said.of(path.absolute()))]
        yield from (one for one in found if isinstance(one, NotAsked))
        yield from oracle.ask([one for one in found if isinstance(one, Question)])
        if progress:
            progress(first + len(some), len(files))


def _read(oracle: Oracle, path: Path, hints: dict[str, Any]) -> Iterator[Question | NotAsked]:
    try:
        curves = curves_in(path, hints)
    except BadInput as error:
        yield NotAsked(path, str(error))
        return
    for curve in curves:
        try:
            yield oracle.question(curve)
        except (BadInput, NotFound) as error:
            yield NotAsked(path, str(error))


def _version_for(lake: Lake, name: str, technique: str) -> int:
    able = [row for row in model_rows(lake, name) if row["inputs"] == [technique]]
    if not able:
        raise NotFound(f"version of {name} that reads", technique, _readable(lake, name))
    champions = [row for row in able if row["alias"] == CHAMPION]
    best = max(able, key=lambda row: (not row["stale"], _score(row), row["version"]))
    return int((champions or [best])[0]["version"])


def _score(row: dict[str, Any]) -> float:
    measured = row["score_measured"]
    score = float(row["score_simulated"] if measured is None else measured)
    return metric_named(row["metric"]).sign * score


def _readable(lake: Lake, name: str) -> list[str]:
    return sorted({"+".join(row["inputs"]) for row in model_rows(lake, name)})
