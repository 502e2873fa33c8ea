"""The card of a registered model: what it is, what it was trained on, how good it is, its files."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from registry.errors import ModelRefused
from registry.identity import canonical_json, digest
from training.definitions import Input, input_from
from training.files import digests, verify

CARD, WEIGHTS = "model.json", "weights"


@dataclass(frozen=True)
class Card:
    """Everything a reader or a loader must know about a model version.

    Attributes:
        study: Study, also the registered name.
        algorithm: Name of the file in ``training/models``.
        algorithm_version: Its version.
        settings: Complete settings.
        inputs: Input blocks with grids and parameters.
        predicts: Target.
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
    """

    study: str
    algorithm: str
    algorithm_version: str
    settings: dict[str, Any]
    inputs: tuple[Input, ...]
    predicts: str
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

    def write(self, folder: Path) -> str:
        """Write the card beside the weights in ``folder``; returns the digest over everything."""
        files = digests(folder / WEIGHTS)
        text = json.dumps(json.loads(canonical_json({**asdict(self), "files": files})), indent=1)
        (folder / CARD).write_text(text)
        return digest(text)


def read_card(folder: Path, expected: str) -> Card:
    """Read the card of a folder and verify it and every file it names.

    Raises:
        ModelRefused: When the card or a file was altered, added or removed.
    """
    path = folder / CARD
    if not path.is_file():
        raise ModelRefused(f"{path}: missing")
    found = digest(path.read_bytes())
    if found != expected:
        raise ModelRefused(f"{path}: altered: digest {found}, not {expected}")
    value = json.loads(path.read_text())
    verify(folder, {CARD: found, **{f"{WEIGHTS}/{n}": d for n, d in value["files"].items()}})
    for name in ("class_names", "seeds", "data_licences"):
        value[name] = tuple(value[name])
    return Card(**{**value, "inputs": tuple(input_from(i) for i in value["inputs"])})


def code_version() -> str:
    """Version of scatterlake that is installed."""
    return version("scatterlake")
