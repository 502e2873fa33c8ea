"""Writes ``docs/studies.md`` from ``docs/studies/*.json``; no figure in it is typed.

The files come from stored runs: ``scatterlake study export NAME docs/studies --pictures
docs/pictures/studies``. Then ``python docs/studies.py``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parent
RUNS, PAGE, PICTURES = DOCS / "studies", DOCS / "studies.md", "pictures/studies"

HEAD = """# Studies

A study asks a question of the literature of this lake's data. Its file in `training/studies/`
holds the data, the split, the metric, what is compared and what is claimed, and was written before
anything was scored. This page is made by `docs/studies.py` from the runs that are stored in
`docs/studies/`; no figure in it is typed.

How claims are judged: a claim **holds** when the 95 % interval of the difference it is about
(paired bootstrap over groups of the test side, unless what is said below the claim's table differs)
lies above zero, **fails** when it lies below, and is **undecided** otherwise. What does not hold is
*not reproduced* here, whatever others found. What is found on simulated data claims nothing about
measured data.
"""
MOST = 16
"""Rows of a table of coverage; a longer one is not told by class."""
MEMBERS = {"material": "materials", "sample": "samples", "spectrum": "spectra"}
OUTCOME = {
    "holds": "**holds**",
    "fails": "**fails: not reproduced**",
    "is undecided": "**is undecided: not reproduced**",
}
MODELS = (
    "candidate",
    "score",
    "95 %",
    "simulated",
    "measured",
    "gap",
    "nothing known",
    "nearest",
    "shuffled",
    "held",
    "calibration error",
    "seconds",
    "learnt",
    "kB",
)
ABOUT_MODELS = (
    "Score: mean and deviation over seeds on groups never trained on; 95 %: of the registered "
    "model over resampled groups; measured and gap: with their own intervals; nothing known: "
    "always the most frequent class or one value; nearest: nearest neighbour on the same inputs; "
    "shuffled: the same algorithm on shuffled labels; held: share of truths in sets or intervals "
    "that are to hold {level:g}; seconds: of one fit; learnt: numbers learnt."
)
STAR = " \\*"
ADDED = "\\* added after the study was committed."


def page(studies: Sequence[dict[str, Any]]) -> str:
    """The page about some studies, in their order."""
    return "\n\n".join([HEAD.strip(), _contents(studies), *map(section, studies)]) + "\n"


def section(study: dict[str, Any]) -> str:
    """What is said about one study."""
    parts = [f"## {study['title']}", study["question"], f"Source: {study['reference']}."]
    parts += [_verdicts(study), _data(study)]
    if study["models"]:
        parts += ["### Models side by side", _models(study), _about(study), _pairs(study)]
        parts.append(_picture(study["study"], "comparison", f"Models of {study['title']}"))
    for finding in study["findings"]:
        parts += [f"### {finding['title']}", *_finding(study["study"], finding)]
    parts += ["### Circumstances", _circumstances(study)]
    return "\n\n".join(part for part in parts if part)


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A table; numbers with three digits."""
    lines = [columns, ["---"] * len(columns), *([cell(v) for v in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def cell(value: Any) -> str:
    """One value of a table."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.3f}" if 1e-3 <= abs(value) < 1e3 or value == 0 else f"{value:.3g}"
    return str(value).replace("|", "\\|")


def three(value: float) -> str:
    """A number with three digits that count."""
    return f"{float(f'{value:.3g}'):g}"


def _contents(studies: Sequence[dict[str, Any]]) -> str:
    if not studies:
        return "No run is stored yet."
    rows = [
        (f"[{s['title']}](#{_anchor(s['title'])})", claim, OUTCOME[outcome])
        for s in studies
        for claim, outcome, _ in claims(s)
    ]
    return table(("study", "claim", "so"), rows)


def claims(study: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Every claim of a study that was judged: its text, what came of it, and why."""
    if study["claim"] is not None and study["verdict"] is not None:
        yield study["claim"]["text"], study["verdict"]["outcome"], study["verdict"]["reason"]
    for finding in study["findings"]:
        if finding["verdict"] is not None:
            verdict = finding["verdict"]
            yield finding["claim"] or finding["title"], verdict["outcome"], verdict["reason"]


def _verdicts(study: dict[str, Any]) -> str:
    lines = [
        f"- {claim.rstrip('.')}: {OUTCOME[outcome]}. {reason.rstrip('.')}."
        for claim, outcome, reason in claims(study)
    ]
    return "\n".join(["Committed before the first scored run:\n", *lines]) if lines else ""


def _data(study: dict[str, Any]) -> str:
    data = study["data"]
    definition = data["definition"]
    split = definition["split"]
    fractions = ", ".join(f"{share:g}" for share in split["fractions"])
    tested = "measured curves only" if split.get("test") == "measured" else "as the others"
    about = (
        f"Members are {MEMBERS[definition.get('entity', 'material')]} where "
        f"`{definition['where']}`; the task is {definition.get('task', 'classification')}"
        f"{_target(definition['target'])}, judged by {study['metric']}. Split by {split['by']} "
        f"({fractions} to train, validation and test, seed {split['seed']}; test side: {tested}). "
        f"Manifest `{data['manifest']}`."
    )
    columns = ("modality", "class", "train", "validation", "test", "all")
    rows = [tuple(row[name] for name in columns) for row in data["coverage"]]
    if len(rows) > MOST:
        rows = [row for row in rows if row[1] == "all"]
    left = ", ".join(f"{reason} {n}" for reason, n in data["left_out"].items())
    said = f"Left out: {left}." if left else ""
    return "\n\n".join(p for p in ("### Data", about, table(columns, rows), said) if p)


def _target(target: Any) -> str:
    if target is None:
        return ", without a target"
    named = f"{target['name']} ({target['method']})" if isinstance(target, dict) else target
    return f" of {named}"


def _models(study: dict[str, Any]) -> str:
    return table(MODELS, [_model(row) for row in study["models"]])


def _model(row: dict[str, Any]) -> tuple[Any, ...]:
    return (
        row["candidate"] + (STAR if row["added"] else ""),
        f"{row['score']:.3f} ± {row['std']:.3f}",
        _ends(row, ""),
        row["simulated"],
        _with_ends(row, "measured"),
        _with_ends(row, "gap"),
        *(row[name] for name in ("naive", "nearest", "shuffled", "coverage", "calibration_error")),
        three(row["seconds"]),
        row["n_parameters"],
        three(row["size"] / 1000),
    )


def _about(study: dict[str, Any]) -> str:
    levels = [row["level"] for row in study["models"] if row["level"] is not None]
    said = ABOUT_MODELS.format(level=levels[0] if levels else 0.9)
    return f"{said} {ADDED}" if any(row["added"] for row in study["models"]) else said


def _ends(row: dict[str, Any], prefix: str) -> str:
    low, high = row[f"{prefix}low"], row[f"{prefix}high"]
    return "" if low is None else f"{low:.3f} to {high:.3f}"


def _with_ends(row: dict[str, Any], name: str) -> str | None:
    if row[name] is None:
        return None
    ends = _ends(row, f"{name}_")
    return f"{row[name]:.3f}{f' ({ends})' if ends else ''}"


def _pairs(study: dict[str, Any]) -> str:
    real = [pair for pair in study["pairs"] if pair["is_real"]]
    if not study["pairs"]:
        return ""
    rows = [
        (p["one"], p["other"], difference(p["difference"]), f"{p['corrected']:.2g}") for p in real
    ]
    said = (
        f"Of {len(study['pairs'])} pairs of models, {len(real)} differ (paired bootstrap over "
        "groups, p below 0.05 after Holm's correction for the number of pairs)."
    )
    return f"{said}\n\n{table(('model', 'against', 'better by', 'p'), rows)}" if rows else said


def difference(interval: dict[str, float]) -> str:
    """A difference with its interval."""
    return f"{interval['value']:.3f} ({interval['low']:.3f} to {interval['high']:.3f})"


def _finding(study: str, finding: dict[str, Any]) -> Iterator[str]:
    if finding["claim"]:
        yield f"Claim: {finding['claim']}"
    if finding["verdict"] is not None:
        verdict = finding["verdict"]
        yield f"The claim {OUTCOME[verdict['outcome']]}: {verdict['reason'].rstrip('.')}."
    yield table(finding["columns"], finding["rows"])
    yield "\n".join(f"- {note}" for note in finding["notes"])
    yield _picture(study, finding["part"], finding["title"])


def _picture(study: str, name: str, title: str) -> str:
    return f"![{title}]({PICTURES}/{study}-{name}.png)"


def _circumstances(study: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in study["versions"].items())
    minutes = study["seconds"] / 60
    return (
        f"Run on {study['date']} with seeds {', '.join(map(str, study['seeds']))} in "
        f"{minutes:.1f} minutes ({study['machine']}; {versions})."
    )


def _anchor(title: str) -> str:
    """Where GitHub puts a heading."""
    kept = (c for c in title.lower() if c.isalnum() or c in " -_")
    return "".join(kept).replace(" ", "-")


def stored() -> list[dict[str, Any]]:
    """Studies whose runs are stored, by name."""
    return [json.loads(path.read_text()) for path in sorted(RUNS.glob("*.json"))]


if __name__ == "__main__":
    PAGE.write_text(page(stored()))
