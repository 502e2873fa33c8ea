"""Power spectrum of every site: the rows that ``soap`` averages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from features.descriptor import Descriptor
from features.materials import _soap
from registry.records import Floats

if TYPE_CHECKING:
    from features.crystal import Crystal


def _compute(crystal: Crystal, **settings: Any) -> Floats:
    return _soap.spectra(crystal, "off", **settings)


DESCRIPTOR = Descriptor(
    name="soap_sites",
    version="1",
    parameters=_soap.PARAMETERS,
    units=_soap.UNITS,
    width=_soap.width,
    compute=_compute,
    unit="",
    source=_soap.SOURCE,
    rows="site",
    disorder="refused",
    loads=_soap.LOADS,
)
