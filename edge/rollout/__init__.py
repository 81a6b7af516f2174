"""Bundles that come while the agent runs: signed, received in chunks, verified, tried in shadow, and taken back."""
