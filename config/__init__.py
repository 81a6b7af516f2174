"""Settings: typed, frozen, every default written once; all the mistakes of a file are reported at once."""
