"""Client: paho's, over a socket that receives and sends once per round; readings and acks go past paho."""

from __future__ import annotations

import select
import ssl
from collections.abc import Callable
from typing import Any, cast

import paho.mqtt.client as mqtt

from edge.mqtt import packets
from edge.mqtt.buffered_socket import BufferedSocket
from edge.mqtt.packets import Publication


class PahoClient(mqtt.Client):
    """One paho client for one connection.

    The only seam is private: a paho that has no ``_create_socket`` never calls ours, and everything here then works
    over its plain socket, at ten times the cost.

    Attributes
    ----------
    broken : OSError or None
        How the connection broke; paho only says that it did.
    """

    broken: OSError | None = None

    def _create_socket(self) -> Any:
        return BufferedSocket(super()._create_socket())

    @property
    def buffered(self) -> BufferedSocket | None:
        """Our socket; ``None`` without a connection, and over a plain one."""
        sock: Any = self.socket()
        return sock if isinstance(sock, BufferedSocket) else None

    @property
    def pending(self) -> bool:
        """Whether there is something to read that ``select`` does not see: in our buffer, or in the TLS layer."""
        sock: Any = self.socket()
        return isinstance(sock, BufferedSocket | ssl.SSLSocket) and sock.pending() > 0

    @property
    def unsent(self) -> bool:
        """Whether something is queued."""
        sock = self.buffered
        return self.want_write() or (sock is not None and sock.unsent)

    def receive(self) -> None:
        """Receive what is there, for :meth:`read_packet`."""
        if (sock := self.buffered) is not None:
            sock.receive()

    def read_packet(self, plain: Callable[[Publication], object]) -> bool:
        """Read the next packet.

        Parameters
        ----------
        plain
            Takes a publication that has no properties; every other packet goes to paho and its callbacks.

        Returns
        -------
        bool
            Whether there was one, and so may be more.
        """
        sock = self.buffered
        if sock is None:
            if not self.pending and not select.select([cast("Any", self.socket())], [], [], 0)[0]:
                return False
            self.loop_read()
            return self.socket() is not None
        packet = sock.take()
        if packet is None:
            if sock.ended:
                self.broken = sock.broken
                self.loop_read()  # tells paho
            return False
        first, content = packet
        if first >> 4 == packets.PUBLISH:
            publication = packets.read_publication(first, content, properties=self.protocol == mqtt.MQTTv5)
            if publication is not None:
                plain(publication)
                return True
        sock.feed()
        self.loop_read()
        return self.socket() is not None

    def send_packet(self, packet: bytes) -> bool:
        """Queue a packet of ours behind what paho has queued; false where only paho can take it."""
        sock = self.buffered
        if sock is None:
            return False
        if self.want_write():
            self.loop_write()  # into the same buffer: the order is kept
            if self.want_write():
                return False
        if sock.full:
            return False
        sock.send(packet)
        return True

    def write_all(self) -> None:
        """Write what is queued, as far as the socket takes it."""
        while True:
            if self.want_write():
                self.loop_write()
            sock = self.buffered
            if sock is None or not sock.unsent:
                return
            sock.flush()
            if sock.full or not self.want_write():
                return
