"""What makes synthetic rows, fitted."""
