"""Fetches archives from gateways, and makes training files of them."""
