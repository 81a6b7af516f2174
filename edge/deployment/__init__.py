"""Installs the agent on a gateway, upgrades it, rolls it back and removes it; standard library only."""
