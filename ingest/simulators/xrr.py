"""X-ray reflectometry of layers; see :mod:`ingest.simulators._layers`."""

from __future__ import annotations

from ingest.simulators import Simulator
from ingest.simulators._layers import layer_parameters, layered

SIMULATOR = Simulator(
    name="xrr",
    version="1",
    technique="xrr",
    # a film of nickel on silicon, Cu K-alpha
    parameters=layer_parameters(film=(64.3, 1.3), substrate=(20.1, 0.46), drawn=(5.0, 130.0)),
    simulate=layered,
    source="Abeles, Ann. Phys. 12, 504 (1948); Nevot & Croce, Rev. Phys. Appl. 15, 761 (1980)",
    from_structure=False,
)
