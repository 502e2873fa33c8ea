"""The table of descriptors in the documents is made of what they declare."""

from __future__ import annotations

import numpy as np

from features.catalogue import table
from features.descriptor import descriptors


def test_every_descriptor_has_a_row_with_its_parameters() -> None:
    rows = {line.split("`")[1]: line for line in table().splitlines() if line.startswith("| `")}
    assert sorted(rows) == sorted(descriptors())
    for name, descriptor in descriptors().items():
        assert all(f"`{parameter}`" in rows[name] for parameter in descriptor.parameters)
        assert descriptor.source in rows[name]


def test_lengths_and_treatment_of_disorder_are_told(made_up, monkeypatch) -> None:
    known = {
        "sites": made_up(name="sites", rows="site", disorder="weighted", width=lambda _: 1200),
        "curve": made_up(
            name="curve",
            entity="spectrum",
            techniques=("xrd", "npd"),
            parameters={"limit": 1.5, "rule": "", "sets": [[1, 2], [3, 4]]},
            units={"limit": "1/angstrom"},
            compute=lambda _: np.zeros(2),
        ),
    }
    monkeypatch.setattr("features.catalogue.descriptors", lambda: known)
    text = table()
    assert "| `sites` | 1,200 per site | weighted |  | this test |" in text
    assert "| `curve` | 2 | xrd, npd | `limit` 1.5 1/angstrom; `rule` ''; `sets` (2 sets) |" in text
