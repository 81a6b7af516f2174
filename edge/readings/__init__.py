"""Turns payloads and files into readings, each channel with its quality."""
