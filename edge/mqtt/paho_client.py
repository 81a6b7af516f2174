"""paho's client over a socket that receives and sends once per round; readings and acks bypass paho."""

from __future__ import annotations

import select
from collections.abc import Callable
from typing import Any, cast

import paho.mqtt.client as mqtt

from edge.mqtt import packets
from edge.mqtt.buffered_socket import BufferedSocket
from edge.mqtt.of_tls import is_of_tls
from edge.mqtt.packets import Publication


class PahoClient(mqtt.Client):
    """One paho client for one connection.

    The only seam is private: a paho without ``_create_socket`` never calls ours, and everything here then works over
    its plain socket, at ten times the cost.

    Attributes
    ----------
    broken : OSError or None
        The error with which the connection broke; paho only reports that it did.
    in_handshake : bool
        Whether the connection stands, and TLS is being agreed upon.
    """

    broken: OSError | None = None
    in_handshake: bool = False

    def _create_socket(self) -> Any:
        return BufferedSocket(super()._create_socket())

    def _ssl_wrap_socket(self, tcp_sock: Any) -> Any:
        self.in_handshake = True
        sock = super()._ssl_wrap_socket(tcp_sock)
        self.in_handshake = False
        return sock

    # As paho's two methods, which look whether an error is one of TLS, and so load `ssl`, at each BlockingIOError.

    def _sock_recv(self, bufsize: int) -> bytes:
        sock = self.buffered
        return super()._sock_recv(bufsize) if sock is None else sock.recv(bufsize)

    def _sock_send(self, buf: bytes | bytearray) -> int:
        sock = self.buffered
        if sock is None:
            return super()._sock_send(buf)
        try:
            return sock.send(buf)
        except BlockingIOError:
            self._call_socket_register_write()
            raise

    @property
    def buffered(self) -> BufferedSocket | None:
        """Our socket; ``None`` without a connection, and when paho uses its plain one."""
        sock: Any = self.socket()
        return sock if isinstance(sock, BufferedSocket) else None

    @property
    def pending(self) -> bool:
        """Whether there is something to read that ``select`` does not see: in our buffer, or in the TLS layer."""
        sock: Any = self.socket()
        return (isinstance(sock, BufferedSocket) or is_of_tls(sock)) and sock.pending() > 0

    @property
    def unsent(self) -> bool:
        """Whether something is queued."""
        sock = self.buffered
        return self.want_write() or (sock is not None and sock.unsent)

    def receive(self) -> None:
        """Receive what has arrived, for :meth:`read_packet`."""
        if (sock := self.buffered) is not None and sock.receive():
            # The answer to a ping may stand behind more readings than are scored in a keepalive, where a thousand wait
            # for a slow machine. Whatever arrives shows as well that the broker is there.
            self._ping_t = 0.0

    def read_packet(self, on_publication: Callable[[Publication], object]) -> bool:
        """Read the next packet.

        Parameters
        ----------
        on_publication
            Called with a publication that has no properties; every other packet goes to paho and its callbacks.

        Returns
        -------
        bool
            Whether there was a packet, so that there may be another.
        """
        sock = self.buffered
        if sock is None:
            if not self.pending and not select.select([cast("Any", self.socket())], [], [], 0)[0]:
                return False
            self.loop_read()
            return self.socket() is not None
        packet = sock.next_packet()
        if packet is None:
            if sock.ended:
                self.broken = sock.broken
                self.loop_read()  # paho finds the end
            return False
        first, content = packet
        if first >> 4 == packets.PUBLISH:
            publication = packets.decode_publish(first, content, properties=self.protocol == mqtt.MQTTv5)
            if publication is not None:
                on_publication(publication)
                return True
        sock.feed()
        self.loop_read()
        return self.socket() is not None

    def send_packet(self, packet: bytes) -> bool:
        """Queue a packet behind what paho has queued; returns false if it has to be sent through paho."""
        sock = self.buffered
        if sock is None:
            return False
        if self.want_write():
            self.loop_write()  # into the same buffer, so that the order is kept
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
