"""Search for settings with Optuna: Parzen estimators propose, and hopeless trials are pruned.

A network file says in its ``space`` which settings are worth searching, and where:
``("whole", low, high)``, ``("real", low, high)``, ``("log", low, high)`` or ``("one of", ...)``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

from registry.errors import BadInput, Unsupported, WrongUse
from training.models import Model, Training
from training.models._run import current, running

Space = Mapping[str, tuple[Any, ...]]


@dataclass(frozen=True)
class Found:
    """What a search found.

    Attributes:
        settings: The best, to be given to ``Model.train``.
        loss: Their lowest validation loss.
        losses: That of every trial that was finished, by number.
        pruned: Trials that were given up early.
    """

    settings: dict[str, Any]
    loss: float
    losses: dict[int, float]
    pruned: int


def search(model: Model, training: Training, space: Space, trials: int = 20, **fixed: Any) -> Found:
    """Look for the settings with the lowest validation loss (Akiba et al., KDD 2019).

    A trial is pruned in an epoch where it is worse than the median of those before it. The same
    seed of the training gives the same search.

    Args:
        model: A network.
        training: What to learn from; only the validation side judges.
        space: Settings to search, by name.
        trials: How many to try.
        fixed: Other settings.

    Raises:
        Unsupported: When Optuna is not installed.
        WrongUse: For a setting that the model does not have, or no trial.
        BadInput: When every trial failed to give a finite loss.
    """
    try:
        optuna = import_module("optuna")
    except ImportError as error:
        raise Unsupported("search", "Optuna: pip install optuna", "none") from error
    strange = sorted({*space, *fixed} - set(model.settings))
    if strange or not space or not (isinstance(trials, int) and trials >= 1):
        expected = f"settings among {', '.join(model.settings)}, and one trial or more"
        raise WrongUse(f"search of {model.name}", expected, f"{strange}, {trials} trials")

    def objective(trial: Any) -> float:
        losses: list[float] = []

        def on_epoch(epoch: int, loss: float) -> None:
            losses.append(loss if math.isfinite(loss) else math.inf)
            trial.report(losses[-1], epoch)
            if trial.should_prune():
                raise optuna.TrialPruned

        chosen = {name: suggested(trial, name, where) for name, where in space.items()}
        with running(replace(current(), on_epoch=on_epoch, checkpoints=None, progress=False)):
            try:
                model.train(training, **fixed, **chosen)
            except BadInput as error:
                if losses and min(losses) == math.inf:  # settings that diverge, not wrong data
                    raise optuna.TrialPruned from error
                raise
        return min(losses)

    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        study = optuna.create_study(
            sampler=optuna.samplers.TPESampler(seed=training.seed),
            pruner=optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=3),
        )
        study.optimize(objective, n_trials=trials)
    finally:
        optuna.logging.set_verbosity(verbosity)
    states = [trial.state.name for trial in study.trials]
    losses = {
        t.number: t.value
        for t in study.trials
        if t.value is not None and t.state.name == "COMPLETE"
    }
    if not losses:
        raise BadInput(f"search of {model.name}", "a trial with a finite loss", ", ".join(states))
    return Found({**fixed, **study.best_params}, study.best_value, losses, states.count("PRUNED"))


def suggested(trial: Any, name: str, where: tuple[Any, ...]) -> Any:
    """A value that a trial proposes for a setting.

    Raises:
        WrongUse: For a kind of range that does not exist.
    """
    kind, *bounds = where
    if kind == "whole":
        return trial.suggest_int(name, *bounds)
    if kind in {"real", "log"}:
        return trial.suggest_float(name, *bounds, log=kind == "log")
    if kind == "one of":
        return trial.suggest_categorical(name, bounds)
    raise WrongUse(f"space of {name}", "whole, real, log or one of", str(kind))
