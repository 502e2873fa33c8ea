"""What the commands on studies print: models side by side, pairs, claims, findings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from scatterlake import Lake
from scatterlake.cli._console import console, print_table

if TYPE_CHECKING:
    from training.comparison import Comparison
    from training.findings import Finding, Verdict
    from training.study import Study
    from training.train import StudyResult

COMPARED = (
    "v",
    "candidate",
    "score",
    "95 %",
    "measured",
    "gap",
    "nearest",
    "shuffled",
    "held",
    "error",
    "s",
    "learnt",
    "kB",
)
"""Columns; what they mean is said below the table."""
NAMED, MEASURED = ("v", "candidate"), ("measured", "gap")
WIDE = 150
"""Characters that the table needs; on less it is printed in three."""
NARROW = ((0, 1, 2, 3, 6, 7), (0, 1, 4, 5), (0, 1, 8, 9, 10, 11, 12))
LEGEND = (
    "score: mean and deviation over seeds on groups never trained on; 95 %: of the registered "
    "model over resampled groups; gap: simulated minus measured score of that model; nearest: "
    "nearest neighbour on the same inputs; shuffled: the same algorithm where there is nothing to "
    "learn; held: share of truths in sets or intervals that are to hold {level:g}; error: "
    "calibration error; s: seconds a fit; learnt: numbers learnt"
)
MOST = 21
"""Pairs that are all printed; of more, only those that differ."""
NOTHING = {
    "classification": "always the most frequent class",
    "regression": "always the same value",
    "unsupervised": "always the mean",
}


def study_named(name: str) -> Study:
    """A study of training/studies.

    Raises:
        NotFound: When there is none of that name.
    """
    from registry.plugins import pick
    from training.studies import studies

    found: Study = pick(studies(), "study", name)
    return found


def say(message: str) -> None:
    """Print a line of progress."""
    console.print(f"[dim]{escape(message)}[/]", highlight=False)


def print_comparison(lake: Lake, study: str) -> None:
    """Print the table of a study's models."""
    from training.comparison import compare
    from training.studies import studies

    print_models(study, compare(lake, study, studies().get(study)))


def print_models(study: str, rows: Sequence[dict[str, Any]]) -> None:
    """Print models side by side, best first."""
    from training.metrics import metric_named

    metric = metric_named(rows[0]["metric"])
    title = (
        f"{study}: {metric.title} on groups never trained on; {NOTHING[metric.task]}: "
        f"{rows[0]['naive']:.3f}"
    )
    cells = [_compared(row) for row in rows]
    if all(row["measured"] is None for row in rows):
        console.print(f"{study}: no model was asked about measured curves", highlight=False)
    for n, places in enumerate(_tables(rows)):
        shown = [[row[i] for i in places] for row in cells]
        print_table("" if n else title, [COMPARED[i] for i in places], shown)
    levels = [row["level"] for row in rows if row["level"] is not None]
    console.print(f"[dim]{LEGEND.format(level=levels[0] if levels else 0.9)}[/]", highlight=False)
    if any(row["added"] for row in rows):
        console.print("[dim]* added after the study was committed[/]", highlight=False)


def _tables(rows: Sequence[dict[str, Any]]) -> list[tuple[int, ...]]:
    """Columns of each table: one where there is room, and none on measured curves without any."""
    tables = [tuple(range(len(COMPARED)))] if console.width >= WIDE else list(NARROW)
    if any(row["measured"] is not None for row in rows):
        return tables
    shown = [tuple(i for i in places if COMPARED[i] not in MEASURED) for places in tables]
    return [places for places in shown if len(places) > len(NAMED)]


def print_pairs(found: Comparison) -> None:
    """Print which differences are real."""
    from training.comparison import ALPHA
    from training.metrics import metric_named

    if not found.pairs:
        return
    told = [pair for pair in found.pairs if pair.is_real or len(found.pairs) <= MOST]
    rows = [
        (
            pair.one,
            pair.other,
            f"{pair.difference.value:.3f}",
            f"{pair.difference.low:.3f}..{pair.difference.high:.3f}",
            f"{pair.corrected:.3g}",
            "real" if pair.is_real else "not told from none",
        )
        for pair in told
    ]
    columns = ("model", "against", "better by", "95 %", "p", "so")
    title = (
        f"{metric_named(found.metric).difference} of every two on the same resampled groups; p "
        f"corrected for {len(found.pairs)} pairs (Holm), real below {ALPHA:g}"
    )
    print_table(title, columns, rows)
    if len(told) < len(found.pairs):
        console.print(f"{len(found.pairs) - len(told)} more pairs are not told from each other")


def print_outcome(result: StudyResult) -> None:
    """Print who leads, and what came of the claims."""
    if result.decision is not None:
        console.print(f"champion: {escape(result.decision.reason)}", highlight=False)
    _print_verdict(result.verdict)
    for kept in result.findings:
        print_finding(kept.finding)
        console.print(f"drawn in {kept.picture}", soft_wrap=True)


def print_finding(finding: Finding) -> None:
    """Print what a part found."""
    print_table(finding.title, finding.columns, finding.rows)
    for note in finding.notes:
        console.print(f"[dim]{escape(note)}[/]", highlight=False)
    _print_verdict(finding.verdict)


def _print_verdict(verdict: Verdict | None) -> None:
    if verdict is not None:
        told = f"the claim [bold]{verdict.outcome}[/]: {escape(verdict.reason)}"
        console.print(told, highlight=False)


def _compared(row: dict[str, Any]) -> list[Any]:
    mark = f" ({row['alias']})" if row["alias"] else ""
    return [
        row["version"],
        f"{row['candidate']}{mark}{' *' if row['added'] else ''}",
        f"{row['score']:.3f}±{row['std']:.3f}",
        ends(row, ""),
        with_ends(row, "measured"),
        with_ends(row, "gap"),
        *(_three(row[name]) for name in ("nearest", "shuffled", "coverage", "calibration_error")),
        _three(row["seconds"]),
        row["n_parameters"],
        _three(row["size"] / 1000),
    ]


def ends(row: dict[str, Any], prefix: str) -> str:
    """An interval of a row as ``0.51..0.62``, empty where there is none."""
    low, high = row[f"{prefix}low"], row[f"{prefix}high"]
    return "" if low is None else f"{low:.2f}..{high:.2f}"


def with_ends(row: dict[str, Any], name: str) -> str | None:
    """A value of a row with its interval."""
    return None if row[name] is None else f"{row[name]:.3f} {ends(row, f'{name}_')}".strip()


def _three(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.3g}")
