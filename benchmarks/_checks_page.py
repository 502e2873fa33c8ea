"""The page on checks, from their declarations and the stored result of ``precision_checks.py``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks._damage import DAMAGES
from ingest.checks import Check
from ingest.checks.materials import MATERIAL_CHECKS
from ingest.checks.pairs import PAIR_CHECKS
from ingest.checks.spectra import spectrum_checks

PAGE = Path(__file__).resolve().parents[1] / "docs" / "checks.md"
HEAD = """# Checks

What must hold of a spectrum or a structure is declared in `ingest/checks/`, one file for checks
that are measured together. Each check is one number, its limits and a severity:

- `error` refuses: the row goes to `quarantine` with the bytes of its file. In a lenient lake it is
  stored, and the check that failed is a row of `checks` (suite `gate`).
- `warning` stores and flags.

Great Expectations runs all of them over the stored rows; every result is a row of `checks` with
value, limits, severity and `passed`. A check that does not apply to a row (no absorber named, no
temperature) leaves a result without value, `passed` being null.

## Checks that keep up with the lake

```text
scatterlake check --lake lake
scatterlake check --lake lake --where "technique = 'xas'"
```

runs every check on the stored rows that have no current result of it, in batches; stopped half-way,
the next run goes on, and a run after that finds nothing to do. A result is known by its entity and
the name of its check, and is current while limits and severity are those declared. So a new check,
or a new limit, finds its rows; results that differ are replaced. A check that measures in another
way gets another name; results under names that no check has any more stay as they are, for another
machine may have a plug-in that declares them. `--again` measures also what has all its results. In
Python it is `ingest.checks.validate.validate(lake, where=..., again=...)`.

Whatever a stored row breaks, it is flagged and never taken out, in a strict lake too: strict is
about what may enter.

Two results are overtaken by rows that come later, and found anew: `near_copies` when a curve of the
same shape comes, `structure_missing` when the structure comes.

## Policy

The policy is kept in the lake (`policy.json`); a new lake is strict:

```text
scatterlake ingest beamtime/ --lake lake --policy lenient
```

`length_mismatch` refuses in every lake: such a row could not be read back. To leave out what
failed:

```sql
SELECT * FROM spectra
ANTI JOIN (SELECT entity_id FROM checks WHERE severity = 'error' AND NOT passed)
    ON entity_id = spectrum_id
```

This page is written by `python -m benchmarks.precision_checks`.
"""
PROTOCOL = """## Precision and recall

{curves} measured and calculated curves of {files} files in {techniques} techniques
({listed}),
as the readers give them, and a damaged copy of each, {seeds} draws of the damage. The kinds of
damage, the metric and the split were written down before the first scored run: the limits of
warnings were set on the files with an even digest, scored are those with an odd one. Errors were
also tried on all files, so that none of the open data is refused without a fault: their lack of
false alarms is no independent finding. Nobody sorted out bad curves among the good ones; a fault
that was in a file before counts as a false alarm. Damage is made by us: real faults are more
varied. Half of the curves are bad here, far more than in any beam time, which flatters precision:
the share of good curves with an alarm is the figure to carry over. Intervals are 95 % of a
bootstrap over files and seeds. Kinds of which n is small say little. What `single_point` asks of
the noise was added later, seen on scans of single detector channels that are in neither half.

| outcome | precision | recall | share of good curves |
|---|---|---|---|
{overall}

With shuffled labels the flags have a precision of {control_precision} and a recall of
{control_recall}.
"""
COPIES = """### Copies

Each of {curves} curves was multiplied with a factor of its own, between 0.001 and 1000 and of
either sign: {found} were told to be copies of what they were made of. Among the curves as they
are, these share a mark though their content differs (one measurement in two formats, rounded in
another way, or scaled); whether each is a copy is for the reader to judge:
"""


def write_page(result: dict[str, Any]) -> None:
    """Write ``docs/checks.md``."""
    parts = [
        HEAD,
        _precision(result),
        _kinds(result),
        _checks(result),
        _copies(result),
        _declared(),
    ]
    PAGE.write_text("\n".join(parts))


def _precision(result: dict[str, Any]) -> str:
    lines = []
    for outcome, meaning in (("flagged", "any check fails"), ("refused", "an error check fails")):
        told = result[outcome]
        cells = [_interval(told[name]) for name in ("precision", "recall", "false_alarms")]
        lines.append(f"| {outcome}: {meaning} | {' | '.join(cells)} |")
    control = result["control"]
    return PROTOCOL.format(
        curves=sum(result["curves"].values()),
        files=result["files"],
        techniques=len(result["curves"]),
        listed=", ".join(f"{name} {n}" for name, n in result["curves"].items()),
        seeds=result["seeds"],
        overall="\n".join(lines),
        control_precision=_range(control["precision"]),
        control_recall=_range(control["recall"]),
    )


def _kinds(result: dict[str, Any]) -> str:
    stories = {kind.name: kind for kind in DAMAGES}
    lines = [
        f"| {stories[name].story} | {', '.join(f'`{c}`' for c in stories[name].checks)} | "
        f"{told['n']} | {told['meant']:.2f} | {told['flagged']:.2f} | {told['refused']:.2f} |"
        for name, told in result["kinds"].items()
    ]
    head = (
        "| damage | meant to tell | n | they tell | flagged | refused |\n|---|---|---|---|---|---|"
    )
    return "\n".join(["### By kind of damage", "", head, *lines, ""])


def _checks(result: dict[str, Any]) -> str:
    good, bad = sum(result["curves"].values()), sum(k["n"] for k in result["kinds"].values())
    lines = []
    for name, told in result["checks"].items():
        # alarms on damaged curves are of all draws, those on good ones of one
        share = told["bad"] / bad
        precision = share / (share + told["good"] / good) if told["bad"] else None
        recall = "-" if told["recall"] is None else f"{told['recall']:.2f}"
        shown = "-" if precision is None else f"{precision:.2f}"
        lines.append(f"| `{name}` | {told['good']} of {good} | {shown} | {recall} |")
    head = (
        "Recall is over the damage that a check is meant for. A dash: nothing to count.\n\n"
        "| check | alarms on good curves | precision | recall |\n|---|---|---|---|"
    )
    return "\n".join(["### By check", "", head, *lines, ""])


def _copies(result: dict[str, Any]) -> str:
    told = result["copies"]
    groups = [f"- {', '.join(f'`{name}`' for name in names)}" for names in told["alike"]]
    about = COPIES.format(curves=told["curves"], found=told["found"])
    return "\n".join([about, *groups, ""])


def _declared() -> str:
    parts = ["## All checks", ""]
    groups: tuple[tuple[str, tuple[Check, ...]], ...] = (
        ("Spectra", spectrum_checks()),
        ("Structures", MATERIAL_CHECKS),
        ("Spectra beside their structure", PAIR_CHECKS),
    )
    for title, checks in groups:
        parts += [f"### {title}", "", "| check | value | passes | severity | for |"]
        parts.append("|---|---|---|---|---|")
        parts += [
            f"| `{c.name}` | {c.meaning.replace('|', chr(92) + '|')} | {c.limits()} | "
            f"{c.severity} | {', '.join(c.techniques) or 'all'} |"
            for c in checks
        ]
        parts.append("")
    return "\n".join(parts)


def _interval(told: list[float]) -> str:
    mean, low, high = told
    return f"{mean:.3f} ({low:.3f} to {high:.3f})"


def _range(values: list[float]) -> str:
    return f"{min(values):.2f} to {max(values):.2f}"
