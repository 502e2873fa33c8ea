"""Descriptors of materials and spectra, and the store that keeps their values."""
