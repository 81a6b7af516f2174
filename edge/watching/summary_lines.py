"""What `davylamp watch` says when its table has gone."""

from __future__ import annotations

from collections.abc import Sequence

from config.printable import escape_commands
from edge.watching.station_board import StationBoard


def summary_lines(board: StationBoard, seconds: float) -> Sequence[str]:
    """Say, when the table has gone, what was seen and what is left standing after so long [s]."""
    count = len(board.rows)
    readings = f"{board.readings:,} reading{'' if board.readings == 1 else 's'}"
    seen = f"{readings} of {count} station{'' if count == 1 else 's'}"
    online = any(state.state == "online" for state in board.gateways.values())
    lines = [f"watched for {age(seconds)}: {seen}{'; the agent goes on' if online else ''}"]
    for row, event in board.alarms:
        lines.append(escape_commands(f"still stands: {event.kind} of {row.station} since {event.opened}, {event.id}"))
    return lines


def age(seconds: float) -> str:
    """Write a time since something happened [s] in its largest unit.

    Examples
    --------
    >>> [age(each) for each in (-3, 7.9, 119, 121, 9000, 200_000)]
    ['0 s', '7 s', '119 s', '2 min', '150 min', '2 d']
    """
    for length, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * length and (unit != "h" or seconds >= 10_800):
            return f"{int(seconds // length)} {unit}"
    return f"{max(0, int(seconds))} s"
