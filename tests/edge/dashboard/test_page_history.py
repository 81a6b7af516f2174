"""The page's history: what it keeps, how fast it answers, and what it survives."""

from __future__ import annotations

import math
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from edge.clock import rfc3339
from edge.dashboard.history_reader import HistoryReader
from edge.dashboard.history_tiers import DAY, TIERS, local_day
from edge.dashboard.page_history import PageHistory
from edge.dashboard.series_bin import HistorySample
from edge.errors import DashboardError
from tests.doubles import FakeClock
from tests.edge.watching.messages import event

STATION = "davylamp/gw1/st-1"
KEYS = [("ch4_ppb", "[ppb]"), ("temperature_c", "Cel")]
ROOT = Path(__file__).parents[3]


def sample(t: float, level: float | None = 2000.0, **fields: Any) -> HistorySample:
    made = HistorySample(t, level, 1950.0, 2010.0, (0.4, 1.2, None), exceeds=False, channels=[level, 20.0])
    return made._replace(**fields)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "dashboard.db"


@pytest.fixture
def now() -> float:
    return float(int(time.time()))


def test_a_chart_has_means_extremes_and_the_greatest_scores(path: Path, now: float) -> None:
    history = PageHistory(path, 64)
    begin = now // 600 * 600 - 600
    for i, level in enumerate((2000.0, 2400.0, None, 2200.0)):
        history.add(STATION, "[ppb]", KEYS, sample(begin + i, level, scores=(0.4, float(i), None), exceeds=i == 3))
        assert history.commit()  # bins grow over several transactions
    chart = HistoryReader(path).chart(STATION, begin - 60, begin + 60, 2)
    assert (chart["unit"], chart["step_s"]) == ("[ppb]", 60)
    assert chart["t"] == [begin]
    assert (chart["level"], chart["level_min"], chart["level_max"]) == ([2200.0], [2000.0], [2400.0])
    assert (chart["consistency"], chart["reconstruction"]) == ([3.0], [None])
    assert chart["channels"][1] == {"key": "temperature_c", "unit": "Cel", "mean": [20.0]}


def test_a_gap_breaks_the_line_and_the_usual_interval_does_not(path: Path, now: float) -> None:
    history = PageHistory(path, 64)
    begin = now // 600 * 600 - 6000
    for minute in (0, 1, 2, 3, 40, 41):
        history.add(STATION, "[ppb]", KEYS, sample(begin + 60 * minute))
    history.commit()
    chart = HistoryReader(path).chart(STATION, begin, begin + 3000, 2000)
    assert [round((t - begin) / 60) for t in chart["t"]] == [0, 1, 2, 3, 4, 40, 41]
    assert chart["level"] == [2000.0] * 4 + [None] + [2000.0] * 2


def test_thirty_days_are_read_in_less_than_200_ms(path: Path, now: float) -> None:
    history = PageHistory(path, 64)
    keys = [(f"k{i}", "Ohm") for i in range(9)]
    for i in range(0, 31 * DAY, 300):  # one reading a bin makes as many rows as any cadence does
        history.add(STATION, "[ppb]", keys, sample(now - 31 * DAY + i, channels=[20.0] * 9))
    history.commit()
    reader, best = HistoryReader(path), math.inf
    for _ in range(3):
        begun = time.process_time()
        chart = reader.chart(STATION, now - 30 * DAY, now, 600)
        best = min(best, time.process_time() - begun)
    assert len(chart["t"]) > 400
    assert best < 0.2
    assert len(reader.chart(STATION, now - 30 * DAY, now, 2000)["t"]) > 1500


def test_each_span_is_drawn_from_bins_that_reach_back_so_far(path: Path, now: float) -> None:
    PageHistory(path, 64).close()
    reader = HistoryReader(path)
    sources = {days: reader.chart(STATION, now - days * DAY, now, 600)["source"] for days in (0.04, 1, 7, 30, 365)}
    assert sources == {0.04: "seconds", 1: "minutes", 7: "five minutes", 30: "half hours", 365: "half hours"}


def test_bins_that_are_too_old_are_removed_and_days_stay(path: Path, fake_clock: FakeClock) -> None:
    history = PageHistory(path, 64, fake_clock)
    history.add(STATION, "[ppb]", KEYS, sample(fake_clock.now()))
    history.commit()
    fake_clock.time += 500 * DAY
    history.add(STATION, "[ppb]", KEYS, sample(fake_clock.now()))
    history.commit()
    with sqlite3.connect(path) as db:
        counts = dict(db.execute("select width, count(*) from bins group by width"))
    assert counts == {width: 1 for width, _ in TIERS} | {DAY: 2}


