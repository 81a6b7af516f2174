"""How good synthetic rows are, beside those of other synthesisers."""
