"""The network between the agent and its broker; it can be cut, stalled and closed."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Coroutine
from typing import Any

_CHUNK = 1 << 16  # [B]
_RESET = struct.pack("ii", 1, 0)  # closing drops data in flight and sends a reset


class Proxy:
    """Forwards one port to another, on a thread of its own.

    Parameters
    ----------
    port
        Port to listen on.
    target
        Port of the broker.
    """

    def __init__(self, port: int, target: int) -> None:
        self.port = port
        self._target = target
        self._server: asyncio.Server | None = None
        self._ends: set[asyncio.StreamWriter] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._swallows = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._thread.start()

    @property
    def connected(self) -> bool:
        """Whether a connection is established."""
        return bool(self._ends)

    def open(self) -> None:
        """Accept connections."""
        self._do(self._open())

    def close(self) -> None:
        """Reset all connections, and refuse new ones."""
        self._do(self._close())

    def cut(self) -> None:
        """Reset every connection; data in flight is lost."""
        self._do(self._cut())

    def hold(self) -> None:
        """Stop forwarding without closing any connection."""
        self._loop.call_soon_threadsafe(self._flowing.clear)

    def release(self) -> None:
        """Go on forwarding."""
        self._loop.call_soon_threadsafe(self._flowing.set)

    def swallow(self) -> None:
        """Drop what comes from the agent, and go on forwarding to it; :meth:`cut` ends that."""
        self._swallows = True

    def end(self) -> None:
        """Close, and end the thread."""
        self.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, what: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(what, self._loop).result(10)

    async def _open(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)

    async def _close(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.close()
        await self._cut()

    async def _cut(self) -> None:
        for end in list(self._ends):
            if not end.is_closing():
                end.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            end.transport.abort()
        self._ends.clear()
        self._swallows = False

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._ends.add(writer)
        try:
            other_reader, other_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            self._drop(writer)
            return
        self._ends.add(other_writer)
        await asyncio.gather(self._pump(reader, other_writer, up=True), self._pump(other_reader, writer))
        self._drop(writer)
        self._drop(other_writer)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, up: bool = False) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(_CHUNK):
                await self._flowing.wait()
                if up and self._swallows:
                    continue
                writer.write(data)
                await writer.drain()
        # When one end has closed, the other is closed once it has received everything.
        with contextlib.suppress(OSError):
            writer.close()

    def _drop(self, writer: asyncio.StreamWriter) -> None:
        self._ends.discard(writer)
        writer.transport.abort()
