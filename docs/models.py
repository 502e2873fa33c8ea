"""Writes the lists in ``docs/models.md`` from what models declare: ``python docs/models.py``.

What stands above the mark in the page is written by hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from training.models import TASKS, Model, models
from training.models._architecture import Architecture
from training.models._schedule import schedule_settings

PAGE = Path(__file__).resolve().parent / "models.md"
MARK = "<!-- from here on written by docs/models.py -->"
SHARED = frozenset(schedule_settings())
YES = {True: "yes", False: ""}


def page(text: str) -> str:
    """The page with the lists as the code has them."""
    written, mark, _ = text.partition(MARK)
    if not mark:
        raise SystemExit(f"no {MARK} in the document")
    return "\n".join([written + mark, "", *_overview(), "", *_each()]).rstrip() + "\n"


def _overview() -> Iterator[str]:
    yield "## Overview"
    yield ""
    yield f"| | {' | '.join(TASKS)} | inputs | lacking inputs | weights | goes on from a parent |"
    yield "|---" * (len(TASKS) + 5) + "|"
    for name, model in sorted(models().items()):
        able = " | ".join(YES[task in model.tasks] for task in TASKS)
        rest = " | ".join(YES[has] for has in (model.missing, model.weighted, model.transfers))
        yield f"| [`{name}`](#{name}) | {able} | {_takes(model)} | {rest} |"


def _each() -> Iterator[str]:
    for name, model in sorted(models().items()):
        network = _network(model)
        yield f"## {name}"
        yield ""
        yield f"{model.title[0].upper()}{model.title[1:]}, version {model.version}. {_sense(model)}"
        yield ""
        own = [n for n in model.settings if network is None or n not in SHARED]
        yield f"- Settings: {_settings(model, own) or 'none'}"
        if network is not None:
            other = [n for n in model.settings if n in SHARED and _differs(model, n)]
            if other:
                yield f"- Of the shared settings, otherwise: {_settings(model, other)}"
            space = "; ".join(f"`{n}` {_range(where)}" for n, where in network.space.items())
            yield f"- Searched: {space}"
        yield f"- Source: {model.source}"
        yield ""


def _network(model: Model) -> Architecture | None:
    """What it is built from, where it is a network."""
    found = getattr(import_module(f"training.models.{model.name}"), "NETWORK", None)
    return found if isinstance(found, Architecture) else None


def _takes(model: Model) -> str:
    network = _network(model)
    form = "block"
    if network is not None and network.takes == "ragged":
        form = f"table of edges, {' or '.join(map(str, network.widths))} columns"
    elif model.maps:
        form = "map"
    few, many = model.min_inputs, model.max_inputs
    return f"one {form}" if few == many == 1 else f"{few} to {many} {form}s"


def _sense(model: Model) -> str:
    """First paragraph of what the module says of itself, as one line."""
    text = import_module(f"training.models.{model.name}").__doc__ or ""
    return " ".join(text.replace("``", "`").split())


def _settings(model: Model, names: list[str]) -> str:
    return ", ".join(f"`{name}` {model.settings[name]!r}" for name in names)


def _differs(model: Model, name: str) -> bool:
    return bool(model.settings[name] != schedule_settings()[name])


def _range(where: tuple[object, ...]) -> str:
    kind, *bounds = where
    if kind == "one of":
        return ", ".join(map(str, bounds))
    return f"{bounds[0]} to {bounds[1]}" + (" (logarithmic)" if kind == "log" else "")


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
