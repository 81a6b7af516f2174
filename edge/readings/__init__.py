"""What comes in: payloads and files become readings, each channel with its quality."""
