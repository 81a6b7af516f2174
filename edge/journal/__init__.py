"""What survives us: one SQLite file, one transaction a turn."""
