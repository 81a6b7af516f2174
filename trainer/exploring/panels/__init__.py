"""The panels of a record, a module each."""
