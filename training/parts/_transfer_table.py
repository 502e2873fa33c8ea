"""The table of a transfer, what its picture shows, and what a reader has to know."""

from __future__ import annotations

from typing import Any

import numpy as np

from training.findings import Cell
from training.parts._adapted import Adapted, Key, classes, words
from training.parts._adapting import CONTROL, FEATURES, SCRATCH, TUNED, ZERO
from training.parts._searching import ALL, EASY, FEW
from training.parts._trust import TOP, among_first
from training.reliability import LEVEL

LINES = (SCRATCH, FEATURES, TUNED)
ON_EASY = "on the easy test side"


def columns(found: Adapted) -> tuple[str, ...]:
    """Headings."""
    return (
        "way",
        "variant",
        "of the hard set",
        found.metric.title,
        "low",
        "high",
        "deviation over seeds",
        "poorly matched third",
        *(f"among the first {k}" for k in TOP),
        "calibration error",
        f"coverage of {LEVEL:.0%} sets",
        "classes in a set",
    )


def rows(found: Adapted) -> tuple[tuple[Cell, ...], ...]:
    """Ways from the one that knows nothing to the one that saw most."""
    return (
        _naive(found),
        *(_easy_row(found, key) for key in (Key(EASY, "", 0), *_zeros(found))),
        *(_row(found, key) for key in _ordered(found)),
    )


def notes(found: Adapted) -> list[str]:
    """What is needed to read the table rightly."""
    counts = [
        f"{name} {', '.join(_count(dataset, side) for side in ('train', 'validation', 'test'))}"
        for name, dataset in (("easy set:", found.easy), ("hard set:", found.hard))
    ]
    return [
        f"Members (groups): {'; '.join(counts)}.",
        "The interval is that of the groups of the hard test side, all seeds drawn together.",
        "'of the hard set' counts members learnt from, drawn from its training side, one of each "
        "class in turn; of 'coral' and 'dann' only the curves were seen, without labels.",
        "Temperature and conformal threshold are fixed on the easy validation side for what saw no "
        "label of the hard set, and on the hard validation side for the others: labels that are "
        "not learnt from, but known.",
        "'poorly matched third': test members least like any pattern of the easy training side.",
    ]


def numbers(found: Adapted) -> dict[str, float]:
    """Scores by name."""
    return {words(key): found.score(key).value for key in _ordered(found)}


def drawn(found: Adapted, variant: str, title: str) -> dict[str, Any]:
    """What the picture shows.

    Args:
        found: The answers.
        variant: Of which the gap is marked.
        title: Its title.
    """
    zero = Key(ZERO, variant, 0)
    own = found.easy_side.score(classes(found.easy_scores(zero)))
    grouped: dict[tuple[str, str], list[Key]] = {}
    for key in _ordered(found):
        grouped.setdefault((key.way, key.variant), []).append(key)
    lines = []
    for (way, kind), keys in grouped.items():
        ends = [found.score(key) for key in keys]
        lines.append(
            {
                "way": way,
                "variant": kind,
                "sizes": [key.size for key in keys],
                "score": [end.value for end in ends],
                "low": [end.low for end in ends],
                "high": [end.high for end in ends],
            }
        )
    return {
        "title": title,
        "axis": found.metric.title,
        "chance": 1 / len(found.hard.class_names),
        "gap": {"easy": own.value, "hard": found.score(zero).value, "variant": variant},
        "lines": lines,
    }


def _zeros(found: Adapted) -> list[Key]:
    return [key for key in found.said if key.way == ZERO]


def _ordered(found: Adapted) -> list[Key]:
    """Keys as a reader goes through them."""
    searches = [key for way in (EASY, FEW, ALL) for key in found.searched if key.way == way]
    aligned = [k for k in found.said if k.way not in (ZERO, CONTROL, *LINES)]
    few = [key for way in LINES for key in found.said if key.way == way]
    control = [key for key in found.said if key.way == CONTROL]
    few.sort(key=lambda key: (key.size, LINES.index(key.way), key.variant))
    return [*control, *searches, *_zeros(found), *aligned, *few]


def _row(found: Adapted, key: Key) -> tuple[Cell, ...]:
    score, truth = found.score(key), found.side.truth
    top = np.mean([among_first(one, truth) for one in found.scores(key)], axis=0).tolist()
    trusted: tuple[Cell, ...] = (None, None, None)
    if key in found.said:
        trust = found.trust(key)
        trusted = (trust.calibration, trust.coverage, trust.size)
    poor = found.score_of(key, found.poorly_matched())
    return (
        key.way,
        key.variant,
        key.size,
        *(score.value, score.low, score.high),
        found.deviation(key),
        poor,
        *top,
        *trusted,
    )


def _easy_row(found: Adapted, key: Key) -> tuple[Cell, ...]:
    side, scores = found.easy_side, found.easy_scores(key)
    said = classes(scores)
    score = side.score(said)
    spread = float(np.std([side.metric.score(side.truth, one) for one in said]))
    top = np.mean([among_first(one, side.truth) for one in scores], axis=0).tolist()
    trusted: tuple[Cell, ...] = (None, None, None)
    if key in found.said:
        trust = found.easy_trust(key)
        trusted = (trust.calibration, trust.coverage, trust.size)
    ends = (score.value, score.low, score.high)
    return (f"{key.way}, {ON_EASY}", key.variant, 0, *ends, spread, None, *top, *trusted)


def _naive(found: Adapted) -> tuple[Cell, ...]:
    """The most frequent class of the easy training side, always."""
    labels = found.easy.labels[found.easy.rows("train")]
    said = np.full(len(found.side.truth), np.bincount(labels).argmax())
    score = found.side.score([said])
    right = float((said == found.side.truth).mean())
    nothing: tuple[None, ...] = (None,) * (len(TOP) - 1 + 3)
    ends = (score.value, score.low, score.high)
    return ("most frequent class", "", 0, *ends, 0.0, None, right, *nothing)


def _count(dataset: Any, side: str) -> str:
    own = dataset.rows(side)
    return f"{side} {len(own)} ({len(set(dataset.groups(own)))})"
