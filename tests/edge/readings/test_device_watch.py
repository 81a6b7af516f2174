"""Several devices that are one station are noticed; messages that count themselves are not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from edge.readings.device_watch import DeviceWatch


def problem(document: Callable[[int], Any], *, soon: bool = False, count: int = 24, **options: bool) -> str | None:
    watch = DeviceWatch()
    for n in range(count):
        one = document(n)
        watch.look(one, "t", one.get("seq"))
    return watch.problem(soon=soon, **options)


@pytest.mark.parametrize(
    ("document", "address"),
    [
        (lambda n: {"id": "ab"[n % 2]}, "id"),
        (lambda n: {"dev_eui": f"0{n % 5}"}, "dev_eui"),
        (lambda n: {"SensorId": f"84:{n // 3 % 2}"}, "SensorId"),
        (lambda n: {"deviceInfo": {"deviceName": f"pad {n % 3}", "tenantId": "x"}}, "deviceInfo.deviceName"),
        (lambda n: {"node": n % 3}, "node"),
    ],
)
def test_a_name_that_takes_several_values_in_turn(document: Callable[[int], Any], address: str) -> None:
    found = problem(document)
    assert found is not None
    assert found.startswith(f"{address} is ")
    assert found.endswith(f"fix: station_from: {address}")


@pytest.mark.parametrize(
    "document",
    [
        lambda n: {"id": "a"},
        lambda n: {"id": n},
        lambda n: {"id": n % 8},
        lambda n: {"id": str(UUID(int=n * 7919))},
        lambda n: {"deduplicationId": f"{n % 2}", "correlation_ids": [f"{n % 2}"], "fCnt": n % 2},
        lambda n: {"rxInfo": [{"gatewayId": f"{n % 2}"}], "gateway": {"id": f"{n % 2}"}},
        lambda n: {"name": "old" if n < 10 else "new"},
        lambda n: {"seq": n % 9, "ts": n},
        lambda n: {"seq": 100 - n},
        lambda n: {"serialno": None, "mac": True, "station": 1.5 + n % 2},
    ],
)
def test_what_one_device_sends_is_no_problem(document: Callable[[int], Any]) -> None:
    assert problem(document) is None


def test_two_counters_that_take_turns() -> None:
    found = problem(lambda n: {"seq": n // 2 + 5000 * (n % 2)})
    assert found is not None
    assert "two counters" in found


def test_a_change_is_enough_where_there_is_no_time_for_more() -> None:
    assert problem(lambda n: {"mac": f"{n}"}, soon=True, count=2) is not None
    assert problem(lambda n: {"id": f"{n}"}, soon=True, count=2) is None


def test_parts_of_one_station_may_come_from_several_devices() -> None:
    watch = DeviceWatch()
    for n in range(24):
        watch.look({"mac": f"{n % 2}", "seq": n + 50 * (n % 2)}, f"t/{n % 2}", n + 50 * (n % 2))
    assert watch.problem(whole=False) is None
