"""Packets that bypass paho are as MQTT specifies them, and everything else is left to paho."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from edge.mqtt.packets import PUBLISH, Publication, decode_publish, encode_puback, encode_publish, find_content

_topics = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


def parts(packet: bytes) -> tuple[int, bytes]:
    """First byte and content of a complete packet."""
    found = find_content(packet, 0)
    assert found is not None
    assert found[1] == len(packet)
    return packet[0], packet[found[0] :]


@given(topic=_topics, payload=st.binary(max_size=20_000), five=st.booleans())
def test_a_publication_is_decoded_as_it_was_encoded(topic: str, payload: bytes, five: bool) -> None:
    first, content = parts(encode_publish(topic, payload, b"\0" if five else b""))
    assert first >> 4 == PUBLISH
    found = decode_publish(first, content, properties=five)
    assert found == Publication(topic, payload, qos=0, retain=False, dup=False, mid=0)


@given(
    topic=_topics, payload=st.binary(max_size=300), five=st.booleans(), mid=st.integers(1, 65535),
    retain=st.booleans(), dup=st.booleans(),
)  # fmt: skip
def test_at_qos_1_a_packet_identifier_follows_the_topic(
    topic: str, payload: bytes, five: bool, mid: int, retain: bool, dup: bool
) -> None:
    name = topic.encode()
    content = struct.pack("!H", len(name)) + name + struct.pack("!H", mid) + (b"\0" if five else b"") + payload
    found = decode_publish(0x32 | retain | dup << 3, content, properties=five)
    assert found == Publication(topic, payload, qos=1, retain=retain, dup=dup, mid=mid)


def test_properties_qos_2_an_alias_and_a_topic_that_is_no_text_are_left_to_paho() -> None:
    assert decode_publish(0x30, b"\0\1a\5\2\0\0\0\1x", properties=True) is None
    assert decode_publish(0x34, b"\0\1a\0\7x", properties=False) is None
    assert decode_publish(0x30, b"\0\0\3\x23\0\1x", properties=True) is None
    assert decode_publish(0x30, b"\0\1\xffx", properties=False) is None


@given(first=st.integers(0x30, 0x3F), content=st.binary(max_size=40), five=st.booleans())
def test_any_bytes_are_decoded_or_left_to_paho(first: int, content: bytes, five: bool) -> None:
    found = decode_publish(first, content, properties=five)
    if found is not None:
        assert content.endswith(found.payload)
        assert found.topic
        assert found.qos in (0, 1)


@given(payload=st.binary(max_size=300), cut=st.integers(0, 400))
def test_a_packet_is_found_only_when_it_is_complete(payload: bytes, cut: int) -> None:
    packet = encode_publish("a", payload, b"")
    found = find_content(packet[:cut], 0)
    assert (found is not None) == (cut >= len(packet))
    assert find_content(b"before" + packet, 6) is not None


def test_an_ack_names_its_message() -> None:
    assert encode_puback(0x1234) == b"\x40\x02\x12\x34"
