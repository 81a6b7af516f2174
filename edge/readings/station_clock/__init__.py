"""Places every reading of a station in time, by its arrival and its stamp."""
