"""What no model can learn from is said before anything is trained, and says what to change."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from registry.errors import BadInput, NotFound, QueryError, WrongUse
from registry.lake import Lake
from training.assembly import assemble
from training.definitions import DatasetDefinition, FeatureInput, SpectrumInput, Split
from training.targets import Property

GRID = (0.6, 5.6, 60)


@pytest.fixture(scope="module")
def lake(tmp_path_factory, world) -> Lake:
    """24 invented minerals, of which half have a hardness, some of it not a number."""
    opened = Lake.open(tmp_path_factory.mktemp("unlearnable") / "lake")
    world.fill(opened, 8, measured=True)
    ids = opened.sql("SELECT material_id FROM materials ORDER BY material_id")["material_id"]
    rows = [
        {"entity_id": name, "property": what, "method": "Vickers", "unit": unit, "value": value}
        for n, name in enumerate(ids.to_pylist()[::2])
        for what, unit, value in (
            ("hardness", "GPa", float(n)),
            ("odd", "GPa", float("nan") if n == 3 else float(n)),
            ("same", "GPa", 7.0),
        )
    ]
    opened.append("properties", rows)
    return opened


def regression(world, name: str, **how) -> DatasetDefinition:
    target = Property(name, "Vickers", how.pop("unit", "GPa"))
    return replace(world.DEFINITION, inputs=(world.XRD,), target=target, task="regression", **how)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"where": "crystal_system = 'cubic'"}, "two or more classes, found cubic"),
        ({"where": "name = 'no such mineral'"}, "materials where name = .*found none"),
        ({"where": "name LIKE '%00_'", "min_groups": 30}, "30 or more independent groups"),
        ({"inputs": (SpectrumInput("a", "npd", GRID),)}, "input 'a': expected npd.*none in the"),
        ({"inputs": (FeatureInput("a", "rdf", missing="mask"),)}, "input 'a'.*none in the lake"),
        ({"inputs": (SpectrumInput("a", "xrd", (0.0, 9.0, 9)),)}, "does not cover the grid"),
        ({"inputs": (SpectrumInput("a", "xrd", GRID, where="false"),)}, "none in the lake"),
        ({"target": "name", "task": "regression"}, "a numeric column for regression"),
    ],
)
def test_a_definition_of_nothing_to_learn_is_refused(change, message, lake, world):
    with pytest.raises(BadInput, match=message):
        assemble(lake, replace(world.DEFINITION, **change))


@pytest.mark.parametrize(
    ("name", "unit", "message"),
    [
        ("odd", "GPa", r"a label in .*'odd'.* for every material.*found 1 of \d+ without"),
        ("same", "GPa", "two or more values of the target, found 7.0"),
        ("hardness", "HV", "the unit 'HV', found 'GPa'"),
        ("softness", "GPa", "'softness' by 'Vickers' of at least one.*hardness by Vickers in GPa"),
    ],
)
def test_numbers_that_cannot_be_learnt_are_refused(name, unit, message, lake, world):
    with pytest.raises(BadInput, match=message):
        assemble(lake, regression(world, name, unit=unit))


def test_who_has_no_label_is_counted(lake, world):
    data = assemble(lake, regression(world, "hardness"))
    assert data.left_out == {"target: none": 18}
    assert np.isfinite(data.values).all()


def test_a_side_that_stays_empty_is_named(lake, world):
    every = replace(world.DEFINITION, inputs=(world.XRD,), split=Split(test="measured"))
    with pytest.raises(BadInput, match=r"members on every side.*none in train, validation"):
        assemble(lake, every)


@pytest.mark.parametrize(
    "make",
    [
        lambda _: SpectrumInput("a", "xrf", GRID),
        lambda world: replace(world.DEFINITION, inputs=(FeatureInput("a", "soup"),)),
        lambda world: replace(
            world.DEFINITION, inputs=(SpectrumInput("a", "xrd", GRID, simulator="xdr"),)
        ),
    ],
)
def test_a_name_that_does_not_exist_is_answered_with_those_that_do(make, lake, world):
    with pytest.raises(NotFound, match=r"there are: .*x"):
        assemble(lake, make(world))


def test_a_column_or_parameter_that_does_not_exist_is_named(lake, world):
    with pytest.raises(BadInput, match="target: expected a column of materials, found 'colour'"):
        replace(world.DEFINITION, target="colour")
    with pytest.raises(WrongUse, match=r"parameter: expected one of .*'size_of'"):
        curve = SpectrumInput("a", "xrd", GRID, parameters={"size_of": 1.0})
        assemble(lake, replace(world.DEFINITION, inputs=(curve,)))
    with pytest.raises(QueryError, match="colour"):
        assemble(lake, replace(world.DEFINITION, where="colour = 'red'"))
    with pytest.raises(QueryError, match="colour"):
        curve = SpectrumInput("a", "xrd", GRID, where="colour = 'red'")
        assemble(lake, replace(world.DEFINITION, inputs=(curve,)))
