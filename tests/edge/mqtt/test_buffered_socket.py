"""Packets come out whole however they came in, and nothing is lost at either end."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.mqtt.buffered_socket import BufferedSocket
from edge.mqtt.packets import encode_publish

Pair = tuple[BufferedSocket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    """Our end and the broker's."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    buffered = BufferedSocket(ours)
    yield buffered, theirs
    buffered.close()
    theirs.close()


def contents(sock: BufferedSocket) -> list[bytes]:
    """Content of every packet that has arrived."""
    sock.receive()
    found = []
    while (packet := sock.next_packet()) is not None:
        found.append(packet[1])
    return found


@given(payloads=st.lists(st.binary(max_size=300), max_size=8), cuts=st.lists(st.integers(1, 400), max_size=8))
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_packets_come_whole_however_they_are_cut(payloads: list[bytes], cuts: list[int]) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        sock = BufferedSocket(ours)
        stream = b"".join(encode_publish("a", payload, b"") for payload in payloads)
        found = []
        for cut in [*cuts, len(stream)]:
            theirs.sendall(stream[:cut])
            stream = stream[cut:]
            found += contents(sock)
            assert not sock.pending()
    assert found == [b"\0\1a" + payload for payload in payloads]


def test_packets_that_were_received_and_not_returned_are_pending(pair: Pair) -> None:
    sock, broker = pair
    broker.sendall(b"\xd0\x00\xd0\x00\xd0")
    sock.receive()
    assert sock.next_packet() == (0xD0, b"")
    assert sock.pending()
    sock.receive()  # receives nothing while a complete packet is buffered
    assert sock.next_packet() == (0xD0, b"")
    assert sock.next_packet() is None
    assert not sock.pending()


def test_paho_reads_what_it_is_fed_and_no_more(pair: Pair) -> None:
    sock, broker = pair
    broker.sendall(b"\xd0\x00\x40\x02\x00\x07")
    sock.receive()
    with pytest.raises(BlockingIOError):
        sock.recv(1)
    sock.next_packet()
    sock.next_packet()
    sock.feed()
    assert sock.recv(1) == b"\x40"
    assert sock.recv(100) == b"\x02\x00\x07"
    with pytest.raises(BlockingIOError):
        sock.recv(1)


def test_the_end_is_reported_after_the_packets_before_it(pair: Pair) -> None:
    sock, broker = pair
    broker.sendall(b"\xe0\x00")
    broker.close()
    assert contents(sock) == [b""]
    sock.receive()
    assert sock.ended
    assert sock.pending()
    assert sock.recv(1) == b""


def test_a_connection_that_breaks_while_sending_still_returns_the_brokers_last_packet(pair: Pair) -> None:
    sock, broker = pair
    broker.sendall(b"\xe0\x02\x8e\x00")
    broker.close()
    sock.send(b"x")
    sock.flush()
    assert contents(sock) == [b"\x8e\x00"]
    sock.flush()
    assert sock.ended
    assert not sock.unsent


def test_bytes_that_are_no_packet_end_the_connection(pair: Pair) -> None:
    sock, broker = pair
    broker.sendall(b"\x30" + b"\xff" * 8)
    sock.receive()
    assert sock.next_packet() is None
    with pytest.raises(OSError, match="length has no end"):
        sock.recv(1)


def test_sending_waits_for_flush_goes_as_far_as_it_can_and_keeps_the_rest(pair: Pair) -> None:
    sock, broker = pair
    broker.setblocking(False)
    sent = 0
    while not sock.full:
        sent += sock.send(b"%08d" % sent * 1000)
    with pytest.raises(BlockingIOError):
        broker.recv(1)
    with pytest.raises(BlockingIOError):
        sock.send(b"x")
    received = b""
    while sock.unsent:
        sock.flush()
        received += broker.recv(1 << 20)
    assert received == b"".join(b"%08d" % start * 1000 for start in range(0, sent, 8000))
