"""Atom-centred symmetry functions of every site: the rows that ``acsf`` averages."""

from __future__ import annotations

from features.descriptor import Descriptor
from features.materials import _acsf
from features.materials._compiled import LOADS

DESCRIPTOR = Descriptor(
    name="acsf_sites",
    version="1",
    parameters=_acsf.PARAMETERS,
    units=_acsf.UNITS,
    width=_acsf.width,
    compute=_acsf.site_functions,
    unit="",
    source=_acsf.SOURCE,
    rows="site",
    disorder="weighted",
    loads=LOADS,
)
