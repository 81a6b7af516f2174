"""The life of a simulated field station over three seasons, by the commands that a person would type.

Trained in the first; in the second, which is unlike it, the false-alarm budget breaks; then its readings are collected,
a new bundle is trained, pushed, tried in shadow and activated; and in the third the budget is kept. Every command is
printed with what it answers, and in the end there is the page of that life.
"""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from rig.broker import MISSING, Broker, mosquitto

Report = dict[str, Any]

ROOT = Path(__file__).resolve().parent.parent
BASE, STATION = "davylamp/field", "st-1"
REQUESTED, ALLOWED = 0.01, 1.5
SHADOW = 300
READINGS_A_SECOND = 300
_PATIENCE = 120.0  # [s]
GATEWAY = """gateway: field
broker: {{host: 127.0.0.1, port: {port}}}
stations: [{{topic: "sensors/{{station}}/readings", bundle: one.davy}}]
archive: {{days: 3650}}
rollout: {{trusted_keys: {{laptop: {key}}}, shadow_readings: {shadow}}}
health: {{every: 1}}
"""


class Bystander:
    """Keeps the latest message of every topic of the gateway, every alarm that opened, and those that stand."""

    def __init__(self, port: int) -> None:
        self.latest: dict[str, Any] = {}
        self.opened: dict[str, dict[str, Any]] = {}
        self.standing: dict[str, str] = {}
        self.in_shadow: list[int] = []
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = self._on_message
        self._client.connect("127.0.0.1", port)
        self._client.subscribe(f"{BASE}/#", qos=1)
        self._client.loop_start()

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        try:
            body = json.loads(message.payload)
        except ValueError:
            return
        topic = message.topic.removeprefix(f"{BASE}/")
        self.latest[topic] = body
        if topic == f"{STATION}/model" and (body["waiting"] or {}).get("phase") == "shadow":
            self.in_shadow.append(body["waiting"]["readings"])
        if topic == f"{STATION}/event":
            if body["event_type"] == "open":
                self.opened[body["id"]] = body
            self.standing[body["id"]] = body["kind"]
            if body["event_type"] == "close":
                del self.standing[body["id"]]

    def wait(self, what: str, condition: Any) -> None:
        """Wait until the messages are as they should be."""
        end = time.monotonic() + _PATIENCE
        while not condition(self.latest):
            if time.monotonic() > end:
                raise SystemExit(f"{what}: did not happen within {_PATIENCE:g} s")
            time.sleep(0.1)

    def close(self) -> None:
        """Disconnect."""
        self._client.loop_stop()
        self._client.disconnect()


class Loop:
    """A folder in which commands are run, and an agent."""

    def __init__(self, folder: Path, *, rows: int, quick: bool) -> None:
        self.folder = folder
        self.rows = rows
        self.quick = ["--quick"] if quick else []
        self.broker = Broker(folder / "broker")
        self.outputs: dict[str, str] = {}
        self._agent: subprocess.Popen[bytes] | None = None

    def run(self, line: str, *more: str) -> str:
        """Run a command, and print it with its answer."""
        words = [*shlex.split(line), *more]
        print(f"$ davylamp {' '.join(words)}", flush=True)
        done = subprocess.run(
            [sys.executable, str(ROOT / "davylamp.py"), *words],
            cwd=self.folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
        print(done.stdout, end="", flush=True)
        if done.returncode:
            raise SystemExit(f"{words[0]}: exit code {done.returncode}\n{done.stderr[-2000:]}")
        return done.stdout

    @property
    def where(self) -> list[str]:
        """Options that name the gateway."""
        return ["--broker", f"127.0.0.1:{self.broker.port}", "--base", BASE]

    def start_agent(self) -> None:
        """Start the agent."""
        with (self.folder / "agent.log").open("ab") as log:
            command = [sys.executable, str(ROOT / "davylamp.py"), "agent", "-c", "gateway.yaml"]
            self._agent = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log)

    def close(self) -> None:
        """Stop the agent and the broker."""
        if self._agent is not None and self._agent.poll() is None:
            self._agent.terminate()
            self._agent.wait(30)
        self.broker.end()

    def replay(self, file: str, rows: str, seen: Bystander) -> None:
        """Let the station send rows, and wait until the last one has its score."""
        self.run(
            f"replay {file} --station field.yaml --rows {rows} --speed {READINGS_A_SECOND} --id {STATION}",
            "--broker", f"127.0.0.1:{self.broker.port}",
        )  # fmt: skip
        last = int(rows.partition(":")[2]) - 1
        seen.wait(f"score of row {last}", lambda latest: latest.get(f"{STATION}/score", {}).get("seq") == last)


