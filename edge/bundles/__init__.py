"""What the trainer hands over: one sealed file, opened and verified."""
