"""Asks the page what a browser would ask."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode

from tests.dashboard_process import DashboardProcess

Serve = Callable[[int], DashboardProcess]
"""The fixture ``serve``: starts a page at a broker's port."""


class PageClient:
    """Requests to the page at a port of this computer.

    Parameters
    ----------
    port
        The port.
    headers
        Headers of every request.
    """

    def __init__(self, port: int, headers: dict[str, str] | None = None) -> None:
        self.port = port
        self.headers = headers or {}

    def request(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers (in lower case) and body of an answer."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=15)
        try:
            given = {"content-type": "application/json"} if body is not None else {}
            connection.request(
                method, path, None if body is None else json.dumps(body), self.headers | given | (headers or {})
            )
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def get(self, path: str, **query: object) -> Any:
        """Return a JSON answer."""
        status, _, body = self.request("GET", f"{path}?{urlencode(query)}" if query else path)
        assert status == 200, body
        return json.loads(body)

    def wait(self, condition: Callable[[Any], Any], timeout: float = 15.0) -> Any:
        """Wait until the overview fulfils a condition, and return what that returns."""
        deadline = time.monotonic() + timeout
        while True:
            overview = self.get("/api/overview")
            if found := condition(overview):
                return found
            assert time.monotonic() < deadline, json.dumps(overview, indent=1)
            time.sleep(0.05)

    @contextmanager
    def stream(self) -> Iterator[Iterator[tuple[str, Any]]]:
        """Read server-sent events as (name, body)."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request("GET", "/api/stream", headers=self.headers)
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()

        def events() -> Iterator[tuple[str, Any]]:
            name = ""
            while line := answer.readline().decode():
                if line.startswith("event: "):
                    name = line.removeprefix("event: ").strip()
                elif line.startswith("data: "):
                    yield name, json.loads(line.removeprefix("data: "))

        try:
            yield events()
        finally:
            connection.close()
