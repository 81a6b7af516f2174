"""Portrait: what pictures of a run need of its rows and networks, binned; never a row itself."""
