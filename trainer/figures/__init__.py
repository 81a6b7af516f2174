"""Figures, each drawn by one function for every page and picture that shows it."""
