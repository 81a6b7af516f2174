"""The routes of the page, as docs/dashboard.md describes them."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
from sse_starlette.sse import EventSourceResponse
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from edge.alarms.event import Label
from edge.dashboard.broker_thread import BrokerThread
from edge.dashboard.history_reader import MOST_POINTS, HistoryReader
from edge.dashboard.page_board import PageBoard
from edge.dashboard.page_guard import COOKIE, PageGuard
from edge.dashboard.page_history import PageHistory
from edge.dashboard.page_messages import Overview
from edge.dashboard.page_questions import (
    AcknowledgeBody,
    LabelBody,
    LoginBody,
    ShelveBody,
    WrongQuestionError,
    moment_in,
    number_in,
    read_body,
    station_in,
)
from edge.dashboard.request_desk import AgentRefusalError, RequestDesk
from edge.dashboard.stream_hub import StreamHub
from edge.log import Log

STATIC = Path(__file__).parent / "static"
"""What a browser shows."""

_DAY = 86_400.0  # [s]
_MOST_ROWS = 100_000
_MOST_ALARMS = 500
_MISTAKE_DELAY = 1.0  # [s] after a wrong token
_REGIMES = ("background", "elevated", "plume")
_PING = 15  # [s]
_LOG = Log("dashboard")


class PageRoutes:
    """Answers browsers.

    Parameters
    ----------
    broker
        Connection to the broker; the board is read under its lock.
    board
        What is known.
    history
        The page's history.
    overview
        Makes the overview.
    hub
        Streams.
    desk
        Sends requests to the agents.
    """

    def __init__(
        self,
        *,
        broker: BrokerThread,
        board: PageBoard,
        history: PageHistory,
        overview: Callable[[], Overview],
        hub: StreamHub,
        desk: RequestDesk,
    ) -> None:
        self._broker = broker
        self._board = board
        self._history = history
        self._reader = HistoryReader(history.path)
        self._overview = overview
        self._hub = hub
        self._desk = desk
        self.guard: PageGuard | None = None

    def routes(self) -> list[BaseRoute]:
        """Return every route."""
        return [
            Route("/", _answered(self._index)),
            Mount("/static", StaticFiles(directory=STATIC, check_dir=False)),
            Route("/api/login", _answered(self._signed_in), methods=["GET"]),
            Route("/api/login", _answered(self._login), methods=["POST"]),
            Route("/api/logout", _answered(self._logout), methods=["POST"]),
            Route("/api/overview", _answered(self._get_overview)),
            Route("/api/stream", _answered(self._stream)),
            Route("/api/history", _answered(self._chart)),
            Route("/api/days", _answered(self._days)),
            Route("/api/alarms", _answered(self._alarms)),
            Route("/api/acknowledge", _answered(self._acknowledge), methods=["POST"]),
            Route("/api/label", _answered(self._label), methods=["POST"]),
            Route("/api/shelve", _answered(self._shelve), methods=["POST"]),
            Route("/api/synthesis", _answered(self._synthesis)),
            Route("/{rest:path}", _answered(self._nothing)),
        ]

    async def _index(self, request: Request) -> Response:
        return FileResponse(STATIC / "index.html", media_type="text/html")

    async def _nothing(self, request: Request) -> Response:
        return JSONResponse({"error": f"{request.url.path[:100]}: there is no such page"}, 404)

    async def _signed_in(self, request: Request) -> Response:
        assert self.guard is not None
        return JSONResponse({"signed_in": self.guard.admits(request.headers)})

    async def _login(self, request: Request) -> Response:
        body = await read_body(request, LoginBody)
        assert self.guard is not None
        if not self.guard.knows(body.token.strip()):
            await asyncio.sleep(_MISTAKE_DELAY)
            return JSONResponse({"error": "that is not the token of this page; fix: look into its file again"}, 401)
        return JSONResponse({"key": self.guard.key}, headers={"set-cookie": self.guard.cookie(request.url.scheme)})

    async def _logout(self, request: Request) -> Response:
        return Response(status_code=204, headers={"set-cookie": f"{COOKIE}=; Path=/; Max-Age=0; HttpOnly"})

    async def _get_overview(self, request: Request) -> Response:
        return _json(self._overview())

    async def _stream(self, request: Request) -> Response:
        if self._hub.full:
            return JSONResponse({"error": "as many browsers as there may be look at this page already"}, 503)
        return EventSourceResponse(self._hub.stream(), ping=_PING, headers={"cache-control": "no-store"})

    async def _chart(self, request: Request) -> Response:
        query = request.query_params
        end = number_in(query, "end", time.time(), 0.0, 1e11)
        start = number_in(query, "start", end - _DAY, 0.0, 1e11)
        points = int(number_in(query, "points", 600, 2, MOST_POINTS))
        if not start < end:
            raise WrongQuestionError(f"start: got {start:g}, expected a time before end ({end:g})")
        return await self._read(self._reader.chart, station_in(query), start, end, points)

    async def _days(self, request: Request) -> Response:
        year = int(number_in(request.query_params, "year", time.localtime().tm_year, 1970, 9999))
        return await self._read(self._reader.days, station_in(request.query_params), year)

    async def _alarms(self, request: Request) -> Response:
        query = request.query_params
        limit = int(number_in(query, "limit", 50, 1, _MOST_ALARMS))
        before = moment_in(query, "before")

        def found() -> dict[str, Any]:
            answer = self._reader.alarms(query.get("station"), limit, before)
            with self._broker.lock:
                known = {f"{base}/{name}" for base, name in self._board.stations.rows}
                connected = self._broker.link_view.state == "connected"
            for alarm in answer["alarms"]:  # nothing stands at a station that has gone
                alarm["standing"] &= not connected or alarm["station_id"] in known
            return answer

        return await self._read(found)

    async def _acknowledge(self, request: Request) -> Response:
        body = await read_body(request, AcknowledgeBody)
        return await self._label_alarm(body.station, body.id, body.label, body.comment)

    async def _label(self, request: Request) -> Response:
        body = await read_body(request, LabelBody)
        return await self._label_alarm(body.station, body.id, body.label, body.comment)

    async def _label_alarm(self, station: str, one: str, label: Label | None, comment: str | None) -> Response:
        asked = {"id": one, "label": label, "comment": comment}
        body = {key: value for key, value in asked.items() if value is not None}
        data = await self._desk.ask(self._base(station), "alarm/acknowledge", body)
        if data.get("closed") is not None:  # no event follows, because the agent has none of it any more
            self._broker.run_soon(lambda: self._history.label(station, one, label, comment))
        return _json({"data": data})

    async def _shelve(self, request: Request) -> Response:
        body = await read_body(request, ShelveBody)
        asked: dict[str, Any] = {"id": body.id, "minutes": body.minutes}
        if body.comment is not None:
            asked["comment"] = body.comment
        return _json({"data": await self._desk.ask(self._base(body.station), "alarm/shelve", asked)})

    async def _synthesis(self, request: Request) -> Response:
        query = request.query_params
        station = station_in(query)
        base, name = self._place(station)
        body: dict[str, Any] = {
            "station": name, "format": "csv", "n": int(number_in(query, "rows", 100, 2, _MOST_ROWS)),
        }  # fmt: skip
        if query.get("seed"):
            body["seed"] = int(number_in(query, "seed", 0, 0, 2**53))
        if query.get("regime"):
            if query["regime"] not in _REGIMES:
                raise WrongQuestionError(f"regime: got {query['regime'][:50]!r}, expected {' | '.join(_REGIMES)}")
            body["from"] = {"regime": query["regime"]}
        parts = self._desk.parts(base, "synthesize", body)
        first = await anext(parts)
        file = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "_" for c in f"{name}-{first.get('seed')}")
        headers = {"content-disposition": f'attachment; filename="synthetic-{file}.csv"'}
        return StreamingResponse(_rows(first, parts), media_type="text/csv; charset=utf-8", headers=headers)

    def _base(self, station: str) -> str:
        return self._place(station)[0]

    def _place(self, station: str) -> tuple[str, str]:
        with self._broker.lock:
            place = self._board.place_of(station)
        if place is None:
            raise AgentRefusalError(404, f"station: got {station[:100]!r}, which has published nothing")
        return place

    async def _read(self, question: Callable[..., dict[str, Any]], *words: object) -> Response:
        try:
            return _json(await run_in_threadpool(question, *words))
        except sqlite3.Error as error:
            return JSONResponse({"error": f"the page's history cannot be read: {error}"}, 503)


def _answered(handler: Callable[[Request], Any]) -> Callable[[Request], Any]:
    """Turn what goes wrong into an answer."""

    async def answer(request: Request) -> Response:
        try:
            response: Response = await handler(request)
        except WrongQuestionError as error:
            return JSONResponse({"error": str(error)}, 400)
        except AgentRefusalError as error:
            return JSONResponse({"error": str(error)}, error.status)
        except ClientDisconnect:
            return Response(status_code=400)
        except Exception as error:  # its traceback would be of no use to whoever reads the log
            _LOG.error("a request cannot be answered", every=60.0, path=request.url.path, error=repr(error))
            return JSONResponse({"error": "the page has a fault of its own; its log says more"}, 500)
        return response

    return answer


def _json(body: object) -> Response:
    return Response(msgspec.json.encode(body), media_type="application/json")


async def _rows(first: dict[str, Any], parts: AsyncIterator[dict[str, Any]]) -> AsyncIterator[str]:
    yield str(first.get("rows", ""))
    async for part in parts:
        yield str(part.get("rows", ""))
