"""Makes the bundle of a trained run, in bytes that depend on the run alone."""
