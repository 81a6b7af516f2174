"""What keeps a connection alive, and what ends it."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from paho.mqtt.enums import CallbackAPIVersion

from edge.mqtt.buffered_socket import BufferedSocket
from edge.mqtt.paho_client import PahoClient


@pytest.fixture
def broker() -> Iterator[tuple[PahoClient, socket.socket]]:
    """A client in the middle of a connection, and the other end of its socket."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    client = PahoClient(CallbackAPIVersion.VERSION2)
    client._sock = BufferedSocket(ours)
    yield client, theirs
    ours.close()
    theirs.close()


def test_readings_show_that_the_broker_is_there_though_its_answer_to_a_ping_stands_behind_them(
    broker: tuple[PahoClient, socket.socket],
) -> None:
    client, theirs = broker
    client._ping_t = 100.0  # a ping was sent, and not answered
    client.receive()
    assert client._ping_t == 100.0
    theirs.sendall(b"\x30\x05\x00\x01ahi")
    client.receive()
    assert client._ping_t == 0.0


def test_what_paho_receives_and_sends_itself_goes_through_the_buffer(broker: tuple[PahoClient, socket.socket]) -> None:
    client, theirs = broker
    with pytest.raises(BlockingIOError):
        client._sock_recv(1)
    theirs.sendall(b"\xd0\x00")
    client.receive()
    buffered = client.buffered
    assert buffered is not None
    assert buffered.next_packet() == (0xD0, b"")
    buffered.feed()
    assert client._sock_recv(1) == b"\xd0"
    assert client._sock_send(b"\xc0\x00") == 2
    buffered.flush()
    assert theirs.recv(9) == b"\xc0\x00"
    buffered.send(bytes(1 << 19))
    with pytest.raises(BlockingIOError):
        client._sock_send(b"\xc0\x00")
