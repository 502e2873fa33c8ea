"""Message-passing network on crystal graphs.

Takes the edges of the feature view ``crystal_graph``, one ragged table.
"""

from __future__ import annotations

from training.models._crystal_graphs import graph_architecture, graph_model

NETWORK = graph_architecture("message_passing", "MessagePassing")
MODEL = graph_model(
    NETWORK, "message-passing network", "Gilmer et al., ICML (2017), arXiv:1704.01212"
)
