"""Reads and writes times in a format that an owner declares, such as dd/mm/yyyy hh:mm."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DIRECTIVES = {
    "%d": "dd", "%m": "mm", "%Y": "yyyy", "%y": "yy", "%H": "hh", "%I": "hh", "%M": "mm", "%S": "ss", "%f": "ffffff",
    "%p": "am/pm", "%b": "mmm", "%B": "mmmm", "%z": "z", "%T": "hh:mm:ss", "%F": "yyyy-mm-dd", "%R": "hh:mm",
    "%-d": "d", "%-m": "m", "%-H": "h", "%-I": "h",
}  # fmt: skip
_TOKEN = re.compile(r"am/pm|tt|y+|m+|d+|h+|s+|f+|z+|0+|\s+|.", re.IGNORECASE | re.DOTALL)

_WEEKDAY = re.compile(r"[A-Za-z]{2,9}\.?(,?) (?=\d)")
_AMERICAN = re.compile(r"[A-Za-z]{3,9}(\.?) \d{1,2}(,?) \d{4}")
_DATE = re.compile(r"(\d{1,2})([./ -])(\d{1,2}|[A-Za-z]{3,9}\.?)\2(\d{2,4})")
_CLOCK = re.compile(r"([\sT,_-]+)(\d{1,2})([:.h])(\d{2})(?:([:.m])(\d{2})(?:[.,](\d{1,6}))?)?(\s?[AaPp]\.?[Mm]\.?)?\Z")
_PACKED = re.compile(r"(\d{8,14})(?:\.(\d{1,6}))?", re.ASCII)


class TimeFormat:
    """A format of times, made of ``yyyy``, ``mm``, ``dd``, ``hh``, ``mm``, ``ss``, ``fff`` and ``am/pm``.

    As in spreadsheets, ``mm`` behind ``hh`` is the minute, and otherwise the month; ``mmm`` is the month's English
    name, ``z`` an offset such as +02:00, and the case does not count. Python's directives (``%d.%m.%Y %H:%M``) are
    understood as well. A text without its time of day is midnight.

    Parameters
    ----------
    text
        The format.

    Raises
    ------
    ValueError
        It lacks the year, the month or the day, or has something twice.

    Examples
    --------
    >>> TimeFormat("dd/mm/yyyy hh:mm").parse("09/03/2026 23:30").isoformat()
    '2026-03-09T23:30:00'
    """

    def __init__(self, text: str) -> None:
        self.text = text
        plain = re.sub(r"%-?[A-Za-z]", lambda found: _DIRECTIVES.get(found[0], found[0]), text.strip())
        if "%" in plain:
            raise ValueError(f'got "{text}", expected a format such as dd/mm/yyyy hh:mm')
        self._fields: list[tuple[str, str]] = []  # kind and token
        for token in _TOKEN.findall(plain):
            self._fields.append((self._kind(token), token))
        kinds = [kind for kind, _ in self._fields if kind not in ("literal", "weekday")]
        missing = [name for name in ("year", "month", "day") if name not in kinds]
        if missing or len(set(kinds)) < len(kinds):
            fault = f"which has no {missing[0]}" if missing else "which has something twice"
            raise ValueError(f'got "{text}", {fault}; expected a format such as dd/mm/yyyy hh:mm')
        self._pattern = re.compile(self._regex(), re.IGNORECASE | re.ASCII)

    def parse(self, text: str) -> datetime:
        """Read a time; it has a zone only if the format has ``z``.

        Raises
        ------
        ValueError
            The text does not follow the format, or is not in the calendar.
        """
        found = self._pattern.fullmatch(" ".join(text.split()))
        if found is None:
            raise ValueError(f"expected {self.text}")
        part = found.groupdict()
        year = int(part["year"])
        if len(part["year"]) == 2:
            year += 2000 if year < 70 else 1900
        month = _month(part["month"])
        hour, second = int(part.get("hour") or 0), int(part.get("second") or 0)
        if part.get("half"):
            hour = hour % 12 + (12 if part["half"][0] in "pP" else 0)
        moment = datetime(  # noqa: DTZ001  # the zone is the station's
            year, month, int(part["day"]), hour, int(part.get("minute") or 0), min(second, 59),
            int((part.get("fraction") or "0").ljust(6, "0")[:6]),
        )  # fmt: skip
        offset = part.get("offset")
        if offset:
            sign = "+00:00" if offset in "zZ" else offset if ":" in offset else f"{offset[:3]}:{offset[3:] or '00'}"
            moment = datetime.fromisoformat(moment.isoformat() + sign)
        return moment

    def write(self, moment: datetime) -> str:
        """Write a time; what the format has no place for is cut off."""
        twelve = any(kind == "half" for kind, _ in self._fields)
        texts = []
        for kind, token in self._fields:
            if kind == "year":
                texts.append(f"{moment.year:04d}" if len(token) > 2 else f"{moment.year % 100:02d}")
            elif kind == "month" and len(token) > 2:
                texts.append(_MONTHS[moment.month - 1].capitalize())
            elif kind == "hour" and twelve:
                texts.append(f"{(moment.hour - 1) % 12 + 1:0{len(token)}d}")
            elif kind == "half":
                texts.append("AM" if moment.hour < 12 else "PM")
            elif kind == "fraction":
                texts.append(f"{moment.microsecond:06d}".ljust(len(token), "0")[: len(token)])
            elif kind == "offset":
                texts.append(moment.isoformat()[-6:] if moment.tzinfo else "Z")
            elif kind == "weekday":
                texts.append(f"{moment:%a}")
            elif kind == "literal":
                texts.append(token)
            else:
                texts.append(f"{getattr(moment, kind):0{len(token)}d}")
        return "".join(texts)

    def _kind(self, token: str) -> str:
        before = {kind for kind, _ in self._fields}
        letter = token[0].lower()
        if token.lower() in ("am/pm", "tt"):
            return "half"
        if letter == "m":
            return "minute" if "hour" in before and "minute" not in before and len(token) < 3 else "month"
        if letter == "d" and len(token) > 2:
            return "weekday"
        if letter in "f0":
            return "fraction" if "second" in before else "literal"
        return {"y": "year", "d": "day", "h": "hour", "s": "second", "z": "offset"}.get(letter, "literal")

    def _regex(self) -> str:
        parts = []
        clock = None
        for i, (kind, token) in enumerate(self._fields):
            packed = i + 1 < len(self._fields) and self._fields[i + 1][0] not in ("literal", "half", "weekday")
            if kind in ("hour", "minute") and clock is None:
                clock = i
            if kind == "year":
                part = rf"(?P<year>\d{{{4 if len(token) > 2 else 2}}})"
            elif kind == "month" and len(token) > 2:
                part = r"(?P<month>[a-z]{3,9})\.?"
            elif kind == "half":
                part = r"(?P<half>[ap])\.?m\.?"
            elif kind == "fraction":
                part = r"(?P<fraction>\d{1,9})"
            elif kind == "offset":
                part = r"(?P<offset>z|[+-]\d{2}(?::?\d{2})?)"
            elif kind == "weekday":
                part = r"[a-z]+\.?"
            elif kind == "literal":
                part = r"\s*" if token.isspace() else re.escape(token)
                if token.isspace() and i and self._fields[i - 1][0] != "half" and not self._next_is_half(i):
                    part = r"\s+"
            else:
                part = rf"(?P<{kind}>\d{{{'2' if packed else '1,2'}}})"
            parts.append(part)
        if clock and not any(kind in ("year", "month", "day") for kind, _ in self._fields[clock:]):
            between = clock - 1 if self._fields[clock - 1][0] == "literal" else clock
            return "".join(parts[:between]) + "(?:" + "".join(parts[between:]) + ")?"
        return "".join(parts)

    def _next_is_half(self, i: int) -> bool:
        return i + 1 < len(self._fields) and self._fields[i + 1][0] == "half"


def suggest_time_formats(texts: Sequence[str]) -> list[str]:
    """Find the formats with day or month first in which every one of ``texts`` can be read.

    Examples
    --------
    >>> suggest_time_formats(["09/03/2026 23:30"])
    ['dd/mm/yyyy hh:mm', 'mm/dd/yyyy hh:mm']
    >>> suggest_time_formats(["09/03/2026 23:30", "31/03/2026 23:31"])
    ['dd/mm/yyyy hh:mm']
    """
    if not texts:
        return []
    text = " ".join(texts[0].split())
    american = _AMERICAN.match(text)
    weekday = None if american else _WEEKDAY.match(text)
    before = f"ddd{weekday[1]} " if weekday else ""
    date = _DATE.match(text, weekday.end() if weekday else 0)
    end = date.end() if date else american.end() if american else None
    clock = _clock(text, end) if end is not None else None
    if clock is None:
        return []
    if date is None and american is not None:
        orders = [f"mmm{american[1]} dd{american[2]} yyyy"]
    elif date is not None:
        orders = _orders(date)
    return [name for order in orders if _reads(name := before + order + clock, texts)]


def suggest_packed_formats(texts: Sequence[str]) -> list[str]:
    """Find the formats without separators in which every one of ``texts`` is a time of the years 2000 to 2069.

    Examples
    --------
    >>> suggest_packed_formats(["202603092330", "202603092331"])
    ['yyyymmddhhmm']
    >>> suggest_packed_formats(["1778190000", "1778190060"])
    []
    """
    found = _PACKED.fullmatch(texts[0]) if texts else None
    if found is None:
        return []
    dates = ("yyyymmdd", "ddmmyyyy", "mmddyyyy", "yymmdd", "ddmmyy", "mmddyy")
    clocks = ("", "hh", "hhmm", "hhmmss")
    fraction = found[2] or ""
    forms = [date + clock for date in dates for clock in clocks if len(date + clock) == len(found[1]) > 6]
    if fraction and len(found[1]) == 8:  # 20260309.233000
        forms = [f"{date}.{clock}" for date in dates[:3] for clock in clocks if len(clock) == len(fraction)]
    elif fraction:
        forms = [f"{form}.{'f' * len(fraction)}" for form in forms if form.endswith("ss")]
    return [form for form in forms if _reads(form, texts, years=range(2000, 2070))]


def _orders(date: re.Match[str]) -> list[str]:
    """Return the orders in which the parts of a date may stand."""
    sign, year = date[2], "y" * (4 if len(date[4]) > 2 else 2)
    if date[3][0].isalpha():
        return [sign.join(("dd", "mmm", year))]
    orders = [("dd", "mm", year), ("mm", "dd", year)] + ([(year, "mm", "dd")] if year == "yy" else [])
    return [sign.join(order) for order in orders]


def _clock(text: str, end: int) -> str | None:
    """Return the format of what follows a date; ``None`` if it is no time of day."""
    if len(text) == end:
        return ""
    found = _CLOCK.match(text, end)
    if found is None:
        return None
    blank, _, one, _, two, second, fraction, half = found.groups()
    clock = f"{blank}hh{one}mm" + (f"{two}ss" if second else "")
    clock += f"{text[found.start(7) - 1]}{'f' * len(fraction)}" if fraction else ""
    return clock + ((" " if half.startswith(" ") else "") + "am/pm" if half else "")


def _reads(name: str, texts: Sequence[str], *, years: range | None = None) -> bool:
    try:
        form = TimeFormat(name)
        moments = (form.parse(text) for text in texts)
        return all(years is None or moment.year in years for moment in moments)
    except ValueError:
        return False


def _month(text: str) -> int:
    if text.isdigit():
        return int(text)
    if text[:3].lower() not in _MONTHS:
        raise ValueError(f'got the month "{text}", expected its English name')
    return _MONTHS.index(text[:3].lower()) + 1
