"""Counts what the agent does, and measures what it costs."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from edge.agent.health_message import Durations, HealthMessage, JournalReport
from edge.agent.station_health import StationReport
from edge.archive.archive_report import ArchiveReport
from edge.clock import Clock, rfc3339
from edge.delivery.delivery import Delivery
from edge.journal.committer import Committer
from edge.mqtt.link import Link

_TIMED = 1000  # latest batches whose durations are kept
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass
class Health:
    """Counts since the start.

    Attributes
    ----------
    archive
        Returns the state of the archive.
    readings
        Readings scored.
    late
        Readings scored beside the order, because their time stamps do not follow those before them.
    retained
        Retained messages, which are not scored.
    stray
        Messages on topics that no entry matches.
    duplicates
        Messages that had come before, and were not scored again.
    distrusted
        Readings whose time stamp was not used, because nothing bears it out.
    clock_jumps
        Jumps of the wall clock.
    batches
        Turns with readings.
    largest_batch
        Most readings in one turn.
    failed_batches
        Batches of which not every reading could be scored at once.
    started
        Monotonic time of the start [s].
    """

    clock: Clock
    archive: Callable[[], ArchiveReport] = ArchiveReport
    readings: int = 0
    late: int = 0
    retained: int = 0
    stray: int = 0
    duplicates: int = 0
    distrusted: int = 0
    clock_jumps: int = 0
    batches: int = 0
    largest_batch: int = 0
    failed_batches: int = 0
    started: float = field(init=False)
    _durations: deque[float] = field(default_factory=lambda: deque(maxlen=_TIMED))

    def __post_init__(self) -> None:
        self.started = self.clock.monotonic()

    def count_batch(self, readings: int, seconds: float) -> None:
        """Count the readings of a turn, and the time from their arrival to their acknowledgement [s]."""
        self.batches += 1
        self.largest_batch = max(self.largest_batch, readings)
        self._durations.append(seconds)

    def message(
        self,
        link: Link,
        delivery: Delivery,
        committer: Committer,
        *,
        reports: Mapping[str, StationReport],
        requests: int,
    ) -> HealthMessage:
        """Return the body of the health topic, with the reports on all stations, however many they are."""
        p50, p99 = np.percentile(self._durations, (50, 99)).tolist() if self._durations else (None, None)
        commit_p50, commit_p99 = committer.journal.commit_seconds
        return HealthMessage(
            ts=rfc3339(self.clock.now()),
            uptime_s=round(self.clock.monotonic() - self.started, 1),
            cpu_s=round(time.process_time(), 2),
            rss_mib=_resident_mib(),
            mqtt=link.protocol,
            stations=len(reports),
            readings=self.readings,
            late=self.late,
            retained=self.retained,
            stray=self.stray,
            duplicates=self.duplicates,
            distrusted=self.distrusted,
            clock_jumps=self.clock_jumps,
            batches=self.batches,
            largest_batch=self.largest_batch,
            failed_batches=self.failed_batches,
            batch_ms=Durations(p50=_ms(p50), p99=_ms(p99)),
            requests=requests,
            journal=JournalReport(
                state=committer.fault or "ok",
                mb=committer.journal.mb,
                held=len(committer.transaction.readings),
                set_aside=committer.journal.set_aside,
            ),
            archive=self.archive(),
            commit_ms=Durations(p50=_ms(commit_p50), p99=_ms(commit_p99)),
            backlog=delivery.backlog,
            outbox=delivery.waiting,
            **asdict(delivery.counts),
            **asdict(link.counts),
            by_station=dict(reports),
            stations_left_out=0,
        )


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(1000 * seconds, 2)


def _resident_mib() -> float | None:
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError, ValueError):  # pragma: no cover  there is no /proc: not Linux
        return None
    return round(pages * _PAGE / 2**20, 1)
