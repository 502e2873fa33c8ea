"""Crystal graph convolutional network.

Takes the edges of the feature view ``crystal_graph``, one ragged table.
"""

from __future__ import annotations

from training.models._crystal_graphs import graph_architecture, graph_model

NETWORK = graph_architecture("cgcnn", "CrystalConvolution")
MODEL = graph_model(
    NETWORK,
    "crystal graph convolutions",
    "Xie & Grossman, Phys. Rev. Lett. 120, 145301 (2018), doi:10.1103/PhysRevLett.120.145301",
)
