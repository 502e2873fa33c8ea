"""Questions to the lake: SQL sessions, curve macros, derived columns, forms of a result."""
