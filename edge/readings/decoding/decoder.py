"""Decodes a message's payload into readings, or into errors that give the reason."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal

import msgspec

from config.errors import ConfigError
from config.settings.gateway import Format, StationEntry
from config.settings.station import Station
from config.settings.unit_settings import UnitSettings
from config.yaml.messages import did_you_mean
from edge.errors import ReadingError
from edge.readings.decoding.addresses import make_addresses
from edge.readings.decoding.dialect import comma_doubt, parse_number
from edge.readings.decoding.echo import echo
from edge.readings.decoding.formats.format import SIZE_LIMIT, Document, is_json_object, text_of
from edge.readings.decoding.formats.formats import make_format
from edge.readings.decoding.formats.number import VALUE, bare_value
from edge.readings.decoding.part import Part
from edge.readings.decoding.refusal import foreign_document
from edge.readings.decoding.stamps import REMARK, Stamps
from edge.readings.decoding.value_reader import ValueReader
from edge.readings.reading import Reading

__all__ = ["REMARK", "Decoder"]

_SEQ_LIMIT = 2**63  # the range of a 64-bit column
_ABSENT = object()
_parse_json = msgspec.json.decode


class Decoder:
    """Decodes the payloads of one station.

    A payload contains documents, see :mod:`edge.readings.decoding.formats`; mostly it is one JSON object. A document
    has the station's keys, ``ts`` and ``seq`` (an integer); other members are ignored, whatever they are. A value that
    is no number is missing, and so is every word of :mod:`edge.readings.decoding.dialect`: the other channels are
    used. A document without any of the station's keys is refused, as is one in which none can be read.

    Parameters
    ----------
    name
        Name of the station, for the readings.
    station
        Its columns.
    keys
        Address at which a key (also ``ts`` or ``seq``) is found instead: ``{"ch4_ppb": "data.ch4"}``; see
        :class:`edge.readings.decoding.addresses.Address`.
    absent
        Keys that this station never sends: their values are nan, and not counted as missing.
    form
        Format of the payloads.
    columns
        Names of the values of a CSV line.
    missing
        Further numbers and texts that stand for no reading.
    ts
        Whether the station's time stamps are read, or ignored.
    timezone
        Name of the zone of stamps without an offset; ``None``: UTC.
    units
        Units in which values come, by key; see :mod:`edge.readings.decoding.units`. A unit that a message gives for
        its value, as SenML does, holds for the other keys.

    Attributes
    ----------
    notes
        What the owner should know although the readings are used, since this was last emptied: a problem's name
        (``values``, ``clock``) -> a sentence, or ``None`` when it is over. Under :data:`REMARK` it is no problem.
    plain
        Whether other programs find the same values in each payload so far, which was strict JSON and one object.

    Raises
    ------
    config.errors.ConfigError
        ``keys`` or ``absent`` name a key that the station does not have, or another setting is wrong.
    """

    def __init__(
        self,
        name: str,
        station: Station,
        keys: Mapping[str, str] | None = None,
        absent: Collection[str] = (),
        *,
        form: Format = "auto",
        columns: Sequence[str] = (),
        missing: Sequence[float | str] = (),
        ts: Literal["station", "received"] = "station",
        timezone: str | None = None,
        units: Mapping[str, str | UnitSettings] | None = None,
    ) -> None:
        keys = {} if keys is None else keys
        _check_names("keys", keys, (*station.keys, "ts", "seq"))
        _check_names("absent", absent, station.keys)
        self.notes: dict[str, str | None] = {}
        self.plain = True
        self._name, self._keys = name, station.keys
        self._size = station.size
        sent = [key for key in station.keys if key not in absent]
        addresses = make_addresses({key: keys.get(key, key) for key in (*station.keys, "ts", "seq")}, sent)
        self._wanted = tuple((i, addresses[key]) for i, key in enumerate(station.keys) if key not in absent)
        self._ts, self._seq = addresses["ts"], addresses["seq"]
        # Names of members, where every address is one: the fast path, which has a loop of its own.
        named = tuple((i, each.name) for i, each in self._wanted if each.name is not None)
        self._ts_name, self._seq_name = self._ts.name, self._seq.name
        flat = len(named) == len(self._wanted) and self._ts_name is not None and self._seq_name is not None
        self._flat = named if flat else None
        self._values = ValueReader(station, missing, units)
        self._missing, self._number = self._values.sentinels, self._values.read
        self._stamps = None if ts == "received" else Stamps(timezone)
        self._format = make_format(form, columns, whole=any(each.whole for each in addresses.values()))
        self._json_first = form in ("auto", "json")
        self._no_count = ""  # what came as seq and is none

    @classmethod
    def for_entry(cls, name: str, station: Station, entry: StationEntry) -> Decoder:
        """Make the decoder of one station of an entry of gateway.yaml; raises ConfigError if it does not fit."""
        return cls(
            name, station, entry.keys, entry.absent, form=entry.format, columns=entry.columns, missing=entry.missing,
            ts=entry.ts, timezone=entry.timezone, units=entry.units,
        )  # fmt: skip

    def decode(self, payload: bytes, received: float) -> list[Reading | ReadingError]:
        """Decode one payload.

        Never raises: a reading that cannot be used is replaced by the error that would have been raised, so that it
        does not cost the others of its array. A ``ts`` or ``seq`` that cannot be read is left out: the order of
        arrival is the order.

        Parameters
        ----------
        payload
            The message's bytes.
        received
            Time at which the gateway received it, Unix time [s].

        Returns
        -------
        list
            In the payload's order, at least one: a :class:`Reading`, or a :class:`~edge.errors.ReadingError` whose
            ``at`` is the path of the document (``[2]`` in an array).
        """
        if self._json_first and len(payload) <= SIZE_LIMIT:
            try:
                document = _parse_json(payload)
            except (ValueError, RecursionError):
                pass  # parse reads it again, leniently
            else:
                if type(document) is dict:
                    return [self.read(document, received)]
        return self.read_all(self.parse(payload), received)

    def read_all(self, documents: Sequence[Document | ReadingError], received: float) -> list[Reading | ReadingError]:
        """Read the documents that :meth:`parse` has returned, as :meth:`decode` does."""
        several = len(documents) > 1
        return [
            each if isinstance(each, ReadingError) else self.read(each, received, f"[{i}]" if several else "")
            for i, each in enumerate(documents)
        ]

    def parse(self, payload: bytes, key: str | None = None) -> list[Document | ReadingError]:
        """Take a payload apart into documents for :meth:`read` or :meth:`read_part`.

        Never raises.

        Parameters
        ----------
        payload
            The message's bytes.
        key
            Name that the topic gives to the payload: each document is ``{key: document}`` then, also for a bare value.
        """
        if len(payload) > SIZE_LIMIT:
            return [ReadingError(f"the payload is {len(payload)} bytes long, expected at most {SIZE_LIMIT}")]
        try:
            found = self._format.documents(payload) if key is None else self._named(payload, key)
        except ReadingError as error:
            return [error]
        self.plain = self.plain and is_json_object(payload)
        return found or [ReadingError("the payload is empty, expected a reading")]

    def read(self, document: Document, received: float, inside: str = "") -> Reading | ReadingError:
        """Read a document as a reading.

        Parameters
        ----------
        document
            One that :meth:`parse` has returned.
        received
            Time at which the gateway received it, Unix time [s].
        inside
            Path of the document in the payload.
        """
        if type(document) is not dict and (self._flat is not None or type(document) is not list):
            return ReadingError(f"got {echo(document)}, expected an object with the station's keys", inside or None)
        values = [math.nan] * self._size
        lacking = 0
        if self._flat is not None:
            get = document.get  # type: ignore[union-attr]  # a list was refused above
            for i, name in self._flat:
                value = get(name)
                if type(value) is not float:
                    value = self._number(i, value)
                if value != value or value in self._missing[i]:  # noqa: PLR0124  # the quick test for nan
                    lacking += 1
                else:
                    values[i] = value
            ts, seq = get(self._ts_name), get(self._seq_name)
        else:
            for i, address in self._wanted:
                value = address.find(document)
                if address.has_unit and (unit := address.unit_beside(document)) is not None:
                    value = self._values.read_beside(i, value, unit)
                if type(value) is not float:
                    value = self._number(i, value)
                if value != value or value in self._missing[i]:  # noqa: PLR0124  # the quick test for nan
                    lacking += 1
                else:
                    values[i] = value
            ts, seq = self._ts.find(document), self._seq.find(document)
            self.plain = self.plain and all(address.plain for _, address in self._wanted)
        if lacking == len(self._wanted) and lacking and (error := self._nothing(document, inside)) is not None:
            return error
        if self._values.busy:
            self._values.finish(values, self.notes)
            self.plain = self.plain and self._values.plain
        return Reading(
            station=self._name,
            values=tuple(values),
            ts=None if ts is None else self._time(ts, received),
            seq=seq if type(seq) is int and -_SEQ_LIMIT <= seq < _SEQ_LIMIT else self._count(seq),
            received=received,
        )

    def read_part(self, document: Document, received: float, inside: str = "") -> Part | ReadingError:
        """Read a document as a part of a reading, see :meth:`read`; one channel is enough, or a stamp alone."""
        came = tuple(i for i, address in self._wanted if address.look(document, _ABSENT) is not _ABSENT)
        ts, seq = self._ts.find(document), self._seq.find(document)
        if not came and not (ts is None and seq is None):
            nothing = (math.nan,) * self._size
            return Part(nothing, (), None if ts is None else self._time(ts, received), self._count(seq))
        reading = self.read(document, received, inside)
        if isinstance(reading, ReadingError):
            return reading
        return Part(reading.values, came, reading.ts, reading.seq)

    def _named(self, payload: bytes, key: str) -> list[Document | ReadingError]:
        """Give a payload the name that its topic captures."""
        try:
            found = self._format.documents(payload)
        except ReadingError:
            found = [bare_value(text_of(payload))]  # a word for a missing value
        bare = [each.get(VALUE) if type(each) is dict and each.keys() == {VALUE} else each for each in found]
        return [each if isinstance(each, ReadingError) else {key: each} for each in bare]

    def _time(self, value: Any, received: float) -> float | None:
        if self._stamps is None:
            return None
        ts = self._stamps.read(value, received)
        if self._stamps.notes:
            self.notes |= self._stamps.notes
            self._stamps.notes.clear()
        return ts

    def _count(self, value: Any) -> int | None:
        """Read a ``seq`` that is no integer of 64 bits; ``None`` if it cannot be one."""
        if type(value) is str and len(value) < 20 and value.strip().isdecimal():
            value = int(value)
        if type(value) is float and value.is_integer() and abs(value) < 2**53:
            value = int(value)
        if type(value) is int and -_SEQ_LIMIT <= value < _SEQ_LIMIT:
            return value
        if value is not None and not self._no_count and not (type(value) is str and parse_number(value) is not None):
            self._no_count = echo(value)
            self.notes[REMARK] = f"seq: got {self._no_count}, expected an integer of 64 bits; it is left out"
        return None

    def _nothing(self, document: Document, inside: str) -> ReadingError | None:
        """Say why no channel of a document can be used; ``None`` if each has a missing value."""
        looked = [(i, address, address.look(document, _ABSENT)) for i, address in self._wanted]
        present = [each for each in looked if each[2] is not _ABSENT]
        for i, address, value in present:
            if self._values.is_strange(i, value):
                self._values.forget()
                at = f"{inside}.{address.text}" if inside else address.text
                return ReadingError(f"got {echo(value)}{comma_doubt(value)}, expected a number", at)
        if present:
            return None
        return foreign_document(document, [self._keys[i] for i, _ in self._wanted], inside)


def _check_names(what: str, names: Collection[str], known: Sequence[str]) -> None:
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise ConfigError([f'{what}: got "{name}"; {did_you_mean(name, known)}' for name in unknown])
