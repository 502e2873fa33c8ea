"""Records into rows of the lake: canonical axis, content id, derived columns."""

from __future__ import annotations

from typing import Any

import numpy as np

from registry.errors import BadInput
from registry.identity import canonical_json, spectrum_id
from registry.lake import now
from registry.records import Axis, Material, Provenance, Spectrum
from registry.structures import material_row
from registry.units import canonical_axis


def row_of_spectrum(spectrum: Spectrum) -> dict[str, Any]:
    """Row of the ``spectra`` table.

    Raises:
        BadInput: When the axis cannot be brought into the technique's canonical quantity.
    """
    where = spectrum.provenance.file_name or spectrum.provenance.producer
    x = canonical_axis(spectrum.x, spectrum.technique, spectrum.wavelength, where)
    resolution = _scaled(spectrum, x)
    return {
        "spectrum_id": spectrum_id(spectrum, x),
        "material_id": spectrum.material_id,
        "sample_id": spectrum.sample_id,
        "title": spectrum.title,
        "technique": spectrum.technique,
        "kind": spectrum.kind,
        "absorber": spectrum.absorber,
        "edge": spectrum.edge,
        "x": x.values,
        "x_quantity": x.quantity,
        "x_unit": x.unit,
        "x_given_quantity": spectrum.x.quantity,
        "x_given_unit": spectrum.x.unit,
        "axes": [
            {"quantity": a.quantity, "unit": a.unit, "values": a.values} for a in spectrum.axes
        ],
        "shape": list(spectrum.shape),
        "intensity": _curve(spectrum.intensity),
        "uncertainty": None if spectrum.uncertainty is None else _curve(spectrum.uncertainty),
        "intensity_unit": spectrum.intensity_unit,
        "resolution": resolution,
        "wavelength": spectrum.wavelength,
        "incident_energy": spectrum.incident_energy,
        "temperature": spectrum.temperature,
        "pressure": spectrum.pressure,
        "time": spectrum.time,
        "polarisation": spectrum.polarisation,
        "instrument": spectrum.instrument,
        "facility": spectrum.facility,
        "licence": spectrum.licence,
        **_provenance(spectrum.provenance),
    }


def row_of_material(material: Material) -> dict[str, Any]:
    """Row of the ``materials`` table.

    Raises:
        BadInput: When no symmetry or density can be derived from the cell.
    """
    where = material.provenance.file_name or material.provenance.producer
    try:
        derived = material_row(material)
    except (ValueError, ZeroDivisionError) as error:
        raise BadInput(
            where, "a cell whose symmetry and density can be found", str(error)
        ) from error
    return {**derived, **_provenance(material.provenance)}


def _curve(values: Any) -> Any:
    return np.ascontiguousarray(values, dtype=np.float32).ravel()


def _scaled(spectrum: Spectrum, x: Axis) -> Any:
    """Resolution in the unit of the canonical axis: scaled with the local slope of x."""
    if spectrum.resolution is None:
        return None
    given = np.asarray(spectrum.x.values, dtype=np.float64)
    if spectrum.x.quantity == x.quantity and spectrum.x.unit == x.unit:
        return _curve(spectrum.resolution)
    # a repeated x has no slope; the gate refuses such a curve by name
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = np.abs(np.gradient(x.values, given)) if len(given) > 1 else np.ones_like(given)
    return _curve(np.asarray(spectrum.resolution) * slope)


def _provenance(provenance: Provenance) -> dict[str, Any]:
    return {
        "producer": provenance.producer,
        "producer_version": provenance.version,
        "parameters": canonical_json(provenance.parameters),
        "file_name": provenance.file_name,
        "file_digest": provenance.file_digest,
        "file_part": provenance.file_part,
        "recipe": provenance.recipe,
        "ingested_at": now(),
    }
