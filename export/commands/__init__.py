"""The verbs that make a bundle, one in a file: its arguments, what it does, and an example."""
