"""What broker and agent write to the SD card in a day, from /proc/PID/io: idle, and with 20,000 readings waiting."""

from __future__ import annotations

import time
from statistics import median

from tests.gateway.figures import Figures
from tests.gateway.gateway import SERVICE, Gateway

_SAVES = 48  # a day: mosquitto.conf has autosave_interval 1800
_WINDOWS = 5
_WATCHED = 20  # [s]
_WAITING = 20_000


def test_a_gateway_writes_little_to_its_card(gateway: Gateway, figures: Figures) -> None:
    container = gateway.container
    assert "autosave_interval 1800" in container.shell("cat /etc/mosquitto/conf.d/*.conf")
    broker = int(container.property_of("mosquitto", "MainPID"))

    def save() -> int:
        before = gateway.written(broker)
        container.shell(f"kill -USR1 {broker}")
        time.sleep(2)
        return gateway.written(broker) - before

    gateway.score_one()
    save()
    pids = (broker, gateway.pid)
    windows = []
    for _ in range(_WINDOWS):
        before = sum(gateway.written(pid) for pid in pids)
        time.sleep(_WATCHED)
        windows.append(sum(gateway.written(pid) for pid in pids) - before)
    # The median: that a station falls silent is written once, to the journal and then to the archive: no day's rate.
    idle = median(windows) * 86400 / _WATCHED + save() * _SAVES
    figures.add("written a day, idle (0.2: 389 MB)", f"{idle / 1e6:.1f} MB")

    container.shell(f"systemctl stop {SERVICE}")
    before_filling = gateway.written(broker)
    gateway.publish(_WAITING)
    filling = gateway.written(broker) - before_filling
    one_save = save()
    a_day = one_save * _SAVES + filling
    figures.add(f"written a day, {_WAITING:,} waiting (0.2: 320 GB)", f"{a_day / 1e6:.0f} MB")
    container.shell(f"systemctl start {SERVICE}")
    with gateway.client("davylamp/gateway/st-1/score") as client:
        client.wait("davylamp/gateway/st-1/score", lambda body: body["seq"] == gateway.last_number, 120)
    assert idle <= 60e6
    assert one_save > 1e6  # what waits was written at all
    assert a_day <= 1e9
