"""Arithmetic on arrays, tested against books: no tables, no settings."""
