"""check: a channel that comes in another unit, and bundles that nobody signs, are warnings."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from edge.commands.check import add_arguments
from tests.doubles import GOOD
from tests.edge.commands.test_check import Run, Sender
from tests.mqtt_client import Connect
from tests.running_broker import RunningBroker


@pytest.fixture
def run(tmp_path: Path, bundles: dict[str, Path], protocol: str) -> Run:
    return Run(tmp_path, bundles["both"], protocol)


@pytest.mark.broker
def test_another_unit_is_a_warning_with_the_line_to_write(run: Run, broker: RunningBroker, client: Connect) -> None:
    body = GOOD | {"temperature_c": GOOD["temperature_c"] * 1.8 + 32, "r2602_ohm": GOOD["r2602_ohm"] / 1000}
    with Sender(client(broker.port), f"{run.topic}/st-1", body):
        checked = run(broker.port, listen=0.4)
        declared = run(broker.port, listen=0.4, station=", units: {temperature_c: degF, r2602_ohm: kOhm}")
    assert checked.passed
    assert checked.has("warning", "units: {temperature_c: degF, r2602_ohm: kOhm}")
    assert declared.has("ok", "st-1: ")
    assert not declared.has("warning", "units")


@pytest.mark.broker
def test_bundles_without_a_signature_are_a_warning(run: Run, broker: RunningBroker) -> None:
    checked = run(broker.port, more="rollout: {unsigned: true}\n")
    assert checked.has("warning", "rollout.unsigned: true: whoever may publish requests can replace")


def test_how_long_it_listens_can_be_set() -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    assert parser.parse_args(["-c", "g.yaml", "--listen", "90"]).listen == 90.0
    with pytest.raises(SystemExit):
        parser.parse_args(["-c", "g.yaml", "--listen", "-1"])
