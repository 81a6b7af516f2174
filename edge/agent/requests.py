"""Answers requests: a verb under ``request/`` is answered by one message or more under ``response/``."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from config.settings.gateway import Gateway
from edge.agent.answers import AcknowledgeAnswer, Answer, RateAnswer, Refusal, ShelveAnswer
from edge.agent.closed_alarms import ClosedAlarmLabels
from edge.agent.discovery_requests import DiscoveryRequests
from edge.agent.home_assistant import HomeAssistant
from edge.agent.presence_messages import InfoMessage
from edge.agent.request_bodies import (
    AcknowledgeRequest,
    InfoRequest,
    RateRequest,
    SchemaRequest,
    ShelveRequest,
    TransactionId,
)
from edge.agent.request_document import parse_request, transaction_of
from edge.agent.request_reader import read_request
from edge.agent.schema_requests import SchemaRequests
from edge.agent.stations import Stations
from edge.agent.synthesis_requests import SynthesisRequest, SynthesisRequests
from edge.alarms.event import Event
from edge.alarms.panel import AlarmPanel
from edge.clock import Clock
from edge.errors import JournalError, RequestError
from edge.journal.transaction import RateRow
from edge.log import ONCE_A_MINUTE, Log
from edge.mqtt.link import Link
from edge.mqtt.message import Message
from edge.mqtt.topics import Topics

ANSWER_EXPIRY = 600
"""Message expiry interval of an answer [s]."""

_WAITING = 32  # most requests that wait
_REFUSALS, _REFUSED_BYTES = 1000, 4 << 20  # most refusals that wait, and bytes of what askers want repeated in them
_LONGEST_REASON = 2000  # characters; it may name whatever a request contains
_IN_FLIGHT = 20  # QoS 1 publications; from here on the next part waits until the broker keeps up
_RATE_HOLDS = "it is set again, or scoring.exceedances_per_1000 in gateway.yaml changes"
_INTERNAL = "internal error: see the agent's log"
_LONGEST_VERB = 128  # characters that are echoed in a topic

Answers = Iterator[msgspec.Struct]
Verbs = Mapping[str, tuple[type[msgspec.Struct], Callable[[Any, int | None], Answers]]]


@dataclass
class _Job:
    verb: str
    transaction: TransactionId
    answers: Answers
    response_topic: str | None
    correlation: bytes | None
    room: int | None = None  # [B] for an answer; None: no limit is known

    @property
    def asked_bytes(self) -> int:  # that an answer has to repeat [B]
        return len(self.response_topic or "") + len(self.correlation or b"")


class Requests:
    """Reads requests and answers them, one message a turn, so that no request keeps a reading waiting.

    Refusals wait for their turn as well, which comes after the acks: an answer that ends the connection, because the
    broker does not take it, must not bring its request back.

    Parameters
    ----------
    gateway
        Settings.
    stations
        Stations that can be asked about, and their rate.
    panel
        Alarms that can be acknowledged and shelved.
    closed_alarms
        Labels alarms that have closed.
    home_assistant
        Is announced to, or forgotten.
    info
        Returns the body of the ``info`` answer.
    publish_events
        Publishes the events that a request has caused, possibly none, and the alarms that stand now.
    keep_rate
        Journals the rate that a request has set, and publishes it.
    link
        The connection.
    topics
        Names of the topics.
    clock
        Paces requests for synthetic rows.
    others
        Verbs of other rooms -> the type of their body, and what answers them.

    Attributes
    ----------
    answered : int
        Requests answered completely, errors included.
    """

    def __init__(
        self,
        gateway: Gateway,
        stations: Stations,
        panel: AlarmPanel,
        closed_alarms: ClosedAlarmLabels,
        home_assistant: HomeAssistant,
        *,
        info: Callable[[], InfoMessage],
        publish_events: Callable[[list[Event]], None],
        keep_rate: Callable[[RateRow], None],
        link: Link,
        topics: Topics,
        clock: Clock,
        others: Verbs | None = None,
    ) -> None:
        self.answered = 0
        self._stations = stations
        self._panel = panel
        self._closed_alarms = closed_alarms
        self._info = info
        self._publish_events = publish_events
        self._keep_rate = keep_rate
        self._link = link
        self._topics = topics
        self._prefixes = gateway.topics.response_prefixes
        self._log = Log("requests", clock)
        self._synthesis = SynthesisRequests(stations, gateway.synthesis, clock)
        self._jobs: deque[_Job] = deque()
        self._refusals: deque[tuple[_Job, Refusal]] = deque()
        self._refused_bytes = 0
        self._verbs: Verbs = {
            "synthesize": (SynthesisRequest, self._synthesis.answer),
            "alarm/acknowledge": (AcknowledgeRequest, self._acknowledge),
            "alarm/shelve": (ShelveRequest, self._shelve),
            "rate/set": (RateRequest, self._set_rate),
            "info": (InfoRequest, self._answer_info),
            "schema": (SchemaRequest, SchemaRequests(stations).answer),
            **DiscoveryRequests(home_assistant).verbs,
            **(others or {}),
        }

    @property
    def ready(self) -> bool:
        """Whether the next part of an answer can be published now."""
        link = self._link
        waiting = bool(self._jobs or self._refusals)
        return waiting and link.connected and not link.congested and link.in_flight < _IN_FLIGHT

    def take(self, verb: str, message: Message) -> None:
        """Read a request; errors in it are answered, too."""
        job = _Job(verb[:_LONGEST_VERB], None, iter(()), None, message.correlation)
        try:
            document = parse_request(message.payload)
            job.transaction = transaction_of(document)
            job.response_topic = self._response_topic(message)
            job.room = self._room(job)
            if len(self._jobs) >= _WAITING:
                raise RequestError(f"busy: {_WAITING} requests are waiting; try again later")  # noqa: TRY301
            job.answers = self._answers(verb, document, job.room)
        except RequestError as error:
            self._refuse(job, str(error))
        except JournalError:
            raise  # the request waits until the journal can be read
        except Exception:  # whatever it is, a request must not stop the agent, and come back after its restart
            self._log.exception("request failed", verb=job.verb)
            self._refuse(job, _INTERNAL)
        else:
            self._jobs.append(job)

    def turn(self) -> None:
        """Publish a refusal, and the next part of an answer, of each waiting request in turn."""
        if self._refusals and self.ready:
            job, refusal = self._refusals.popleft()
            self._refused_bytes -= job.asked_bytes
            self._answer(job, refusal)
            self.answered += 1
        if not self._jobs or not self.ready:
            return
        job = self._jobs.popleft()
        try:
            body = next(job.answers, None)
        except RequestError as error:
            self._refuse(job, str(error))
        except Exception:
            self._log.exception("request failed", verb=job.verb)
            self._refuse(job, _INTERNAL)
        else:
            if body is None:
                self.answered += 1
            elif self._answer(job, Answer(data=body, transaction=job.transaction)):
                self._jobs.append(job)

    def _refuse(self, job: _Job, reason: str) -> None:
        waiting = len(self._refusals)
        if waiting < _REFUSALS and self._refused_bytes + job.asked_bytes <= _REFUSED_BYTES:
            self._refused_bytes += job.asked_bytes
            self._refusals.append((job, Refusal(error=reason[:_LONGEST_REASON], transaction=job.transaction)))
            return
        self.answered += 1
        reason, fix = f"{waiting} refusals are waiting", "send fewer requests at a time"
        self._log.warning("request dropped without an answer", every=ONCE_A_MINUTE, reason=reason, fix=fix)

    def _answers(self, verb: str, document: dict[str, Any], room: int | None) -> Answers:
        known = self._verbs.get(verb)
        if known is None:
            raise RequestError(f"unknown request {verb[:64]!r}, expected one of {', '.join(self._verbs)}")
        struct, answer = known
        return answer(read_request(document, struct), room)

    def _response_topic(self, message: Message) -> str | None:
        topic = message.response_topic
        if topic is None:
            return None
        allowed = self._topics.may_answer(topic, self._prefixes)
        if not allowed or self._stations.group_at(topic) is not None:
            below = ", ".join((f"{self._topics.responses}/", *self._prefixes))
            raise RequestError(
                f"Response Topic {topic[:64]!r} is not allowed, expected one below {below}; "
                "fix: topics.response_prefixes in gateway.yaml"
            )
        return topic

    def _room(self, job: _Job) -> int | None:
        """Return the largest payload [B] that the broker takes on all topics of an answer; ``None`` without a limit."""
        rooms = [self._link.payload_limit(topic, job.correlation) for topic in self._topics_of(job)]
        return min((room for room in rooms if room is not None), default=None)

    def _topics_of(self, job: _Job) -> list[str]:
        fixed = self._topics.response(job.verb)
        return [fixed] if job.response_topic in (None, fixed) else [fixed, job.response_topic]

    def _answer(self, job: _Job, body: Answer[Any] | Refusal) -> bool:
        """Publish a message of an answer; return whether another may follow."""
        payload = msgspec.json.encode(body)
        room = self._room(job)
        if room is not None and len(payload) > room and isinstance(body, Answer):
            self._refuse(
                job,
                f"the answer is {len(payload)} bytes long, and the broker takes {room}; "
                "fix: max_packet_size in mosquitto.conf",
            )
            return False
        for topic in self._topics_of(job):
            self._link.publish(topic, payload, qos=1, expiry=ANSWER_EXPIRY, correlation=job.correlation)
        return True

    def _acknowledge(self, request: AcknowledgeRequest, _: int | None) -> Answers:
        try:
            events = self._panel.acknowledge(
                request.id, station=request.station, kind=request.kind, label=request.label, comment=request.comment
            )
        except RequestError:
            closed = request.id and self._closed_alarms.label(request.id, request.label, request.comment)
            if not closed:
                raise
            return iter([AcknowledgeAnswer(events=[], closed=closed)])
        self._publish_events(events)
        return iter([AcknowledgeAnswer(events=events)])

    def _shelve(self, request: ShelveRequest, _: int | None) -> Answers:
        if request.id is None and request.station is not None and request.station not in self._stations:
            known = ", ".join(sorted(station.name for station in self._stations)) or "none yet"
            raise RequestError(f"station: got {request.station[:64]!r}, expected one that has sent a reading: {known}")
        events = self._panel.shelve(
            request.id,
            station=request.station,
            kind=request.kind,
            minutes=request.minutes,
            comment=request.comment,
        )
        self._publish_events(events)
        return iter([ShelveAnswer(events=events, shelved=self._panel.shelved())])

    def _set_rate(self, request: RateRequest, _: int | None) -> Answers:
        try:
            row = self._stations.request_rate(request.exceedances_per_1000)
        except ValueError as error:
            raise RequestError(str(error)) from error
        self._keep_rate(row)
        self._log.warning("requested rate changed by a request", exceedances_per_1000=self._stations.rate)
        return iter([RateAnswer(exceedances_per_1000=self._stations.rate, until=_RATE_HOLDS)])

    def _answer_info(self, request: InfoRequest, _: int | None) -> Answers:
        return iter([self._info()])
