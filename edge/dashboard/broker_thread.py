"""The page's connection to the broker, on a thread of its own."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from edge.clock import SystemClock, rfc3339
from edge.dashboard.page_board import PageBoard
from edge.dashboard.page_history import PageHistory
from edge.dashboard.page_messages import LinkView
from edge.log import Log
from edge.mqtt.link import Subscription
from edge.mqtt.message import Message
from edge.mqtt.options import Options
from edge.mqtt.reconnecting_link import ReconnectingLink
from edge.mqtt.topics import Topics
from edge.stop import Stop
from edge.watching.agent_subscriptions import WatchedKind, agent_subscriptions

_WAIT = 1.0  # [s] of a turn at most
_PAUSE = 1.0  # [s] after a fault of our own
_COMMIT_WATCHED, _COMMIT_ALONE = 2.0, 10.0  # [s] between two commits, with somebody at the page or nobody
_KINDS: tuple[WatchedKind, ...] = (
    "state", "info", "availability", "alarm", "model", "score", "event", "counts", "deadletter", "health",
)  # fmt: skip
_VERBS = ("alarm/+", "synthesize")


class WakingStop(Stop):
    """A :class:`~edge.stop.Stop` that another thread can also use to wake the loop."""

    def wake(self) -> None:
        """End the present waiting."""
        with contextlib.suppress(BlockingIOError):
            self._writer.send(b"\0")


@dataclass(frozen=True)
class Outgoing:
    """A request on its way.

    Parameters
    ----------
    base, verb
        Whose agent, and what is asked for.
    body
        The request's body, with its transaction.
    answered
        Called with each part of the answer, or with a sentence about why there is none; on the broker's thread.
    """

    base: str
    verb: str
    body: dict[str, Any]
    answered: Callable[[dict[str, Any] | str], None]


class BrokerThread:
    """Reads what the agents publish, keeps it, and sends requests.

    Parameters
    ----------
    options
        Address and login.
    base
        Base topic of the agents, ``+`` for any level.
    board
        Takes the messages.
    history
        Is written here.
    news
        Called after something is new; on this thread.

    Attributes
    ----------
    lock : threading.Lock
        Whoever reads the board holds it.
    watched : bool
        Whether somebody looks at the page: then what is new is written sooner.
    """

    def __init__(
        self, options: Options, base: str, board: PageBoard, history: PageHistory, news: Callable[[], None]
    ) -> None:
        self.lock = threading.Lock()
        self.watched = False
        self._options = options
        self._base = base
        self._board = board
        self._history = history
        self._news = news
        self._clock = SystemClock()
        self._log = Log("dashboard")
        self._stop = WakingStop()
        self._outgoing: queue.SimpleQueue[Outgoing] = queue.SimpleQueue()
        self._calls: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._waiting: dict[str, Outgoing] = {}
        self._sent: dict[int, str] = {}
        self._topics: tuple[str, ...] = ()
        self._committed = self._clock.monotonic()
        self._state, self._since = "connecting", self._clock.now()
        self._detail: str | None = None
        self._thread = threading.Thread(target=self._run, name="broker", daemon=True)

    @property
    def link_view(self) -> LinkView:
        """The connection, as the page shows it."""
        return LinkView(
            state=self._state, broker=self._options.address, detail=self._detail, since=rfc3339(self._since)
        )

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Write what is new, disconnect, and end."""
        self._stop.request()
        self._thread.join(10.0)

    def send(self, outgoing: Outgoing) -> None:
        """Send a request; from any thread."""
        self._outgoing.put(outgoing)
        self._stop.wake()

    def run_soon(self, call: Callable[[], None]) -> None:
        """Have something done on this thread, which alone writes the history; from any thread."""
        self._calls.put(call)
        self._stop.wake()

    def forget(self, transaction: str) -> None:
        """Wait no longer for an answer; from any thread."""
        self._waiting.pop(transaction, None)

    def _run(self) -> None:
        try:
            while not self._stop.requested:
                with self.lock:
                    self._topics = self._board.topics
                subscriptions = agent_subscriptions(self._base, _KINDS, _VERBS)
                subscriptions += [Subscription(each) for each in self._topics]
                link = ReconnectingLink(self._options, subscriptions, stop=self._stop)
                try:
                    self._follow(link)
                except Exception as error:  # the page goes on with the next connection, and the fault is in the log
                    self._log.error("the connection of the page has failed", every=60.0, error=repr(error))
                    time.sleep(_PAUSE)
                finally:
                    link.close()
        finally:
            self._history.close()

    def _follow(self, link: ReconnectingLink) -> None:
        """Take turns until a stop, or until other topics are needed."""
        while not self._stop.requested:
            messages = link.poll(_WAIT)
            self._turn(link, messages)
            link.acknowledge(messages)
            link.flush()
            self._commit_if_due()
            if self._board.topics != self._topics:
                return

    def _turn(self, link: ReconnectingLink, messages: list[Message]) -> None:
        for message in messages:
            try:
                if not self._answer(message):
                    with self.lock:
                        self._board.take(message)
            except Exception as error:  # a page that shows one thing wrong beats none; it is logged
                self._log.error("a message cannot be shown", every=60.0, topic=message.topic, error=repr(error))
        self._note_state(link)
        self._send_requests(link)
        while not self._calls.empty():
            self._calls.get()()
        if self._board.has_news:
            self._news()

    def _commit_if_due(self) -> None:
        now = self._clock.monotonic()
        pause = _COMMIT_WATCHED if self.watched else _COMMIT_ALONE
        if now - self._committed < (0.0 if self._history.urgent else pause):
            return
        self._committed = now
        if self._history.pending:
            before = self._history.state
            self._history.commit()
            if self._history.state != before:
                self._board.changed = True
                self._news()

    def _note_state(self, link: ReconnectingLink) -> None:
        failure = link.failure
        if link.connected:
            state, detail = "connected", None
            if link.refused:
                detail = f"the broker refuses {', '.join(link.refused)}; fix: allow this user to read it"
        else:
            state, detail = "connecting" if failure is None else "lost", None
            if failure is not None:
                again = "" if "fix: " in failure.detail else "; it is tried again until the broker answers"
                detail = f"{failure.event}: {failure.detail}{again}"
        if (state, detail) != (self._state, self._detail):
            if state != self._state:
                self._since = self._clock.now()
            self._state, self._detail = state, detail
            self._board.changed = True
            self._news()

    def _send_requests(self, link: ReconnectingLink) -> None:
        while not self._outgoing.empty():
            outgoing = self._outgoing.get()
            body = msgspec.json.encode(outgoing.body)
            number = link.publish(Topics(outgoing.base).request(outgoing.verb), body, qos=1)
            if number is None:
                outgoing.answered("there is no connection to the broker; fix: start it, or wait")
                continue
            transaction = str(outgoing.body["transaction"])
            self._waiting[transaction] = outgoing
            self._sent[number] = transaction
        for receipt in link.receipts():
            sent = self._waiting.get(self._sent.pop(receipt.mid, ""))
            if sent is not None and receipt.refusal is not None:
                sent.answered(f"{receipt.topic}: {receipt.refusal}; fix: allow the page's user to write it")

    def _answer(self, message: Message) -> bool:
        """Hand an answer to who waits for it; returns whether the message is one."""
        if "/response/" not in message.topic:
            return False
        with contextlib.suppress(ValueError, RecursionError):
            answer = msgspec.json.decode(message.payload, type=dict[str, Any])
            waiting = self._waiting.get(str(answer.get("transaction")))
            if waiting is not None and message.topic == Topics(waiting.base).response(waiting.verb):
                waiting.answered(answer)
        return True
