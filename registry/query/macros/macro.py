"""What a macro is, and the one construct that SQL lacks: a name for a value."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Macro:
    """A SQL macro; macros of one name differ in their number of parameters.

    Names of lambda parameters begin with an underscore, so that no column or alias of a query
    (``FROM spectra c``) is mistaken for one.

    Attributes:
        signature: Name and parameters, as a user calls it.
        body: SQL expression.
        meaning: What it gives, with its unit.
        example: Expression over a row of ``spectra`` (two rows ``a`` and ``b`` if it compares).
        group: Heading it stands under in the documents.
    """

    signature: str
    body: str
    meaning: str = ""
    example: str = ""
    group: str = ""

    @property
    def name(self) -> str:
        """Name without parameters."""
        return self.signature.partition("(")[0]

    @property
    def parameters(self) -> str:
        """Parameters without parentheses."""
        return self.signature.partition("(")[2].rstrip(")")


def let(values: dict[str, str], body: str) -> str:
    """SQL for ``body`` with names for values, each calculated once; a value may use earlier names.

    DuckDB shares equal expressions in a SELECT list, but neither in WHERE nor inside CASE or a
    lambda. A lambda over a list of one element binds a value everywhere.
    """
    for name, value in reversed(values.items()):
        body = f"list_transform([{value}], lambda {name}: {body})[1]"
    return body
