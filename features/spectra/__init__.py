"""Descriptors of spectra: one file each, declaring itself as ``DESCRIPTOR``."""
