"""Half a year at a roadside, by the open record when it is there: the verdict is not green, and says why."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.settings.station import Feature, Station
from config.settings.training import Training
from trainer.data.record import load_record
from trainer.evaluation.ageing.measure_ageing import measure_ageing
from trainer.evaluation.ageing.verdict import outcome, seasons_sentence

SENSORS = ("PT08.S1(CO)", "PT08.S2(NMHC)", "PT08.S3(NOx)", "PT08.S4(NO2)", "PT08.S5(O3)")
STATION = Station(
    name="roadside",
    features=(
        Feature(name="CO(GT)", key="co", unit="mg/m3", role="gas", scale="log", range=(0.01, 100)),
        Feature(name="T", key="t", unit="Cel", role="environment", range=(-40, 60)),
        Feature(name="RH", key="rh", unit="%", role="environment", range=(0, 105)),
        Feature(name="AH", key="ah", unit="g/m3", role="environment", range=(0, 60)),
        *(Feature(name=name, key=name[5:7].lower(), unit="1", role="sensor", range=(10, 9999)) for name in SENSORS),
    ),
    time=("Date", "Time"),
    time_format="dd/mm/yyyy hh.mm.ss",
    decimal=",",
)


def test_half_a_year_of_a_roadside_breaks_its_budget(record_folder: Path, tmp_path: Path) -> None:
    whole = record_folder / "field" / "roadside.csv"
    if not whole.is_file():
        pytest.skip("the roadside record is not beside the project (expected ../shared/data/field/roadside.csv)")
    lines = whole.read_text(encoding="utf-8").splitlines(keepends=True)
    half = tmp_path / "half.csv"
    half.write_text("".join(lines[: 1 + len(lines) // 2]), encoding="utf-8")

    found = measure_ageing(load_record([half], STATION), Training.quick(model="ae"))

    assert outcome(found) == "breaks"
    assert seasons_sentence(found).startswith("one season only: 19")
