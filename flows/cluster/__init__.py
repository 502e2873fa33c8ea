"""Past one machine: what runs on a Ray, from this machine's own to a cluster's.

Simulation, descriptors, the reading of datasets and the answers of models give the same ids and the
same bytes as without; a network is fitted by several processes as by one. The tables are always
written by the one process that asked. Needs the extra ``cluster``.
"""
