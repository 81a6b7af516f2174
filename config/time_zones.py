"""Names of time zones, as the IANA database has them."""

from __future__ import annotations

import re
from difflib import get_close_matches

_OFFSET = re.compile(r"(?:UTC|GMT|Z)?\s*([+-])\s*0?(\d{1,2})(?::?00)?", re.ASCII | re.IGNORECASE)


def zone_fault(name: str) -> str | None:
    """Say what is wrong with the name of a time zone, with the nearest; ``None``: nothing.

    Examples
    --------
    >>> zone_fault("Europe/Berlin"), zone_fault("berlin")
    (None, 'got "berlin"; did you mean "Europe/Berlin"?')
    >>> zone_fault("UTC+2")
    'got "UTC+2"; did you mean "Etc/GMT-2"? (its sign is that of POSIX: two hours ahead of UTC)'
    """
    from zoneinfo import available_timezones  # 300 kB that few gateways need

    known = sorted(available_timezones())
    if name in known:
        return None
    if not known:
        return f'got "{name}", but this machine has no time zones; install tzdata'
    offset = _OFFSET.fullmatch(name.strip())
    if offset is not None and (zone := f"Etc/GMT{'-' if offset[1] == '+' else '+'}{offset[2]}") in known:
        side = "ahead of" if offset[1] == "+" else "behind"
        hours = {"1": "one hour", "2": "two hours"}.get(offset[2], f"{offset[2]} hours")
        return f'got "{name}"; did you mean "{zone}"? (its sign is that of POSIX: {hours} {side} UTC)'
    wanted = name.strip().replace(" ", "_").casefold()
    folded = {each.casefold(): each for each in known if "/" in each}
    cities = {each.rsplit("/", 1)[-1].casefold(): each for each in reversed(known) if "/" in each}
    same = folded.get(wanted) or cities.get(wanted.rsplit("/", 1)[-1])
    near = [] if same else get_close_matches(wanted, [*folded, *cities], n=1)
    if same is None and near:
        same = folded.get(near[0]) or cities[near[0]]
    if same is None:
        return f'got "{name}", expected a name such as Europe/Berlin (see Wikipedia: List of tz database time zones)'
    return f'got "{name}"; did you mean "{same}"?'
