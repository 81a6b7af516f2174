"""Which topic is whose, and which stations are kept, silent or recovered."""

from __future__ import annotations

from typing import Any

import pytest

from config.errors import ConfigError
from config.settings.gateway import Gateway, ScoringSettings, StationEntry
from edge.agent.giving_way import ESTABLISHED, MOST_STATIONS
from edge.agent.station import LiveStation
from edge.agent.stations import Stations
from edge.bundles.bundle import Bundle
from edge.errors import BundleError, ReadingError
from edge.journal.transaction import StationRow
from edge.readings.reading import Reading
from tests.doubles import GOOD


def has_sent(station: LiveStation, n: int, now: float) -> None:
    """Note that a station has sent ``n`` readings, the last of them now."""
    station.state.n += n
    station.mark_seen(1.0 + now)


def make(bundle: Bundle, *entries: dict[str, Any]) -> Stations:
    stations = tuple(StationEntry(bundle=bundle.path, **entry) for entry in entries or ({},))
    return Stations(Gateway(gateway="gw1", stations=stations), [bundle] * len(stations))


def found(stations: Stations, topic: str) -> LiveStation:
    station = stations.at(topic)
    assert station is not None
    stations.keep(station, topic)
    return station


def test_a_topic_is_always_the_same_station(bundle: Bundle) -> None:
    stations = make(bundle)
    first = found(stations, "sensors/st-1/readings")
    assert first.name == "st-1"
    assert stations.at("sensors/st-1/readings") is first
    assert [station.name for station in stations] == ["st-1"]


def test_the_first_entry_that_matches_wins(bundle: Bundle) -> None:
    stations = make(bundle, {"topic": "a/special/r", "station": "mine"}, {"topic": "a/{station}/r"})
    assert found(stations, "a/special/r").name == "mine"
    assert found(stations, "a/usual/r").name == "usual"


def test_a_topic_that_is_nobodys_is_none(bundle: Bundle) -> None:
    assert make(bundle).at("elsewhere") is None


@pytest.mark.parametrize(
    ("name", "safe"),
    [("state", "station_state"), ("a b", "a_b"), ("Garden Air 2", "Garden_Air_2"), ("84:f3:eb:aa", "84:f3:eb:aa")],
)
def test_names_that_cannot_be_stations_are_made_safe(bundle: Bundle, name: str, safe: str) -> None:
    assert found(make(bundle), f"sensors/{name}/readings").name == safe


def test_two_names_that_become_one_are_refused_with_both(bundle: Bundle) -> None:
    stations = make(bundle)
    first = found(stations, "sensors/well pad 7/readings")
    with pytest.raises(ReadingError, match=r'"well_pad_7" and "well pad 7" both become .* fix: rename'):
        stations.at("sensors/well_pad_7/readings")
    assert stations.at("sensors/well pad 7/readings") is first


def test_an_empty_name_is_none(bundle: Bundle) -> None:
    with pytest.raises(ReadingError, match="station_from"):
        make(bundle).at("sensors//readings")


def test_two_topics_cannot_be_one_station(bundle: Bundle) -> None:
    stations = make(bundle, {"topic": "a/{station}/r"}, {"topic": "b/{station}/r"})
    found(stations, "a/st-1/r")
    with pytest.raises(ReadingError, match=r"station .st-1. already belongs to the entry a/\{station\}/r"):
        stations.at("b/st-1/r")


def test_a_station_of_one_entry_may_publish_on_several_topics(bundle: Bundle) -> None:
    stations = make(bundle, {"topic": "a/{station}/#"})
    assert found(stations, "a/st-1/x") is found(stations, "a/st-1/y")


def test_no_station_is_kept_before_a_good_reading_and_not_without_end(bundle: Bundle) -> None:
    stations = make(bundle)
    stations.at("sensors/st-1/readings")
    assert list(stations) == []
    for number in range(MOST_STATIONS):
        has_sent(found(stations, f"sensors/st-{number}/readings"), ESTABLISHED, float(number))
    with pytest.raises(ReadingError, match="1000 stations, and all of them send; fix: topic: "):
        found(stations, "sensors/one-more/readings")
    assert found(stations, "sensors/st-7/readings").name == "st-7"


def test_an_invented_name_gives_way_to_a_new_station_and_one_that_sends_does_not(bundle: Bundle) -> None:
    stations = make(bundle)
    has_sent(found(stations, "sensors/old/readings"), 5000, 0.0)
    for number in range(MOST_STATIONS - 1):
        has_sent(found(stations, f"sensors/once-{number}/readings"), 1, 1.0 + number)
    new = found(stations, "sensors/new/readings")
    assert (len(stations), [station.name for station in stations.gone]) == (MOST_STATIONS, ["once-0"])
    has_sent(new, 2, 0.0)
    for number in range(2 * MOST_STATIONS):
        has_sent(found(stations, f"sensors/twice-{number}/readings"), 1, 2000.0 + number)
    assert {"old", "new"} <= {station.name for station in stations}
    assert len(stations) == MOST_STATIONS


def test_an_established_station_gives_way_when_it_is_offline_and_the_one_with_the_fewest_readings_first(
    bundle: Bundle,
) -> None:
    stations = make(bundle)
    for number in range(MOST_STATIONS):
        has_sent(found(stations, f"sensors/st-{number}/readings"), 1000 + number, 0.0)
    for number in (5, 7):
        stations[f"st-{number}"].mark_silent()
    stations["st-5"].alarms = b"something stands"
    for number in range(2):
        has_sent(found(stations, f"sensors/new-{number}/readings"), ESTABLISHED, 1.0)
    assert [station.name for station in stations.gone] == ["st-7", "st-5"]