def test_the_file_stays_below_its_limit_and_the_days_stay(path: Path, now: float) -> None:
    history = PageHistory(path, 8)
    keys = [(f"k{i}", "Ohm") for i in range(20)]
    for day in range(4, -1, -1):
        for station in range(3):  # 14 MB in all
            for second in range(0, DAY, 60):
                t = now - day * DAY - second
                history.add(f"davylamp/gw1/st-{station}", "[ppb]", keys, sample(t, channels=[1.0] * 20))
            assert history.commit(), history.detail
    assert history.state == "ok"
    assert path.stat().st_size <= 8e6
    days = HistoryReader(path).days("davylamp/gw1/st-0", time.localtime(now).tm_year)
    assert len(days["days"]) >= 1
    assert days["records"]["highest"]["value"] == 2000.0


def test_a_full_disk_is_said_and_nothing_is_lost_when_there_is_room_again(
    path: Path, now: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = PageHistory(path, 64)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(1, 1, 0))
    assert history._db is not None
    history.commit()
    pages = history._db.execute("pragma page_count").fetchone()[0]
    history._db.execute(f"pragma max_page_count = {pages}")
    for i in range(3000):
        history.add(STATION, "[ppb]", KEYS, sample(now - 10 * i))
    assert not history.commit()
    assert history.state == "full"
    assert "fix: make room on its disk" in str(history.detail)
    history._db.execute("pragma max_page_count = 10000")
    assert history.commit()
    assert (history.state, history.detail) == ("ok", None)
    days = HistoryReader(path).days(STATION, time.localtime(now).tm_year)
    assert sum(day["readings"] for day in days["days"]) == 3000


def test_memory_is_bounded_while_nothing_can_be_written(path: Path, now: float) -> None:
    history = PageHistory(path, 64)
    assert history._db is not None
    history._db.close()  # every transaction fails from now on
    for i in range(25_000):
        history.add(STATION, "[ppb]", KEYS, sample(now - 31 * i))
    for i in range(3000):
        history.add_alarm(STATION, event(f"a{i}"))
    assert not history.commit()
    assert history.state == "failing"
    assert len(history._bins) <= 20_000
    assert list(history._alarms)[-1] == (STATION, "a2999")
    assert len(history._alarms) == 2000


def test_a_damaged_file_is_set_aside_and_said(path: Path, now: float) -> None:
    path.write_bytes(b"this is no database, and never was one" * 200)
    history = PageHistory(path, 64)
    assert history.state == "set aside"
    assert "begins anew" in str(history.detail)
    assert len(list(path.parent.glob("dashboard.db.damaged-*"))) == 1
    history.add(STATION, "[ppb]", KEYS, sample(now))
    assert history.commit()
    assert HistoryReader(path).chart(STATION, now - 60, now + 60, 10)["level"] == [2000.0]


def test_a_file_that_breaks_while_it_is_used_is_set_aside(path: Path, now: float) -> None:
    history = PageHistory(path, 64)
    for i in range(2000):
        history.add(STATION, "[ppb]", KEYS, sample(now - 10 * i))
    history.commit()
    assert history._db is not None
    history._db.execute("pragma wal_checkpoint(truncate)")
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(path.stat().st_size - 4096))
    history._db.close()
    history._db = None
    for _ in range(3):
        history.add(STATION, "[ppb]", KEYS, sample(now))
        history.commit()
    assert history.state == "set aside"
    assert history.commit()


@pytest.mark.parametrize("version", [0, 2])
def test_another_programs_file_is_left_alone(path: Path, version: int) -> None:
    with sqlite3.connect(path) as db:
        db.executescript(f"create table theirs (x); pragma user_version = {version};")
    db.close()
    before = path.read_bytes()
    with pytest.raises(DashboardError, match=r"expected 1; fix: dashboard\.history"):
        PageHistory(path, 64)
    assert path.read_bytes() == before


