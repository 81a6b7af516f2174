"""What readings are scored with, fitted and calibrated."""
