"""How many readings fit into a journal."""

_SHARE = 0.7  # of the file that readings may take
_ROW = 70  # [B] that a reading takes in the file besides its values, half-empty pages included


def capacity(mb: float, stations: int, columns: int) -> int:
    """Return how many readings of each station fit into 7/10 of a file of so many MB.

    Parameters
    ----------
    mb
        Size of the file [MB].
    stations
        Number of stations.
    columns
        Number of values in a reading.
    """
    return max(1, int(_SHARE * 1e6 * mb / max(1, stations) / (_ROW + 8 * columns)))
