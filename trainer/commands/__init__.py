"""The workstation's verbs, one in a file: its arguments, what it does, and an example."""
