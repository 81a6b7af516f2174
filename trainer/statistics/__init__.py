"""What figures of a run need of its rows and networks, binned; no row can be read off."""
