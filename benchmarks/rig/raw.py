"""A publisher and a listener that write MQTT 3.1.1 by hand, so that they cost little beside what they measure."""

from __future__ import annotations

import select
import socket
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

_PUBLISH, _SUBACK = 3, 9  # packet types
_RETAINED = 1  # flag
_CHUNK = 1 << 18  # [B]
_MIDS = 65535


class RawPublisher:
    """Publishes at QoS 1 over a socket of its own.

    Parameters
    ----------
    port
        Port of the broker.
    """

    def __init__(self, port: int) -> None:
        self._socket = _connect(port, b"raw-publisher")
        self._mid = 0

    def packet(self, topic: str, payload: bytes) -> bytes:
        """Build the packet of one publication; packets have to be sent in the order in which they were built."""
        self._mid = self._mid % _MIDS + 1
        name = topic.encode()
        body = len(name).to_bytes(2, "big") + name + self._mid.to_bytes(2, "big") + payload
        return b"\x32" + _length(len(body)) + body

    def send(self, packet: bytes) -> None:
        """Send one packet without waiting for its acknowledgement."""
        self._socket.sendall(packet)
        while select.select([self._socket], [], [], 0)[0]:
            self._socket.recv(_CHUNK)

    def blast(self, packets: Iterable[bytes]) -> None:
        """Send packets as fast as the broker takes them; return when it has taken the last."""
        waiting = memoryview(b"".join(packets))
        while waiting:
            readable, writable, _ = select.select([self._socket], [self._socket], [])
            if readable:
                self._socket.recv(_CHUNK)  # acknowledgements
            if writable:
                waiting = waiting[self._socket.send(waiting[:_CHUNK], socket.MSG_DONTWAIT) :]

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()


@dataclass
class Tally:
    """Count and newest payload of the messages on one topic."""

    count: int = 0
    newest: bytes = b""


@dataclass
class Arrival:
    """A message and the time of its arrival on the performance counter [s]."""

    at: float
    topic: str
    payload: bytes


@dataclass
class RawListener:
    """Subscribes at QoS 0 and counts messages, on a thread of its own; retained ones are not counted.

    Parameters
    ----------
    port
        Port of the broker.
    filters
        Topic filters.
    keeps
        Whether every message is kept, in ``arrivals``.
    """

    port: int
    filters: tuple[str, ...]
    keeps: bool = False
    tallies: dict[str, Tally] = field(default_factory=dict)
    arrivals: list[Arrival] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._socket = _connect(self.port, f"raw-listener-{id(self)}".encode())
        body = b"\x00\x01" + b"".join(
            len(name).to_bytes(2, "big") + name + b"\x00" for name in (each.encode() for each in self.filters)
        )
        self._socket.sendall(b"\x82" + _length(len(body)) + body)
        self._subscribed = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="listener", daemon=True)
        self._thread.start()
        if not self._subscribed.wait(10):
            raise SystemExit("the listener could not subscribe")

    def close(self) -> None:
        """Close the connection."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()

    def _listen(self) -> None:
        buffer = b""
        while data := self._socket.recv(_CHUNK):
            now = time.perf_counter()
            buffer += data
            at = 0
            while (span := _end(buffer, at)) is not None:
                begin, end = span
                kind = buffer[at] >> 4
                if kind == _PUBLISH and not buffer[at] & _RETAINED:
                    cut = begin + 2 + int.from_bytes(buffer[begin : begin + 2], "big")
                    self._note(now, buffer[begin + 2 : cut].decode(), buffer[cut:end])
                elif kind == _SUBACK:
                    self._subscribed.set()
                at = end
            buffer = buffer[at:]

    def _note(self, now: float, topic: str, payload: bytes) -> None:
        tally = self.tallies.get(topic)
        if tally is None:
            tally = self.tallies[topic] = Tally()
        tally.count += 1
        tally.newest = payload
        if self.keeps:
            self.arrivals.append(Arrival(now, topic, payload))


def _connect(port: int, name: bytes) -> socket.socket:
    sock = socket.create_connection(("127.0.0.1", port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    body = b"\x00\x04MQTT\x04\x02\x00\x00" + len(name).to_bytes(2, "big") + name  # no keepalive
    sock.sendall(b"\x10" + _length(len(body)) + body)
    answer = sock.recv(4)
    if answer[3:] != b"\x00":
        raise SystemExit(f"the broker refused {name.decode()}: {answer!r}")
    return sock


def _length(size: int) -> bytes:
    """Encode the remaining length of a packet, seven bits a byte."""
    digits = bytearray()
    while True:
        size, digit = divmod(size, 128)
        digits.append(digit | (0x80 if size else 0))
        if not size:
            return bytes(digits)


def _end(buffer: bytes, at: int) -> tuple[int, int] | None:
    """Begin and end of the body of the packet at ``at``; ``None`` while it is incomplete."""
    size, shift = 0, 0
    for i in range(at + 1, min(at + 5, len(buffer))):
        size |= (buffer[i] & 0x7F) << shift
        if not buffer[i] & 0x80:
            end = i + 1 + size
            return (i + 1, end) if end <= len(buffer) else None
        shift += 7
    return None
