"""Serves the page until SIGINT or SIGTERM."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
import signal
import socket
import sqlite3
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from config.errors import ConfigError
from config.settings.broker import Broker, handed_out
from config.settings.dashboard import DashboardSettings
from config.settings.gateway import StationEntry
from edge.clock import SystemClock, rfc3339
from edge.dashboard.broker_thread import BrokerThread
from edge.dashboard.channel_values import ChannelValues
from edge.dashboard.history_reader import HistoryReader, timezone_name
from edge.dashboard.page_board import PageBoard
from edge.dashboard.page_guard import PageGuard
from edge.dashboard.page_history import PageHistory
from edge.dashboard.page_messages import HistoryView, Overview
from edge.dashboard.page_routes import PageRoutes
from edge.dashboard.page_views import PageViews
from edge.dashboard.request_desk import RequestDesk
from edge.dashboard.stream_hub import StreamHub
from edge.errors import DashboardError
from edge.mqtt.options import Options

_SHORTEST = 16  # characters of a token
_GRACE = 2  # [s] for open requests at the end
_MOST_CONNECTIONS = 200


class _Server(uvicorn.Server):
    """A server whose signals are handled here."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Dashboard:
    """The page with everything behind it.

    Parameters
    ----------
    broker
        Broker to connect to.
    base
        Base topic of the agents, ``+`` for any level.
    settings
        Where the page is served, and what it keeps.
    entries
        Entries of gateway.yaml, which say how stations publish.
    version
        Version of davylamp.

    Raises
    ------
    ConfigError
        The token, the broker's password or a certificate cannot be read.
    DashboardError
        The history is another program's, or the address is taken.
    """

    def __init__(
        self,
        broker: Broker,
        base: str,
        settings: DashboardSettings,
        *,
        version: str,
        entries: tuple[StationEntry, ...] = (),
    ) -> None:
        self._settings = settings
        self._version = version
        self._clock = SystemClock()
        self.token_file, self._token = None, None  # type: Path | None, str | None
        if settings.token_file is not None or not settings.on_this_computer:
            self.token_file, self._token = read_token(settings)
        options = Options.from_settings(
            broker, client_id=f"davylamp-dashboard-{secrets.token_hex(4)}", session_expiry=0
        )
        self._socket = _listen(settings)
        self._history = PageHistory(Path(settings.history), settings.max_mb)
        self._reader = HistoryReader(Path(settings.history))
        self._since: float | None = None
        self._board = PageBoard(base, self._history, ChannelValues(entries))
        self._views = PageViews(self._board)
        self._wake: Callable[[], object] | None = None
        self._broker = BrokerThread(options, base, self._board, self._history, self._news)

    @property
    def address(self) -> str:
        """Where the page is."""
        host, port = self._socket.getsockname()[:2]
        if not host.strip("0.:"):  # every address
            host = socket.gethostname()
        elif host in ("127.0.0.1", "::1"):
            host = "localhost"
        return f"http://{f'[{host}]' if ':' in host else host}:{port}"

    def overview(self) -> Overview:
        """Return everything that is known now."""
        if self._since is None:
            with contextlib.suppress(sqlite3.Error):
                self._since = self._reader.since()
        with self._broker.lock:
            return Overview(
                ts=rfc3339(self._clock.now()),
                version=self._version,
                timezone=timezone_name(),
                link=self._broker.link_view,
                history=HistoryView(
                    state=self._history.state, detail=self._history.detail, mb=round(self._history.mb, 2),
                    since=None if self._since is None else rfc3339(self._since),
                ),
                gateways=self._views.gateways(),
                stations=self._views.stations(),
            )  # fmt: skip

    def serve(self, started: Callable[[], None] = lambda: None) -> None:
        """Serve the page; ``started`` is called once it answers."""
        with contextlib.closing(self._socket):
            asyncio.run(self._serve(started))

    def _news(self) -> None:
        """Wake the streams, from the broker's thread."""
        if self._wake is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                self._wake()

    async def _serve(self, started: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        hub = StreamHub(self._broker, self._views, self.overview)
        routes = PageRoutes(
            broker=self._broker, board=self._board, history=self._history, overview=self.overview, hub=hub,
            desk=RequestDesk(self._broker),
        )  # fmt: skip
        guard = PageGuard(Starlette(routes=routes.routes()), self._token, self._settings.hosts, self._settings.embed)
        routes.guard = guard
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        server = _Server(
            uvicorn.Config(
                guard, log_config=None, access_log=False, lifespan="off", ws="none", http="h11", loop="asyncio",
                server_header=False, limit_concurrency=_MOST_CONNECTIONS, timeout_graceful_shutdown=_GRACE,
            )
        )  # fmt: skip

        def stop() -> None:
            hub.close()
            server.should_exit = True

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop)
        self._wake = partial(loop.call_soon_threadsafe, hub.wake)
        self._broker.start()
        sending = asyncio.create_task(hub.run())
        started()
        try:
            await server.serve(sockets=[self._socket])
        finally:
            sending.cancel()
            await asyncio.to_thread(self._broker.stop)


def read_token(settings: DashboardSettings) -> tuple[Path, str]:
    """Return the file of the token and the token, which is made if no file is configured and there is none.

    Raises
    ------
    ConfigError
        It cannot be read or made, or is too short.
    """
    path = (
        Path(settings.history).with_suffix(".token") if settings.token_file is None else handed_out(settings.token_file)
    )
    where = "gateway.yaml: dashboard.token_file"
    try:
        if settings.token_file is None and not path.exists():
            file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(file, "w") as writer:
                writer.write(secrets.token_urlsafe(24) + "\n")
        token = path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigError([f"{where}: {path}: {reason}; fix: a file that this user can read"]) from None
    if len(token) < _SHORTEST:
        got = f"got {len(token)} characters"
        raise ConfigError([f"{where}: {path}: {got}, expected a token of at least {_SHORTEST}; fix: a longer one"])
    return path, token


def _listen(settings: DashboardSettings) -> socket.socket:
    host, port = settings.host, settings.port
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        made = socket.socket(family, socket.SOCK_STREAM)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
        made.listen(128)  # who reads the address that is printed must be able to connect
    except OSError as error:
        fix = "fix: --listen HOST:PORT with another one, or dashboard.port in gateway.yaml"
        raise DashboardError(f"{host}:{port}: {error.strerror or error}; {fix}") from error
    return made
