"""Defines the body of the health topic."""

from __future__ import annotations

import msgspec

from edge.agent.station_health import StationReport
from edge.archive.archive_report import ArchiveReport


class Durations(msgspec.Struct, frozen=True, kw_only=True):
    """How long something took, over the last 1000 times; ``None`` before the first.

    Parameters
    ----------
    p50
        Median [ms].
    p99
        99th percentile [ms].
    """

    p50: float | None = None
    p99: float | None = None


class JournalReport(msgspec.Struct, frozen=True, kw_only=True):
    """State of the journal.

    Parameters
    ----------
    state
        ``ok``, or why it cannot commit: ``full``, ``locked``, ``corrupt``, ``io``.
    mb
        Its size [MB].
    held
        Readings that wait for a commit.
    set_aside
        Files that were damaged and set aside since the start.
    """

    state: str
    mb: float
    held: int
    set_aside: int


class HealthMessage(msgspec.Struct, frozen=True, kw_only=True):
    """Counts since the agent's start, what it costs, and what is wrong; every key is there, ``null`` without a value.

    Parameters
    ----------
    ts
        Time of the message, RFC 3339.
    uptime_s
        Time since the start [s].
    cpu_s
        CPU time of the process [s].
    rss_mib
        Its resident memory [MiB].
    mqtt
        Version of MQTT in use: ``5`` or ``3.1.1``; ``None`` before the first connection.
    stations
        Stations known.
    readings
        Readings scored.
    late
        Readings among them that were scored beside the order.
    retained
        Retained messages, which are not scored.
    stray
        Messages on topics that no entry matches.
    duplicates
        Messages that had come before, and were not scored again.
    distrusted
        Readings whose time stamp was not used, because nothing bears it out.
    clock_jumps
        Jumps of the gateway's clock.
    batches
        Turns with readings.
    largest_batch
        Most readings in one turn.
    failed_batches
        Batches of which not every reading could be scored at once.
    batch_ms
        From the arrival of a batch to its acknowledgement.
    requests
        Requests answered.
    journal
        State of the journal.
    archive
        State of the archive.
    commit_ms
        Duration of a commit.
    backlog
        Batches of scores that the broker has not confirmed.
    outbox
        Events and dead letters that the broker has not confirmed.
    scores
        Scores published.
    historical
        Scores among them that were published again, or after the connection they were made on.
    scores_refused
        Scores that the broker refused.
    events
        Events of alarms.
    dead_letters
        Payloads that could not be used.
    dead_letters_held_back
        Payloads among them that have no dead letter, because their topic had too many.
    dropped
        Events and dead letters that the full outbox dropped.
    connections
        Connections that the broker accepted.
    refused_publications
        Publications that the broker refused.
    refused_subscriptions
        Subscriptions that the broker refused.
    dropped_acks
        Acknowledgements of messages from an earlier connection: the broker sends those messages again.
    dropped_while_held
        Messages at QoS 0 that came while there was no room: they are lost.
    taken_over
        Connections that the broker ended because another client used the agent's client id.
    short
        Connections that ended within 10 s without a reason.
    refused
        Topic -> the broker's reason for refusing the last publication there.
    by_station
        Station -> its counts and problems, as on its topic ``counts``. No more than fit into 250 kB, or into a packet
        that the broker takes; those with problems come first.
    stations_left_out
        Stations that did not fit.
    """

    ts: str
    uptime_s: float
    cpu_s: float
    rss_mib: float | None
    mqtt: str | None
    stations: int
    readings: int
    late: int
    retained: int
    stray: int
    duplicates: int
    distrusted: int
    clock_jumps: int
    batches: int
    largest_batch: int
    failed_batches: int
    batch_ms: Durations
    requests: int
    journal: JournalReport
    archive: ArchiveReport
    commit_ms: Durations
    backlog: int
    outbox: int
    scores: int
    historical: int
    scores_refused: int
    events: int
    dead_letters: int
    dead_letters_held_back: int
    dropped: int
    connections: int
    refused_publications: int
    refused_subscriptions: int
    dropped_acks: int
    dropped_while_held: int
    taken_over: int
    short: int
    refused: dict[str, str]
    by_station: dict[str, StationReport]
    stations_left_out: int
