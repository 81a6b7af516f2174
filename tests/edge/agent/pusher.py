"""Pushes bundles to an agent without a broker."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import msgspec

from config.settings.rollout import RolloutSettings
from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.agent.agent import Agent
from edge.mqtt.message import Message
from edge.rollout.push_statement import PushStatement
from edge.rollout.signing_key import SigningKey
from edge.simulation.simulator import simulate_chamber
from tests.doubles import FakeClock, FakeLink
from tests.edge.agent.agents import TOPICS, message

KEY = SigningKey(bytes(range(32)))
TRUSTED = RolloutSettings(trusted_keys={"laptop": KEY.public}, watched_readings=60)
_STATION = load_station(METHANE)
_ROWS = [row for row in simulate_chamber(3000, seed=4).tolist() if row[0] < 2600]  # without plumes


class Pusher:
    """Somebody who pushes bundles, and a station that sends readings."""

    def __init__(self, agent: Agent, link: FakeLink, clock: FakeClock) -> None:
        self.agent = agent
        self._link = link
        self._clock = clock
        self._sent = 0
        self.last_issued = 0.0

    def ask(self, verb: str, body: dict[str, Any]) -> dict[str, Any]:
        """Send a request; returns its answer."""
        known = len(self._link.on(TOPICS.response(verb)))
        self._link.incoming.append([message(body, topic=TOPICS.request(verb))])
        while len(self._link.on(TOPICS.response(verb))) == known:
            self.turn()
        answer: dict[str, Any] = self._link.on(TOPICS.response(verb))[-1]
        return answer

    def turn(self) -> None:
        """Let the agent take a turn, and the broker confirm everything."""
        self.agent.turn()
        self._link.confirm()

    def settle(self) -> None:
        """Take turns until nothing is done in the background."""
        self.turn()
        while self.agent._models.busy:
            self.turn()
        self.turn()

    def send(self, count: int, station: str = "st-1") -> list[int]:
        """Send readings one by one; returns the numbers of their scores."""
        before = self._sent
        for _ in range(count):
            self._link.incoming.append([self._reading(station)])
            self.turn()
        scores = self._link.on(TOPICS.score(station))  # after a restart, some come again
        return list(dict.fromkeys(each["n"] for each in scores if each["seq"] > before))

    def send_at_once(self, count: int) -> None:
        """Send readings that the agent takes in one turn."""
        self._link.incoming.append([self._reading("st-1") for _ in range(count)])
        self.turn()

    def _reading(self, station: str) -> Message:
        self._sent += 1
        self._clock.time += 60
        body = dict(zip(_STATION.keys, _ROWS[self._sent % len(_ROWS)], strict=True))
        stamped = body | {"seq": self._sent, "ts": self._clock.time}
        one = message(stamped, topic=f"sensors/{station}/readings", mid=self._sent)
        return msgspec.structs.replace(one, received=self._clock.time)

    def offer(self, data: bytes, *, key: SigningKey | None = KEY, **changed: Any) -> dict[str, Any]:
        """Offer a file; returns the answer."""
        sha256 = hashlib.sha256(data).hexdigest()
        self._clock.time += 1
        fields = {"base": TOPICS.base, "station": "st-1", "sha256": sha256, "size": len(data)}
        fields |= {"file": "new.davy", "issued": self._clock.time, "shadow": 40, "force": False}
        self.last_issued = changed.get("issued", self._clock.time)
        signed = {name: changed.get(f"signed_{name}", changed.get(name, value)) for name, value in fields.items()}
        signature = None if key is None else key.sign(PushStatement(**signed))
        body = {name: changed.get(name, value) for name, value in fields.items() if name not in ("base", "size")}
        body |= {"bytes": changed.get("size", len(data)), "signature": signature}
        return self.ask("model/offer", body)

    def chunk(self, content: bytes, offset: int, size: int = 20_000, **changed: Any) -> dict[str, Any]:
        """Send a chunk of a file; returns the answer."""
        part = base64.b64encode(content[offset : offset + size]).decode()
        body = {"sha256": hashlib.sha256(content).hexdigest(), "offset": offset, "data": part} | changed
        return self.ask("model/chunk", body)

    def bring(self, content: bytes) -> None:
        """Send a file that was offered."""
        for offset in range(0, len(content), 100_000):
            self.chunk(content, offset, 100_000)

    def push(self, data: bytes, **changed: Any) -> dict[str, Any]:
        """Offer a file and send it; returns the station's models."""
        answer = self.offer(data, **changed)
        while answer["status"] == "ok" and answer["data"]["received"] < len(data):
            answer = self.chunk(data, answer["data"]["received"], 100_000)
        self.settle()
        return answer if answer["status"] == "error" else self.models()

    def models(self) -> dict[str, Any]:
        """Return the station's models."""
        answer: dict[str, Any] = self.ask("model/status", {"station": "st-1"})["data"]
        return answer


def bundle_of(models: dict[str, Any]) -> str:
    """Return the id of the bundle that runs."""
    return str(models["active"]["bundle"])
