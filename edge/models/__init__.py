"""What was fitted, and how it is run: features, networks, scores, calibrated p-values."""
