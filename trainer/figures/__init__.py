"""Figures, each drawn by one function for every page that shows it."""
