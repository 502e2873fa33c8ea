"""Settings that all networks share: how they learn, and what they take over from a parent.

Beside those of :class:`Schedule` there is ``search``: how many trials are made, before the fit, to
find the settings of the network's ``space`` (:mod:`training.models._search`); 0 for none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

from registry.errors import WrongUse

Deviation = Literal["none", "gaussian", "quantiles"]
Align = Literal["none", "coral", "dann"]
TargetScale = Literal["usual", "each", "all"]


@dataclass(frozen=True)
class Schedule:
    """How a network learns. Raises WrongUse for settings that cannot be.

    Attributes:
        epochs: Most passes over the training side.
        patience: Passes without gain on the validation side before it stops.
        batch: Rows per step.
        learning_rate: Highest learning rate of one cycle.
        weight_decay: Of AdamW.
        clip: Largest norm of the gradient; 0 for no limit.
        deviation: What a regressor says beside the mean: nothing (squared error), a ``gaussian``
            deviation (negative log-likelihood) or half the distance of the 16 % and 84 %
            ``quantiles`` (pinball loss, Koenker & Bassett, Econometrica 46, 33, 1978).
        target_scale: Whether values to predict are standardised ``each`` by itself or ``all``
            alike, as points of one curve should be; ``usual`` is what the network declares.
        freeze: Parts, by the beginning of their name, that stay as the parent left them.
        unfreeze_every: Gradual unfreezing (Howard & Ruder, ACL 2018): only the head learns at
            first, and one more layer every so many epochs; 0 for all at once.
        rate_decay: Factor on the learning rate from each layer to the one before it.
        align: How features of ``Training.unlabelled`` are made like those of the training side;
            then all epochs are made and the last weights kept.
        align_weight: How much that counts beside the target.
        mixed_precision: Use bfloat16 where an accelerator has it; never on the CPU.
        deterministic: Insist on it: an operation that cannot repeat itself on the accelerator is
            an error instead of being let through.
    """

    epochs: int = 45
    patience: int = 12
    batch: int = 32
    learning_rate: float = 3e-3
    weight_decay: float = 1e-3
    clip: float = 5.0
    deviation: Deviation = "none"
    target_scale: TargetScale = "usual"
    freeze: tuple[str, ...] = ()
    unfreeze_every: int = 0
    rate_decay: float = 1.0
    align: Align = "none"
    align_weight: float = 1.0
    mixed_precision: bool = True
    deterministic: bool = False

    def __post_init__(self) -> None:
        for name in ("epochs", "patience", "batch"):
            value = getattr(self, name)
            if not (isinstance(value, int) and value >= 1):
                raise WrongUse(name, "a whole number, 1 or more", repr(value))
        for name in ("learning_rate", "rate_decay"):
            if not getattr(self, name) > 0:
                raise WrongUse(name, "above 0", repr(getattr(self, name)))
        for name in ("weight_decay", "clip", "unfreeze_every", "align_weight"):
            if not getattr(self, name) >= 0:
                raise WrongUse(name, "0 or more", repr(getattr(self, name)))
        choices = {"deviation": Deviation, "target_scale": TargetScale, "align": Align}
        for name, kind in choices.items():
            known = get_args(kind)
            if getattr(self, name) not in known:
                raise WrongUse(name, f"one of {', '.join(known)}", repr(getattr(self, name)))
        if isinstance(self.freeze, str):
            raise WrongUse("freeze", "a list of beginnings of names", repr(self.freeze))


SUPERVISED_ONLY = ("deviation", "target_scale", "align", "align_weight")


def schedule_settings(supervised: bool = True, **chosen: Any) -> dict[str, Any]:
    """Defaults of the schedule as settings of a model, some chosen otherwise."""
    settings = {**asdict(Schedule()), "freeze": [], "search": 0, **chosen}
    return {n: v for n, v in settings.items() if supervised or n not in SUPERVISED_ONLY}


def split(settings: Mapping[str, Any]) -> tuple[Schedule, dict[str, Any]]:
    """The schedule, and the other settings: options of the network.

    Raises:
        WrongUse: For settings that cannot be.
    """
    names = {field.name for field in fields(Schedule)}
    schedule = Schedule(**{name: value for name, value in settings.items() if name in names})
    return schedule, {name: value for name, value in settings.items() if name not in names}
