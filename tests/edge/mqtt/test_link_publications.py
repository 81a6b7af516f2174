"""Link: publications arrive in order, or their refusal is reported."""

from __future__ import annotations

import random
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest

from edge.mqtt.paho_client import PahoClient
from tests.edge.mqtt.links import Collect, MakeLink, Ready, TurnUntil, connection_of, sever
from tests.mqtt_client import Connect
from tests.running_broker import RunningBroker, StartBroker

pytestmark = pytest.mark.broker

BODY = b'{"n": 1}'


def test_publications_are_written_with_flush_and_confirmed(
    broker: RunningBroker, client: Connect, make: MakeLink, base: str, ready: Ready, turn_until: TurnUntil
) -> None:
    other = client(broker.port, f"{base}/out")
    link = ready(make(broker.port))
    first = link.publish(f"{base}/out", b'{"qos": 0}')
    second = link.publish(f"{base}/out", b'{"qos": 1}', qos=1)
    assert first is not None
    assert link.in_flight == 1
    assert not other.received
    link.flush()
    turn_until(link, lambda: link.in_flight == 0)
    assert [(receipt.mid, receipt.refusal) for receipt in link.receipts()] == [(second, None)]
    assert link.receipts() == []
    other.wait(f"{base}/out", lambda body: body["qos"] == 1)


def test_nothing_is_published_without_a_connection(make: MakeLink) -> None:
    assert make(1).publish("a", b"b", qos=1) is None


@pytest.mark.mqtt5
def test_a_refused_publication_is_counted_and_named(
    start_broker: StartBroker,
    tmp_path: Path,
    make: MakeLink,
    base: str,
    caplog: pytest.LogCaptureFixture,
    ready: Ready,
    turn_until: TurnUntil,
) -> None:
    (tmp_path / "acl").write_text(f"topic read {base}/in/#\ntopic write {base}/allowed\n")
    link = ready(make(start_broker(f"acl_file {tmp_path / 'acl'}").port))
    refused = link.publish(f"{base}/refused", BODY, qos=1)
    allowed = link.publish(f"{base}/allowed", BODY, qos=1)
    turn_until(link, lambda: link.in_flight == 0)
    assert {(r.mid, r.refusal) for r in link.receipts()} == {(refused, "Not authorized"), (allowed, None)}
    assert link.counts.refused_publications == 1
    assert link.counts.refused == {f"{base}/refused": "Not authorized"}
    assert any(f"topic={base}/refused" in line for line in caplog.messages)


@pytest.mark.mqtt5
def test_expiry_and_correlation_travel_with_mqtt_5(
    broker: RunningBroker, client: Connect, make: MakeLink, base: str, ready: Ready
) -> None:
    other = client(broker.port, f"{base}/out", protocol=mqtt.MQTTv5)
    link = ready(make(broker.port))
    for _ in range(2):
        link.publish(f"{base}/out", BODY, expiry=600)
    link.publish(f"{base}/out", BODY, qos=1, expiry=600, correlation=b"\x00\xff", response_topic=f"{base}/back")
    link.flush()
    expiring, _, answering = (other.wait(f"{base}/out").properties for _ in range(3))
    assert expiring.MessageExpiryInterval == 600
    assert (answering.CorrelationData, answering.ResponseTopic) == (b"\x00\xff", f"{base}/back")


def test_while_too_much_waits_for_the_socket_nothing_is_read(
    broker: RunningBroker, client: Connect, make: MakeLink, base: str, collect: Collect, ready: Ready
) -> None:
    link = ready(make(broker.port))
    for _ in range(2001):
        link.publish(f"{base}/out", b"x")
    assert link.congested
    client(broker.port).publish(f"{base}/in", BODY)
    assert link.poll(0.2) == []  # writes, though
    assert not link.congested
    assert len(collect(link, 1)) == 1


def test_publications_keep_their_order_whatever_their_qos_and_number(
    broker: RunningBroker, client: Connect, make: MakeLink, base: str, ready: Ready, turn_until: TurnUntil
) -> None:
    other = client(broker.port, f"{base}/out")
    link = ready(make(broker.port))
    filling = b" " * 2000  # a flood that no socket takes at once
    count = 1500
    for number in range(count):
        link.publish(f"{base}/out", b"%d%s" % (number, filling), qos=number % 100 == 99, expiry=60)
    turn_until(link, lambda: len(other.received) == count)
    assert other.on(f"{base}/out") == list(range(count))


def test_what_follows_publications_that_wait_for_the_broker_waits_as_well(
    broker: RunningBroker, client: Connect, make: MakeLink, base: str, ready: Ready, turn_until: TurnUntil
) -> None:
    other = client(broker.port, f"{base}/out")
    link = ready(make(broker.port))
    for number in range(50):
        link.publish(f"{base}/out", b"%d" % number, qos=1)  # paho would hold back those after the 20th ...
    for number in range(50, 60):
        link.publish(f"{base}/out", b"%d" % number)  # ... and send these at once
    assert link.in_flight == 50
    turn_until(link, lambda: link.in_flight == 0)
    turn_until(link, lambda: len(other.received) == 60)
    assert other.on(f"{base}/out") == list(range(60))
    assert len(link.receipts()) == 50


@pytest.mark.mqtt5
def test_a_broker_that_takes_one_publication_at_a_time_gets_one_at_a_time(
    start_broker: StartBroker, client: Connect, make: MakeLink, base: str, ready: Ready, turn_until: TurnUntil
) -> None:
    port = start_broker("max_inflight_messages 1").port
    other = client(port, f"{base}/out")
    link = ready(make(port))
    for number in range(30):
        link.publish(f"{base}/out", b"%d" % number, qos=1)
    turn_until(link, lambda: len(other.received) == 30)
    assert other.on(f"{base}/out") == list(range(30))
    turn_until(link, lambda: link.in_flight == 0)
    assert link.counts.connections == 1


