"""HTTPS, bundle file, in-memory: ways to carry the same messages."""
