"""davylamp score: a CSV's rows and a stream's lines get their verdicts, in order."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from config.errors import ConfigError
from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.bundles.bundle import Bundle
from edge.commands.score import score_files
from edge.errors import BundleError, RequestError, TableError
from edge.models.features import BASELINE_LEAST
from edge.readings.csv.writer import write_table
from edge.readings.last_good import HOLD
from edge.readings.reading import Reading
from edge.scoring.score_table import SCORE_COLUMNS
from edge.scoring.scorer import Scorer
from edge.simulation.simulator import simulate_chamber

STATION = load_station(METHANE)
LONG = simulate_chamber(150, seed=9)
VALUES = LONG[:40]
HEADER = (
    "file,row,reconstruction,reconstruction_p,consistency,consistency_p,culprit,methane,methane_p,"
    "virtual_ppb,virtual_sd_ppb,flag,state,alarm,virtual,virtual_sd,unit,"
    "shift_reconstruction,shift_consistency,shift_methane,out_of_domain_degree"
)


def station_csv(path: Path, values: Any = VALUES) -> Path:
    write_table(path, STATION.names, np.asarray(values))
    return path


def scored(bundle: Path, *files: Path, **options: Any) -> list[dict[str, str]]:
    out = io.StringIO()
    score_files(bundle, [str(file) for file in files], out, **options)
    return list(csv.DictReader(io.StringIO(out.getvalue())))


def streamed(bundle: Path, text: str, **options: Any) -> list[dict[str, Any]]:
    out = io.StringIO()
    score_files(bundle, ["-"], out, source=io.BytesIO(text.encode()), **options)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def reading(numbers: list[float]) -> Reading:
    return Reading(station="x", values=tuple(numbers), received=0.0)


def test_the_columns_are_those_of_the_contract(bundles: dict[str, Path], tmp_path: Path) -> None:
    score_files(bundles["ae"], [station_csv(tmp_path / "a.csv")], tmp_path / "scores.csv")
    assert (tmp_path / "scores.csv").read_text().splitlines()[0] == HEADER
    assert ",".join(SCORE_COLUMNS) == HEADER


def test_every_input_row_has_its_output_row_in_order_across_files(bundles: dict[str, Path], tmp_path: Path) -> None:
    a, b = station_csv(tmp_path / "a.csv"), station_csv(tmp_path / "b.csv", VALUES[:7])
    rows = scored(bundles["vae"], a, b)
    assert [(row["file"], row["row"]) for row in rows] == [
        *((str(a), str(i)) for i in range(40)),
        *((str(b), str(i)) for i in range(7)),
    ]
    # Each file begins anew, so that the same rows have the same verdicts.
    assert [list(row.values())[1:] for row in rows[40:]] == [list(row.values())[1:] for row in rows[:7]]


def test_a_row_says_what_the_scorer_says(bundles: dict[str, Path], tmp_path: Path) -> None:
    values = LONG.copy()
    values[115, 2] = 85.0  # temperature out of range
    values[119, 0] = 9000.0
    rows = scored(bundles["vae"], station_csv(tmp_path / "a.csv", values), request=0.01)
    scorer = Scorer(Bundle.open(bundles["vae"]), exceedances_per_1000=10)
    state = scorer.new_state()
    for row, numbers in zip(rows[100:], values.tolist()[100:], strict=True):
        if row is rows[100]:
            scorer.score([(state, reading(before)) for before in values[:100].tolist()])
        (verdict,) = scorer.score([(state, reading(numbers))])
        assert verdict.reconstruction is not None
        assert verdict.consistency is not None
        assert verdict.methane is not None
        assert float(row["reconstruction"]) == verdict.reconstruction.score
        assert float(row["reconstruction_p"]) == verdict.reconstruction.p
        assert float(row["consistency"]) == verdict.consistency.score
        assert float(row["consistency_p"]) == verdict.consistency.p
        assert row["culprit"] == verdict.consistency.culprit
        assert float(row["methane"]) == verdict.methane.score
        assert float(row["methane_p"]) == verdict.methane.p
        if verdict.methane.over_range:
            assert (row["virtual_ppb"], row["virtual_sd_ppb"]) == ("over range", "")
        else:
            assert float(row["virtual_ppb"]) == verdict.methane.virtual_ppb
            assert float(row["virtual_sd_ppb"]) == verdict.methane.sd_ppb
        assert row["alarm"] == "+".join(verdict.exceeds)
        assert row["state"] == verdict.state
        assert row["flag"] == ("4" if verdict.flags else "1")
    assert (rows[115]["flag"], rows[115]["culprit"]) == ("4", "temperature_c")
    assert "consistency" in rows[115]["alarm"].split("+")
    assert "methane" in rows[119]["alarm"].split("+")


def test_cells_are_empty_while_there_is_no_score(bundles: dict[str, Path], tmp_path: Path) -> None:
    values = LONG.copy()
    values[110:, 4] = math.nan
    rows = scored(bundles["vae"], station_csv(tmp_path / "a.csv", values))
    for name in ("reconstruction", "reconstruction_p"):
        assert [bool(row[name]) for row in rows] == [BASELINE_LEAST <= i < 110 + HOLD for i in range(150)]
    assert {(row["state"], row["alarm"]) for row in rows[:60]} <= {("warming_up", ""), ("alarm", "methane")}
    assert {(row["flag"], row["culprit"]) for row in rows[110:]} == {("9", "r2611e_ohm")}
    assert {float(row["consistency"]) for row in rows[110:]} == {12.0}


def test_a_level_beyond_the_training_is_called_over_or_under_range(bundles: dict[str, Path], tmp_path: Path) -> None:
    virtual = Bundle.open(bundles["ae"]).scoring().virtual
    assert virtual is not None
    responsive = [STATION.keys.index(key) for key in virtual.responsive]
    values = LONG[:22].copy()
    values[20, responsive] /= 8
    values[21, responsive] *= 8
    rows = scored(bundles["ae"], station_csv(tmp_path / "a.csv", values))
    assert [(row["virtual_ppb"], row["virtual_sd_ppb"]) for row in rows[20:]] == [
        ("over range", ""),
        ("under range", ""),
    ]


def test_blank_rows_are_counted_and_have_no_verdict(bundles: dict[str, Path], tmp_path: Path) -> None:
    lines = station_csv(tmp_path / "a.csv").read_text().splitlines()
    lines[3:3] = ["", ""]
    lines[8:8] = [",,,,,,,,"]
    (tmp_path / "b.csv").write_text("\n".join([*lines, "", ""]))
    rows = scored(bundles["vae"], tmp_path / "b.csv")
    assert [int(row["row"]) for row in rows] == [0, 1, *range(4, 7), *range(8, 43)]
    assert [lines[int(row["row"]) + 1].split(",")[0] for row in rows] == [repr(float(value)) for value in VALUES[:, 0]]


def test_what_follows_a_row_of_separators_begins_without_a_past(bundles: dict[str, Path], tmp_path: Path) -> None:
    lines = station_csv(tmp_path / "a.csv").read_text().splitlines()
    assert scored(bundles["vae"], tmp_path / "a.csv")[30]["reconstruction"]
    lines.insert(26, ",,,,,,,,")
    (tmp_path / "a.csv").write_text("\n".join(lines))
    assert not scored(bundles["vae"], tmp_path / "a.csv")[30]["reconstruction"]


def test_a_requested_rate_moves_the_threshold(bundles: dict[str, Path], tmp_path: Path) -> None:
    file = station_csv(tmp_path / "a.csv", simulate_chamber(600, seed=11))
    alarms = []
    for rate in (0.001, 0.3):
        rows = scored(bundles["ae"], file, request=rate)[60:]
        for kind in ("consistency", "reconstruction"):
            found = [kind in row["alarm"].split("+") for row in rows]
            assert found == [float(row[kind]) >= -math.log10(rate) for row in rows]
        alarms.append(sum(found))
    assert alarms[0] < alarms[1]


def test_thresholds_follow_the_rows_only_where_that_is_asked_for(bundles: dict[str, Path], tmp_path: Path) -> None:
    file = station_csv(tmp_path / "a.csv", simulate_chamber(600, seed=11))
    static, adapted = (scored(bundles["ae"], file, request=0.3, adapt=adapt) for adapt in (False, True))
    assert [row["consistency"] for row in static] == [row["consistency"] for row in adapted]
    assert [row["alarm"] for row in static] != [row["alarm"] for row in adapted]


@pytest.mark.parametrize("rate", [0, 1, -0.1, 5, math.nan])
def test_a_rate_that_is_none_is_refused(bundles: dict[str, Path], tmp_path: Path, rate: float) -> None:
    with pytest.raises(RequestError, match=r"^request: got .*, expected a rate in \(0, 1\)"):
        score_files(bundles["ae"], [station_csv(tmp_path / "a.csv")], io.StringIO(), request=rate)


def test_an_absent_gas_column_need_not_be_there_and_is_not_looked_at(bundles: dict[str, Path], tmp_path: Path) -> None:
    whole = station_csv(tmp_path / "a.csv", LONG)
    write_table(tmp_path / "b.csv", STATION.names[1:], LONG[:, 1:])
    rows = [scored(bundles["ae"], file, absent=["ch4_ppb"]) for file in (whole, tmp_path / "b.csv")]
    assert [list(row.values())[1:] for row in rows[0]] == [list(row.values())[1:] for row in rows[1]]
    assert {row["flag"] for row in rows[0]} == {"1"}
    assert all(row["methane"] and row["virtual_ppb"] for row in rows[0][60:])
    with pytest.raises(BundleError, match="absent: got rmq4_ohm") as got:
        score_files(bundles["ae"], ["x.csv"], io.StringIO(), absent=["rmq4_ohm"])
    assert "\n" not in str(got.value)
    with pytest.raises(TableError, match="Methane"):
        scored(bundles["ae"], tmp_path / "b.csv")


def test_a_stream_may_do_without_the_gas(bundles: dict[str, Path]) -> None:
    body = dict(zip(STATION.keys, VALUES[0].tolist(), strict=True))
    del body["ch4_ppb"]
    (found,) = streamed(bundles["ae"], json.dumps(body), absent=["ch4_ppb"])
    assert found["flags"] == {}
    assert found["methane"]["level_ppb"] is None


def test_a_file_that_cannot_be_read_leaves_the_scores_that_were_there(bundles: dict[str, Path], tmp_path: Path) -> None:
    good, bad, out = station_csv(tmp_path / "a.csv"), tmp_path / "bad.csv", tmp_path / "scores.csv"
    bad.write_text("a,b\n1,2\n")
    out.write_text("as it was")
    with pytest.raises(TableError, match=r"bad\.csv"):
        score_files(bundles["ae"], [good, bad], out)
    assert out.read_text() == "as it was"


def test_a_stream_gives_a_verdict_or_an_error_for_every_reading_and_goes_on(bundles: dict[str, Path]) -> None:
    one = dict(zip(STATION.keys, VALUES[0].tolist(), strict=True))
    lines = [
        json.dumps(one | {"seq": 5}), "{nonsense", "", json.dumps([one, {"uptime": 5}, one]),
        json.dumps(one | {"ts": "2026-01-31T12:00:00Z"}),
    ]  # fmt: skip
    found = streamed(bundles["vae"], "\n".join(lines))
    assert [item.get("n") for item in found] == [1, None, 2, None, 3, 4]
    assert found[0]["seq"] == 5
    assert found[0]["station"] == STATION.name
    assert found[1] == {"error": "the payload is not JSON: object keys must be strings (byte 1)", "at": None, "line": 2}
    assert found[3]["error"].startswith("none of the 9 keys is there")
    assert (found[3]["at"], found[3]["line"]) == ("[1]", 4)
    assert found[5]["ts"] == "2026-01-31T12:00:00.000Z"
    assert all("methane" in item for item in found if "n" in item)


def test_a_stream_can_be_written_to_a_file(bundles: dict[str, Path], tmp_path: Path) -> None:
    score_files(bundles["ae"], ["-"], tmp_path / "out.ndjson", source=io.BytesIO(b"1\n2\n"))
    assert len((tmp_path / "out.ndjson").read_text().splitlines()) == 2


def test_a_stream_stands_alone(bundles: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="expected it alone"):
        score_files(bundles["ae"], ["-", station_csv(tmp_path / "a.csv")], io.StringIO())


def test_the_real_record_is_scored_row_by_row(bundles: dict[str, Path], record_folder: Path, tmp_path: Path) -> None:
    score_files(bundles["vae"], [record_folder / "station-2.csv"], tmp_path / "scores.csv")
    with (tmp_path / "scores.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["row"]) for row in rows] == list(range(14186))
    assert all(0 <= float(row["consistency"]) <= 12 for row in rows[60:])
    assert all(0 <= float(row["reconstruction"]) <= 12 for row in rows[60:])


def test_what_was_left_out_or_has_no_score_is_reported(bundles: dict[str, Path], tmp_path: Path) -> None:
    path = station_csv(tmp_path / "a.csv", LONG)
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:101], lines[0], *lines[101:]]) + "\n")
    err = io.StringIO()
    rows = scored(bundles["ae"], path, err=err)
    assert [row["row"] for row in rows] == [str(i) for i in range(151) if i != 100]
    unscored = 2 * BASELINE_LEAST
    assert err.getvalue() == (
        "a.csv: 1 row dropped: the header again (first at line 102)\n"
        f"{path}: {unscored} of 150 rows have no reconstruction score: {unscored} warming up, "
        "at the start or behind a gap\n"
    )


def test_a_file_that_is_newest_first_is_scored_from_its_oldest_row(bundles: dict[str, Path], tmp_path: Path) -> None:
    stamped = [(f"2026-05-07T{i // 60:02d}:{i % 60:02d}:00Z", *row) for i, row in enumerate(LONG.tolist())]
    write_table(tmp_path / "up.csv", ("when", *STATION.names), stamped)
    write_table(tmp_path / "down.csv", ("when", *STATION.names), stamped[::-1])
    err = io.StringIO()
    up, down = (scored(bundles["ae"], tmp_path / f"{name}.csv", err=err) for name in ("up", "down"))
    assert [row["row"] for row in down] == [str(i) for i in reversed(range(150))]
    assert [row["consistency"] for row in down] == [row["consistency"] for row in up]
    assert "down.csv: its rows are newest first; they were turned round" in err.getvalue()


def test_readings_of_a_stream_that_cannot_be_used_are_counted(bundles: dict[str, Path]) -> None:
    err = io.StringIO()
    streamed(bundles["ae"], "{}\nnonsense\n", err=err)
    assert err.getvalue() == "standard input: 2 readings cannot be used; each has its error in the output\n"


def test_a_station_file_says_how_the_files_are_written(bundles: dict[str, Path], tmp_path: Path) -> None:
    described = tmp_path / "logger.yaml"
    text = Path(METHANE).read_text()
    described.write_text(text.replace("name: Temperature,", "name: Luft,") + '\ndecimal: ","\n')
    names = [name.replace("Temperature", "Luft") for name in STATION.names]
    write_table(tmp_path / "logger.csv", names[::-1], VALUES[:, ::-1], separator=";", decimal=",")
    plain = scored(bundles["ae"], station_csv(tmp_path / "plain.csv"))
    rows = scored(bundles["ae"], tmp_path / "logger.csv", station=described)
    assert [list(row.values())[1:] for row in rows] == [list(row.values())[1:] for row in plain]


def test_a_station_file_with_other_columns_is_refused(bundles: dict[str, Path], tmp_path: Path) -> None:
    described = tmp_path / "other.yaml"
    described.write_text(Path(METHANE).read_text().replace("key: rmq4_ohm", "key: rmq5_ohm"))
    with pytest.raises(ConfigError, match="expected also rmq4_ohm, as in the bundle"):
        scored(bundles["ae"], station_csv(tmp_path / "a.csv"), station=described)
    described.write_text(Path(METHANE).read_text().replace("unit: Cel", "unit: K"))
    with pytest.raises(ConfigError, match=r'temperature_c\.unit: got "K", expected "Cel", as in the bundle'):
        scored(bundles["ae"], station_csv(tmp_path / "a.csv"), station=described)
