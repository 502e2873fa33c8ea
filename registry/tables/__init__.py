"""Delta tables: where the bytes are, how rows are written, kept and proved."""
