"""Identity is content: the same thing has the same id, whoever ingests it from wherever."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np

from registry.records import Axis, Floats, Spectrum

DIGEST_BYTES = 16


def digest(*parts: bytes | str) -> str:
    """Hash parts (length-prefixed, so that no two lists of parts collide) into 32 hex digits."""
    h = hashlib.blake2b(digest_size=DIGEST_BYTES)
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        h.update(len(data).to_bytes(8, "little"))
        h.update(data)
    return h.hexdigest()


def canonical_json(value: Any) -> str:
    """Serialise to JSON that is equal for equal values: sorted keys, no spaces, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    raise TypeError(f"not JSON-serialisable: {type(value).__name__}")


def recipe_id(name: str, version: str, parameters: dict[str, Any]) -> str:
    """Identity of a computation: what was run, in which version, with which parameters."""
    return digest("recipe", name, version, canonical_json(parameters))


def spectrum_id(spectrum: Spectrum, x: Axis) -> str:
    """Identity of a spectrum: its curve, technique, kind and the conditions it was taken at.

    File name, reader and time of ingestion are left out, so that two files of the same
    measurement are one row. ``x`` is the canonical axis.
    """
    conditions = {
        "technique": spectrum.technique,
        "kind": spectrum.kind,
        "shape": spectrum.shape,
        "material": spectrum.material_id,
        "absorber": spectrum.absorber,
        "edge": spectrum.edge,
        "wavelength": spectrum.wavelength,
        "incident_energy": spectrum.incident_energy,
        "temperature": spectrum.temperature,
        "pressure": spectrum.pressure,
        "polarisation": spectrum.polarisation,
        "recipe": spectrum.provenance.recipe,
        "axes": [(a.quantity, a.unit) for a in (x, *spectrum.axes)],
    }
    return digest(
        "spectrum",
        canonical_json(conditions),
        *(_bytes(a.values, np.float64) for a in (x, *spectrum.axes)),
        _bytes(spectrum.intensity, np.float32),
        b"" if spectrum.uncertainty is None else _bytes(spectrum.uncertainty, np.float32),
    )


def _bytes(values: Floats, dtype: type[np.floating[Any]]) -> bytes:
    # + 0.0 makes -0.0 and 0.0 the same curve
    return bytes((np.ascontiguousarray(values, dtype=dtype) + dtype(0.0)).tobytes())
