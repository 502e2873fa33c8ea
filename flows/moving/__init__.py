"""Moving a lake with its MLflow and Prefect state to another place, backup and restore.

Tables are copied as what they are: data files, which never change, and the log that names them. So
every version that can be read at the source can be read at the target under the same number, and a
dataset finds the snapshot it was assembled at.
"""
