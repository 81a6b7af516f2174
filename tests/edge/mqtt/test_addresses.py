"""Which addresses are this machine's own."""

from __future__ import annotations

import socket
import struct

import pytest

from edge.mqtt.addresses import on_this_machine, refuse_itself, resolve


def test_loopback_and_the_name_of_it_are_here() -> None:
    for host in ("127.0.0.1", "127.3.2.1", "::1", "localhost"):
        assert on_this_machine(resolve(host, 1883))


def test_any_other_address_of_ours_is_here_too() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect(("192.0.2.1", 9))  # sends nothing; only chooses the address that would be used
        except OSError:
            pytest.skip("no network: this machine has no other address")
        assert on_this_machine([sock.getsockname()[0]])


def test_other_machines_are_not_here() -> None:
    assert not on_this_machine(["192.0.2.1", "2001:db8::1", "not an address"])
    assert not on_this_machine([])


def test_one_address_of_ours_suffices() -> None:
    assert on_this_machine(["192.0.2.1", "127.0.0.1"])


def test_a_socket_that_is_connected_to_itself_is_no_broker() -> None:
    with socket.socket() as alone:
        alone.bind(("127.0.0.1", 0))
        alone.connect(alone.getsockname())  # TCP's simultaneous open
        with pytest.raises(ConnectionRefusedError, match="refused"):
            refuse_itself(alone)
        assert alone.fileno() == -1


def test_two_ends_are_a_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        refuse_itself(client)
        assert client.fileno() >= 0


def test_a_broker_that_has_hung_up_already_is_left_to_whoever_reads_from_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        hung_up, _ = server.accept()
        hung_up.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # closes by a reset
        hung_up.close()
        with pytest.raises(OSError, match="not connected"):
            client.getpeername()
        refuse_itself(client)
        assert client.fileno() >= 0
