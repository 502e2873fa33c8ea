"""What the page about the registry says can be done."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "registry.md"
RECIPES = [q for q in re.findall(r"(?s)```sql\n(.*?)```", PAGE.read_text()) if q[:6] == "SELECT"]


@pytest.mark.parametrize("query", RECIPES)
def test_every_recipe_is_a_query_of_the_lake(empty, query):
    assert len(empty.sql(query)) == 0


def test_every_command_of_the_page_is_there():
    from scatterlake.cli.models import models

    told = set(re.findall(r"`models (\w+)", PAGE.read_text()))
    assert told == {c.name or c.callback.__name__ for c in models.registered_commands}
