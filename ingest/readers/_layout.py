"""Which column of a table is the axis, the signal, its error, the resolution."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ingest.readers import Source
from ingest.readers._meaning import Meaning, meaning
from ingest.readers._table import Table
from registry.errors import BadInput
from registry.records import Floats

FWHM_PER_SIGMA = float(2 * np.sqrt(2 * np.log(2)))
ROLES = ("x", "y", "dy", "dx", "dx_fwhm", "-")


@dataclass(frozen=True)
class Layout:
    """Columns by role (index), the quantity and units their names give, and what was guessed."""

    roles: dict[str, int]
    quantity: str | None = None
    unit: str | None = None
    signal: str = ""
    signal_unit: str = ""
    guessed: dict[str, str] = field(default_factory=dict)

    def of(self, role: str, table: Table) -> Floats | None:
        """Values of a role, shape ``(rows,)``, or None where there is no such column."""
        return table.values[:, self.roles[role]] if role in self.roles else None

    def resolution(self, table: Table) -> Floats | None:
        """One standard deviation of x; a full width at half maximum is converted."""
        fwhm = self.of("dx_fwhm", table)
        return self.of("dx", table) if fwhm is None else fwhm / FWHM_PER_SIGMA


def layout_of(table: Table, source: Source) -> Layout:
    """Lay out a table: by the option ``columns``, else by its names, else by convention.

    Raises:
        BadInput: When the option does not fit, or convention cannot tell; it names the option.
    """
    width = table.values.shape[1]
    told = source.hints.get("columns")
    meanings = _meanings(table)
    guessed: dict[str, str]
    if told is not None:
        roles, guessed = _told(told, width, source), {}
    elif meanings is not None and table.names is not None:
        roles, guessed = _named(meanings, table.names, source)
    else:
        roles, guessed = _conventional(table, source)
    if meanings is None or table.names is None:
        return Layout(roles, guessed=guessed)
    x = meanings[roles["x"]]
    y = roles.get("y")
    return Layout(
        roles,
        x.quantity,
        x.unit,
        "" if y is None else table.names[y],
        "" if y is None else meanings[y].unit or "",
        guessed,
    )


def _meanings(table: Table) -> list[Meaning] | None:
    """Meanings of the names; None when none means anything: a remark of as many words."""
    found = [meaning(name, i == 0) for i, name in enumerate(table.names or [])]
    speaking = any(m.quantity or m.role not in (None, "x") for m in found)
    return found if speaking else None


def _told(told: str, width: int, source: Source) -> dict[str, int]:
    words = [w.strip() for w in told.split(",")]
    real = [w for w in words if w != "-"]
    if (
        not set(words) <= set(ROLES)
        or len(set(real)) < len(real)
        or not {"x", "y"} <= set(real)
        or len(words) > width
    ):
        expected = f"up to {width} of {', '.join(ROLES)} with x and y"
        raise BadInput(f"{source.name}: option columns", expected, repr(told))
    return {w: i for i, w in enumerate(words) if w != "-"}


def _named(
    meanings: list[Meaning], names: list[str], source: Source
) -> tuple[dict[str, int], dict[str, str]]:
    roles: dict[str, int] = {}
    for i, column in enumerate(meanings):
        if column.role is not None:
            roles.setdefault(column.role, i)
    if "y" not in roles and len(names) == 2:
        roles["y"] = 1
        return roles, {"columns": f"x, y: the only column beside x is {names[1]!r}"}
    if "y" not in roles and meanings[0].quantity != "energy":
        raise BadInput(
            f"{source.name}: columns", "a signal (or --columns x,y,...)", ", ".join(names)
        )
    return roles, {}


def _conventional(table: Table, source: Source) -> tuple[dict[str, int], dict[str, str]]:
    """Two columns are x, y; three x, y, dy; four x, y, dy, dx (in .gr files x, y, dx, dy)."""
    width = table.values.shape[1]
    ending = source.path.suffix.lower()
    names = {2: "x,y", 3: "x,y,dy", 4: "x,y,dx,dy" if ending == ".gr" else "x,y,dy,dx"}.get(width)
    if width == 3 and ending == ".xy":
        names = "x,y,-"  # a third column of .xy is as often a background as an error
    roles = {w: i for i, w in enumerate(names.split(","))} if names else {}
    roles.pop("-", None)
    if not roles or not _plausible(table, roles):
        raise BadInput(
            f"{source.name}: columns",
            "names above them, or --columns such as x,y,dy",
            f"{width} columns without names that are not {names or 'one of the usual orders'}",
        )
    return roles, {"columns": f"{names}: {width} columns without names"}


def _plausible(table: Table, roles: dict[str, int]) -> bool:
    """Errors are not negative; a resolution is also smaller than the range of x."""
    x = table.values[:, roles["x"]]
    dy = table.values[:, roles["dy"]] if "dy" in roles else np.zeros(1)
    dx = table.values[:, roles["dx"]] if "dx" in roles else np.zeros(1)
    return bool(not (dy < 0).any() and not (dx < 0).any() and not (dx > np.ptp(x)).any())
