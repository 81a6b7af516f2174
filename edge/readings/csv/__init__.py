"""Reads and writes readings as CSV, without pandas."""
