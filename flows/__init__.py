"""Prefect flows: ingest, simulate, featurize, train, retrain."""
