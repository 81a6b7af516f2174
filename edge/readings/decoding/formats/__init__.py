"""Formats of payloads: each turns bytes into documents, which are nested dictionaries."""
