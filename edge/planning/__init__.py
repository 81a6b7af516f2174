"""Spreads the stations of a fleet over gateways, and writes their files."""
