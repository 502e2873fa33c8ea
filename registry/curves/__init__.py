"""Curves by id and by likeness, from memory-mapped copies of the data files."""
