"""Stations that are not there: the chamber, the field, and what goes wrong in them."""
