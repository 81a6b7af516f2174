"""The record, and how it is divided: segments, splits, regimes, onsets."""