def test_what_was_committed_survives_kill_9(path: Path, now: float) -> None:
    script = (
        "import sys, time\nfrom pathlib import Path\nfrom edge.dashboard.page_history import PageHistory\n"
        "from edge.dashboard.series_bin import HistorySample\n"
        "history, n = PageHistory(Path(sys.argv[1]), 64), 0\n"
        "while True:\n"
        f"    history.add({STATION!r}, '[ppb]', [], HistorySample({now!r}, 2000.0)); history.commit(); n += 1\n"
        "    print(n, flush=True)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )  # fmt: skip
    assert process.stdout is not None
    for _ in range(50):
        committed = int(process.stdout.readline())
    process.send_signal(signal.SIGKILL)
    process.wait()
    days = HistoryReader(path).days(STATION, time.localtime(now).tm_year)
    assert days["days"][0]["readings"] >= committed
    PageHistory(path, 64).close()


def test_alarms_are_kept_and_one_whose_end_was_missed_is_closed(path: Path, now: float) -> None:
    history = PageHistory(path, 64)
    opened = rfc3339(now - 600)
    history.add_alarm(STATION, event("a1", opened=opened))
    history.add_alarm(STATION, event("a2", opened=rfc3339(now - 300), kind="consistency"))
    history.settle(STATION, {"a2"}, now)
    history.commit()
    found = HistoryReader(path).alarms(STATION, 10, None)
    assert [(each["event"]["id"], each["standing"]) for each in found["alarms"]] == [("a2", True), ("a1", False)]
    assert found["alarms"][1]["event"]["closed"] == rfc3339(now)
    history.label(STATION, "a1", "plume", "valve 3")
    history.commit()
    older = HistoryReader(path).alarms(None, 1, now - 300)["alarms"][0]["event"]
    assert (older["label"], older["comment"], older["acknowledged"]) == ("plume", "valve 3", True)
    assert HistoryReader(path).alarms(STATION, 1, None)["more"]
    marks = HistoryReader(path).chart(STATION, now - 1000, now + 10, 100)["alarms"]
    assert [(mark["id"], mark["end"] is None) for mark in marks] == [("a1", False), ("a2", True)]
    assert marks[0]["peak"] == 9000.0


def test_days_are_local_and_have_their_alarms(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        before_midnight = 1_782_856_740.0  # 2026-06-30T23:59:00+02:00
        history = PageHistory(path, 64)
        for t, level in ((before_midnight, 2000.0), (before_midnight + 120, 3000.0)):
            history.add(STATION, "[ppb]", KEYS, sample(t, level))
        history.add_alarm(STATION, event("a1", opened=rfc3339(before_midnight + 120)))
        history.commit()
        assert local_day(before_midnight) == before_midnight - DAY + 60
        days = HistoryReader(path).days(STATION, 2026)
        assert [(day["day"], day["max"], day["alarms"]) for day in days["days"]] == [
            ("2026-06-30", 2000.0, 0),
            ("2026-07-01", 3000.0, 1),
        ]
        assert days["records"]["highest"] == {"day": "2026-07-01", "value": 3000.0}
        assert HistoryReader(path).days(STATION, 2025)["days"] == []
    finally:
        monkeypatch.undo()
        time.tzset()


def test_another_unit_begins_another_series(path: Path, now: float) -> None:
    history = PageHistory(path, 64)
    history.add(STATION, "[ppb]", KEYS, sample(now - 30, 2000.0))
    history.add(STATION, "[ppm]", KEYS, sample(now, 2.0))
    history.commit()
    chart = HistoryReader(path).chart(STATION, now - 60, now + 60, 2000)
    assert (chart["unit"], chart["level"]) == ("[ppm]", [2.0])


def test_nobody_else_may_read_it(path: Path, now: float) -> None:
    before = os.umask(0)
    try:
        history = PageHistory(path, 64)
        history.add(STATION, "[ppb]", KEYS, sample(now))
        history.commit()
        modes = {each.name: each.stat().st_mode & 0o777 for each in path.parent.iterdir()}
    finally:
        os.umask(before)
    assert modes == dict.fromkeys((f"dashboard.db{end}" for end in ("", "-wal", "-shm", ".lock")), 384)


def test_a_station_without_history_has_empty_columns(path: Path, now: float) -> None:
    PageHistory(path, 64).close()
    reader = HistoryReader(path)
    assert reader.chart("davylamp/gw1/new", now - 60, now, 10)["t"] == []
    days = reader.days("davylamp/gw1/new", 2026)
    assert (days["days"], days["records"]["highest"]) == ([], None)
    assert reader.since() is None
