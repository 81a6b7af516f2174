"""Publishes results, and keeps those that must arrive until the broker has confirmed them."""
