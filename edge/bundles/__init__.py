"""Reads and verifies bundles: the sealed files that the trainer hands to the gateway."""
