"""Runs the whole loop with embedded defaults and prints every step to the terminal."""

from __future__ import annotations

import math
import shutil
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from dataclasses import replace as replace_fields
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from msgspec.structs import replace
from rich.console import Console

from config.settings.gateway import ScoringSettings
from config.settings.station import Station
from config.settings.training import Training
from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.arrays import Floats
from edge.clock import rfc3339
from edge.mqtt.topics import Topics
from edge.readings.csv.writer import write_table
from edge.simulation.injection import Injection, inject
from edge.simulation.simulator import simulate_chamber
from export.demo.agent_process import AgentProcess
from export.demo.demo_client import DemoClient
from export.demo.embedded_broker import EmbeddedBroker
from export.demo.injection_outcome import InjectionOutcome, alarm_spans, find_outcomes, unexplained_alarms
from export.demo.live_view import LiveView
from export.demo.summary import print_summary
from export.demo.timeline import draw_timeline
from export.errors import ExportError
from export.export import export
from trainer.data.record import Record, load_record
from trainer.train import train

_STATION = "st-1"
_CADENCE = 60.0  # [s] of station time between two readings
_LIVE_ROWS = 640
_SIMULATED_LIVE = 12110  # first row of the simulated live stream: no injection, and a step of 5 K after 530 rows
_SYNTHETIC_ROWS = 200
_WIDTH = 110  # if the output is no terminal


@dataclass(frozen=True)
class _Scene:
    """The record to train on, and the rows to publish live."""

    station: Station
    record: Record
    live: Floats
    injections: tuple[Injection, ...]


def demo(
    folder: Path,
    *,
    data: Sequence[Path] = (),
    station: Path = METHANE,
    broker: str | None = None,
    seed: int = 1,
    settings: Training = Training(model="both"),  # noqa: B008 - frozen
    rate: float = 40.0,
    out: TextIO = sys.stdout,
) -> list[InjectionOutcome]:
    """Train, export, run the agent, inject a leak and a stuck sensor, ask for synthetic rows, sum up.

    Parameters
    ----------
    folder
        Folder for the run, the bundle, the synthetic rows and the timeline; files of an earlier demo are replaced.
    data
        A real record in place of the simulated one; its last rows are not trained on but published live.
    station
        The station file that describes ``data``.
    broker
        ``HOST[:PORT]`` of a running anonymous broker; ``None`` starts an embedded one.
    seed
        Seed of the simulated station, the training and the injections.
    settings
        How to train.
    rate
        Live readings per second.
    out
        Where the steps are printed.

    Raises
    ------
    DavylampError
        A step failed; nothing is left running.
    """
    console = Console(file=out, highlight=False, width=None if out.isatty() else _WIDTH)
    scene = _real_scene(data, load_station(station)) if data else _simulated_scene(load_station(station), seed)
    folder.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(folder / "run", ignore_errors=True)

    _heading(console, 1, "train", f"{len(scene.record.values):,} readings of {scene.station.name}, AE and VAE")
    began = time.monotonic()
    run = train(scene.record, replace(settings, seed=seed), folder / "run", progress=out)
    console.print(f"  done in {time.monotonic() - began:.0f} s")

    _heading(console, 2, "export", "encoder, decoder, scorer and tables as one bundle")
    bundle = folder / "demo.davy"
    export(run, bundle, out=out)

    with ExitStack() as stack:
        host, port, protocol = _broker(stack, broker)
        _heading(console, 3, "agent", f"a process of its own, broker {host}:{port}")
        topics = Topics("davylamp/demo")
        agent = stack.enter_context(AgentProcess(folder, bundle, host, port, protocol))
        client = stack.enter_context(DemoClient(host, port, topics, _STATION))
        agent.wait_online(client)

        _heading(console, 4, "live", f"{len(scene.live)} readings, {rate:g} a second, one a minute of station time")
        for injection in scene.injections:
            console.print(f"  to be injected: {injection}", style="dim")
        times = _play(scene, client, console, agent, rate)

        _heading(console, 5, "synthesize", f"{_SYNTHETIC_ROWS} rows asked for on {topics.request('synthesize')}")
        rows = client.synthesize(_SYNTHETIC_ROWS, seed=7)
        write_table(folder / "synthetic.csv", scene.station.names, np.asarray(rows), digits=6)

    row_of = times.index
    outcomes = find_outcomes(scene.injections, client.events, row_of)
    _draw(folder / "timeline.png", scene, client, alarm_spans(client.events, row_of, len(times)))
    print_summary(console, folder, outcomes, unexplained_alarms(scene.injections, client.events, row_of), len(times))
    return outcomes


