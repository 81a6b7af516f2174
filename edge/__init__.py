"""What runs on the gateway."""