@pytest.mark.mqtt5
def test_a_packet_that_the_broker_does_not_take_is_refused_here_and_the_connection_goes_on(
    start_broker: StartBroker, client: Connect, make: MakeLink, base: str, caplog: pytest.LogCaptureFixture,
    ready: Ready, turn_until: TurnUntil,
) -> None:  # fmt: skip
    port = start_broker("max_packet_size 1000").port
    other = client(port, f"{base}/out")
    link = ready(make(port))
    topic = f"{base}/out"
    limit = link.payload_limit(topic, b"me")
    assert limit is not None
    assert 900 < limit < 1000
    large = link.publish(topic, b"1" * 1000, qos=1, retain=True)
    assert link.publish(topic, b"2" * 1000) == 0
    fits = link.publish(topic, b"3" * limit, qos=1, expiry=600, correlation=b"me")
    turn_until(link, lambda: len(other.received) == 1)
    turn_until(link, lambda: link.in_flight == 0)
    receipts = {receipt.mid: receipt.refusal for receipt in link.receipts()}
    assert "the broker takes 1000" in (receipts[large or 0] or "")
    assert receipts[fits or 0] is None
    assert any("max_packet_size" in line for line in caplog.messages)
    assert link.counts.connections == 1


@pytest.mark.mqtt5  # the embedded broker has no limit
def test_large_packets_are_given_up_when_the_broker_does_not_say_why_it_ends_connections(
    start_broker: StartBroker, client: Connect, make: MakeLink, base: str, ready: Ready, turn_until: TurnUntil
) -> None:
    port = start_broker("max_packet_size 20000").port
    link = make(port, settings={"protocol": "3.1.1"})
    for _ in range(2):
        ready(link)
        assert link.payload_limit("a") is None
        link.publish(f"{base}/out", b"1" * 50_000, qos=1)
        turn_until(link, lambda: not link.connected)
    ready(link)
    limit = link.payload_limit(f"{base}/out")
    assert limit is not None
    assert limit < 25_000
    assert link.counts.connections == 3


def test_a_paho_without_our_seam_does_the_same_over_its_own_socket(
    broker: RunningBroker,
    client: Connect,
    make: MakeLink,
    base: str,
    monkeypatch: pytest.MonkeyPatch,
    collect: Collect,
    ready: Ready,
    turn_until: TurnUntil,
) -> None:
    monkeypatch.setattr(PahoClient, "_create_socket", mqtt.Client._create_socket)
    other = client(broker.port, f"{base}/out")
    link = ready(make(broker.port))
    assert connection_of(link)._client.buffered is None
    for number in range(20):
        other.publish(f"{base}/in", b"%d" % number)
    assert [int(message.payload) for message in collect(link, 20)] == list(range(20))
    for number in range(20):
        link.publish(f"{base}/out", b"%d" % number, qos=number % 2, expiry=60)
    turn_until(link, lambda: len(other.received) == 20)
    assert other.on(f"{base}/out") == list(range(20))


def test_the_will_is_published_when_the_link_dies_and_not_when_it_is_closed(
    broker: RunningBroker, client: Connect, make: MakeLink, base: str, ready: Ready
) -> None:
    other = client(broker.port, f"{base}/state")
    link = ready(make(broker.port, will=(f"{base}/state", b'{"state": "offline"}')))
    link.publish(f"{base}/state", b'{"state": "stopped"}', qos=1, retain=True)
    link.close()
    link = ready(make(broker.port, will=(f"{base}/state", b'{"state": "offline"}')))
    link.publish(f"{base}/state", b'{"state": "again"}', qos=1, retain=True)
    link.flush()
    other.wait(f"{base}/state", lambda body: body["state"] == "again")
    sever(link)
    other.wait(f"{base}/state", lambda body: body["state"] == "offline")
    assert [body["state"] for body in other.on(f"{base}/state")] == ["stopped", "again", "offline"]


def test_readiness_is_reported_once_per_connection(
    start_broker: StartBroker, make: MakeLink, ready: Ready, turn_until: TurnUntil
) -> None:
    broker = start_broker()
    link = make(broker.port, random=random.Random(1))
    ready(link)
    assert not link.became_ready()
    broker.kill()
    turn_until(link, lambda: not link.connected)
    assert not link.became_ready()
    broker.start()
    ready(link, 20)
    assert link.counts.connections == 2


def test_closing_waits_for_what_is_on_its_way(
    broker: RunningBroker, client: Connect, make: MakeLink, base: str, ready: Ready
) -> None:
    other = client(broker.port, f"{base}/out")
    link = ready(make(broker.port))
    for number in range(50):
        link.publish(f"{base}/out", b'{"number": %d}' % number, qos=1)
    link.close(5.0)
    other.wait(f"{base}/out", lambda body: body["number"] == 49)


@pytest.mark.mqtt5
def test_answers_are_read_while_much_waits_for_them(
    start_broker: StartBroker, client: Connect, make: MakeLink, base: str, ready: Ready, turn_until: TurnUntil
) -> None:
    port = start_broker("max_inflight_messages 1").port
    other = client(port, f"{base}/out")
    link = ready(make(port))
    for number in range(2):
        link.publish(f"{base}/out", b"%d" % number, qos=1)
    for number in range(2, 2100):
        link.publish(f"{base}/out", b"%d" % number)
    assert link.congested
    turn_until(link, lambda: link.in_flight == 0)
    assert not link.congested
    turn_until(link, lambda: len(other.received) == 2100)
    assert sorted(other.on(f"{base}/out")) == list(range(2100))  # this broker sends QoS 0 ahead of QoS 1
