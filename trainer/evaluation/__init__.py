"""Evaluation of scores and of synthetic rows on held-out rows, beside other detectors and synthesisers."""
