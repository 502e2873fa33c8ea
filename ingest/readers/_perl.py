"""Values that Perl's Data::Dumper writes: numbers, quoted strings, nested lists and mappings.

Only literals are read; anything else is refused, and nothing is executed.
"""

from __future__ import annotations

import re
from typing import Any

from registry.errors import BadInput

_TOKEN = re.compile(
    r"\s*(?:'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"|([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)(?![\w.])"
    r"|(undef)\b|(=>|[\[\]{}(),]))",
    re.DOTALL,
)
_ESCAPED = re.compile(r"\\([\\'\"])")
_OPEN = {"(": ")", "[": "]", "{": "}"}
_DEEPEST = 20


def parse(text: str, where: str) -> list[Any]:
    """Parse ``(...)``: a list whose items are texts, None, lists and mappings.

    Numbers stay texts, as the writer quotes some of them and some not.

    Raises:
        BadInput: When the text is not one complete list of literals.
    """
    stack: list[tuple[str, list[Any]]] = []
    at = 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            raise BadInput(where, "a literal", repr(text[at : at + 40]))
        at = token.end()
        sign = token[5]
        if sign in _OPEN:
            if len(stack) == _DEEPEST:
                raise BadInput(where, f"at most {_DEEPEST} levels", "more")
            stack.append((_OPEN[sign], []))
        elif not stack:
            break
        elif sign is None:
            quoted = token[1] if token[1] is not None else token[2]
            stack[-1][1].append(token[3] if quoted is None else _ESCAPED.sub(r"\1", quoted))
        elif sign not in (",", "=>"):
            closing, items = stack.pop()
            if sign != closing:
                raise BadInput(where, closing, sign)
            if not stack:
                return items
            stack[-1][1].append(pairs(items, where) if sign == "}" else items)
    raise BadInput(where, "a complete list", repr(text[-40:]))


def pairs(items: list[Any], where: str) -> dict[str, Any]:
    """Turn ``key, value, key, value`` into a mapping.

    Raises:
        BadInput: When there is a key without value, or a key that is no text.
    """
    if len(items) % 2 or not all(isinstance(key, str) for key in items[::2]):
        raise BadInput(where, "pairs of key and value", f"{len(items)} items")
    return dict(zip(items[::2], items[1::2], strict=True))
