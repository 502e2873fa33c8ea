"""What a model said about a member, with its uncertainty, in the one form that people read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from training.answering import Said
from training.cards import Card
from training.rows import Told, told


@dataclass(frozen=True, kw_only=True)
class Statement:
    """An answer and how sure the model is of it.

    Attributes:
        value: Most probable class, predicted value or number of the cluster; None where a
            representation has no clusters.
        probabilities: The model's own probability by class, most probable first.
        likely: Classes of the conformal set, most probable first.
        confidence: Probability of ``value`` at the temperature of the validation side.
        level: Share of truths that sets and intervals hold.
        unit: Unit of a predicted value.
        deviation: The model's own standard deviation of it, where it has one.
        interval: Its conformal interval; None where it is unbounded.
        codes: Code of a representation.
    """

    value: str | None
    probabilities: dict[str, float] = field(default_factory=dict)
    likely: tuple[str, ...] = ()
    confidence: float | None = None
    level: float | None = None
    unit: str = ""
    deviation: float | None = None
    interval: tuple[float, float] | None = None
    codes: tuple[float, ...] = ()

    def json(self) -> dict[str, Any]:
        """As JSON; what does not apply is left out, and a predicted value is a number."""
        found = {k: v for k, v in asdict(self).items() if v not in (None, "", (), {})}
        if not self.probabilities and not self.codes and self.value is not None:
            found["value"] = float(self.value)
        return found


def answers(card: Card, said: Said) -> list[Told]:
    """What was said about each member, as it is stored."""
    n = len(said.answers)
    return [told(said, i, card.class_names, card.reliability) for i in range(n)]


def statements(card: Card, said: Said, made: Sequence[Told]) -> list[Statement]:
    """What was said about each member.

    Args:
        card: Card of the model.
        said: What it said.
        made: The same as it is stored (:func:`answers`).
    """
    if card.task == "unsupervised":
        return [Statement(value=t.value, codes=tuple(t.alternatives["codes"])) for t in made]
    level = None if card.reliability is None else card.reliability.level
    if card.task == "regression":
        return [_of_value(card, t, level) for t in made]
    if card.reliability is None or said.probabilities is None:
        return [Statement(value=t.value, probabilities=t.alternatives) for t in made]
    # lists: one by one, elements of arrays cost ten times as much
    held = card.reliability.sets(said.probabilities).tolist()
    surest = card.reliability.scaled(said.probabilities).max(axis=1).tolist()
    place = {name: i for i, name in enumerate(card.class_names)}
    return [
        Statement(
            value=t.value,
            probabilities=t.alternatives,
            likely=tuple(name for name in t.alternatives if row[place[name]]),
            confidence=sure,
            level=level,
        )
        for t, row, sure in zip(made, held, surest, strict=True)
    ]


def _of_value(card: Card, answer: Told, level: float | None) -> Statement:
    parts = answer.alternatives
    return Statement(
        value=answer.value,
        level=level,
        unit=card.unit,
        deviation=parts.get("deviation"),
        interval=(parts["low"], parts["high"]) if "low" in parts else None,
    )
