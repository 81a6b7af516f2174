"""The connection to the broker: one thread, one socket, and messages acknowledged only when the caller asks for it."""
