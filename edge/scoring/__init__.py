"""Readings become verdicts, station by station, with thresholds that follow each station."""
