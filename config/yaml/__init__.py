"""Reads settings from YAML, reporting all mistakes of a file at once, and writes them as commented YAML."""
