"""A station that sends at a steady rate, and somebody who pushes one new bundle after the other."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from config.settings.broker import Broker
from edge.bundles.archive import pack, unpack
from edge.clock import SystemClock
from edge.mqtt.command_link import command_link
from edge.mqtt.link import Subscription
from edge.mqtt.topics import Topics
from edge.rollout.push_session import VERBS, PushSession
from edge.rollout.signing_key import SigningKey
from edge.stop import Stop
from rig.bench import Bench
from rig.raw import RawPublisher

KEY = SigningKey(bytes(range(32)))
PATIENCE = 60.0  # [s] for one push


class Variants:
    """Bundles that differ in nothing but the time at which they were trained."""

    def __init__(self, bundle: Path) -> None:
        self._contents = unpack(bundle.read_bytes(), str(bundle))
        self._made = 0

    def next(self) -> bytes:
        """Make a bundle that is newer than all before."""
        self._made += 1
        created = f"2100-01-01T{self._made // 3600:02}:{self._made // 60 % 60:02}:{self._made % 60:02}Z"
        manifest = msgspec.structs.replace(self._contents.manifest, created=created)
        return pack(manifest, self._contents.members)


class SteadyStation(threading.Thread):
    """Sends readings at a steady rate until it is stopped."""

    def __init__(self, bench: Bench, port: int, topic: str, *, first: int, rate: float) -> None:
        super().__init__(name="station", daemon=True)
        self.sent = first
        self._bench = bench
        self._topic = topic
        self._rate = rate
        self._publisher = RawPublisher(port)
        self._ended = threading.Event()

    def run(self) -> None:
        """Send."""
        due = time.perf_counter()
        while not self._ended.is_set():
            self.sent += 1
            self._publisher.send(self._publisher.packet(self._topic, self._bench.payload(self.sent)))
            due += 1 / self._rate
            time.sleep(max(0.0, due - time.perf_counter()))

    def end(self) -> None:
        """Stop sending."""
        self._ended.set()
        self.join()
        self._publisher.close()


@contextmanager
def pushing(port: int, base: str) -> Iterator[Callable[[bytes], PushSession]]:
    """Return what makes the push of a bundle to the agent with a base topic."""
    topics = Topics(base)
    with Stop() as stop:
        subscriptions = [Subscription(topics.response(verb)) for verb in VERBS]
        with command_link(Broker(host="127.0.0.1", port=port), "benchmark", subscriptions, stop) as link:

            def session(data: bytes) -> PushSession:
                return PushSession(
                    link, topics, SystemClock(), data, "new.davy",
                    key=KEY, patience=PATIENCE, stop=lambda: stop.requested,
                )  # fmt: skip

            yield session
