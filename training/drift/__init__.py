"""Drift: whether what comes in still looks like what a model was trained on.

Every detector answers with a p-value, so that the rate of false alarms is chosen and not hoped for.
"""
