"""From an easy set of patterns to a hard one: how wide the gap is, and what closes it.

An algorithm is brought up on one dataset (simulated patterns) and asked about the test side of
another (measured ones) of the same classes, as it is and brought over in several ways
(:mod:`training.parts._adapting`), each with as many of the hard set as ``sizes`` says. Test members
are never learnt from. The hard validation side only fixes temperature and conformal threshold of
networks that saw labels of the hard set; for the others the easy validation side does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from registry.errors import BadInput, Unsupported, WrongUse
from registry.parallel import mapper
from training.assembly import assemble
from training.datasets import Dataset
from training.definitions import DatasetDefinition, SpectrumInput
from training.findings import Finding
from training.parts import Setting
from training.parts._adapted import Adapted, Key
from training.parts._adapting import (
    ALIGNS,
    CHILD,
    CONTROL,
    GRADUAL,
    SCRATCH,
    TUNED,
    Schooling,
    Task,
    adapt,
)
from training.parts._searching import ALL, searches
from training.parts._transfer_picture import draw_transfer
from training.parts._transfer_table import columns, drawn, notes, numbers, rows
from training.resuming import as_here

PLAIN, AUGMENTED = "plain", "augmented"
CLAIMS = {
    "tuning": "fine-tuning beats the same network from scratch on the same members",
    "gap": "what never saw the hard set scores lower there than on the easy test side",
    "augmentation": "that gap is smaller with augmentation",
    "search": "fine-tuning beats the nearest pattern among all that it learnt from",
}


@dataclass(frozen=True)
class Transfer:
    """Transfer from an easy set to a hard one.

    Four claims (:data:`CLAIMS`), of which ``tuning`` is the verdict, are judged with the largest
    size and with augmentation where there is one, by 95 % bootstrap intervals over the groups of
    the test sides with all seeds drawn together: a claim holds when the interval lies above zero,
    fails when it lies below, and is undecided otherwise.

    Attributes:
        name: Name of the part.
        title: Heading of its table.
        easy: What is learnt first. One input, a curve.
        hard: What is to be answered: the same classes and input.
        sizes: Members of the hard training side that are learnt from, ascending.
        model: Algorithm; a network, as only those go on from a parent.
        network: Settings of every fit.
        parent: Settings of the fits on the easy set.
        child: Settings of the fits on few members of the hard set, ``epochs`` among them.
        gradual: What fine-tuning adds to them.
        frozen: Beginnings of the names of what feature extraction leaves as it is.
        aligned: Settings of the fits that align domains.
        aligns: Ways of alignment, ``coral`` and ``dann``, with what each adds to that; only tried
            with augmentation where there is one.
        augmentation: What is added to the settings of every fit; without it nothing is varied.
        unvaried: What switches off the variation that the algorithm has by itself.
    """

    name: str
    title: str
    easy: DatasetDefinition
    hard: DatasetDefinition
    sizes: tuple[int, ...] = (10, 50, 200)
    model: str = "cnn1d"
    network: dict[str, Any] = field(default_factory=dict)
    parent: dict[str, Any] = field(default_factory=dict)
    child: dict[str, Any] = field(default_factory=lambda: dict(CHILD))
    gradual: dict[str, Any] = field(default_factory=lambda: dict(GRADUAL))
    frozen: tuple[str, ...] = ("body.",)
    aligned: dict[str, Any] = field(default_factory=dict)
    aligns: dict[str, dict[str, Any]] = field(default_factory=lambda: dict(ALIGNS))
    augmentation: dict[str, Any] = field(default_factory=dict)
    unvaried: dict[str, Any] = field(
        default_factory=lambda: {"strain": 0.0, "texture": 0.0, "noise": 0.0}
    )

    def __post_init__(self) -> None:
        where = f"part {self.name!r}"
        if not self.sizes or list(self.sizes) != sorted(set(self.sizes)) or self.sizes[0] < 2:
            raise WrongUse(f"{where}: sizes", "2 or more each, ascending", repr(self.sizes))
        for definition in (self.easy, self.hard):
            if definition.task != "classification":
                raise Unsupported(f"{where}: {definition.name}", "classification", definition.task)
        if (
            len(self.easy.inputs) != 1
            or not isinstance(self.easy.inputs[0], SpectrumInput)
            or [(i.name, getattr(i, "grid", None)) for i in self.hard.inputs]
            != [(i.name, getattr(i, "grid", None)) for i in self.easy.inputs]
        ):
            raise BadInput(where, "one curve on one grid as the input of both", "others")

    @property
    def version(self) -> str:
        """Version of what it does."""
        return "1"

    @property
    def claim(self) -> str:
        """What the verdict is about."""
        return (
            f"Fine-tuning with {self.sizes[-1]} members of the hard set beats the same network "
            "learning from scratch on them"
        )

    def run(self, setting: Setting) -> Finding:
        """Do it.

        Raises:
            BadInput: When the sets have other classes, or the hard one has too few to learn from.
        """
        easy, hard = (
            assemble(setting.lake, definition, setting.dataset.snapshot)
            for definition in (self.easy, self.hard)
        )
        if easy.class_names != hard.class_names:
            expected = f"the classes of {self.easy.name}: {', '.join(easy.class_names)}"
            raise BadInput(f"part {self.name!r}: {self.hard.name}", expected, str(hard.class_names))
        found = Adapted(setting.study.judged_by, easy, hard, setting.seeds)
        with mapper(setting.workers) as run:
            tasks = list(self._tasks(setting, easy, hard))
            for task, answers in zip(tasks, run(as_here(adapt), iter(tasks)), strict=True):
                what = "on shuffled labels" if task.control else task.variant
                setting.progress(f"{self.name}, seed {task.seed}, {what}: fitted")
                for answer in answers:
                    found.add(answer)
        for searched in searches(easy, hard, self.sizes, setting.seeds):
            found.add_search(searched)
        return self._told(found)

    def draw(self, finding: Finding, path: Path) -> None:
        """Score against how many of the hard set were learnt from, a line for each way."""
        draw_transfer(finding.drawn, path)

    def _variants(self) -> dict[str, dict[str, Any]]:
        plain = {PLAIN: {**self.network, **self.unvaried}}
        if not self.augmentation:
            return plain
        return {**plain, AUGMENTED: {**self.network, **self.augmentation}}

    def _tasks(self, setting: Setting, easy: Dataset, hard: Dataset) -> Iterator[Task]:
        variants = self._variants()
        last = list(variants)[-1]
        for seed in setting.seeds:
            for variant, common in variants.items():
                school = Schooling(
                    model=self.model,
                    inputs=(self.easy.inputs[0].name,),
                    parent={**common, **self.parent},
                    child={**common, **self.child},
                    frozen={"freeze": list(self.frozen)},
                    gradual=self.gradual,
                    aligned={**common, **self.parent, **self.aligned},
                    aligns=self.aligns if variant == last else {},
                )
                yield Task(easy, hard, school, self.sizes, seed, variant)
                if variant == last:
                    yield Task(easy, hard, school, self.sizes, seed, variant, control=True)

    def _told(self, found: Adapted) -> Finding:
        variants, most = list(self._variants()), self.sizes[-1]
        last = variants[-1]
        tuned = Key(TUNED, last, most)
        against = {"tuning": Key(SCRATCH, last, most), "search": Key(ALL, "", most)}
        claims = {n: found.better_claim(tuned, other) for n, other in against.items()}
        claims["gap"] = found.gap_claim(last)
        if len(variants) > 1:
            claims["augmentation"] = found.narrower_claim(PLAIN, AUGMENTED)
        told = [
            f"Claim '{name}' ({words}) {claims[name].outcome}: {claims[name].reason}."
            for name, words in CLAIMS.items()
            if name in claims
        ]
        return Finding(
            part=self.name,
            title=self.title,
            columns=columns(found),
            rows=rows(found),
            verdict=claims["tuning"],
            notes=(*told, found.control(Key(CONTROL, last, most)), *notes(found)),
            drawn=drawn(found, last, self.title),
            metrics={
                **{f"claim {n}": v.interval.value for n, v in claims.items()},
                **numbers(found),
            },
        )
