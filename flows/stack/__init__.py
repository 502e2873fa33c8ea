"""The local stack of a lake: a Prefect server, a worker that runs deployments, an MLflow server.

Everything listens on loopback and keeps its state in the lake, the same that commands without a
stack use: what was there before is there when it starts, and stays when it stops.
"""
