"""The table of descriptors for the documents, from what they declare."""

from __future__ import annotations

from typing import Any

from features.descriptor import Descriptor, Entity, descriptors

TITLES: dict[Entity, str] = {"material": "Of structures", "spectrum": "Of spectra"}
HEAD = "| | length (default) | {} | parameters | source |\n|---|---|---|---|---|\n"


def table() -> str:
    """Markdown: a table of the descriptors of each kind of entity, by name."""
    parts = []
    for entity, title in TITLES.items():
        third = "disorder" if entity == "material" else "techniques"
        rows = [_row(d) for _, d in sorted(descriptors().items()) if d.entity == entity]
        parts += [f"### {title}", HEAD.format(third) + "\n".join(rows)]
    return "\n\n".join(parts)


def _row(descriptor: Descriptor) -> str:
    length = f"{descriptor.width(descriptor.parameters):,}"
    if descriptor.rows:
        length += f" per {descriptor.rows}"
    parameters = "; ".join(
        f"`{name}` {_value(value)} {descriptor.units.get(name, '')}".rstrip()
        for name, value in descriptor.parameters.items()
    )
    third = descriptor.disorder or ", ".join(descriptor.techniques) or "all"
    cells = (f"`{descriptor.name}`", length, third, parameters, descriptor.source)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _value(value: Any) -> str:
    """A default in few words."""
    if isinstance(value, list | tuple):
        return (
            f"({len(value)} sets)" if value and isinstance(value[0], list | tuple) else str(value)
        )
    return repr(value) if value == "" else str(value)
