"""`davylamp schema` lists the messages and prints the schema of one."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from davylamp import main
from edge.agent.schemas import MESSAGES
from edge.commands.schema import schema
from edge.errors import RequestError


def printed(name: str | None = None, station: Path | None = None) -> str:
    out = io.StringIO()
    schema(name, station, out=out)
    return out.getvalue()


def test_without_a_name_every_message_is_listed_with_a_sentence() -> None:
    lines = printed().splitlines()
    assert [line.split()[0] for line in lines] == [*MESSAGES, "reading"]
    assert all(len(line.split(maxsplit=1)[1]) > 10 for line in lines)


@pytest.mark.parametrize("name", ["score", "request/rate/set", "response/synthesize"])
def test_a_schema_is_printed_as_json(name: str) -> None:
    assert json.loads(printed(name))["title"] == name


def test_the_schema_of_a_reading_has_the_columns_of_the_station_file(tmp_path: Path) -> None:
    path = tmp_path / "station.yaml"
    path.write_text(
        "name: small\nfeatures:\n"
        "  - {name: T, key: t_c, unit: Cel, role: environment, range: [-40, 60]}\n"
        "  - {name: R, key: r_ohm, unit: Ohm, role: sensor, range: [1, 1.0e+6]}\n"
    )
    columns = json.loads(printed("reading", path))["$defs"]["reading"]["properties"]
    assert list(columns) == ["t_c", "r_ohm", "ts", "seq"]
    assert columns["t_c"]["x-unit"] == "Cel"


def test_all_schemas_are_written_into_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "made" / "schemas"
    assert main(["schema", "--write", str(folder)]) == 0
    written = [Path(line) for line in capsys.readouterr().out.splitlines()]
    assert sorted(written) == sorted(folder.iterdir())
    assert {json.loads(path.read_text())["title"] for path in written} == {*MESSAGES, "reading"}
    assert json.loads((folder / "request-rate-set.schema.json").read_text()) == json.loads(printed("request/rate/set"))
    assert main(["schema", "score", "--write", str(folder)]) == 1
    assert capsys.readouterr().err.endswith("fix: omit it\n")


def test_an_unknown_name_is_answered_with_those_there_are() -> None:
    with pytest.raises(RequestError, match='got "scores", expected one of score, event'):
        printed("scores")
