"""explore: a correct page for any record, or an error of one line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from config.settings.station import Station
from edge.arrays import Floats
from edge.readings.csv.writer import write_table
from edge.simulation.simulator import simulate_chamber
from tests.trainer.exploring.makers import MakeFiles, MakeRecord, MakeStation
from trainer.errors import RecordError
from trainer.exploring.exploration import examine
from trainer.exploring.explore import explore
from trainer.exploring.panels.timeline import timeline_panel
from trainer.exploring.raw_record import MOST

Explore = Callable[..., str]


def text_of(page: Path) -> str:
    """Return the text of a page."""
    body = re.sub(r"<(script|style).*?</\1>", "", page.read_text(), flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body)))


@pytest.fixture
def explored(files: MakeFiles, tmp_path: Path) -> Explore:
    def run(values: Floats, station: Station, **options: Any) -> str:
        csv, yaml = files(values, station)
        page = tmp_path / "explore.html"
        explore([csv], yaml, page, **options)
        assert page.stat().st_size <= 1_500_000
        return text_of(page)

    return run


def test_a_record_becomes_a_page_pictures_and_numbers(
    explored: Explore, simulated: Floats, methane: Station, tmp_path: Path
) -> None:
    text = explored(simulated, methane, pairs=[("ch4_ppb", "rmq4_ohm")], png=tmp_path / "png")
    assert "3,000 rows of 9 columns from rows.csv" in text
    assert "6 plateaus of the climate" in text
    assert "10 onsets of gas" in text
    assert "Pairs asked for" in text
    pictures = {path.stem for path in (tmp_path / "png").glob("*.png")}
    assert pictures == {"timeline", "leak", "response", "correlations", "environment", "pairs", "densities", "memory"}
    numbers = json.loads((tmp_path / "png" / "timeline.json").read_text())
    assert len(numbers["row"]) == 600  # binned: no row is in it


def test_an_empty_column_is_reported(explored: Explore, simulated: Floats, methane: Station) -> None:
    values = simulated[:900].copy()
    values[:, 5] = np.nan
    text = explored(values, methane)
    assert "r2600_ohm no reading" in text


def test_columns_that_are_constant_coarse_or_have_holes_are_reported_with_the_rows_left_to_train_on(
    explored: Explore, simulated: Floats, methane: Station
) -> None:
    values = simulated[:900].copy()
    values[:, 3] = 55.5
    values[:, 8] = np.array([40_000.0, 50_000.0, 60_000.0])[np.arange(900) // 7 % 3]
    values[np.random.default_rng(0).random(900) < 0.4, 4] = np.nan
    share, left = np.isnan(values[:, 4]).mean(), int(np.isfinite(values[:, 4]).sum())
    text = explored(values, methane)
    assert "humidity_pct always 55.5 % training refuses it" in text
    assert "rmq4_ohm 3 different values, in steps of 10000 Ω" in text
    assert f"r2611e_ohm {100 * share:.1f} % missing" in text
    assert (
        f"{left:,} rows are complete; in the others, training holds a column's last value for at most 12 rows" in text
    )
    assert "3 onsets of gas" in text  # the gas is complete


def test_thirty_rows_are_enough_to_look_at_and_too_few_to_judge(
    explored: Explore, simulated: Floats, methane: Station
) -> None:
    text = explored(simulated[:30], methane)
    assert "only 30" in text
    assert "Modes are not looked for in fewer than 200 rows" in text
    assert "It takes 200 rows" in text  # to estimate the leakage
    assert "60 rows in which neither they nor the climate are missing" in text  # to estimate the response


def test_fewer_rows_are_refused_in_one_line(
    files: MakeFiles, simulated: Floats, methane: Station, tmp_path: Path
) -> None:
    csv, yaml = files(simulated[:3], methane)
    with pytest.raises(RecordError, match=r"^\S+rows.csv: got 3 rows, expected at least 10 to explore") as caught:
        explore([csv], yaml, tmp_path / "explore.html")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "explore.html").exists()


def test_two_columns_without_gas_are_enough(explored: Explore, plain: MakeStation) -> None:
    x = np.cumsum(np.random.default_rng(0).normal(size=1500))
    text = explored(np.column_stack([x, x**2]), plain(2))
    assert "Nothing special in 1,500 rows of 2 columns" in text
    assert "No column is a copy of another" in text
    assert "no onset of gas" in text
    assert "It takes a gas column" in text
    assert "of c0 from the other columns" in text


def test_forty_columns_are_drawn_and_copies_among_them_are_reported(explored: Explore, plain: MakeStation) -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(800, 6)) @ rng.normal(size=(6, 40))
    values[:, 33] = values[:, 7]
    text = explored(values, plain(40))
    assert "c33 equal to c7 in every row" in text
    assert "1 is a copy of another" in text


def test_two_hundred_thousand_rows_are_sampled_and_the_page_says_so(explored: Explore, plain: MakeStation) -> None:
    rng = np.random.default_rng(0)
    values = np.round(np.sin(np.arange(200_000) / 500)[:, None] + rng.normal(size=(200_000, 2)), 2)
    text = explored(values, plain(2))
    assert f"use every {200_000 // MOST}th row" in text
    assert "Drawn: every 17th row" in text
    assert "Judged on every 14th row" in text


def test_every_row_missing_is_still_a_page(explored: Explore, simulated: Floats, methane: Station) -> None:
    values = np.full_like(simulated[:40], np.nan)
    values[:, 0] = 2000.0
    text = explored(values, methane)
    assert text.count("no reading") == 8
    assert "No column moves" in text


def test_a_pair_that_is_no_column_is_refused_before_anything_is_read(
    methane: Station, files: MakeFiles, simulated: Floats, tmp_path: Path
) -> None:
    _, yaml = files(simulated[:20], methane)
    with pytest.raises(RecordError, match='got "rmq4"; did you mean "rmq4_ohm"'):
        explore([tmp_path / "absent.csv"], yaml, tmp_path / "e.html", pairs=[("ch4_ppb", "rmq4")])


def test_a_folder_that_does_not_exist_is_refused_before_anything_is_read(
    files: MakeFiles, simulated: Floats, methane: Station, tmp_path: Path
) -> None:
    _, yaml = files(simulated[:20], methane)
    with pytest.raises(RecordError, match="expected an existing folder"):
        explore([tmp_path / "absent.csv"], yaml, tmp_path / "no" / "e.html")


def test_gaps_in_time_are_reported_with_the_longest(simulated: Floats, methane: Station, tmp_path: Path) -> None:
    seconds = np.arange(900.0) * 60
    seconds[300:] += 3600 * 7
    seconds[600:] += 600
    csv, yaml = tmp_path / "rows.csv", tmp_path / "station.yaml"
    station = msgspec.structs.replace(methane, time="time", cadence=60.0)
    write_table(csv, ("time", *methane.names), np.column_stack([1.7e9 + seconds, simulated[:900]]))
    yaml.write_bytes(msgspec.yaml.encode(station))
    explore([csv], yaml, tmp_path / "explore.html")
    text = text_of(tmp_path / "explore.html")
    assert "time 2 gaps, the longest 7.02 h" in text
    assert "2 borders of segments" in text
    assert "Gaps in time: 2" in text


def test_many_onsets_are_marked_at_the_edge_of_the_timeline(record: MakeRecord, methane: Station) -> None:
    panel = timeline_panel(examine(record(np.tile(simulate_chamber(700, seed=1), (30, 1)), methane)))
    assert panel.figure is not None
    marks = panel.figure.axes[0].lines
    assert len(marks) > 40
    assert {np.asarray(mark.get_ydata())[0] for mark in marks} == {0.9}
