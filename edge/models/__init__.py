"""Runs the fitted models: features, networks, scores, calibrated p-values."""
