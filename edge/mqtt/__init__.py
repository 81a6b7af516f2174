"""The connection to the broker: one thread, one socket, nothing acknowledged too early."""
