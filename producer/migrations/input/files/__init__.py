"""Bytes of a file: formats, packing, encodings, size limits."""
