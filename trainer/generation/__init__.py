"""Fits the generator of synthetic rows."""