def test_a_station_that_publishes_on_any_number_of_topics_leaves_room_for_others(bundle: Bundle) -> None:
    stations = make(bundle, {"topic": "a/{station}/#"})
    for number in range(MOST_STATIONS + 1):
        found(stations, f"a/st-1/{number}")
    found(stations, "a/st-2/x")
    assert {station.name for station in stations} == {"st-1", "st-2"}
    assert len(stations._by_topic) <= MOST_STATIONS


def test_keys_that_the_bundle_does_not_know_are_a_mistake_with_its_place(bundle: Bundle) -> None:
    with pytest.raises(ConfigError, match=r"stations\[1\]\.keys: got \"ch4\""):
        make(bundle, {"topic": "a/{station}"}, {"topic": "b/{station}", "keys": {"ch4": "x"}})


def test_another_requested_rate_holds_for_all(bundle: Bundle) -> None:
    stations = make(bundle, {"topic": "a/{station}"}, {"topic": "b/{station}"})
    adaptation = found(stations, "a/st-1").state.adaptation
    adaptation.decide("consistency", 12.0)
    stations.request_rate(10.0)
    assert [group.scorer.rate for group in stations.groups] == [0.01, 0.01]
    assert adaptation.threshold("consistency") == 2.0
    assert found(stations, "b/st-2").state.adaptation.threshold("consistency") == 2.0
    with pytest.raises(ValueError, match="exceedances_per_1000"):
        stations.request_rate(0.0)
    assert stations.rate == 10.0


@pytest.mark.parametrize("adapt", [True, False])
def test_thresholds_follow_a_station_if_the_gateway_says_so(bundle: Bundle, adapt: bool) -> None:
    gateway = Gateway(gateway="gw1", stations=(StationEntry(bundle=bundle.path),), scoring=ScoringSettings(adapt=adapt))
    adaptation = found(Stations(gateway, [bundle]), "sensors/st-1/readings").state.adaptation
    adaptation.decide("consistency", 0.0)
    assert bool(adaptation.learnt) == adapt


def test_an_entry_whose_stations_send_no_gas_has_the_scorer_for_it(bundle: Bundle) -> None:
    stations = make(bundle, {"topic": "a/{station}", "absent": ("ch4_ppb",)}, {"topic": "b/{station}"})
    scored = []
    for topic in ("a/st-1", "b/st-2"):
        station = found(stations, topic)
        reading = Reading(station=station.name, values=tuple((GOOD | {"ch4_ppb": 9000.0}).values()), received=0.0)
        (verdict,) = station.group.scorer.score([(station.state, reading)])
        scored.append(verdict.by)
    assert scored == [None, "enhancement"]
    with pytest.raises(ConfigError, match=r'stations\[0\]\.absent: got "ch4"; did you mean "ch4_ppb"'):
        make(bundle, {"absent": ("ch4",)})
    with pytest.raises(BundleError, match="absent: got rmq4_ohm"):
        make(bundle, {"absent": ("rmq4_ohm",)})


def send(station: LiveStation, *, every: float, times: int) -> float:
    """Let a station send readings at an interval; returns the time of the last."""
    for number in range(times):
        station.mark_seen(every * number)
    return every * (times - 1)


def test_a_station_is_silent_after_the_configured_time(bundle: Bundle) -> None:
    stations = make(bundle, {"stale_after": 7.0})
    station = found(stations, "sensors/st-1/readings")
    last = send(station, every=1.0, times=3)
    assert stations.mark_silent(last + 7.0) == []
    assert stations.mark_silent(last + 7.1) == [station]
    assert not station.online
    assert stations.mark_silent(last + 100) == []


@pytest.mark.parametrize(("every", "after"), [(1.0, 60.0), (60.0, 300.0)])
def test_otherwise_after_five_of_its_usual_intervals_and_at_least_a_minute(
    bundle: Bundle, every: float, after: float
) -> None:
    stations = make(bundle)
    station = found(stations, "sensors/st-1/readings")
    last = send(station, every=every, times=10)
    assert stations.mark_silent(last + after) == []
    assert stations.mark_silent(last + after + 1) == [station]


def test_a_station_whose_habits_are_unknown_is_never_called_silent(bundle: Bundle) -> None:
    stations = make(bundle)
    last = send(found(stations, "sensors/st-1/readings"), every=1.0, times=2)
    assert stations.mark_silent(last + 1e6) == []


def test_only_a_station_that_was_offline_comes_online(bundle: Bundle) -> None:
    station = found(make(bundle, {"stale_after": 7.0}), "sensors/st-1/readings")
    station.expect(0.0)
    assert station.is_silent(7.1)
    assert [station.mark_seen(now) for now in (7.1, 7.2)] == [True, False]
    assert (station.online, station.expected) == (True, False)
    station.mark_silent()
    assert station.mark_seen(20.0)


def test_journalled_stations_are_counted_until_they_are_recovered(bundle: Bundle) -> None:
    stations = make(bundle, {"topic": "a/{station}"})
    topics = ("a/st-1", "b/st-2")
    rows = [StationRow(number, topic[2:], topic, "", 5, b"", None) for number, topic in enumerate(topics, 1)]
    stations.remember(rows, 0.0)
    assert (stations.unrecovered, [row.name for row in stations.unmatched]) == (2, ["st-2"])
    station = stations.next_unrecovered()
    assert station is stations["st-1"]
    stations.mark_recovered(station)
    assert (stations.unrecovered, station.row, stations.next_unrecovered()) == (1, None, None)
