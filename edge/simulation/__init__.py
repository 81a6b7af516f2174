"""Simulated stations: the climate chamber, a field station, and the leaks and faults put into their readings."""
