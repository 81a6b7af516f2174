"""Serves made-up answers, to build the page without a broker: ``python -m tests.edge.dashboard.sample_server``."""
# ruff: noqa: E501

from __future__ import annotations

import json
import math
import sys
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from mimetypes import guess_type
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

STATIC = Path(__file__).parents[3] / "edge" / "dashboard" / "static"
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; "
    "manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
KEYS = {"ch4_ppb": "[ppb]", "temperature_c": "Cel", "humidity_pct": "%", "r_ohm_1": "Ohm", "r_ohm_2": "Ohm"}
BASE = "davylamp/gw1"
STARTED = time.time()


def _iso(unix: float) -> str:
    return datetime.fromtimestamp(unix, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _level(t: float) -> float:
    plume = 3200 * math.exp(-((((t % 7200) - 3600) / 200) ** 2))
    return 2000 + 60 * math.sin(t / 4000) + 15 * math.sin(t / 7) + plume


def _event(opened: float, *, closed: float | None, kind: str = "methane") -> dict[str, Any]:
    return {
        "event_type": "close" if closed else "update", "id": f"st-1-{kind}-{opened:.0f}", "station": "st-1", "kind": kind,
        "by": "enhancement", "ts": _iso(opened + 10), "opened": _iso(opened), "closed": closed and _iso(closed),
        "score": None, "p": None, "peak": {"ts": _iso(opened + 5), "score": None, "p": None, "level_ppb": 5210.0,
        "unit": "[ppb]", "level": 5210.0}, "culprit": "ch4_ppb", "contributions": {"ch4_ppb": 0.7, "r_ohm_1": 0.2},
        "count": 11, "acknowledged": bool(closed), "shelved_until": None, "bundle": "a1b2c3d4", "historical": False,
        "duration_s": 10.0, "label": "plume" if closed else None, "comment": None, "closed_because": closed and "cleared",
    }  # fmt: skip


def _channels(t: float) -> dict[str, float]:
    values = (
        _level(t),
        19 + 4 * math.sin(t / 9000),
        55 + 9 * math.cos(t / 9000),
        31000 - _level(t),
        22000 - _level(t) / 2,
    )
    return dict(zip(KEYS, values, strict=True))


def _point(t: float) -> dict[str, Any]:
    scores = {"methane": 0.4, "consistency": 1 + abs(math.sin(t)), "reconstruction": 0.8}
    return {
        "t": t,
        "level": _level(t),
        "background": 1960.0,
        "virtual": _level(t) - 20,
        **scores,
        "channels": _channels(t),
    }


def _station(now: float, name: str = "st-1") -> dict[str, Any]:
    seen, high = name == "st-1", _level(now) > 2900
    values = _channels(now)
    methane = {
        "source": "measured", "level": _level(now), "background": 1960.0, "measured": _level(now), "sd": 81.0,
        "virtual": _level(now) - 20, "over_range": False, "under_range": False,
        "trend": {"per_hour": 12.5, "word": "rising"},
    }  # fmt: skip
    return {
        "id": f"{BASE}/{name}", "base": BASE, "gateway": "gw1", "station": name, "available": seen,
        "last_seen": _iso(now if seen else now - 86400), "cadence_s": 1.0, "state": "alarm" if high else "ok",
        "unit": "[ppb]", "methane": methane if seen else None,
        "scores": {"methane": 0.4, "consistency": 1.2, "reconstruction": 0.8},
        "thresholds": {"methane": 3.0, "consistency": 3.1, "reconstruction": 2.9},
        "shift": {"methane": None, "consistency": 0.1, "reconstruction": -0.1}, "exceeds": ["methane"] if high else [],
        "by": "enhancement" if high else None, "culprit": "r_ohm_1", "contributions": {"r_ohm_1": 0.6, "r_ohm_2": 0.2},
        "flags": {}, "out_of_domain": [], "bundle": "a1b2c3d4",
        "channels": [{"key": key, "unit": unit, "value": values[key], "flag": 1} for key, unit in KEYS.items()],
        "alarm": "ON" if high else "OFF", "fault": "OFF",
        "standing": [_event(STARTED - 120, closed=None)] if seen else [],
        "health": {"readings": 3600, "late": 0, "historical": 0, "distrusted": 0, "duplicates": 0,
                   "problems": {} if seen else {"cadence": "no reading for a day; fix: look at its power"}},
        "model": {"waiting": None, "last": None},
        "spark": [[t, _level(t)] for t in range(int(now) - 3600, int(now), 60)] if seen else [],
    }  # fmt: skip


def overview(now: float) -> dict[str, Any]:
    """Return a made-up answer to ``/api/overview``."""
    bundle = {
        "bundle": "a1b2c3d4", "file": "methane.davy", "created": _iso(now - 9e6), "station": "methane",
        "columns": list(KEYS), "units": list(KEYS.values()), "reconstruction": "vae", "generator": "vae",
        "gas_unit": "[ppb]", "background": 1950.0, "enhancement": 975.0, "no_onset": None,
    }  # fmt: skip
    health = {
        "ts": _iso(now - 30), "uptime_s": 3600.0, "cpu_s": 12.5, "rss_mib": 93.5, "readings": 3600, "dead_letters": 2,
        "journal": {"state": "ok", "mb": 0.4, "held": 0, "set_aside": 0}, "refused": {},
    }  # fmt: skip
    gateway = {
        "base": BASE, "gateway": "gw1", "state": "online", "since": _iso(now - 3600), "version": "0.2.0",
        "exceedances_per_1000": 1.0, "exceedances_from": "gateway.yaml", "bundles": [bundle], "health": health,
        "refused": 2, "refusal": "sensors/st-1/readings: ch4_ppb: got \"x\", expected a number",
    }  # fmt: skip
    return {
        "ts": _iso(now), "version": "0.2.0", "timezone": "Europe/Berlin", "link": _link(now),
        "history": {"state": "ok", "detail": None, "mb": 1.9, "since": _iso(now - 2.5e6)},
        "gateways": [gateway], "stations": [_station(now), _station(now, "st-2")],
    }  # fmt: skip


def _link(now: float) -> dict[str, Any]:
    return {"state": "connected", "broker": "localhost:1883", "detail": None, "since": _iso(now - 3600)}


def _history(start: float, end: float, points: int) -> dict[str, Any]:
    step = max(1, math.ceil((end - start) / points))
    t = list(range(int(start), int(end), step))
    rows = [_point(each) for each in t]
    columns = {key: [row[key] for row in rows] for key in rows[0] if key not in ("t", "channels")} if rows else {}
    marks = [
        {"id": f"st-1-methane-{each}", "kind": "methane", "start": each, "end": each + 400, "label": "plume",
         "acknowledged": True, "peak": 5210.0}
        for each in range(int(start // 7200) * 7200 + 3400, int(end), 7200)
    ]  # fmt: skip
    return {
        "station": f"{BASE}/st-1", "unit": "[ppb]", "start": start, "end": end, "step_s": step, "source": "minutes",
        "t": t, **columns, "level_min": [row["level"] - 20 for row in rows], "level_max": [row["level"] + 20 for row in rows],
        "channels": [{"key": key, "unit": unit, "mean": [row["channels"][key] for row in rows]} for key, unit in KEYS.items()],
        "alarms": marks,
    }  # fmt: skip


def _days(now: float, year: int) -> dict[str, Any]:
    days = [
        {"day": _iso(now - 86400 * i)[:10], "readings": 1440, "mean": 2031.0 + i, "min": 1948.8, "max": 3210.0 + 60 * (i % 9),
         "background": 1950.0, "exceedances": i % 12, "alarms": i % 3, "faults": 0}
        for i in range(200, -1, -1)
    ]  # fmt: skip
    top = {"day": days[0]["day"], "value": 5210.0}
    return {
        "station": f"{BASE}/st-1", "unit": "[ppb]", "year": year, "years": [year], "timezone": "Europe/Berlin", "days": days,
        "records": {"highest": top, "lowest": {**top, "value": 1948.8}, "most_alarms": {**top, "value": 2}},
    }  # fmt: skip


def _alarms(query: dict[str, str]) -> dict[str, Any]:
    events = [_event(STARTED - 120, closed=None), _event(STARTED - 8000, closed=STARTED - 7600)]
    events.append(_event(STARTED - 20000, closed=STARTED - 19000, kind="consistency"))
    found = [{"station_id": f"{BASE}/st-1", "standing": not each["closed"], "event": each} for each in events]
    return {"alarms": found, "more": False}


class SampleHandler(BaseHTTPRequestHandler):
    """Answers every route of docs/dashboard.md."""

    def do_GET(self) -> None:
        """Answer a GET."""
        parts, now = urlsplit(self.path), time.time()
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        if parts.path == "/api/overview":
            self._json(overview(now))
        elif parts.path == "/api/login":
            self._json({"signed_in": True})
        elif parts.path == "/api/history":
            end = float(query.get("end", now))
            self._json(_history(float(query.get("start", end - 86400)), end, int(query.get("points", 600))))
        elif parts.path == "/api/days":
            self._json(_days(now, int(query.get("year", _iso(now)[:4]))))
        elif parts.path == "/api/alarms":
            self._json(_alarms(query))
        elif parts.path == "/api/synthesis":
            rows = "".join(f"{2000 + i},20.5\n" for i in range(int(query.get("rows", 100))))
            self._send(200, f"ch4_ppb,temperature_c\n{rows}".encode(), "text/csv")
        elif parts.path == "/api/stream":
            self._stream()
        else:
            name = "index.html" if parts.path == "/" else parts.path.removeprefix("/static/")
            file = (STATIC / name).resolve()
            if not file.is_relative_to(STATIC) or not file.is_file():
                self._json({"error": f"{parts.path}: there is no such page"}, 404)
            else:
                self._send(200, file.read_bytes(), guess_type(file.name)[0] or "application/octet-stream")

    def do_POST(self) -> None:
        """Answer a POST: everything is carried out, and nothing changes."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/api/login":
            self._json({"key": "made-up"})
        else:
            self._json({"data": {"events": [], "closed": None}})

    def _stream(self) -> None:
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        try:
            self._event("overview", overview(time.time()))
            while True:
                now = time.time()
                self._event("reading", {"station": _station(now), "point": _point(now)})
                time.sleep(1)
        except OSError:
            return

    def _event(self, kind: str, body: object) -> None:
        self.wfile.write(f"event: {kind}\ndata: {json.dumps(body)}\n\n".encode())

    def _json(self, body: object, status: int = 200) -> None:
        self._send(status, json.dumps(body).encode(), "application/json")

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        for name, value in (
            ("Content-Type", kind),
            ("Content-Length", str(len(body))),
            ("Content-Security-Policy", CSP),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 8399), SampleHandler).serve_forever()
