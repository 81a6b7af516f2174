"""What the shipped commands do on records from the open air: parts of ``field.py``."""
