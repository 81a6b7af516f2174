"""Chooses among the channels of a group those that are columns, and the one that is the time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from msgspec.structs import replace

from edge.readings.decoding.addresses import quote_step
from edge.readings.decoding.timestamps import parse_timestamp
from edge.sniffing.channel import Channel
from edge.sniffing.column_guess import ColumnGuess, guess_column
from edge.sniffing.quantities import (
    METADATA,
    UNIT_WORDS,
    find_quantity,
    name_tokens,
    names_derived,
    names_device,
    names_diagnostic,
)
from edge.sniffing.shape import is_time

_TIMES = (
    "ts",
    "time",
    "timestamp",
    "datetime",
    "dateobserved",
    "measuredat",
    "utc",
    "date",
    "tst",
    "epoch",
    "unixtime",
)
_SEVERAL = 2  # channels of the same last name, which does not tell them apart
_LATER = ("lastseen", "timestampms", "timems")
_TIME_ENDS = ("time", "timestamp", "at", "date", "utc", "ts")


class LeftOut(NamedTuple):
    """A number that is no column.

    Parameters
    ----------
    address
        Where it is.
    why
        Why it is left out.
    """

    address: str
    why: str


class Columns(NamedTuple):
    """What the channels of a group are.

    Parameters
    ----------
    guesses
        The columns, gas first, then climate, then sensors.
    left_out
        The numbers that are none.
    ts
        Address of the time stamp; ``None``: the messages have none.
    local
        Whether the time stamp is a text without an offset.
    """

    guesses: list[ColumnGuess]
    left_out: list[LeftOut]
    ts: str | None = None
    local: bool = False


def choose_columns(channels: Sequence[Channel]) -> Columns:
    """Choose columns and time among channels."""
    stated = [
        str(each.values[-1]).strip(" °").upper()[:1]
        for each in channels
        if "".join(name_tokens(each.path[-1])) in ("tempunit", "temperatureunit", "tempunits")
    ]
    degrees = {"F": "degF", "C": "Cel"}.get(stated[0]) if stated else None
    stamp = _stamp(channels)
    guesses: list[ColumnGuess] = []
    left_out: list[LeftOut] = []
    for channel in channels:
        if channel is stamp or not channel.numeric:
            continue
        reason = _reason(channel)
        if reason is not None:
            left_out.append(LeftOut(channel.address, reason))
        else:
            guesses.append(guess_column(channel, degrees))
    kept, doubles = _unique(guesses, channels)
    order = {"gas": 0, "environment": 1, "sensor": 2}
    kept.sort(key=lambda guess: order[guess.feature.role])
    local = stamp is not None and isinstance(stamp.values[-1], str) and _local(stamp.values[-1])
    return Columns(kept, left_out + doubles, None if stamp is None else stamp.address, local)


def _reason(channel: Channel) -> str | None:
    """Say why a channel is no column; ``None`` if it is one."""
    words = name_tokens(channel.path[-1])
    known = find_quantity(words) is not None
    within = {"".join(name_tokens(name)).rstrip("0123456789") for name in channel.path[:-1]}
    if (not known and names_diagnostic(words)) or names_device(words):
        return "about the device"
    if names_derived(words):
        return "follows from others"
    if within & METADATA:
        return "about the transmission"
    unit = channel.unit or (UNIT_WORDS.get(words[-1]) if len(words) > 1 else None)
    stated = unit is not None and unit != "counts"
    if channel.constant and not ((known or stated) and channel.finite[0]):
        return f"always {channel.finite[0]:g}"
    if not (known or stated) and channel.counts_up:
        return "a counter"
    if not known and all(is_time(value) for value in channel.values):
        return "a time"
    return None


def _unique(guesses: list[ColumnGuess], channels: Sequence[Channel]) -> tuple[list[ColumnGuess], list[LeftOut]]:
    """Keep one of the columns that have the same key, and give the others keys of their own if they differ."""
    by_address = {channel.address: channel for channel in channels}
    kept: list[ColumnGuess] = []
    left_out: list[LeftOut] = []
    ranked = sorted(guesses, key=lambda guess: (guess.comes_in is not None, len(by_address[guess.address].path[-1])))
    chosen: dict[str, ColumnGuess] = {}
    for guess in ranked:
        other = chosen.setdefault(guess.feature.key, guess)
        if other is not guess and (guess.comes_in is not None) != (other.comes_in is not None):
            left_out.append(LeftOut(guess.address, f"{guess.feature.key} in another unit"))
    dropped = {each.address for each in left_out}
    used = set(chosen)
    last = Counter(channel.path[-1] for channel in channels if channel.numeric)
    several = {
        guess.feature.key: last[by_address[guess.address].path[-1]]
        for guess in guesses
        if guess.feature.role == "sensor"
    }
    for guess in guesses:
        if guess.address in dropped:
            continue
        if chosen[guess.feature.key] is guess and several.get(guess.feature.key, 0) < _SEVERAL:
            kept.append(guess)
            continue
        path = by_address[guess.address].path
        key = _other_key(path, guess.feature.key, used | set(several), shared=last[path[-1]] >= _SEVERAL)
        used.add(key)
        kept.append(guess._replace(feature=replace(guess.feature, key=key, name=" ".join(path[-2:]))))
    return _with_own_names(kept), left_out


def _other_key(path: Sequence[str], key: str, used: set[str], *, shared: bool) -> str:
    """Make another key for a second channel of the same kind, from the names on the way to it."""
    base, _, unit = key.rpartition("_")
    own = [word for word in name_tokens(path[-1]) if word != unit]
    longer = [*name_tokens(path[-2]), *own] if len(path) > 1 else own
    for words in (longer,) if shared else (own, longer):
        made = "_".join([*words, unit]) if base else "_".join(words)
        if made not in used and made[:1].isalpha():
            return made
    number = next(n for n in range(2, 1000) if f"{key}_{n}" not in used)
    return f"{key}_{number}"


def _with_own_names(guesses: list[ColumnGuess]) -> list[ColumnGuess]:
    """Give columns of the same name, and those that have none, other names: those of their keys."""
    seen: set[str] = set()
    named = []
    for guess in guesses:
        name = guess.feature.name.strip()
        if name in seen or name.isdigit() or name.lower() in ("", "time"):
            name = guess.feature.key
        seen.add(name)
        named.append(guess._replace(feature=replace(guess.feature, name=name)))
    return named


def _stamp(channels: Sequence[Channel]) -> Channel | None:
    """Find the channel that is the time of measurement."""
    ranked: list[tuple[bool, int, int, int, Channel]] = []
    for channel in channels:
        word = "".join(name_tokens(channel.path[-1]))
        later = word in _LATER or word.endswith(_TIME_ENDS)
        rank = _TIMES.index(word) if word in _TIMES else len(_TIMES) if later else None
        if rank is None and word.isdigit() and len(channel.path) == 1:
            rank = len(_TIMES) + 1  # a value of a line, which has no name
        if rank is None and all(isinstance(value, str) and ":" in value for value in channel.values):
            rank = len(_TIMES) + 2  # in another language
        if rank is None or not all(map(is_time, channel.values)) or (len(channel.values) > 2 and _same(channel.values)):
            continue
        ranked.append((len(channel.path) > 1, len(channel.path), rank, len(ranked), channel))
    return min(ranked)[-1] if ranked else None


def _same(values: Sequence[Any]) -> bool:
    return len({str(value) for value in values}) == 1


def _local(text: str) -> bool:
    """Return whether a text is a time without an offset."""
    from zoneinfo import ZoneInfo

    return parse_timestamp(text) != parse_timestamp(text, ZoneInfo("Etc/GMT+5"))


def mapped(address: str, key: str) -> bool:
    """Return whether a key has to be mapped to an address, because its own name does not find it."""
    return address not in (key, quote_step(key))
