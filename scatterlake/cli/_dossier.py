"""A model version as ``scatterlake models show`` prints it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scatterlake.cli._console import console, print_table, show

if TYPE_CHECKING:
    from training.comparing import Comparison
    from training.dossier import Dossier

NONE_MEASURED = "none measured"


def print_dossier(found: Dossier) -> None:
    """Print the card, scores, signature, what it was checked for, lineage and decisions."""
    row = found.row
    title = f"{row['model']}/{row['version']}, {row['alias'] or 'no alias'}"
    print_table(title + (", stale" if row["stale"] else ""), ("", "card"), _facts(found))
    print_table(f"{row['metric']}, mean over seeds", ("on", "score"), _scores(row))
    if found.card.signature is None:
        console.print("no signature: registered before there were any")
    else:
        _print_signature(found.card.signature)
    print_table("checked", ("", "result"), _checks(found))
    kinds = dict.fromkeys([*found.lineage, *found.used])
    counts = [(kind, found.lineage.get(kind), found.used.get(kind)) for kind in kinds]
    print_table("lineage", ("kind", "made from", "used for"), counts)
    if found.ancestors:
        console.print(f"transferred from {', then '.join(found.ancestors)}", highlight=False)
    if found.children:
        console.print(f"transferred to {', '.join(found.children)}", highlight=False)
    made = [
        (f"{one.at:%Y-%m-%d %H:%M}", one.by or "-", one.act, show(one.champion), one.reason)
        for one in found.decisions
    ]
    if made:
        print_table("decisions", ("when", "who", "what", "champion then", "why"), made)
    else:
        console.print(f"no decision was kept; reason noted: {show(row['reason'])}")


def told_difference(one: Comparison) -> str:
    """The difference of a comparison with its interval, and whether it decides."""
    if one.interval is None:
        return "too few members"
    low, high = one.interval.low, one.interval.high
    side = "better" if low > 0 else "worse" if high < 0 else "not decided"
    return f"{one.interval} ({side})"


def _facts(found: Dossier) -> list[tuple[str, str]]:
    row, card = found.row, found.card
    return [
        ("algorithm", f"{card.algorithm} {card.algorithm_version}"),
        ("settings", ", ".join(f"{name} {value}" for name, value in card.settings.items())),
        ("predicts", f"{card.predicts or 'nothing'} ({card.task})"),
        ("classes", ", ".join(card.class_names) or "-"),
        ("trained on", f"{row['n_train']} members of dataset {card.manifest}"),
        ("seeds", ", ".join(map(str, card.seeds))),
        ("parameters", show(row["n_parameters"])),
        ("licence", card.licence),
        ("data licences", ", ".join(card.data_licences)),
        ("scatterlake", card.code_version),
        ("run", row["run_id"]),
        ("digest", f"{row['artifact_digest']}, {len(card.files)} files verified"),
        ("parent", card.parent or "none: learnt from scratch"),
    ]


def _checks(found: Dossier) -> list[tuple[str, str]]:
    """What registration insisted on, and whether the model can be asked here."""
    card = found.card
    rows = [
        ("nothing on two sides", "yes: group, mineral name, identical curve"),
        ("files", f"{len(card.files)} with the digests of the card"),
        ("installed code", found.outgrown or "as it was trained"),
    ]
    if card.leaks is None:
        return [*rows, ("audit for leaks", "not made when it was registered")]
    leaks = {kind: n for kind, n in card.leaks["found"].items() if n}
    allowed = card.leaks["allowed"]
    told = [f"{n} of {kind}, allowed: {allowed.get(kind, 'no')}" for kind, n in leaks.items()]
    return [*rows, ("audit for leaks", "; ".join(told) or "none found")]


def _scores(row: dict[str, Any]) -> list[tuple[str, str]]:
    measured = row["score_measured"]
    return [
        ("simulated data", f"{row['score_simulated']:.3f} ± {row['score_simulated_std']:.3f}"),
        ("measured data", NONE_MEASURED if measured is None else f"{measured:.3f}"),
        ("gap, simulated minus measured", "-" if row["gap"] is None else f"{row['gap']:.3f}"),
        ("baseline: knows nothing", f"{row['baseline_naive']:.3f}"),
        ("baseline: nearest neighbour", f"{row['baseline_nearest']:.3f}"),
        ("control: shuffled", f"{row['control_shuffled']:.3f}"),
    ]


def _print_signature(signature: dict[str, Any]) -> None:
    rows = [(i["name"], i["source"], _shape(i["shape"]), _axis(i)) for i in signature["inputs"]]
    print_table("takes", ("input", "source", "shape", "grid or unit"), rows)
    output = signature["output"]
    unit = f" in {output['unit']}" if output["unit"] else ""
    of = f" of {output['name']}" if output["name"] else ""
    console.print(f"answers with {output['kind']}{of}, width {output['width']}{unit}")


def _shape(shape: list[int]) -> str:
    return " x ".join("any" if n < 0 else str(n) for n in shape)


def _axis(signed: dict[str, Any]) -> str:
    axis = signed["axis"]
    if axis is None:
        return signed["unit"] or "no unit"
    return f"{axis['quantity']} {axis['low']:g} to {axis['high']:g} {axis['unit']}".rstrip()
