"""The policy of a lake: what breaks an error check is refused, or stored and flagged."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.checks.gate import refusals
from ingest.checks.policy import policy_of, set_policy
from ingest.checks.validate import validate
from ingest.files import ingest_files
from registry.errors import LakeError, WrongUse
from registry.lake import Lake
from registry.schemas import SCHEMAS


def test_a_new_lake_is_strict_and_keeps_what_it_is_told(lake: Lake) -> None:
    assert policy_of(lake) == "strict"
    set_policy(lake, "lenient")
    assert policy_of(Lake.existing(lake.path)) == "lenient"


def test_a_policy_that_does_not_exist_is_refused_and_changes_nothing(lake: Lake) -> None:
    with pytest.raises(WrongUse, match="strict or lenient"):
        set_policy(lake, "mild")
    assert policy_of(lake) == "strict"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"on_failed_check": "mild"}'])
def test_a_damaged_policy_is_named_and_never_taken_for_strict(lake: Lake, text: str) -> None:
    (lake.path / "policy.json").write_text(text)
    with pytest.raises(LakeError, match=r"policy\.json"):
        policy_of(lake)


def test_a_lenient_lake_stores_what_a_strict_one_refuses_and_says_so(
    lake: Lake, folder: Path
) -> None:
    strict = ingest_files(lake, [folder / "bad.csv"])
    assert (strict.stored["spectra"], strict.flagged, len(strict.refused)) == (0, 0, 1)
    set_policy(lake, "lenient")
    lenient = ingest_files(lake, [folder])
    assert (lenient.stored["spectra"], lenient.flagged, len(lenient.refused)) == (2, 1, 0)
    (flagged,) = lake.sql("select distinct entity_id from checks where not passed").to_pylist()
    (row,) = lake.sql(
        "select file_name from spectra where spectrum_id = $1", [flagged["entity_id"]]
    ).to_pylist()
    assert Path(row["file_name"]).name == "bad.csv"


def test_what_was_flagged_at_the_gate_is_validated_like_the_rest_and_counted_once(
    lake: Lake, folder: Path
) -> None:
    set_policy(lake, "lenient")
    ingest_files(lake, [folder / "bad.csv"])
    before = lake.sql("select check_name, value from checks").to_pylist()
    validate(lake)
    after = lake.sql("select check_name, value from checks").to_pylist()
    assert len(after) > len(before)
    assert len({row["check_name"] for row in after}) == len(after)
    assert validate(lake) == []


def test_a_curve_that_could_not_be_read_back_is_refused_by_any_policy() -> None:
    import pyarrow as pa

    torn = {"technique": "saxs", "x": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6], "shape": [6]}
    torn["intensity"] = [3.0, 2.0, 1.0, 1.0, 0.5]
    rows = pa.Table.from_pylist([torn], schema=SCHEMAS["spectra"].arrow)
    (why,) = refusals(rows, "spectra", "lenient")
    assert why is not None
    assert why.where == "length_mismatch"
