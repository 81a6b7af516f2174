"""Socketing: a socket under paho that receives and sends once per round, and gives whole packets."""

from __future__ import annotations

import ssl
from typing import Any

from edge.mqtt import packets

_CHUNK = 1 << 16  # [B] received at once: several batches of readings
_FULL = 1 << 18  # [B] that wait here for the broker; beyond it they wait in paho's own queue
_WOULD_BLOCK = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class BufferedSocket:
    """A non-blocking socket with a buffer for either direction; what is not here is the socket's own.

    paho asks the system three times for every packet, and sends every packet by itself. Here :meth:`receive` and
    :meth:`flush` ask once for as many packets as there are, :meth:`take` gives one, and :meth:`feed` hands it to paho
    if it is paho's to understand.

    Parameters
    ----------
    sock
        The connected socket, or TLS over it.
    """

    def __init__(self, sock: Any) -> None:
        self.raw = sock
        self._tls = isinstance(sock, ssl.SSLSocket)
        self._received = b""
        self._begin = self._at = 0
        self._fed = b""
        self._closed: OSError | bytes | None = None  # what the end looks like; nothing comes after it
        self._unsent = bytearray()
        self._partial = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self.raw, name)

    # ---- in ----------------------------------------------------------------------------------------------------------

    def receive(self) -> None:
        """Receive what is there, unless whole packets wait already."""
        if self._closed is not None or not self._partial:
            return
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
                if not self._tls:  # which gives all that there is; TLS one record
                    break
        except _WOULD_BLOCK:
            pass
        except OSError as error:
            self._closed = error
        self._received = b"".join(received)
        self._partial = not size

    def take(self) -> tuple[int, bytes] | None:
        """Take the next packet that is all there: its first byte and its content."""
        try:
            found = packets.whole(self._received, self._at)
        except ValueError as error:
            found, self._closed = None, OSError(str(error))
        if found is None:
            self._partial = True
            return None
        self._begin = self._at
        content, self._at = found
        return self._received[self._begin], self._received[content : self._at]

    def feed(self) -> None:
        """Give the packet just taken to paho: the next calls of :meth:`recv` return it."""
        self._fed += self._received[self._begin : self._at]

    def recv(self, size: int) -> bytes:
        """Give what was fed; and, when that is used up, the end of the connection.

        Raises
        ------
        BlockingIOError
            There is neither.
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
        """Whether the other end closed the connection, or it broke, after what is still to be taken."""
        return self._closed is not None

    @property
    def broken(self) -> OSError | None:
        """How the connection broke; ``None`` where it did not, or was closed."""
        return self._closed if isinstance(self._closed, OSError) else None

    def pending(self) -> int:
        """Whether there is something to read that ``select`` does not see: here, or inside the TLS layer."""
        here = not self._partial or self.ended
        return here + self.raw.pending() if self._tls else here

    # ---- out ---------------------------------------------------------------------------------------------------------

    def send(self, data: bytes | bytearray) -> int:
        """Take all of ``data``, to be sent with :meth:`flush`.

        Raises
        ------
        BlockingIOError
            Too much waits already.
        """
        if self.full:
            raise BlockingIOError
        self._unsent += data
        return len(data)

    @property
    def full(self) -> bool:
        """Whether so much waits that :meth:`send` takes nothing."""
        return len(self._unsent) > _FULL

    @property
    def unsent(self) -> bool:
        """Whether something waits for :meth:`flush`."""
        return bool(self._unsent)

    def flush(self) -> None:
        """Send what waits, as far as the socket takes it.

        A broken connection is told by :meth:`recv`, after what came before it: the broker's last word says why.
        """
        try:
            while self._unsent:
                del self._unsent[: self.raw.send(self._unsent)]
        except _WOULD_BLOCK:
            pass
        except OSError as error:
            self._unsent.clear()
            self.receive()
            self._closed = error if self._closed is None else self._closed

    def close(self) -> None:
        """Send what the socket still takes, and close it: a DISCONNECT is written just before."""
        self.flush()
        self.raw.close()
