"""The stations of a fleet are spread over gateways: each is scored once, and stays where it is."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest

from config.errors import ConfigError
from config.yaml.load import load_gateway
from edge.commands.plan import memory_hint, plan
from tests.conftest import ROOT


def planned(folder: Path, count: int, text: str | None = None) -> dict[str, set[str]]:
    """Plan, and return the stations of each gateway, as an agent reads them."""
    path = folder / "fleet.yaml"
    if text is not None:
        path.write_text(text)
    plan(path, folder / "gateways", count, prefix="gw", out=StringIO(), err=StringIO())
    found = {}
    for number in range(1, count + 1):
        settings = load_gateway(folder / "gateways" / f"gw-{number}.yaml")
        assert settings.gateway == f"gw-{number}"
        found[settings.gateway] = {str(entry.station) for entry in settings.stations}
    return found


def refusals(folder: Path, count: int, text: str) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        planned(folder, count, text)
    return [line.replace(f"{folder}/", "") for line in refused.value.problems]


def names(first: int, last: int) -> str:
    return ", ".join(f"st-{number}" for number in range(first, last + 1))


def test_each_station_has_one_gateway_and_all_have_about_as_many(tmp_path: Path) -> None:
    found = planned(tmp_path, 4, f"stations: [{{names: [{names(1, 10)}], bundle: one.davy}}]")
    assert sorted(map(len, found.values())) == [2, 2, 3, 3]
    assert set().union(*found.values()) == {f"st-{number}" for number in range(1, 11)}
    entry = load_gateway(tmp_path / "gateways" / "gw-1.yaml").stations[0]
    assert entry.topic == f"sensors/{entry.station}/readings"
    assert Path(entry.bundle).resolve() == tmp_path / "one.davy"


def test_a_station_stays_where_it_is_when_others_come_and_go(tmp_path: Path) -> None:
    before = planned(tmp_path, 3, f"stations: [{{names: [{names(1, 9)}], bundle: one.davy}}]")
    after = planned(tmp_path, 3, f"stations: [{{names: [new, {names(3, 9)}], bundle: one.davy}}]")
    for name, stations in after.items():
        assert stations - {"new"} == before[name] - {"st-1", "st-2"}
    assert sum("new" in stations for stations in after.values()) == 1


def test_what_the_gateways_have_alike_is_taken_from_a_file_and_paths_stay_right(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "base.yaml").write_text(
        "broker: {host: broker.local, tls: {ca: ca.pem}}\narchive: {days: 5}\nhome_assistant: {discovery: off}\n"
    )
    planned(tmp_path, 2, "gateway: shared/base.yaml\nstations: [{names: [a, b], bundle: x.davy, absent: [ch4_ppb]}]")
    settings = load_gateway(tmp_path / "gateways" / "gw-2.yaml")
    assert settings.broker.tls is not None
    assert Path(str(settings.broker.tls.ca)).resolve() == tmp_path / "shared" / "ca.pem"
    assert (settings.broker.host, settings.archive.days) == ("broker.local", 5)
    assert not settings.home_assistant.possible
    assert settings.broker.client_id == "davylamp-gw-2"
    assert settings.stations[0].absent == ("ch4_ppb",)


def test_what_each_gateway_needs_of_its_own_is_no_part_of_the_shared_file(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text("gateway: one\nbroker: {client_id: me}\ntopics: {base: x}\n")
    assert refusals(tmp_path, 2, "gateway: base.yaml\nstations: [{name: a, bundle: x}]") == [
        "base.yaml: gateway: got it, expected none: each gateway has a name of its own",
        "base.yaml: topics.base: got it, expected none: each gateway has a base topic of its own",
        "base.yaml: broker.client_id: got it, expected none: each gateway has a client id of its own",
    ]


def test_topics_that_two_stations_share_are_refused(tmp_path: Path) -> None:
    text = (
        "stations:\n- {names: [a, b], bundle: x, topic: x/same}\n- {name: c, bundle: x, topic: sensors/+/readings}\n"
        "- {name: d, bundle: x}\n- {name: e, bundle: x, topic: 'sensors/#'}\n"
        "- {name: f, bundle: x, topic: davylamp/#}\n"
    )
    fix = "fix: a topic of its own for each, with {station} in it"
    assert refusals(tmp_path, 2, text) == [
        f'fleet.yaml: topic: got "x/same" for b, which a has already; {fix}',
        f'fleet.yaml: topic: got "sensors/d/readings" for d, which overlaps "sensors/+/readings" of c; {fix}',
        f'fleet.yaml: topic: got "sensors/#" for e, which overlaps "sensors/+/readings" of c; {fix}',
        (
            'fleet.yaml: topic: got "davylamp/#" for f, expected one that does not overlap what the '
            "gateways publish below davylamp/gw-1"
        ),
    ]
    assert not (tmp_path / "gateways").exists()


def test_a_file_that_somebody_else_wrote_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "gateways").mkdir()
    (tmp_path / "gateways" / "gw-2.yaml").write_text("gateway: mine\n")
    assert refusals(tmp_path, 2, "stations: [{name: a, bundle: x}]") == [
        "gateways/gw-2.yaml: was not written by davylamp plan, and is not overwritten; fix: move it away, or another -o"
    ]
    assert not (tmp_path / "gateways" / "gw-1.yaml").exists()


def test_a_gateway_that_is_planned_no_more_must_not_keep_stations(tmp_path: Path) -> None:
    text = f"stations: [{{names: [{names(1, 6)}], bundle: x}}]"
    planned(tmp_path, 3, text)
    assert refusals(tmp_path, 2, text) == [
        (
            "gateways/gw-3.yaml: of an earlier plan, has stations that other gateways would have as well; fix: stop "
            "its agent and remove the file"
        )
    ]
    (tmp_path / "gateways" / "gw-3.yaml").unlink()
    assert sorted(map(len, planned(tmp_path, 2).values())) == [3, 3]


def test_more_stations_than_the_gateways_serve_are_refused_with_the_number_that_does(tmp_path: Path) -> None:
    text = f"stations: [{{names: [{names(1, 1001)}], bundle: x}}]"
    assert refusals(tmp_path, 2, text) == [
        "--gateways: got 1,001 stations for 2 gateways of at most 500; fix: --gateways 3"
    ]
    assert sum(map(len, planned(tmp_path, 3).values())) == 1001


def test_a_bundle_that_is_not_there_is_said(tmp_path: Path) -> None:
    (tmp_path / "fleet.yaml").write_text("stations: [{name: a, files: a.csv}, {names: [b, c], bundle: x.davy}]")
    err = StringIO()
    plan(tmp_path / "fleet.yaml", tmp_path / "gateways", 1, prefix="gw", out=StringIO(), err=err)
    assert err.getvalue().replace(f"{tmp_path}/", "") == (
        "bundles/a.davy: not there yet; fix: davylamp train-fleet fleet.yaml\n"
        "x.davy: not there yet; fix: check the paths in fleet.yaml\n"
    )


def test_a_gateway_with_more_bundles_than_its_service_has_memory_for_needs_a_line_in_its_unit(tmp_path: Path) -> None:
    unit = (ROOT / "systemd" / "davylamp.service").read_text()
    assert "MemoryMax=192M\n" in unit
    assert memory_hint(tmp_path, 100) is None
    hint = memory_hint(Path("gw-1.yaml"), 125)
    assert hint == (
        "gw-1.yaml: 125 different bundles take about 215 MB, and the service may take 192; fix: sudo systemctl edit "
        "davylamp there, with MemoryMax=375M and TimeoutStartSec=10min under [Service]"
    )


def test_more_gateways_than_stations_are_refused_because_an_agent_without_one_does_not_start(tmp_path: Path) -> None:
    assert refusals(tmp_path, 3, "stations: [{names: [a, b], bundle: x}]") == [
        (
            "--gateways: got 3 for 2 stations, expected at most as many: an agent without stations does not start; "
            "fix: --gateways 2"
        )
    ]


def test_a_gateway_that_was_added_gets_its_share_and_who_moves_is_named(tmp_path: Path) -> None:
    text = f"stations: [{{names: [{names(1, 9)}], bundle: one.davy}}]"
    before = planned(tmp_path, 2, text)
    err = StringIO()
    plan(tmp_path / "fleet.yaml", tmp_path / "gateways", 3, prefix="gw", out=StringIO(), err=err)
    after = planned(tmp_path, 3)
    assert sorted(map(len, after.values())) == [3, 3, 3]
    assert all(after[name] < stations for name, stations in before.items())
    moves = [line for line in err.getvalue().splitlines() if " moves from " in line]
    assert {line.partition(":")[0] for line in moves} == after["gw-3"]


def test_stations_that_another_plan_in_the_folder_has_are_refused(tmp_path: Path) -> None:
    planned(tmp_path, 1, "stations: [{name: a, bundle: x}]")
    with pytest.raises(
        ConfigError, match=r"gw-1[.]yaml: of an earlier plan, has stations that other gateways would have"
    ):
        plan(tmp_path / "fleet.yaml", tmp_path / "gateways", 1, prefix="other", out=StringIO(), err=StringIO())
    (tmp_path / "fleet.yaml").write_text("stations: [{name: b, bundle: x}]")
    plan(tmp_path / "fleet.yaml", tmp_path / "gateways", 1, prefix="other", out=StringIO(), err=StringIO())


def test_names_that_look_like_numbers_and_paths_with_a_dot_stay_what_they_are(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text('broker: {tls: {ca: ./ca.pem}, username: "1e3"}\nlog: {level: info}\n')
    named = ["1e3", "007", "12e-4", "0x1f", "1.5", "off", "null", "2026-01-31"]
    entries = ", ".join(f'"{name}"' for name in named)
    assert planned(tmp_path, 1, f"gateway: base.yaml\nstations: [{{names: [{entries}], bundle: x}}]") == {
        "gw-1": set(named)
    }
    settings = load_gateway(tmp_path / "gateways" / "gw-1.yaml")
    assert settings.broker.username == "1e3"
    assert settings.broker.tls is not None
    assert Path(str(settings.broker.tls.ca)).resolve() == tmp_path / "ca.pem"
