"""Notices which of a station's keys never come, and what comes instead."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from difflib import SequenceMatcher
from typing import Any

from config.settings.station import Station
from edge.readings.decoding.addresses import Address, members, quote_step

_MOST = 60  # members of a station's documents that are remembered
_LONGEST = 120  # characters of an address that is remembered
_LISTED = 8  # of them that a sentence lists
_NEAR = 0.6  # likeness of two names from which on one may be a slip of the other
_NOTHING = object()


class KeyWatch:
    """Looks at documents, and knows which keys were in none of them.

    Parameters
    ----------
    station
        The columns.
    keys
        Addresses at which keys are found, as in gateway.yaml.
    absent
        Keys that the station never sends.
    """

    def __init__(self, station: Station, keys: Mapping[str, str], absent: Collection[str] = ()) -> None:
        optional = [key for key in ("ts", "seq") if key in keys]
        wanted = [*(key for key in station.keys if key not in absent), *optional]
        self._addresses = {key: Address(keys.get(key, key)) for key in wanted}
        self._lacking = set(wanted)
        self._others: dict[str, bool] = {}  # address -> whether a number was there

    def look(self, document: Any) -> None:
        """Look at a document."""
        if not self._lacking:
            return
        self._lacking = {key for key in self._lacking if self._addresses[key].look(document, _NOTHING) is _NOTHING}
        if self._lacking and len(self._others) < _MOST:
            for member in members(document, _MOST):
                if len(member.address) <= _LONGEST and member.address.isprintable():
                    self._others.setdefault(member.address, _numeric(member.value))

    def look_at_name(self, name: str) -> None:
        """Look at the ``{key}`` of a topic that no column is read from."""
        if self._lacking and len(self._others) < _MOST and len(name) <= _LONGEST and name.isprintable():
            self._others.setdefault(quote_step(name), True)

    def problem(self) -> str | None:
        """Say which keys have never come, and what came instead; ``None`` if all have."""
        lacking, others = self._lacking, self._others
        if not lacking:
            others.clear()
            return None
        used = {address.text for key, address in self._addresses.items() if key not in lacking}
        free = [address for address in others if address not in used]
        near = self._nearest(lacking, {address: others[address] for address in free})
        sentences = []
        for key, other in near.items():
            came = f"{self._named(key)} never came; the payload has {other}"
            sentences.append(f"{came}: write keys: {{{key}: {_yaml(other)}}}")
        unknown = [key for key in self._addresses if key in lacking and key not in near]
        if unknown:
            names = ", ".join(map(self._named, unknown))
            has = ", ".join(free[:_LISTED]) or "nothing else"
            more = ", ..." if len(free) > _LISTED else ""
            fix = "fix: name the place under keys, or what the station never sends under absent"
            if set(unknown) <= {"ts", "seq"}:
                fix = "fix: correct the address under keys, or leave it out"
            sentences.append(f"{names} never came; the payload has {has}{more}; {fix}")
        return "; ".join(sentences)

    def _nearest(self, lacking: Collection[str], others: Mapping[str, bool]) -> dict[str, str]:
        """Give each key the member that it is most like, and no member to two keys."""
        likeness = [
            (_likeness(key, self._addresses[key].text, other), key, other)
            for key in lacking
            for other, numeric in others.items()
            if numeric or key in ("ts", "seq")
        ]
        found: dict[str, str] = {}
        for degree, key, other in sorted(likeness, reverse=True):
            if degree >= _NEAR and key not in found and other not in found.values():
                found[key] = other
        return {key: found[key] for key in self._addresses if key in found}

    def _named(self, key: str) -> str:
        address = self._addresses[key].text
        return key if address == key else f"{address} ({key})"


def _likeness(key: str, address: str, other: str) -> float:
    """Compare a wanted address, and the key, with one that came: 1 is the same but for its dots and quotes."""
    last = re.split(r"[.\[\]]+", other.replace('"', "").rstrip("]"))[-1]
    plain = re.sub(r"_[a-z0-9]+$", "", key)  # without the unit
    pairs = [(address, other), (address, last), (key, last), (plain, last)]
    return max(SequenceMatcher(None, _letters(a), _letters(b)).ratio() for a, b in pairs)


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).lower()


def _numeric(value: Any) -> bool:
    if isinstance(value, str):
        return re.fullmatch(r"\s*[+-]?[\d.,]+(?:[eE][+-]?\d+)?\s*\S{0,8}", value) is not None
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _yaml(address: str) -> str:
    """Write an address as YAML."""
    return address if re.fullmatch(r"[A-Za-z][\w.-]*", address) else "'" + address.replace("'", "''") + "'"
