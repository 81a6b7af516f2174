"""The live table of ``davylamp watch``: what the agents publish, drawn in a terminal, and keys that answer alarms."""
