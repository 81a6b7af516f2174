"""Guesses from messages which topics carry readings, and what is in them."""
