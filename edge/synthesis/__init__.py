"""Draws synthetic rows from a bundle, under the conditions of a request."""
