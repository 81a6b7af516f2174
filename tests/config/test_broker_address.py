"""The argument that names a broker."""

from __future__ import annotations

from argparse import ArgumentParser

import pytest

from config.arguments import add_broker, broker_of


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("localhost", "localhost", 1883),
        ("10.0.0.5:1884", "10.0.0.5", 1884),
        ("[::1]:1884", "::1", 1884),
        ("[::1]", "::1", 1883),
        ("fe80::7", "fe80::7", 1883),
    ],
)
def test_a_broker_is_a_host_with_a_port_if_it_is_not_the_usual_one(text: str, host: str, port: int) -> None:
    parser = ArgumentParser()
    add_broker(parser)
    broker = broker_of(parser.parse_args(["--broker", text]))
    assert (broker.host, broker.port) == (host, port)


@pytest.mark.parametrize("text", ["gateway:mqtt", ":1883", "gateway:0", "gateway:70000", "gateway:"])
def test_a_wrong_one_is_a_sentence(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    parser = ArgumentParser()
    add_broker(parser)
    with pytest.raises(SystemExit):
        parser.parse_args(["--broker", text])
    assert f"got {text!r}, expected HOST or HOST:PORT" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["user:secret@gateway", "mqtt://user:secret@gateway:1883"])
def test_a_password_in_it_is_not_repeated(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    parser = ArgumentParser()
    add_broker(parser)
    with pytest.raises(SystemExit):
        parser.parse_args(["--broker", text])
    said = capsys.readouterr().err
    assert "a login belongs into gateway.yaml" in said
    assert "secret" not in said
