"""export: a trained run becomes a bundle, in bytes that depend on the run alone."""
