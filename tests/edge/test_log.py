"""The log has lines that machines can read, and is never flooded."""

from __future__ import annotations

import json
import logging
import warnings
from pathlib import PurePosixPath

import pytest

from edge.log import ONCE_A_MINUTE, Log, start_logging
from tests.doubles import FakeClock


def test_a_line_is_what_happened_and_then_keys_and_values(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "davylamp")
    Log("test").info("happened", number=3, share=0.123456789, text="two words", empty="", quote='a"b', line="a\nb")
    assert caplog.messages == ['happened number=3 share=0.123457 text="two words" empty="" quote="a\\"b" line="a\\nb"']


def test_a_percent_sign_is_no_placeholder(caplog: pytest.LogCaptureFixture) -> None:
    Log("test").warning("100 % done", left="%s")
    assert caplog.messages == ["100 % done left=%s"]


def test_what_goes_on_is_logged_at_once_and_then_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    clock = FakeClock(1000.0)
    log = Log("test", clock)
    for second in range(121):
        clock.time = 1000.0 + second
        log.warning("no broker", every=ONCE_A_MINUTE, second=second)
    assert caplog.messages == [
        "no broker second=0",
        "no broker second=60 repeated=59",
        "no broker second=120 repeated=59",
    ]


def test_different_events_do_not_hold_each_other_back(caplog: pytest.LogCaptureFixture) -> None:
    log = Log("test", FakeClock())
    log.warning("one", every=60)
    log.error("another", every=60)
    assert len(caplog.messages) == 2


@pytest.mark.parametrize("level", ["warning", "error"])
def test_one_topic_does_not_hide_another_and_many_are_no_flood(caplog: pytest.LogCaptureFixture, level: str) -> None:
    write = getattr(Log("test", FakeClock()), level)
    for _ in range(3):
        for topic in range(1000):
            write("refused", every=60, of=f"a/{topic}", topic=topic)
    assert [line.split("topic=")[1] for line in caplog.messages] == [str(topic) for topic in range(21)]


def test_lines_go_to_standard_error_with_time_and_level(
    logging_afterwards: None, capsys: pytest.CaptureFixture[str]
) -> None:
    start_logging("info")
    Log("test").debug("unseen")
    Log("test").info("seen")
    try:
        int("broken")
    except ValueError:
        Log("test").exception("failed")
    captured = capsys.readouterr()
    assert captured.out == ""
    first, second, *trace = captured.err.splitlines()
    assert first.endswith("Z info seen")
    assert second.endswith("Z error failed")
    assert trace[-1].startswith("ValueError: ")


def test_with_json_each_line_is_an_object_with_the_same_keys(
    logging_afterwards: None, capsys: pytest.CaptureFixture[str]
) -> None:
    start_logging("info", "json")
    Log("test").debug("unseen")
    Log("test").warning(
        "got\n100 %", number=3, share=0.1234567, missing=None, on=True, many=float("nan"), ts="own", list=[1, "b"]
    )
    try:
        int("broken")
    except ValueError:
        Log("test").exception("failed", where=PurePosixPath("a/b"))
    logging.getLogger("davylamp.other").error("not by %s", "a Log")
    first, second, third = map(json.loads, capsys.readouterr().err.splitlines())
    assert first.pop("ts").endswith("Z")
    assert first == {
        "level": "warning", "logger": "test", "event": "got\n100 %", "number": 3, "share": 0.1234567, "missing": None,
        "on": True, "many": "nan", "ts_": "own", "list": [1, "b"],
    }  # fmt: skip
    assert (second["level"], second["where"]) == ("error", "a/b")
    assert second["traceback"].splitlines()[-1].startswith("ValueError: ")
    assert (third["logger"], third["event"]) == ("other", "not by a Log")


def test_warnings_of_python_and_of_libraries_are_lines_like_the_others(
    logging_afterwards: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])  # pytest's own
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        start_logging("info", "json")
        warnings.warn("a mean of nothing", RuntimeWarning, stacklevel=1)
    logging.getLogger("library").warning("odd %d", 7)
    logging.getLogger("library").info("unseen")
    first, second = map(json.loads, capsys.readouterr().err.splitlines())
    assert (first["level"], first["logger"]) == ("warning", "py.warnings")
    assert "RuntimeWarning: a mean of nothing" in first["event"]
    assert (second["level"], second["logger"], second["event"]) == ("warning", "library", "odd 7")