def _heading(console: Console, step: int, name: str, text: str) -> None:
    console.print(f"\n[bold cyan]{step} {name}[/]  {text}")


def _simulated_scene(station: Station, seed: int) -> _Scene:
    record = Record.from_values(simulate_chamber(seed=seed), station)
    other_run = simulate_chamber(seed=seed + 1)
    quiet = other_run[_SIMULATED_LIVE : _SIMULATED_LIVE + _LIVE_ROWS]
    return _scene(station, record, quiet, seed)


def _real_scene(files: Sequence[Path], station: Station) -> _Scene:
    record = load_record(files, station)
    rows = len(record.values)
    live = min(_LIVE_ROWS, rows // 10)
    if live < 100:
        raise ExportError(
            f"{files[0]}: got {rows} usable rows, expected at least 1000; the demo plays the last tenth live"
        )
    return _scene(station, _first(record, rows - live), record.values[rows - live :], seed=1)


def _first(record: Record, rows: int) -> Record:
    """Keep the first rows only."""
    segments = tuple((start, min(end, rows)) for start, end in record.segments if start < rows)
    return replace_fields(record, values=record.values[:rows], segments=segments)


def _scene(station: Station, record: Record, quiet: Floats, seed: int) -> _Scene:
    """Inject a leak in the first third, and later a sensor that sticks at its last value until the end."""
    rows = len(quiet)
    sensors = [feature.key for feature in station.features if feature.role == "sensor"]
    key = sensors[0] if sensors else station.keys[-1]
    injections = [Injection("stuck", rows * 6 // 10, rows - rows * 6 // 10, key)]
    if "ch4_ppb" in station.keys:
        injections.insert(0, Injection("leak", rows // 5, rows // 6, size=4000.0))
    return _Scene(station, record, inject(quiet, injections, keys=station.keys, seed=seed), tuple(injections))


def _broker(stack: ExitStack, broker: str | None) -> tuple[str, int, str]:
    if broker is None:
        embedded = stack.enter_context(EmbeddedBroker())
        return embedded.host, embedded.port, embedded.protocol
    host, _, port = broker.partition(":")
    if port and not port.isdecimal():
        raise ExportError(f"--broker: got {broker!r}, expected HOST or HOST:PORT")
    return host, int(port or 1883), "auto"


def _play(scene: _Scene, client: DemoClient, console: Console, agent: AgentProcess, rate: float) -> list[str]:
    """Publish the live rows at their pace, show the agent's messages, and return the rows' times (RFC 3339)."""
    total = len(scene.live)
    start = time.time() - total * _CADENCE
    times = [rfc3339(start + row * _CADENCE) for row in range(total)]
    began = time.monotonic()
    with LiveView(console, total) as view:
        for row, values in enumerate(scene.live):
            body: dict[str, Any] = dict(zip(scene.station.keys, values.tolist(), strict=True))
            client.publish(f"sensors/{_STATION}/readings", body | {"ts": times[row], "seq": row})
            if row % 5 == 0:
                view.show(client.scores, client.events)
                agent.check_alive()
            time.sleep(max(0.0, began + row / rate - time.monotonic()))
        client.wait(lambda: len(client.scores) >= total, timeout=10.0)
        view.show(client.scores, client.events)
    if len(client.scores) < total:
        raise ExportError(f"agent: scored {len(client.scores)} of {total} readings; its log: {agent.log}")
    return times


def _draw(path: Path, scene: _Scene, client: DemoClient, alarms: Sequence[tuple[str, int, int]]) -> None:
    stuck = scene.injections[-1].key or scene.station.keys[-1]
    gas = scene.station.gas_index
    draw_timeline(
        path,
        methane_ppb=None if gas is None else scene.live[:, gas],
        sensor=scene.live[:, scene.station.keys.index(stuck)],
        sensor_label=stuck,
        scores=client.scores,
        injected=[(i.kind, i.start, i.end) for i in scene.injections],
        alarms=alarms,
        threshold=-math.log10(ScoringSettings().exceedances_per_1000 / 1000),
    )
