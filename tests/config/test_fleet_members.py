"""The stations of a fleet are found by their names and their files, and every mistake is named at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.errors import ConfigError
from config.fleet_members import FleetMember, find_members, folder_files
from config.yaml.load import load_fleet


def members(folder: Path, text: str) -> dict[str, FleetMember]:
    path = folder / "fleet.yaml"
    path.write_text(text)
    return {each.name: each for each in find_members(load_fleet(path), path)}


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        members(folder, text)
    return [line.removeprefix(f"{folder}/") for line in refused.value.problems]


@pytest.mark.parametrize(
    ("files", "pattern"),
    [
        (["records/st-1.csv", "records/st-2.csv"], "records/{station}.csv"),
        (["d/station=st-1/day=1/a.parquet", "d/station=st-2/day=1/a.parquet"], "d/station={station}"),
        (["d/st-1/2026/a.parquet", "d/st-2/2026/a.parquet"], "d/{station}/*/*.parquet"),
        (["north/st-1.csv", "south/st-2.csv"], "*/{station}.csv"),
    ],
)
def test_names_are_what_stands_in_the_place_of_the_station(files: list[str], pattern: str, tmp_path: Path) -> None:
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = members(tmp_path, f"stations: [{{files: '{pattern}'}}]")
    assert list(found) == ["st-1", "st-2"]
    assert found["st-1"].topic == "sensors/st-1/readings"
    assert found["st-1"].bundle == tmp_path / "bundles" / "st-1.davy"
    assert all("st-1" in str(path) and path.exists() for path in found["st-1"].files)


def test_an_entry_overrides_what_the_fleet_has_alike(tmp_path: Path) -> None:
    found = members(
        tmp_path,
        "station: a.yaml\nbundles: out\ntopic: 'x/{station}'\nstations:\n"
        "- {name: one, files: one.csv, station: b.yaml, topic: 'y/z'}\n- {names: [two, three], bundle: shared.davy}\n",
    )
    assert (found["one"].station, found["one"].topic, found["one"].trained) == (tmp_path / "b.yaml", "y/z", True)
    assert found["one"].bundle == tmp_path / "out" / "one.davy"
    assert (found["two"].station, found["two"].topic, found["two"].trained) == (tmp_path / "a.yaml", "x/two", False)
    assert found["two"].bundle == found["three"].bundle == tmp_path / "shared.davy"


def test_every_mistake_is_named_at_once(tmp_path: Path) -> None:
    text = (
        "stations:\n- {name: one, files: one.csv}\n- {names: [one, two, two], bundle: x.davy}\n"
        "- {files: 'nowhere/{station}.csv'}\n"
    )
    assert problems(tmp_path, text) == [
        'fleet.yaml: stations[1].name: got "one" which stations[0] has already, expected each station once',
        'fleet.yaml: stations[1].name: got "two" twice, expected each station once',
        (
            "fleet.yaml: stations[2].files: got nowhere/{station}.csv, which finds no station; fix: "
            "check the path and its folder"
        ),
    ]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{files: one.csv}", "name: missing, expected a name, or {station} in files"),
        ("{name: one}", "files: missing, expected what the station is trained on, or the bundle that it has"),
        ("{name: state, bundle: x}", 'name: got "state", expected another name'),
        ("{name: a b, bundle: x}", "name: got"),
        ("{name: a, names: [b], bundle: x}", "names: got a list, expected none"),
        ("{names: [a, b], files: one.csv}", 'files[0]: got "one.csv" for 2 stations, expected {station} in it'),
        ("{name: a, bundle: x, topic: a//b}", 'topic: got "a//b", expected a topic filter with'),
        ("{name: a, bundle: x, topic: $share/g/b}", "expected it without $share"),
        ("{name: a, bundle: x, topic: 'x{station}'}", "expected {station} once at most, as a whole level"),
    ],
)
def test_an_entry_that_contradicts_itself_is_refused(entry: str, said: str, tmp_path: Path) -> None:
    (found,) = problems(tmp_path, f"stations: [{entry}]")
    assert found.startswith("fleet.yaml: stations[0].")
    assert said in found


def test_hidden_and_foreign_files_of_a_folder_are_left_alone(tmp_path: Path) -> None:
    for name in ("b/2.parquet", "b/1.parquet", "a.csv", ".b/3.parquet", "_davylamp/x.csv", "b/notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [str(path.relative_to(tmp_path)) for path in folder_files(tmp_path)] == [
        "a.csv", "b/1.parquet", "b/2.parquet",
    ]  # fmt: skip


def test_numbers_in_paths_count_by_their_value(tmp_path: Path) -> None:
    for name in ("s/day=10/b.parquet", "s/day=2/a.parquet", "st-10.csv", "st-9.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert [path.parent.name for path in folder_files(tmp_path / "s")] == ["day=2", "day=10"]
    assert list(members(tmp_path, "stations: [{files: 'st-{station}.csv'}]")) == ["9", "10"]


def test_what_a_collection_wrote_is_one_station_with_its_alarms_aside(tmp_path: Path) -> None:
    for name in ("recent/st-1.csv", "recent/st-1.alarms.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert list(members(tmp_path, "stations: [{files: 'recent/{station}.csv'}]")) == ["st-1"]
    assert folder_files(tmp_path / "recent") == [tmp_path / "recent" / "st-1.csv"]
    assert members(tmp_path, "stations: [{name: a, files: 'recent/*.csv'}]")["a"].files == (
        tmp_path / "recent" / "st-1.csv",
    )


def test_a_name_that_was_found_but_can_be_no_station_is_named(tmp_path: Path) -> None:
    for name in ("station=st 1", "station=st-2", "station=__HIVE_DEFAULT_PARTITION__", "_SUCCESS"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.parquet").touch()
    rule = "whose name is no station's, expected 1 to 64 letters, digits, _ . : - (first a letter or digit)"
    fix = "fix: rename it, or move it away"
    assert problems(tmp_path, "stations: [{files: 'station={station}'}]") == [
        f"fleet.yaml: stations[0].files: got station=__HIVE_DEFAULT_PARTITION__, {rule}; {fix}",
        f"fleet.yaml: stations[0].files: got station=st 1, {rule}; {fix}",
    ]


@pytest.mark.parametrize("pattern", ["deep/**/{station}.csv", "deep/[x]/{station}.csv", "deep/?x?/{station}.csv"])
def test_wildcards_are_stars_and_question_marks_and_brackets_are_parts_of_names(pattern: str, tmp_path: Path) -> None:
    (tmp_path / "deep" / "[x]").mkdir(parents=True)
    (tmp_path / "deep" / "[x]" / "st-1.csv").touch()
    found = members(tmp_path, f"stations: [{{files: '{pattern}'}}]")
    assert found["st-1"].files == (tmp_path / "deep" / "[x]" / "st-1.csv",)


def test_a_station_that_was_found_needs_a_file_of_one_pattern_only(tmp_path: Path) -> None:
    for name in ("old/st-1.csv", "new/st-1.csv", "new/st-2.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = members(tmp_path, "stations: [{files: ['old/{station}.csv', 'new/{station}.csv']}]")
    assert {name: len(each.files) for name, each in found.items()} == {"st-1": 2, "st-2": 1}
