"""The page of a run, of a run that lacks files, and of several runs."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from trainer.errors import TrainingError
from trainer.evaluation.detection.results import DETECTION
from trainer.reporting.acceptance import acceptance
from trainer.reporting.report import report
from trainer.reporting.run_panels import run_panels
from trainer.reporting.run_results import RunResults
from trainer.statistics.run_statistics import STATISTICS

HEAVIEST = 1_500_000


def sections(page: Path) -> dict[str, str]:
    return dict(re.findall(r'<section id="([^"]+)"(.*?)</section>', page.read_text(), re.DOTALL))


def test_a_whole_run_shows_every_picture_with_its_numbers(whole: Path, tmp_path: Path) -> None:
    page = tmp_path / "r.html"
    report([whole], page, png=tmp_path / "png")
    assert page.stat().st_size <= HEAVIEST
    found = sections(page)
    drawn = {key for key, text in found.items() if "<svg" in text}
    assert drawn == {
        "ageing", "losses", "reconstruction-scorer", "reconstruction-generator", "latent-scorer", "latent-generator",
        "generated", "generated-correlations", "generated-scatters", "timeline", "roc", "rates", "families",
        "withheld", "densities", "correlations", "noise-ours-vae", "noise-ours-ae", "synthesis", "downstream",
    }  # fmt: skip
    assert set(found) == drawn | {"verdict", "goals", "card"}
    assert {path.stem for path in (tmp_path / "png").glob("*.png")} == drawn
    assert {path.stem for path in (tmp_path / "png").glob("*.json")} >= drawn
    assert not any('class="missing"' in text for text in found.values())


def test_the_page_names_the_fit_that_its_figures_were_measured_on(whole: Path) -> None:
    results = RunResults.open(whole)
    panels = {panel.key: panel for panel in run_panels(results)}
    plain = "the fit that left the test blocks out; the bundle's own fit has seen every row"
    for key in ("losses", "reconstruction-scorer", "latent-generator", "generated"):
        assert panels[key].caption.endswith(f" Shown is {plain}.")
    data = {row[0]: row[1] for table in panels["card"].tables for row in table.rows if table.caption == "Data"}
    assert data["figures of the training"] == f"measured on {plain}"
    assert data["rows of the bundle's own fit"] == "3,000"
    assert acceptance(results).about.endswith(f"were measured on {plain}.")


def test_what_is_missing_is_a_panel_with_the_command_that_makes_it(bare: Path, tmp_path: Path) -> None:
    report([bare], tmp_path / "r.html")
    found = sections(tmp_path / "r.html")
    assert f"--run {bare}" in found["detection"]
    assert "--synthesis" in found["synthesis"]
    assert "davylamp train" in found["portrait"]
    assert "<svg" in found["losses"]
    assert "not measured" in found["verdict"]
    assert "not a certified safety device" in found["card"]


def test_a_damaged_file_is_named_in_its_panel_and_affects_no_other(whole: Path) -> None:
    (whole / DETECTION).write_bytes(b'{"families": 3}')
    found = {panel.key: panel for panel in run_panels(RunResults.open(whole))}
    assert "detection.json: cannot be read" in (found["detection"].missing or "")
    assert found["densities"].figure is not None


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"got no run\.json in it"):
        report([tmp_path / "nothing"], tmp_path / "r.html")
    with pytest.raises(TrainingError, match="got no run, expected one or more"):
        report([], tmp_path / "r.html")
    with pytest.raises(TrainingError, match=r"no/r\.html: expected an existing folder"):
        report([tmp_path / "nothing"], tmp_path / "no" / "r.html")
    assert not (tmp_path / "r.html").exists()


def test_a_station_without_gas_gets_a_page_without_panels_about_gas(whole: Path) -> None:
    evaluation = json.loads((whole / DETECTION).read_text())
    for cell in evaluation["cells"]:
        cell["withheld"] = []
        cell["curves"]["virtual"] = None
        cell["curves"]["timelines"][0]["gas"] = None
    (whole / DETECTION).write_text(json.dumps(evaluation))
    synthesis = json.loads((whole / "synthesis.json").read_text())
    synthesis |= {"usefulness": [], "scarce": [], "detections": []}
    (whole / "synthesis.json").write_text(json.dumps(synthesis))
    for one in synthesis["resemblances"]:
        one["useful"] = "nan"
    (whole / "synthesis.json").write_text(json.dumps(synthesis))
    found = {panel.key: panel for panel in run_panels(RunResults.open(whole))}
    assert not {"withheld", "downstream"} & set(found)
    pictures = {key: figure.axes for key in ("timeline", "synthesis") if (figure := found[key].figure) is not None}
    assert len(pictures["timeline"]) == 2
    assert [axes.get_title(loc="left") for axes in pictures["synthesis"]] == [
        "KS, held out", "C2ST, AUROC", "nearer to its own half",
    ]  # fmt: skip
    assert all(axes.has_data() for several in pictures.values() for axes in several)


def test_a_station_without_pairs_of_columns_gets_a_page_without_scatters(whole: Path) -> None:
    statistics = json.loads((whole / STATISTICS).read_text())
    statistics["rows"]["pairs"] = []
    for sample in statistics["rows"]["samples"].values():
        sample["joints"] = []
    (whole / STATISTICS).write_text(json.dumps(statistics))
    found = {panel.key for panel in run_panels(RunResults.open(whole))}
    assert "generated-scatters" not in found
    assert {"generated", "generated-correlations"} <= found


def test_the_same_run_twice_is_refused(bare: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="twice, expected runs of their own"):
        report([bare, bare], tmp_path / "r.html")


def test_runs_are_shown_side_by_side_with_what_differs(whole: Path, runs: dict[str, Path], tmp_path: Path) -> None:
    other = Path(shutil.copytree(runs["vae"], tmp_path / "other" / "whole"))  # of the same name
    for name in (STATISTICS, DETECTION):
        shutil.copy(whole / name, other)
    report([whole, other], tmp_path / "r.html")
    found = sections(tmp_path / "r.html")
    assert {"numbers", "settings", "losses", "reconstruction", "generated", "families", "missing"} == set(found)
    assert "<td>model</td><td>both</td><td>vae</td>" in found["settings"]
    assert "<td>seed</td>" not in found["settings"]
    assert str(whole) in found["numbers"]
    assert str(other) in found["numbers"]
    assert "synthesis.json is not there yet" in found["missing"]


def test_runs_of_different_data_are_not_to_be_compared(whole: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(whole, tmp_path / "field"))
    about = json.loads((other / "run.json").read_text())
    about["data"] |= {"sha256": "0" * 64, "files": ["field.csv"]}
    (other / "run.json").write_text(json.dumps(about))
    metrics = json.loads((other / "metrics.json").read_text())
    metrics["rows"]["test"] = 7
    (other / "metrics.json").write_text(json.dumps(metrics))
    report([whole, other], tmp_path / "r.html")
    found = sections(tmp_path / "r.html")
    for key in ("numbers", "reconstruction", "generated", "families"):
        assert "field of field.csv): compare a run with what is wanted, not with a run of other rows" in found[key]
    assert re.search(r"test blocks, [\d,]+ rows / test blocks, 7 rows", found["numbers"])
