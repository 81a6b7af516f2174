"""Compares a station's running bundle with a new one, on the newest readings that neither has seen."""
