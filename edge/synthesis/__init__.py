"""Synthetic rows: drawn from a bundle, as somebody wishes them."""
