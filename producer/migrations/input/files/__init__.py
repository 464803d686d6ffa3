"""A file's bytes: formats, packing, encodings, size limits."""
