"""Rows of a lake in which everything was made from something; run by the tests of lineage."""

from __future__ import annotations

from typing import Any

from registry.identity import digest
from registry.lake import Lake, now

SCAN, CIF, OTHER_CIF = (f"content of {name}" for name in ("scan.xy", "m1.cif", "m2.cif"))
FILES = {
    name: digest(text.encode()) for name, text in (("scan", SCAN), ("m1", CIF), ("m2", OTHER_CIF))
}
IDS = {name: digest(name) for name in ("m1", "m2", "e1", "e2", "s1", "s2", "v1", "d1", "d2", "r1")}


def spectrum(name: str, material: str | None, **more: Any) -> dict[str, Any]:
    return {
        "spectrum_id": IDS[name],
        "material_id": IDS.get(material or ""),
        "technique": "xrd",
        "x": [0.5, 1.0],
        "intensity": [1.0, 2.0],
        "shape": [2],
        "producer_version": "1",
        "ingested_at": now(),
        **more,
    }


def rows() -> dict[str, list[dict[str, Any]]]:
    """Two measured curves of one file and sample, two structures, each with a simulated curve."""
    read = {"kind": "experimental", "producer": "columns", "file_name": "scan.xy"}
    read |= {"file_digest": FILES["scan"], "sample_id": "sample A"}
    made = {"kind": "simulated", "producer": "xrd", "recipe": IDS["r1"]}
    cif = {"producer": "cif", "producer_version": "2", "ingested_at": now()}
    members = [("d1", "m1", ["s1", "e1"]), ("d1", "m2", ["s2"]), ("d2", "m2", ["s2"])]
    models = [("a", 1, "d1", "champion"), ("a", 2, "d2", None), ("b", 1, "d1", None)]
    answers = [("a", 1, IDS["m1"]), ("a", 2, IDS["m1"]), ("a", 2, IDS["e1"]), ("a", 2, "a curve")]
    return {
        "materials": [
            {"material_id": IDS[m], "formula": m.upper(), "file_digest": FILES[m], **cif}
            for m in ("m1", "m2")
        ],
        "spectra": [
            spectrum("e1", "m1", title="first scan", **read),
            spectrum("e2", None, **read),
            spectrum("s1", "m1", **made),
            spectrum("s2", "m2", **made),
        ],
        "checks": [
            {"entity_id": IDS["m1"], "entity_kind": "material", "check_name": "density"}
            | {"passed": False, "severity": "error", "value": 99.0},
            {"entity_id": IDS["e1"], "entity_kind": "spectrum", "check_name": "finite"}
            | {"passed": True, "severity": "error", "value": 1.0},
        ],
        "feature_views": [{"view_id": IDS["v1"], "view": "soap", "version": "3"}],
        "features": [
            {"entity_id": IDS[m], "view_id": IDS["v1"], "view": "soap", "vector": [1.0]}
            for m in ("m1", "m2")
        ],
        "datasets": [{"manifest": IDS[d], "dataset": d} for d in ("d1", "d2")],
        "dataset_members": [
            {"manifest": IDS[d], "entity_id": IDS[m], "views": [IDS["v1"]]}
            | {"spectra": [IDS[s] for s in spectra]}
            for d, m, spectra in members
        ],
        "models": [
            {"model": model, "version": version, "manifest": IDS[d], "alias": alias}
            | {"run_id": f"run of {model}{version}", "code_version": "0.1.0", "study": model}
            for model, version, d, alias in models
        ],
        "predictions": [
            {"model": model, "version": version, "entity_id": entity}
            for model, version, entity in answers
        ],
    }


def fill(lake: Lake) -> None:
    for table, found in rows().items():
        lake.append(table, found)
