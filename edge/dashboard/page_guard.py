"""Keeps out who has no business at the page, and gives every answer its headers."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from config.settings.broker import is_loopback

COOKIE = "davylamp"
"""Name of the cookie."""

_YEAR = 31_536_000  # [s]
_OPEN = ("/api/login", "/api/logout")  # what is answered without a token, beside what is not below /api


class PageGuard:
    """Checks the host, the origin and the token of every request.

    Parameters
    ----------
    app
        The page.
    token
        What a request has to know; ``None``: nothing, because only this computer is listened to.
    hosts
        Further names of the page.
    embed
        Pages that may show it in a frame.
    """

    def __init__(self, app: ASGIApp, token: str | None, hosts: Sequence[str] = (), embed: Sequence[str] = ()) -> None:
        self._app = app
        self._token = token
        self._hosts = {host.lower() for host in hosts}
        self._embedded = bool(embed)
        frames = " ".join(("'self'", *embed)) if embed else "'none'"
        self._headers = {
            "content-security-policy": (
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
                "font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; "
                f"frame-ancestors {frames}"
            ),
            "x-content-type-options": "nosniff",
            "referrer-policy": "no-referrer",
            "cross-origin-resource-policy": "same-origin",
            "cross-origin-opener-policy": "same-origin",
            "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
            **({} if embed else {"x-frame-options": "DENY"}),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers[name] = value
                headers.setdefault("cache-control", "no-store" if scope["path"].startswith("/api") else "no-cache")
            await send(message)

        refusal = self._refusal(scope)
        await (self._app if refusal is None else refusal)(scope, receive, send_guarded)

    def knows(self, token: str) -> bool:
        """Return whether somebody has the right token."""
        return self._token is None or secrets.compare_digest(token.encode(), self._token.encode())

    def admits(self, headers: Headers) -> bool:
        """Return whether a request has the token, or what stands for it."""
        if self._token is None:
            return True
        kind, _, given = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and (self.knows(given.strip()) or self._is_key(given.strip())):
            return True
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
        except CookieError:
            return False
        return cookie is not None and self._is_key(cookie.value)

    def cookie(self, scheme: str) -> str:
        """Return the header of a cookie that stands for the token."""
        secure = scheme == "https"
        site = "None; Partitioned" if self._embedded and secure else "Strict"
        rest = f"Path=/; Max-Age={_YEAR}; HttpOnly; SameSite={site}" + ("; Secure" if secure else "")
        return f"{COOKIE}={self.key}; {rest}"

    @property
    def key(self) -> str:
        """What a browser keeps: it stands for the token, and is not the token."""
        return hmac.new((self._token or "").encode(), b"davylamp dashboard cookie", hashlib.sha256).hexdigest()

    def _refusal(self, scope: Scope) -> ASGIApp | None:
        headers, path = Headers(scope=scope), scope["path"]
        host = headers.get("host", "").lower()
        if self._token is None and not self._is_ours(host):
            sentence = f"got the host {host[:100]!r}, which is not this page's; fix: dashboard.hosts in gateway.yaml"
            return _error(403, sentence)
        if not path.startswith("/api"):
            return None
        origin = headers.get("origin")
        from_elsewhere = origin is not None and not self._is_same(origin, host)
        if from_elsewhere or headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
            sentence = f"got a request of the page {(origin or 'of another site')[:100]!r}, expected this page's own"
            return _error(403, f"{sentence}; fix: dashboard.hosts in gateway.yaml, behind a reverse proxy")
        if scope["method"] == "POST" and headers.get("content-type", "").partition(";")[0] != "application/json":
            return _error(400, "content-type: expected application/json")
        if path in _OPEN or self.admits(headers):
            return None
        return _error(401, "no token, or a wrong one; fix: sign in with the token of the page")

    def _is_ours(self, host: str) -> bool:
        name = urlsplit(f"//{host}").hostname if _parses(host) else None
        return host in self._hosts or (name is not None and (name in self._hosts or is_loopback(name)))

    def _is_same(self, origin: str, host: str) -> bool:
        parts = urlsplit(origin) if _parses(origin) else None
        where = parts.netloc.lower() if parts else ""
        return bool(where) and (where == host or where in self._hosts or (parts and parts.hostname) in self._hosts)

    def _is_key(self, given: str) -> bool:
        return secrets.compare_digest(given.encode(), self.key.encode())


def _parses(address: str) -> bool:
    try:
        urlsplit(address if "//" in address else f"//{address}").port  # noqa: B018  # raises
    except ValueError:
        return False
    return True


def _error(status: int, sentence: str) -> JSONResponse:
    return JSONResponse({"error": sentence}, status)