def live(loop: Loop) -> Iterator[tuple[str, str]]:
    """Live through three seasons; yields what happened."""
    for season in (1, 2, 3):
        loop.run(f"simulate --mode field --season {season} --rows {loop.rows} --seed 3 -o season-{season}.csv")
    template = (ROOT / "config/templates/methane.yaml").read_text(encoding="utf-8")
    (loop.folder / "field.yaml").write_text(template.replace("\ntime: null ", "\ntime: time "), encoding="utf-8")
    loop.run("train season-1.csv --station field.yaml -o run-1 --bundle one.davy", *loop.quick)
    key = loop.run("keygen laptop.key").split("laptop: ")[1].split("}")[0]
    loop.broker.start()
    (loop.folder / "gateway.yaml").write_text(
        GATEWAY.format(port=loop.broker.port, key=key, shadow=SHADOW), encoding="utf-8"
    )
    seen = Bystander(loop.broker.port)
    try:
        loop.start_agent()
        seen.wait("online", lambda latest: latest.get("state", {}).get("state") == "online")
        loop.replay("season-2.csv", f"0:{loop.rows}", seen)
        yield from _gateway_says("second", seen)
        if not any(one["kind"] == "retrain" for one in seen.opened.values()):
            raise SystemExit("the second season was not announced: no alarm of kind retrain")
        for alarm in [one for one in seen.opened.values() if one["kind"] == "methane"][:3]:
            loop.run(f"request alarm/acknowledge station={STATION} id={alarm['id']} label=plume", *loop.where)
        loop.run(f"collect --station {STATION} -o recent.csv", *loop.where)
        said = loop.run("retrain season-1.csv --collected recent.csv --bundle one.davy -o new.davy", *loop.quick)
        yield "retrained", next(line for line in said.splitlines() if line.startswith("keep the"))
        loop.run(f"push new.davy --station {STATION} --key laptop.key", *loop.where)
        new = said.rstrip().splitlines()[-1].split("bundle ")[1]
        tried = SHADOW + 200
        loop.replay("season-3.csv", f"0:{tried}", seen)
        seen.wait("activation", lambda latest: latest[f"{STATION}/model"]["waiting"] is None)
        model = seen.latest[f"{STATION}/model"]
        compared = model["last"]["comparison"]
        yield "shadow", f"{compared['readings']} readings scored by both, agreement {compared['agreement']}"
        yield "active", model["active"]["bundle"]
        if model["active"]["bundle"] != new:
            raise SystemExit(f"the new bundle is not active: {model}")
        if not seen.in_shadow:
            raise SystemExit("the new bundle was in no shadow")
        loop.replay("season-3.csv", f"{tried}:{loop.rows}", seen)
        yield from _gateway_says("third", seen)
        loop.run(f"collect --station {STATION} -o life.csv", *loop.where)
    finally:
        seen.close()


def _gateway_says(season: str, seen: Bystander) -> Iterator[tuple[str, str]]:
    """Yield what the gateway says by itself at the end of a season."""
    time.sleep(2.0)  # health comes every second
    kinds = Counter(one["kind"] for one in seen.opened.values())
    yield f"alarms up to the {season} season", ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    yield f"standing after the {season}", ", ".join(sorted(set(seen.standing.values()))) or "none"
    report = seen.latest["health"]["by_station"][STATION]
    for key in ("shift", "drift"):
        yield f"{key} after the {season}", json.dumps(report[key])


def page(loop: Loop) -> dict[str, dict[str, float]]:
    """Draw the page of the life; returns the share that exceeds by file and bundle."""
    loop.run("report one.davy new.davy --life season-1.csv life.csv -o life.html --png figures")
    numbers = json.loads((loop.folder / "figures" / "budget.json").read_text())
    stretches = numbers["stretches"]
    first = min(one["since"] for one in stretches)
    shares: dict[str, dict[str, float]] = {}
    for name, scores in numbers["bundles"].items():
        for season in (1, 2, 3):
            counts = [
                count
                for one, count in zip(stretches, scores["consistency"], strict=True)
                if round((one["since"] - first) / (90 * 86400.0) - 0.25) == season - 1
            ]
            readings = sum(count[0] for count in counts)
            exceeding = sum(count[1][0] for count in counts)
            shares.setdefault(f"season {season}", {})[name] = exceeding / readings if readings else 0.0
    return shares


def main() -> int:
    """Live, print, and return 1 if the budget was not broken in the second season or not kept in the third."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="short trainings")
    parser.add_argument("--folder", type=Path, metavar="PATH", help="where everything is kept; default: nowhere")
    parser.add_argument("--json", type=Path, metavar="PATH", help="also write the report to PATH")
    arguments = parser.parse_args()
    report: Report = {"benchmark": "seasons", "skipped": MISSING}
    good = True
    if mosquitto() is None:
        print(f"skipped: {MISSING}")
    else:
        with tempfile.TemporaryDirectory(prefix="davylamp-") as scratch:
            folder = arguments.folder or Path(scratch) / "seasons"
            folder.mkdir(parents=True)
            loop = Loop(folder, rows=6000, quick=arguments.quick)
            try:
                story = dict(live(loop))
            finally:
                loop.close()
            shares = page(loop)
        good = shares["season 2"]["one.davy"] > ALLOWED * REQUESTED >= shares["season 3"]["new.davy"]
        report = {"benchmark": "seasons", "results": {"story": story, "shares": shares, "good": good}}
        print()
        for name, text in story.items():
            print(f"{name}: {text}")
        print(f"{'consistency, 1 % requested':<28}{'one.davy':>12}{'new.davy':>12}")
        for season, of in shares.items():
            print(f"{season:<28}{100 * of['one.davy']:>10.2f} %{100 * of['new.davy']:>10.2f} %")
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=2) + "\n")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
