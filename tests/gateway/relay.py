"""A port on this machine that leads to a port in a container, whose network is otherwise its own."""

from __future__ import annotations

import ctypes
import os
import selectors
import socket
import threading
from collections.abc import Callable
from contextlib import suppress

_NEW_NETWORK = 0x40000000  # CLONE_NEWNET
_libc = ctypes.CDLL(None, use_errno=True)


class Relay:
    """Passes connections on, each in a thread of its own, because a network namespace belongs to a thread.

    Parameters
    ----------
    leader
        Returns the process whose network is meant; after another boot it is another one.
    target
        Port there.
    """

    def __init__(self, leader: Callable[[], int], target: int) -> None:
        self._leader = leader
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        with near:
            try:
                enter_network(self._leader())
                far = socket.create_connection(("127.0.0.1", self._target), 5)
            except OSError:
                return  # as if nothing listened
            with far:
                far.settimeout(None)
                for each in (near, far):
                    each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with suppress(OSError):
                    _pass_on(near, far)


def enter_network(pid: int) -> None:
    """Move this thread into the network of a process."""
    handle = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
    try:
        if _libc.setns(handle, _NEW_NETWORK):
            raise OSError(ctypes.get_errno(), "setns")
    finally:
        os.close(handle)


def _pass_on(one: socket.socket, other: socket.socket) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(one, selectors.EVENT_READ, other)
        selector.register(other, selectors.EVENT_READ, one)
        while True:
            for key, _ in selector.select():
                source = key.fileobj
                assert isinstance(source, socket.socket)
                data = source.recv(1 << 16)
                if not data:
                    return
                key.data.sendall(data)
