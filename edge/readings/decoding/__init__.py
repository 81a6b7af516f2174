"""Turns payloads into readings: formats, addresses, words, units and time stamps."""
