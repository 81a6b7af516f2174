"""The connection to the broker: one thread, one socket, and no message acknowledged before the caller says so."""
