"""Neutron reflectometry of layers; see :mod:`ingest.simulators._layers`."""

from __future__ import annotations

from ingest.simulators import Simulator
from ingest.simulators._layers import layer_parameters, layered

SIMULATOR = Simulator(
    name="nr",
    version="1",
    technique="nr",
    # a film of deuterated polystyrene on silicon
    parameters=layer_parameters(film=(6.5, 0.0), substrate=(2.07, 0.0), drawn=(-0.5, 8.0)),
    simulate=layered,
    source="Abeles, Ann. Phys. 12, 504 (1948); Nevot & Croce, Rev. Phys. Appl. 15, 761 (1980)",
    from_structure=False,
)
