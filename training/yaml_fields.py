"""YAML read with the line of every field, so that errors can say where.

The safe loader's own rules decide what a scalar is; what it would pass over in silence, a key
given twice, is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from registry.errors import BadInput


@dataclass(frozen=True)
class Kind:
    """What a field may hold: how it is called, and the Python types it is read as."""

    title: str
    types: tuple[type, ...]


TEXT = Kind("text (in quotes, where it could be read as something else)", (str,))
WHOLE = Kind("a whole number", (int,))
NUMBER = Kind("a number, such as 0.5 or 1.0e-3", (int, float))
FLAG = Kind("true or false", (bool,))
LIST = Kind("a list", (list,))
FIELDS = Kind("fields", (dict,))


@dataclass(frozen=True)
class Field:
    """A value in a file: what it is, what it is called there, and its line, counted from 1."""

    file: str
    path: str
    line: int
    value: Any

    @property
    def where(self) -> str:
        """Place as an error names it."""
        return f"{self.file}, line {self.line}" + (f", {self.path}" if self.path else "")

    def refuse(self, expected: str, found: str | None = None) -> BadInput:
        """The error of this field; what was found is the value itself unless told."""
        return BadInput(self.where, expected, shown(self.value) if found is None else found)

    def plain(self, kind: Kind) -> Any:
        """Value, checked to be of a kind, without lines.

        Raises:
            BadInput: When it is of another.
        """
        # a bool is an int in Python, and never meant as one
        if not isinstance(self.value, kind.types) or (
            isinstance(self.value, bool) and bool not in kind.types
        ):
            raise self.refuse(kind.title)
        return bare(self.value)

    def items(self) -> list[Field]:
        """Entries of a list.

        Raises:
            BadInput: When it is none.
        """
        self.plain(LIST)
        found: list[Field] = self.value
        return found

    def fields(self, needed: Mapping[str, Any], optional: Mapping[str, Any]) -> dict[str, Field]:
        """Fields by name, of which all that are needed are there and none is unknown.

        Raises:
            BadInput: When there are no fields, one is missing, or one is unknown.
        """
        self.plain(FIELDS)
        found: dict[str, Field] = self.value
        known = dict.fromkeys((*needed, *optional))
        for name, field in found.items():
            if name not in known:
                raise BadInput(field.where, f"one of the fields {', '.join(known)}", repr(name))
        for name in needed:
            if name not in found:
                raise self.refuse(f"a field {name!r}", f"only {', '.join(found) or 'nothing'}")
        return found


def read_fields(path: Path) -> Field:
    """Read a file.

    Raises:
        BadInput: When it is not there, no text, no YAML, empty, or gives one key twice.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise BadInput(str(path), "a YAML file", "no file") from error
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(str(path), "a text file in UTF-8", str(error)) from error
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        if node is None:
            raise BadInput(str(path), "a definition", "an empty file")
        return _field(loader, node, str(path), "", ())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        at = f", line {mark.line + 1}" if mark else ""
        raise BadInput(f"{path}{at}", "YAML", error.problem or "something else") from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise BadInput(f"{path}, line {line}", "YAML", error.reason) from error


def bare(value: Any) -> Any:
    """A value without lines."""
    if isinstance(value, Field):
        return bare(value.value)
    if isinstance(value, dict):
        return {name: bare(item) for name, item in value.items()}
    return [bare(item) for item in value] if isinstance(value, list) else value


def shown(value: Any) -> str:
    """A value as an error shows it: with its type, where it could be taken for another."""
    plain = bare(value)
    if isinstance(plain, list | dict):
        return repr(plain) if plain else f"an empty {type(plain).__name__}"
    if plain is None or isinstance(plain, str):
        return repr(plain) if plain else "nothing"
    return f"{type(plain).__name__} {plain!r}"


def _field(
    loader: yaml.SafeLoader, node: yaml.Node, file: str, path: str, above: tuple[int, ...]
) -> Field:
    line = node.start_mark.line + 1
    if id(node) in above:
        raise BadInput(f"{file}, line {line}", "a value", "an alias to what it is part of")
    within = (*above, id(node))
    value: Any
    if isinstance(node, yaml.SequenceNode):
        value = [
            _field(loader, item, file, f"{path}[{n}]", within)
            for n, item in enumerate(node.value, 1)
        ]
    elif isinstance(node, yaml.MappingNode):
        value = {}
        for key, item in node.value:
            at = key.start_mark.line + 1
            name = loader.construct_object(key) if isinstance(key, yaml.ScalarNode) else None
            if not isinstance(name, str):
                raise BadInput(f"{file}, line {at}", "the name of a field", str(key.value))
            inner = f"{path}.{name}" if path else name
            if name in value:
                raise BadInput(f"{file}, line {at}, {inner}", "each field once", "it again")
            value[name] = _field(loader, item, file, inner, within)
    else:
        value = loader.construct_object(node)
    return Field(file, path, line, value)
