"""Descriptors of materials: one file each, declaring itself as ``DESCRIPTOR``."""
