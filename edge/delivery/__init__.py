"""What goes out, and stays until the broker has it."""
