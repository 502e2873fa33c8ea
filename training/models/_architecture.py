"""What a network file declares, and the plan from which a network is built again.

Light: torch is imported only when something is fitted or loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from registry.errors import BadInput, Unsupported
from training.models import TASKS, Fitted, Grid, Inputs, Ragged, Task, Training, models
from training.models._inputs import lacking, length, refuse_lacking
from training.models._schedule import Schedule, split

if TYPE_CHECKING:
    from training.models._augment import Augment
    from training.models._network import Coder, Network

OUTPUTS = {"none": 1, "gaussian": 2, "quantiles": 3}
"""Numbers given for each target."""


@dataclass(frozen=True)
class Plan:
    """Everything needed to build a network before its weights are read; kept as JSON beside them.

    Attributes:
        algorithm: Name of the model.
        task: What it learns.
        shapes: Shape of a member of each input, ``[width]`` or ``[height, width]``.
        curves: Inputs that are curves, with first and last x.
        ragged: Inputs that are ragged tables.
        n_targets: Classes, or values to predict; 0 when unsupervised.
        deviation: What a regressor says beside the mean.
        options: Settings of the network.
    """

    algorithm: str
    task: Task
    shapes: dict[str, list[int]]
    curves: dict[str, list[float]]
    ragged: list[str]
    n_targets: int
    deviation: str
    options: dict[str, Any]

    def __post_init__(self) -> None:
        if self.task not in TASKS or self.deviation not in OUTPUTS or not self.shapes:
            raise ValueError(f"task {self.task}, deviation {self.deviation}")

    @property
    def outputs(self) -> int:
        """Numbers that the head gives for each member."""
        per_target = OUTPUTS[self.deviation] if self.task == "regression" else 1
        return self.n_targets * per_target

    @property
    def width(self) -> int:
        """Sum of the widths of all inputs."""
        return sum(int(np.prod(shape)) for shape in self.shapes.values())

    def checked(self, inputs: Inputs, missing: bool) -> Inputs:
        """Inputs as the network was fitted on, in the order of their names.

        Raises:
            BadInput: For other blocks or widths, or members that lack what they must have.
        """
        found = {name: shape_of(value) for name, value in sorted(inputs.items())}
        ragged = sorted(name for name, value in inputs.items() if isinstance(value, Ragged))
        if found != self.shapes or ragged != self.ragged:
            raise BadInput(
                "inputs",
                f"blocks of widths {self.shapes}, ragged: {self.ragged}",
                f"{found}, ragged: {ragged}",
            )
        length(inputs)
        if not missing:
            refuse_lacking(inputs, "inputs")
        refuse_all_lacking(inputs, "inputs")
        refuse_gaps_in_tables(inputs, "inputs")
        return {name: inputs[name] for name in found}


def shape_of(value: Any) -> list[int]:
    """Shape of one member."""
    return list((value.values if isinstance(value, Ragged) else value).shape[1:])


def refuse_all_lacking(inputs: Inputs, where: str) -> None:
    """Insist that every member has at least one input.

    Raises:
        BadInput: Saying how many have none.
    """
    alone = int(np.logical_and.reduce([lacking(value) for value in inputs.values()]).sum())
    if alone:
        expected = "at least one input for every member"
        raise BadInput(where, expected, f"{alone} of {length(inputs)} without any")


def refuse_gaps_in_tables(inputs: Inputs, where: str) -> None:
    """Insist that what is there of a ragged table is whole.

    Raises:
        BadInput: Naming the table and how many of its rows hold a NaN or an infinity.
    """
    for name, value in inputs.items():
        if isinstance(value, Ragged):
            wrong = int((~np.isfinite(value.values)).any(axis=1).sum())
            if wrong:
                found = f"{wrong} of {len(value.values)} rows with others"
                raise BadInput(f"{where}: input {name!r}", "finite values", found)


@dataclass(frozen=True)
class Architecture:
    """A network, as its file declares it.

    Attributes:
        name: Name of the model.
        build: Makes the network of a plan.
        missing: Whether it takes members that lack an input.
        takes: Form of its inputs.
        target_scale: Whether values to predict are standardised ``each`` by itself, or ``all``
            alike, as points of one curve must be.
        augment: How the curves of the training side are varied, from the training and the options.
        widths: Widths that a ragged input may have.
        space: Settings worth searching, and where (:mod:`training.models._search`); the setting
            ``search`` says how many trials are made before the fit.
    """

    name: str
    build: Callable[[Plan], Network | Coder]
    missing: bool = False
    takes: Literal["blocks", "maps", "ragged"] = "blocks"
    target_scale: Literal["each", "all"] = "each"
    augment: Callable[[Training, Mapping[str, Any]], Mapping[str, Augment]] | None = None
    widths: tuple[int, ...] = ()
    space: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)

    def plan(self, training: Training, schedule: Schedule, options: Mapping[str, Any]) -> Plan:
        """Plan of the network for a training.

        Raises:
            Unsupported: For inputs of another form, or another width of a ragged table.
            BadInput: For members without any input.
        """
        self._refuse(training.inputs)
        for name, value in training.inputs.items():
            if lacking(value).all():
                found = f"none in {len(value)}"
                raise BadInput(f"model {self.name}: input {name!r}", "it in some members", found)
        for inputs in (training.inputs, training.validation_inputs):
            refuse_all_lacking(inputs, f"model {self.name}")
            refuse_gaps_in_tables(inputs, f"model {self.name}")
        inputs = dict(sorted(training.inputs.items()))
        n_targets = training.n_classes
        if training.task == "regression":
            n_targets = training.values.shape[1]
        return Plan(
            algorithm=self.name,
            task=training.task,
            shapes={name: shape_of(value) for name, value in inputs.items()},
            curves={n: list(g) for n, g in sorted(training.curves.items()) if n in inputs},
            ragged=[name for name, value in inputs.items() if isinstance(value, Ragged)],
            n_targets=n_targets,
            deviation=schedule.deviation if training.task == "regression" else "none",
            options=dict(options),
        )

    def fit(self, training: Training, **settings: Any) -> Fitted:
        """Fit the network; settings as ``MODEL`` lists them."""
        from training.models._fitting import fit_network

        trials, chosen = settings["search"], {n: v for n, v in settings.items() if n != "search"}
        if trials:
            chosen |= self._searched(training, trials, chosen)
        schedule, options = split(chosen)
        fitted = fit_network(self, training, schedule, options)
        fitted.settings = chosen
        return fitted

    def _searched(
        self, training: Training, trials: int, chosen: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The best settings of the space; others stay as they were chosen."""
        from training.models._search import search

        # a network that goes on from a parent is built as the parent was
        options = split(chosen)[1] if training.start is not None else {}
        space = {name: where for name, where in self.space.items() if name not in options}
        fixed = {name: value for name, value in chosen.items() if name not in space}
        return search(models()[self.name], training, space, trials, **fixed).settings

    def load(self, folder: Path) -> Fitted:
        """Read a saved network; ModelRefused for anything else."""
        from training.models._saving import load_network

        return load_network(self, folder)

    def _refuse(self, inputs: Inputs) -> None:
        expected = {
            "blocks": "a block of shape (n, width)",
            "maps": "maps of shape (n, height, width)",
            "ragged": f"a ragged table of width {' or '.join(map(str, self.widths))}",
        }[self.takes]
        for name, value in inputs.items():
            if isinstance(value, Ragged):
                fits = self.takes == "ragged" and value.values.shape[1] in self.widths
                found = f"a ragged table of width {value.values.shape[1]}"
            else:
                fits = value.ndim == {"blocks": 2, "maps": 3, "ragged": 0}[self.takes]
                found = f"shape {value.shape}"
            if not fits:
                raise Unsupported(f"model {self.name}: input {name!r}", expected, found)


def grids(training: Training) -> dict[str, Grid]:
    """All blocks as curves: those whose x is unknown count their columns."""
    columns = {n: (0.0, shape_of(b)[0] - 1.0) for n, b in training.inputs.items()}
    return {**columns, **{n: g for n, g in training.curves.items() if n in columns}}
