"""What the page costs: the agent's CPU time per reading with and without it, its own memory, and how fast it answers.

Two agents take turns with the same readings; the page, with a browser that reads its stream, subscribes to one of them.
The median over the rounds counts, and the turns of each round are compared with one another only. The page's history
holds a month already.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rig.agent import ROOT
from rig.bench import Bench, settled_cpu, wait
from rig.broker import MISSING, free_port, mosquitto
from rig.bundle import quick_bundle
from rig.play import STATIONS, Difference, take_turns
from rig.process import cpu_seconds, peak_mib, pin
from rig.response_times import RATE

from edge.dashboard.history_tiers import DAY, TIERS
from edge.dashboard.page_history import PageHistory
from edge.dashboard.series_bin import HistorySample

CPU_GOAL, MEMORY_GOAL, QUERY_GOAL, NEWS_GOAL = 2.0, 60.0, 200.0, 2000.0  # [%], [MiB], [ms], [ms]
MONTH = "davylamp/page/month"

Report = dict[str, Any]


class Page:
    """`davylamp dashboard` with a browser at its stream.

    Attributes
    ----------
    seen
        Score messages that the stream has brought: station -> [performance counter, s].
    """

    def __init__(self, folder: Path, broker: int) -> None:
        self.port = free_port()
        self.seen: dict[str, list[float]] = {}
        command = [sys.executable, "-m", "davylamp", "dashboard", "--broker", f"127.0.0.1:{broker}"]
        command += ["--base", "davylamp/page", "--listen", str(self.port), "--history", str(folder / "dashboard.db")]
        self._process = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)}
        )
        assert self._process.stdout is not None
        self._process.stdout.readline()
        self.pid = self._process.pid
        threading.Thread(target=self._read, daemon=True).start()

    def get(self, path: str) -> float:
        """Ask for something, and return how long the answer took [ms]."""
        connection = HTTPConnection("127.0.0.1", self.port)
        begun = time.perf_counter()
        connection.request("GET", path)
        connection.getresponse().read()
        took = 1e3 * (time.perf_counter() - begun)
        connection.close()
        return took

    def stop(self) -> None:
        """End the page."""
        self._process.terminate()
        self._process.wait()

    def _read(self) -> None:
        connection = HTTPConnection("127.0.0.1", self.port)
        connection.request("GET", "/api/stream")
        for line in connection.getresponse():
            if line.startswith(b'data: {"station"'):
                now = time.perf_counter()
                self.seen.setdefault(json.loads(line[6:])["station"]["station"], []).append(now)


def _fill(path: Path) -> None:
    """Give the history a month, with every bin that it can have."""
    history, now = PageHistory(path, 256), time.time()
    keys = [(f"channel_{i}", "Ohm") for i in range(9)]
    for width, kept in TIERS[:3]:
        for i in range(0, min(kept, 31 * DAY), width):
            level = 2000 + 50 * math.sin(i / 9000)
            history.add(MONTH, "[ppb]", keys, HistorySample(now - i, level, 1950.0, 2010.0, channels=[1.0] * 9))
            if i % (500 * width) == 0:
                history.commit()
    history.close()


def _news(bench: Bench, page: Page, count: int, first: int) -> list[float]:
    """Send single readings; returns how long each took to reach the browser [ms]."""
    took = []
    for seq in range(first, first + count):
        before = len(page.seen.get("st-0", []))
        sent = time.perf_counter()
        bench.publisher.send(bench.publisher.packet("page/st-0/readings", bench.payload(seq)))
        wait(lambda before=before: len(page.seen.get("st-0", [])) > before)  # type: ignore[misc]
        took.append(1e3 * (page.seen["st-0"][before] - sent))
        time.sleep(0.3)
    return took


def _differences(when: str, found: Difference, goal: float | None = None) -> Iterator[dict[str, Any]]:
    """Yield what the agent takes without and with the page."""
    yield {"what": f"agent without the page, {when} [us CPU a reading]", "value": round(found.cpu_us["alone"], 1)}
    yield {"what": "  with the page and a browser", "value": round(found.cpu_us["page"], 1)}
    yield {"what": "  more [%]", "value": round(found.more, 1)} | ({} if goal is None else {"goal": goal})
    yield {"what": "  at least, with a confidence of 90 % [%]", "value": round(found.low, 1)}
    yield {"what": "  at most [%]", "value": round(found.high, 1)}


def measure(bundle: Path, *, quick: bool) -> Report:
    """Let both agents take turns, then ask the page."""
    ram = Path("/dev/shm") if Path("/dev/shm").is_dir() else Path(tempfile.gettempdir())
    folder = Path(tempfile.mkdtemp(prefix="davylamp-", dir=ram))
    _fill(folder / "dashboard.db")
    bench = Bench(folder, bundle)
    rounds, count = (2, 200) if quick else (60, 200)
    agents = {name: bench.agent(name) for name in ("alone", "page")}
    page = Page(folder, bench.broker.port)
    try:
        pids = {name: bench.start(agent, name) for name, agent in agents.items()}
        for pid in pids.values():
            pin(pid, 0)
        pin(page.pid, 1)
        own = cpu_seconds(page.pid)
        full = take_turns(bench, pids, rounds, count)
        played = (rounds + 1) * count
        own = 1e6 * (settled_cpu(page.pid) - own) / (played * STATIONS)
        paced = take_turns(bench, pids, rounds // 2, count // 4, first=played, at_once=False)
        played += (rounds // 2 + 1) * (count // 4)
        news = _news(bench, page, 5 if quick else 40, played)
        for path in ("/", "/static/app.js", "/api/overview"):
            page.get(path)
        end = time.time()
        query = f"/api/history?station={quote(MONTH, safe='')}&start={end - 30 * DAY}&end={end}"
        queries = [page.get(query) for _ in range(5 if quick else 40)]
        memory = peak_mib(page.pid)
    finally:
        page.stop()
        for agent in agents.values():
            agent.stop()
        bench.end()
        shutil.rmtree(folder, ignore_errors=True)
    return {
        "benchmark": "dashboard",
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "quick": quick,
        "results": [
            *_differences(f"at {RATE} readings/s", paced, CPU_GOAL),
            *_differences("at full load", full),
            {"what": "the page's own at full load [us CPU a reading]", "value": round(own, 1)},
            {"what": "the page's peak resident memory [MiB]", "value": round(memory, 1), "goal": MEMORY_GOAL},
            {
                "what": "30 days of history, median [ms]",
                "value": round(statistics.median(queries), 1),
                "goal": QUERY_GOAL,
            },
            {"what": "30 days of history, slowest [ms]", "value": round(max(queries), 1)},
            {"what": "from a reading to the browser, median [ms]", "value": round(statistics.median(news), 1)},
            {"what": "from a reading to the browser, slowest [ms]", "value": round(max(news), 1), "goal": NEWS_GOAL},
        ],
    }


def main() -> int:
    """Measure, print, and return 1 if a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two short rounds, for a first look")
    parser.add_argument("--bundle", type=Path, metavar="DAVY", help="default: a quickly trained one, which is kept")
    parser.add_argument("--json", type=Path, metavar="PATH", help="also write the report to PATH")
    arguments = parser.parse_args()
    report: Report = {"benchmark": "dashboard", "skipped": MISSING}
    if mosquitto() is not None:
        report = measure(arguments.bundle or quick_bundle(), quick=arguments.quick)
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=2) + "\n")
    if "skipped" in report:
        print(f"skipped: {report['skipped']}")
        return 0
    print(f"{'the page, 10 stations':<64}{'measured':>10}{'goal':>8}")
    for one in report["results"]:
        print(f"{one['what']:<64}{one['value']:>10}{one.get('goal', ''):>8}")
    missed = [one for one in report["results"] if "goal" in one and one["value"] > one["goal"]]
    return 1 if missed and not report["quick"] else 0


if __name__ == "__main__":
    sys.exit(main())
