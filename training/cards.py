"""The card of a registered model: what it is, what it was trained on, how good it is, its files."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from registry.errors import BadInput, ModelRefused
from registry.identity import canonical_json, digest
from registry.plugins import pick
from training.card_schema import FORMAT, not_finite, problems
from training.definitions import Input, input_from
from training.files import digests, read_json, verify
from training.mlmodel import MLMODEL, mlmodel
from training.models import Fitted, Model, Task, models
from training.reliability import Reliability

CARD, WEIGHTS = "model.json", "weights"
WHENCE = "registered_model_meta"
"""What MLflow writes into the folder of a version when it fetches it; nothing here trusts it."""


class OtherCode(ModelRefused):
    """A model of another version of its algorithm than the installed one."""


@dataclass(frozen=True)
class Card:
    """Everything a reader or a loader must know about a model version.

    Attributes:
        study: Study, also the registered name.
        algorithm: Name of the file in ``training/models``.
        algorithm_version: Its version.
        settings: Complete settings.
        inputs: Input blocks with grids and parameters.
        predicts: Target, None when unsupervised.
        class_names: Names of the classes, in the order of the probabilities.
        manifest: Dataset it was trained on.
        seeds: Seeds of the repetitions; the first one's weights are here.
        metrics: Scores by side and seed.
        baselines: Naive, nearest neighbour and shuffled-label scores.
        domain_threshold: Smallest similarity to a training member that counts as known.
        licence: Licence of the weights.
        data_licences: Terms of use of the data it was trained on.
        code_version: Version of scatterlake.
        files: Digest of each file of the weights.
        task: What it was fitted for.
        unit: Unit of the target.
        metric: Score it is judged by.
        reliability: Calibration and conformal sets (:class:`training.reliability.Reliability`).
        signature: What goes in and comes out (:mod:`training.signatures`); None in old cards.
        parent: ``model/version`` it was transferred from, None when it learnt from scratch.
        leaks: What the audit for leaks found (:meth:`training.leaks.audit.Audit.card`), and what
            was allowed and why; None where only what is on two sides was looked for.
        mlmodel: Digest of the file that MLflow reads (:mod:`training.mlmodel`); none in old cards.
        format: Of the card (:mod:`training.card_schema`).
    """

    study: str
    algorithm: str
    algorithm_version: str
    settings: dict[str, Any]
    inputs: tuple[Input, ...]
    predicts: str | None
    class_names: tuple[str, ...]
    manifest: str
    seeds: tuple[int, ...]
    metrics: dict[str, Any]
    baselines: dict[str, float]
    domain_threshold: float
    data_licences: tuple[str, ...]
    code_version: str
    licence: str = "Apache-2.0"
    files: dict[str, str] = field(default_factory=dict)
    task: Task = "classification"
    unit: str = ""
    metric: str = "balanced_accuracy"
    reliability: Reliability | None = None
    signature: dict[str, Any] | None = None
    parent: str | None = None
    leaks: dict[str, Any] | None = None
    mlmodel: str = ""
    format: int = FORMAT

    def write(self, folder: Path) -> str:
        """Write the card beside the weights in ``folder``; returns the digest over everything.

        Raises:
            BadInput: Naming every field that is missing or wrong.
        """
        told = mlmodel(self.signature)
        whole = replace(self, files=digests(folder / WEIGHTS), mlmodel=digest(told))
        value = asdict(whole)
        wrong = list(not_finite(value))
        if not wrong:
            value = json.loads(canonical_json(value))
            wrong = problems(value)
        if wrong:
            raise BadInput(f"card of {self.study}", "a complete model card", "; ".join(wrong))
        text = json.dumps(value, indent=1)
        (folder / MLMODEL).write_text(told)
        (folder / CARD).write_text(text)
        return digest(text)


def read_card(folder: Path, expected: str) -> Card:
    """Read the card of a folder and verify it and every file it names.

    Args:
        folder: Where it is.
        expected: Its digest.

    Raises:
        ModelRefused: When the card or a file was altered, added or removed, or the card is not
            complete; every field that is missing or wrong is named.
    """
    path = folder / CARD
    if not path.is_file():
        raise ModelRefused(f"{path}: missing")
    found = digest(path.read_bytes())
    if found != expected:
        raise ModelRefused(f"{path}: altered: digest {found}, not {expected}")
    value = read_json(path)
    wrong = problems(value) if isinstance(value, dict) else ["not an object"]
    if wrong:
        raise ModelRefused(f"{path}: not a complete model card: {'; '.join(wrong)}")
    files = {CARD: found, **{f"{WEIGHTS}/{n}": d for n, d in value["files"].items()}}
    if "mlmodel" in value:
        files[MLMODEL] = value["mlmodel"]
    verify(folder, files, {WHENCE})
    value.setdefault("format", 1)
    for name in ("class_names", "seeds", "data_licences"):
        value[name] = tuple(value[name])
    if value.get("reliability") is not None:
        value["reliability"] = Reliability(**value["reliability"])
    return Card(**{**value, "inputs": tuple(input_from(i) for i in value["inputs"])})


def open_model(folder: Path, expected: str) -> tuple[Card, Fitted]:
    """Verify a folder of a model and load what is in it; nothing in it is executed.

    Args:
        folder: Where it is.
        expected: Digest of its card, from the registry and not from the folder.

    Raises:
        ModelRefused: When anything in it was altered, added or removed, or is none of ours.
    """
    card = read_card(folder, expected)
    model: Model = pick(models(), "model", card.algorithm)
    return card, model.load(folder / WEIGHTS)


def outgrown(card: Card) -> str | None:
    """Why a model cannot be asked with the installed code, or None when it can.

    The version of an algorithm is raised when training would give another model: what it makes of
    old weights, nobody has tried.
    """
    installed = pick(models(), "model", card.algorithm).version
    if installed == card.algorithm_version:
        return None
    return (
        f"{card.study}: trained with {card.algorithm} {card.algorithm_version} of scatterlake "
        f"{card.code_version}; installed is {card.algorithm} {installed} of scatterlake "
        f"{code_version()}: install that one, or train anew: scatterlake retrain {card.study}"
    )


def insist_on_code(card: Card) -> None:
    """Insist that the installed algorithm is the one that a model was trained with.

    Raises:
        OtherCode: When it is newer or older.
    """
    reason = outgrown(card)
    if reason is not None:
        raise OtherCode(reason)


def code_version() -> str:
    """Version of scatterlake that is installed."""
    return version("scatterlake")
