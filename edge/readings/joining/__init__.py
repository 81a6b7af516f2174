"""Joins readings that come in parts."""
