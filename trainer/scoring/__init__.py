"""Fits and calibrates the models that score readings."""
