"""Rewrites what the documents take from code and stored runs; nothing of it is typed by hand.

``python docs/refresh.py`` renews the tables of ``docs/sql.md`` and ``docs/descriptors.md``. With
the folder of a quickstart and its captured output (``python docs/refresh.py demo-lake output.txt``)
it renews the output in ``README.md`` and the pictures beside it too.
"""

from __future__ import annotations

import re
import shutil
import sys
from itertools import groupby
from pathlib import Path

from features.catalogue import table
from registry.lineage.edges import EXAMPLES
from registry.query.macros import MACROS
from registry.schemas import SCHEMAS

DOCS = Path(__file__).resolve().parent
README = DOCS.parent / "README.md"
PICTURES = ("gallery.png", "crystal_system-comparison.png")


def between(text: str, mark: str, content: str) -> str:
    """Replace what stands between ``<!-- mark -->`` and ``<!-- /mark -->``."""
    start, end = f"<!-- {mark} -->", f"<!-- /{mark} -->"
    pattern = re.compile(f"{re.escape(start)}.*?{re.escape(end)}", re.DOTALL)
    if not pattern.search(text):
        raise SystemExit(f"no {start} ... {end} in the document")
    return pattern.sub(lambda _: f"{start}\n{content.rstrip()}\n{end}", text)


def macros() -> str:
    """A table of the curve functions for each group of them."""
    head = "| function | gives | example |\n|---|---|---|\n"
    parts = []
    for group, members in groupby(MACROS, key=lambda macro: macro.group):
        rows = (f"| `{m.signature}` | {m.meaning} | `{m.example}` |" for m in members)
        parts += [f"### {group}", head + "\n".join(rows)]
    return "\n\n".join(parts)


def lineage() -> str:
    """Questions about what was made from what, each with its statement."""
    return "\n\n".join(f"{e.question}\n\n```sql\n{e.query.strip()}\n```" for e in EXAMPLES)


def tables() -> str:
    """One table of columns for each table of the lake."""
    parts = []
    for schema in SCHEMAS.values():
        parts += [
            f"### `{schema.name}`: {schema.meaning}",
            f"Key: {', '.join(f'`{k}`' for k in schema.key)}.",
            "| column | type | unit | meaning |\n|---|---|---|---|\n"
            + "\n".join(
                f"| `{c.name}` | {c.type} | {c.unit} | {c.meaning} |"
                for c in (*schema.columns, *schema.derived)
            ),
        ]
    return "\n\n".join(parts)


def sql_page(text: str) -> str:
    """The page on SQL with its tables as the code has them."""
    for mark, content in (("macros", macros()), ("lineage", lineage()), ("tables", tables())):
        text = between(text, mark, content)
    return text


def descriptors_page(text: str) -> str:
    """The page on descriptors with those that there are."""
    return between(text, "descriptors", table())


def readme(text: str, output: str) -> str:
    """README with the captured output of a quickstart, progress bars left out."""
    lines = [line.rstrip() for line in output.splitlines()]
    first = next(n for n, line in enumerate(lines) if "What came in" in line)
    return between(text, "demo", "```text\n" + "\n".join(lines[first:]).strip() + "\n```")


def main(arguments: list[str]) -> None:
    """Renew the documents."""
    for name, renewed in (("sql.md", sql_page), ("descriptors.md", descriptors_page)):
        (DOCS / name).write_text(renewed((DOCS / name).read_text()))
    if arguments:
        lake, output = map(Path, arguments)
        README.write_text(readme(README.read_text(), output.read_text()))
        for name in PICTURES:
            (DOCS / "pictures").mkdir(exist_ok=True)
            shutil.copyfile(lake / "pictures" / name, DOCS / "pictures" / name)


if __name__ == "__main__":
    main(sys.argv[1:])
