"""From the documents of one station to its readings, whether each is whole or its parts have to be joined."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from edge.agent.source import Source
from edge.agent.station_watch import StationWatch
from edge.errors import ReadingError
from edge.mqtt.message import Message
from edge.readings.reading import Reading

if TYPE_CHECKING:
    from edge.readings.joining.joiner import Joined, Joiner


class Taken(NamedTuple):
    """A reading, or the error in its place.

    Parameters
    ----------
    reading
        The reading, or why there is none.
    message
        The message that contained it, or the last of its parts.
    keys
        Keys of the messages that contained its parts; empty if it came whole.
    saved
        Whether the journal has parts of it, which are not needed any more.
    """

    reading: Reading | ReadingError
    message: Message
    keys: Sequence[int] = ()
    saved: bool = False


class StationInput:
    """Reads the documents of one station.

    Parameters
    ----------
    name
        Name of the station.
    source
        Its entry.

    Attributes
    ----------
    decoder : Decoder
        Its decoder.
    joiner : Joiner or None
        Waits for the parts of a reading; ``None`` if they come whole.
    watch : StationWatch
        Looks at its documents now and then.
    """

    def __init__(self, name: str, source: Source) -> None:
        self.name = name
        self.source = source
        self.decoder = source.decoder(name)
        station, absent = source.station, source.entry.absent
        self.watch = StationWatch(source)
        self._keys = station.keys
        self._gas = station.gas_index
        self._wanted = [i for i, key in enumerate(station.keys) if key not in absent]
        self.joiner: Joiner[Message] | None = None
        if source.joins:
            from edge.readings.joining.joiner import Joiner  # few stations send parts

            self.joiner = Joiner(station.size, self._wanted, source.entry.join)

    @property
    def carriers(self) -> Sequence[Message]:
        """The messages of the reading whose parts are waited for."""
        return () if self.joiner is None else self.joiner.carriers

    @property
    def is_open(self) -> bool:
        """Whether parts of a reading are waited for."""
        return self.joiner is not None and self.joiner.is_open

    @property
    def due(self) -> float:
        """When that reading has waited long enough, Unix time [s]; inf if none is open."""
        return math.inf if self.joiner is None else self.joiner.due

    def shift_clock(self, seconds: float) -> None:
        """Shift the arrival of every part by as much as the gateway's clock has jumped [s]."""
        if self.joiner is not None:
            self.joiner.shift(seconds)

    def take(self, documents: Sequence[Any], message: Message, key: int = 0) -> list[Taken]:
        """Read the documents of a message.

        Parameters
        ----------
        documents
            The documents, and the errors in the place of those that cannot be used.
        message
            Their message.
        key
            By which the message is recognised when the broker sends it again.

        Returns
        -------
        list of Taken
            The readings that are complete now, and the errors.
        """
        taken = []
        for document in documents:
            if isinstance(document, ReadingError):
                taken.append(Taken(document, message))
            elif self.joiner is None:
                taken.append(Taken(self.decoder.read(document, message.received), message))
            else:
                part = self.decoder.read_part(document, message.received)
                if isinstance(part, ReadingError):
                    taken.append(Taken(part, message))
                else:
                    taken += self._finish(self.joiner.add(part, message, key=key, at=message.received))
        return taken

    def close_due(self, now: float) -> list[Taken]:
        """Return the reading whose window has passed at this Unix time [s]."""
        return [] if self.joiner is None else self._finish(self.joiner.close_due(now))

    def close(self) -> list[Taken]:
        """Return the reading that is open, although parts of it may still come."""
        return [] if self.joiner is None else self._finish(self.joiner.close())

    def _finish(self, joined: Sequence[Joined[Message]]) -> list[Taken]:
        return [
            Taken(self._reading(each), each.carriers[-1], each.keys, each.saved) for each in joined if not each.expected
        ]

    def _reading(self, joined: Joined[Message]) -> Reading | ReadingError:
        values, came, ts, seq = joined.part
        missing = [i for i in self._wanted if i not in came and values[i] != values[i]]  # neither came nor is held
        if 2 * len(missing) > len(self._wanted) and (self._gas is None or self._gas in missing):
            assert self.joiner is not None
            names = ", ".join(self._keys[i] for i in missing)
            return ReadingError(  # the gas alone is worth a reading: its limits hold
                f"{len(missing)} of {len(self._wanted)} keys did not come within"
                f" {self.joiner.window:.3g} s ({names}), expected at least half of them; fix: join: more seconds, the"
                " places of the keys under keys, or what the station never sends under absent"
            )
        return Reading(station=self.name, values=values, ts=ts, seq=seq, received=joined.received)


def first_held(messages: Sequence[Message], inputs: Iterable[StationInput]) -> int:
    """Return the index of the first message that is part of an open reading; their number if none is.

    A part must not be acknowledged before its reading is safe, and MQTT wants acks in the order of the messages.
    """
    held = {id(each) for station in inputs for each in station.carriers}
    return next((i for i, each in enumerate(messages) if id(each) in held), len(messages)) if held else len(messages)
