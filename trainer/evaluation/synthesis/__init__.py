"""How good synthetic rows are, beside those of others."""
