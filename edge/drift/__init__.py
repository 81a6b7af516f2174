"""Finds that a station has slowly become another one than its bundle was trained on."""
