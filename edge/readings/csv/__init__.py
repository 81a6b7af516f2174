"""CSV files: readings in, readings out."""
