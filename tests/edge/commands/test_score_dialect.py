"""score reads a stream in the dialect of messages: what is missing costs its channel, what is strange is said."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from edge.commands.score import score_files
from tests.doubles import GOOD


def streamed(bundle: Path, *lines: str | bytes) -> list[Any]:
    source = io.BytesIO(b"\n".join(line if isinstance(line, bytes) else line.encode() for line in lines))
    out = io.StringIO()
    score_files(bundle, ["-"], out, source=source)
    return [json.loads(line) for line in out.getvalue().splitlines()]


@pytest.mark.parametrize("raw", ["NaN", '"nan"', '"unavailable"', '""', "null", "Infinity", "-200"])
def test_a_missing_channel_is_flag_9(bundles: dict[str, Path], raw: str) -> None:
    line = json.dumps(GOOD | {"humidity_pct": 1e6}).replace("1000000.0", raw)
    assert [each["flags"] for each in streamed(bundles["both"], line, line)] == [{"humidity_pct": 9}] * 2


def test_numbers_as_text_and_other_shapes_are_scored(bundles: dict[str, Path]) -> None:
    found = streamed(
        bundles["both"],
        json.dumps({key: str(value) for key, value in GOOD.items()}),
        "air " + ",".join(f"{key}={value}" for key, value in GOOD.items()) + " 1783854307000000000",
        json.dumps([{"n": key, "v": value} for key, value in GOOD.items()]),
        b"\xef\xbb\xbf" + json.dumps(GOOD).encode() + b"\0",
        str(GOOD | {"note": None}),
    )
    assert [each["flags"] for each in found] == [{}] * 5
    assert found[1]["ts"] == "2026-07-12T11:05:07.000Z"


def test_what_is_strange_is_reported_once_beside_the_scores(
    bundles: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [json.dumps(GOOD | {"humidity_pct": f"{n} is wet", "ts": f"day {n}"}) for n in range(3)]
    assert [each["flags"] for each in streamed(bundles["both"], *lines)] == [{"humidity_pct": 9}] * 3
    printed = capsys.readouterr().err
    assert printed.count('humidity_pct: got "0 is wet"') == 1
    assert printed.count('ts: got "day 0"') == 1
