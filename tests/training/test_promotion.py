"""Who becomes champion, and the reason that is written down."""

from __future__ import annotations

import re

import pytest

from training.promotion import HoldOut, decide

ANSWERS = tuple("ab" * 30)
GROUPS = tuple(str(i) for i in range(60))
WRONG = tuple("ba" * 10) + ANSWERS[20:]


def hold_out(champion, challenger, n=60, kind="measured") -> HoldOut:
    return HoldOut(kind, ANSWERS[:n], GROUPS[:n], champion[:n], challenger[:n])


@pytest.mark.parametrize(
    ("found", "stale", "promote", "reason"),
    [
        (hold_out(WRONG, ANSWERS), False, True, "better: .* 60 measured members"),
        (hold_out(ANSWERS, ANSWERS), False, False, "not shown better"),
        (hold_out(ANSWERS, ANSWERS), True, True, "champion is stale and challenger not shown"),
        (hold_out(ANSWERS, WRONG), True, False, "shown worse"),
        (hold_out(WRONG, ANSWERS, kind="simulated"), False, True, "no measured data to decide on"),
        (hold_out(WRONG, ANSWERS, n=8), False, False, "not decidable: 8 common"),
    ],
)
def test_a_challenger_takes_over_only_when_shown_better(found, stale, promote, reason):
    decision = decide(found, stale)
    assert decision.promote is promote
    assert re.search(reason, decision.reason)
