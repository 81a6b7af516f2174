"""A socket under paho that receives and sends once per round, and splits what it received into packets."""

from __future__ import annotations

import ssl
from typing import Any

from edge.mqtt import packets
from edge.mqtt.of_tls import is_of_tls

_CHUNK = 1 << 16  # [B] received at once: several batches of readings
_MAX_UNSENT = 1 << 18  # [B] buffered here; anything more stays in paho's own queue


class BufferedSocket:
    """A non-blocking socket with a buffer for each direction; every other attribute is the raw socket's.

    paho makes three system calls to receive a packet, and one to send it. Here :meth:`receive` and :meth:`flush` make
    one for as many packets as there are; :meth:`next_packet` returns the packets one by one, and :meth:`feed` passes on
    to paho those that we do not decode ourselves.

    Parameters
    ----------
    sock
        The connected socket, or TLS over it.
    """

    def __init__(self, sock: Any) -> None:
        self.raw = sock
        self._tls = is_of_tls(sock)
        self._would_block: tuple[type[OSError], ...] = (BlockingIOError,)
        if self._tls:
            self._would_block += (ssl.SSLWantReadError, ssl.SSLWantWriteError)
        self._received = b""
        self._begin = self._at = 0
        self._fed = b""
        self._closed: OSError | bytes | None = None  # what recv gives at the end: an error, or b""
        self._unsent = bytearray()
        self._partial = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self.raw, name)

    # ---- in ----------------------------------------------------------------------------------------------------------

    def receive(self) -> bool:
        """Receive what has arrived, unless complete packets are buffered already; return whether there was any."""
        if self._closed is not None or not self._partial:
            return False
        received = [self._received[self._at :]]
        self._begin = self._at = size = 0
        try:
            while size < _CHUNK:
                data = self.raw.recv(_CHUNK)
                if not data:
                    self._closed = data
                    break
                received.append(data)
                size += len(data)
                if not self._tls:  # a plain socket returns everything that has arrived, TLS one record
                    break
        except self._would_block:
            pass
        except OSError as error:
            self._closed = error
        self._received = b"".join(received)
        self._partial = not size
        return bool(size)

    def next_packet(self) -> tuple[int, bytes] | None:
        """Remove the next complete packet from the buffer; returns its first byte and its content."""
        try:
            found = packets.find_content(self._received, self._at)
        except ValueError as error:
            found, self._closed = None, OSError(str(error))
        if found is None:
            self._partial = True
            return None
        self._begin = self._at
        content, self._at = found
        return self._received[self._begin], self._received[content : self._at]

    def feed(self) -> None:
        """Pass the packet of the last :meth:`next_packet` on to paho: the next calls of :meth:`recv` return it."""
        self._fed += self._received[self._begin : self._at]

    def recv(self, size: int) -> bytes:
        """Return what was fed and then, once the connection has ended, its end.

        Raises
        ------
        BlockingIOError
            Nothing was fed, and the connection has not ended.
        OSError
            The connection broke.
        """
        if data := self._fed[:size]:
            self._fed = self._fed[size:]
            return data
        if self._closed is None:
            raise BlockingIOError
        if isinstance(self._closed, OSError):
            raise self._closed
        return self._closed

    @property
    def ended(self) -> bool:
        """Whether the connection was closed or broke; packets may still be buffered."""
        return self._closed is not None

    @property
    def broken(self) -> OSError | None:
        """The error with which the connection broke; ``None`` while it is open and after an orderly close."""
        return self._closed if isinstance(self._closed, OSError) else None

    def pending(self) -> int:
        """Return non-zero if there is something to read that ``select`` does not see: here, or in the TLS layer."""
        here = not self._partial or self.ended
        return here + self.raw.pending() if self._tls else here

    # ---- out ---------------------------------------------------------------------------------------------------------

    def send(self, data: bytes | bytearray) -> int:
        """Buffer ``data`` until :meth:`flush`.

        Raises
        ------
        BlockingIOError
            The buffer is full.
        """
        if self.full:
            raise BlockingIOError
        self._unsent += data
        return len(data)

    @property
    def full(self) -> bool:
        """Whether :meth:`send` refuses more data."""
        return len(self._unsent) > _MAX_UNSENT

    @property
    def unsent(self) -> bool:
        """Whether there is data for :meth:`flush`."""
        return bool(self._unsent)

    def flush(self) -> None:
        """Send what is buffered, as far as the socket takes it.

        A broken connection is reported by :meth:`recv`, after what was received before: the broker's last packet may
        be a DISCONNECT with the reason.
        """
        try:
            while self._unsent:
                del self._unsent[: self.raw.send(self._unsent)]
        except self._would_block:
            pass
        except OSError as error:
            self._unsent.clear()
            self.receive()
            self._closed = error if self._closed is None else self._closed

    def close(self) -> None:
        """Send what the socket still takes (a DISCONNECT is often the last), and close it."""
        self.flush()
        self.raw.close()
