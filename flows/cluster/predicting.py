"""A registered model whose answers are computed on several processes or machines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from registry.errors import Unsupported
from registry.lake import Lake
from registry.parallel import Map, mapper
from training.loading import LoadedModel, load_model
from training.models import (
    Classifier,
    Fitted,
    Inputs,
    Probabilities,
    Regressor,
    Values,
    length,
    take,
)

PIECE = 1024
"""Members asked at once: where a network cuts its members too, so that its sums are the same."""
Options = tuple[tuple[str, str], ...]


@contextmanager
def spread(
    lake: Lake, model: LoadedModel, workers: int, on: str | None = None
) -> Iterator[LoadedModel]:
    """Yield a model that is asked like the one given, and answers the same, with more hands.

    Each process loads and verifies the registered version for itself, so the lake and its
    registry must be reachable from there. What is read and what is written stays here.

    Args:
        lake: The lake that registered it.
        model: The model.
        workers: Processes.
        on: Ray in place of processes: see :func:`registry.parallel.mapper`.

    Raises:
        WrongUse: For another place, or without the extra ``cluster``.
        Unsupported: For a model that neither classifies nor predicts values.
    """
    able = [spread for kind, spread in KINDS.items() if isinstance(model.fitted, kind)]
    if not able:
        expected = "a model that classifies or predicts values"
        raise Unsupported("several processes", expected, model.card.algorithm)
    options = tuple(sorted(lake.storage.options.items()))
    reference = (lake.uri, options, str(model.row["model"]), int(model.row["version"]))
    with mapper(workers, on) as run:
        yield replace(model, fitted=able[0](model.fitted, reference, run))


@dataclass(frozen=True)
class _Spread:
    """A fitted model that lets others answer.

    Attributes:
        fitted: The model.
        reference: Lake, its options, name and version, by which others load it.
        run: Who answers.
    """

    fitted: Fitted
    reference: tuple[str, Options, str, int]
    run: Map

    def n_parameters(self) -> int | None:
        """Number of trainable parameters."""
        return self.fitted.n_parameters()

    def save(self, folder: Path) -> None:
        """Write the model's files."""
        self.fitted.save(folder)

    def answers(self, ask: Callable[[Any, Inputs], Any], inputs: Inputs) -> list[Any]:
        """Answers about pieces of the members, in their order."""
        n = length(inputs)
        cuts = (np.arange(first, min(first + PIECE, n)) for first in range(0, n, PIECE))
        pieces = (take(inputs, rows) for rows in cuts)
        return list(self.run(partial(_asked, self.reference, ask), pieces))


class _SpreadClassifier(_Spread):
    def probabilities(self, inputs: Inputs) -> Probabilities:
        """Class probabilities, shape ``(n, n_classes)``."""
        return np.concatenate(self.answers(_probabilities, inputs))


class _SpreadRegressor(_Spread):
    def predict(self, inputs: Inputs) -> Values:
        """Values in the unit of the targets, shape ``(n, k)``."""
        found: list[Values] = self.answers(_predict, inputs)
        deviations = [one.deviation for one in found if one.deviation is not None]
        return Values(
            np.concatenate([one.mean for one in found]),
            np.concatenate(deviations) if deviations else None,
        )


KINDS: dict[type, type[_Spread]] = {Classifier: _SpreadClassifier, Regressor: _SpreadRegressor}


def _probabilities(fitted: Classifier, inputs: Inputs) -> Probabilities:
    return fitted.probabilities(inputs)


def _predict(fitted: Regressor, inputs: Inputs) -> Values:
    return fitted.predict(inputs)


def _asked(
    reference: tuple[str, Options, str, int], ask: Callable[[Any, Inputs], Any], inputs: Inputs
) -> Any:
    return ask(_loaded(*reference), inputs)


@lru_cache(maxsize=2)
def _loaded(uri: str, options: Options, name: str, version: int) -> Fitted:
    """A process loads a model once, however often it is asked."""
    return load_model(Lake.existing(uri, dict(options)), name, version).fitted
