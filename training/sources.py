"""What a dataset is read from: every input of every candidate, and who has what is needed.

The usual source is what the definition says. Measured curves are another source: the test side may
be read from it, or beside it. Where a definition declares tolerances, the measured curves of one
candidate are those that belong together (:mod:`training.alignment`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from registry.errors import BadInput
from registry.identity import digest
from registry.lake import Lake
from registry.vocabulary import Kind
from training.alignment import aligned
from training.blocks import matrix, read_block
from training.definitions import DatasetDefinition
from training.input_block import InputBlock


@dataclass(frozen=True)
class Source:
    """What was read of every input, and who can be a member with it.

    Attributes:
        blocks: By name of the input.
        able: Candidates that have what is needed.
        unaligned: Why measured curves of some do not belong together, by candidate.
        differences: Between the curves of those aligned: by condition, by candidate.
    """

    blocks: Mapping[str, InputBlock]
    able: Collection[str] = ()
    unaligned: Mapping[str, str] = field(default_factory=dict)
    differences: Mapping[str, dict[str, float]] = field(default_factory=dict)

    @cached_property
    def curves(self) -> Mapping[str, tuple[str, ...]]:
        """Digests of the curves of each candidate as models see them.

        What is not there is no curve, or all that lack one would be one group.
        """
        found: dict[str, tuple[str, ...]] = {}
        for name, block in self.blocks.items():
            if block.is_curve:
                for entity, row in zip(block.entities, matrix(block.values), strict=True):
                    found[entity] = (*found.get(entity, ()), digest(name, row.tobytes()))
        return found


def usual_source(
    lake: Lake, definition: DatasetDefinition, ids: Sequence[str], at: dict[str, int]
) -> Source:
    """What the definition says.

    Raises:
        BadInput: When nobody has one of the inputs.
    """
    measured = any(i.measured for i in definition.curves)
    kind: Kind = "experimental" if measured else "simulated"
    curves = curves_source(lake, definition, ids, kind, at)
    views = {
        i.name: read_block(lake, i, ids, at, entity=definition.entity)
        for i in definition.inputs
        if i.name not in curves.blocks
    }
    return _with_able(definition, ids, curves, {**views, **curves.blocks})


def measured_source(
    lake: Lake,
    definition: DatasetDefinition,
    ids: Sequence[str],
    usual: Source,
    at: dict[str, int],
) -> Source:
    """The same with measured curves; features stay what they are.

    Raises:
        BadInput: When nobody has been measured.
    """
    curves = curves_source(lake, definition, ids, "experimental", at)
    read = set[str]().union(*(block.entities for block in curves.blocks.values()))
    if not read:
        why = Counter(curves.unaligned.values()).most_common(1)
        raise BadInput(
            f"dataset {definition.name!r}: split test",
            f"measured curves of at least one {definition.entity}",
            f"none ({why[0][0]})" if why else "none",
        )
    return _with_able(definition, sorted(read), curves, {**usual.blocks, **curves.blocks})


def curves_source(
    lake: Lake, definition: DatasetDefinition, ids: Sequence[str], kind: Kind, at: dict[str, int]
) -> Source:
    """Only the curves of candidates, of one kind; measured ones aligned as declared."""
    curves, entity = definition.curves, definition.entity
    if definition.align is None or kind == "simulated":
        return Source({i.name: read_block(lake, i, ids, at, kind, entity) for i in curves})
    found = aligned(lake, definition.align, curves, ids, entity, at)
    blocks = {}
    for source in curves:
        owner = {spectrum: member for member, spectrum in found.chosen[source.name].items()}
        read = read_block(lake, source, sorted(owner), at, kind, "spectrum")
        blocks[source.name] = read.of_owners(owner)
    return Source(blocks, (), found.refused, found.differences)


def insist_on_inputs(definition: DatasetDefinition, source: Source) -> None:
    """Insist that each input is there for somebody.

    Raises:
        BadInput: Naming the input, with the most frequent reason.
    """
    for i in definition.inputs:
        block = source.blocks[i.name]
        if not block.entities:
            why = Counter([*block.refused.values(), *source.unaligned.values()]).most_common(1)
            raise BadInput(
                f"dataset {definition.name!r}: input {i.name!r}",
                f"{i.source} of at least one {definition.entity} with "
                f"{i.parameters or 'defaults'} (simulate, compute or ingest it first)",
                f"none usable ({why[0][0]})" if why else "none in the lake",
            )


def reasons(
    definition: DatasetDefinition,
    ids: Sequence[str],
    sources: Sequence[Source],
    able: Collection[str],
) -> list[str]:
    """Why those who are not able are not: each once, under the first input that they lack.

    Args:
        definition: The dataset.
        ids: Candidates.
        sources: What was read; a curve may be refused in one and be none of the other's.
        able: Who is able with any of them.
    """
    needed = [i.name for i in definition.inputs if i.missing == "require"]
    found = []
    for entity in (e for e in ids if e not in able):
        unaligned = [s.unaligned[entity] for s in sources if entity in s.unaligned]
        lacks = [n for n in needed if any(entity not in s.blocks[n].rows for s in sources)]
        told = [r for n in lacks for s in sources if (r := s.blocks[n].refused.get(entity))]
        usual = f"{lacks[0]}: not in the lake" if lacks else "no input at all"
        found.append(next(iter([*unaligned, *told]), usual))
    return found


def _with_able(
    definition: DatasetDefinition,
    ids: Sequence[str],
    curves: Source,
    blocks: Mapping[str, InputBlock],
) -> Source:
    """Who has every input that is required, one at least, and curves that belong together."""
    present = {name: set(block.entities) for name, block in blocks.items()}
    needed = [present[i.name] for i in definition.inputs if i.missing == "require"]
    able = set(ids).intersection(set[str]().union(*present.values()), *needed)
    ordered = {i.name: blocks[i.name] for i in definition.inputs}
    return Source(ordered, able - curves.unaligned.keys(), curves.unaligned, curves.differences)
