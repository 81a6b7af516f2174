"""What makes a package, an image and an add-on agrees with one another; `make test-packages` builds and tries them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
import yaml

import davylamp
from edge.deployment.add_on import USER
from edge.deployment.own_wheel import own_wheel
from tests.packages.add_on_rules import add_on_faults

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
IMAGE = ROOT / "systemd" / "container" / "Dockerfile"
ADD_ON = ROOT / "systemd" / "home-assistant"


def git(*words: str) -> list[str]:
    """Return the lines that git prints; skip without git or outside of a checkout."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed here")
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode == 128:
        pytest.skip("not a checkout of git")
    return done.stdout.splitlines()


def test_every_link_of_the_readme_works_on_a_package_index() -> None:
    text = re.sub(r"^```.*?^```$", "", README.read_text(), flags=re.DOTALL | re.MULTILINE)
    links = [*re.findall(r"\]\(([^)\s]+)\)", text), *re.findall(r"(?:src|srcset|href)=\"([^\"]+)\"", text)]
    assert len(links) > 10
    assert [link for link in links if not link.startswith(("https://", "#"))] == []


def test_the_pictures_of_the_readme_are_served_as_pictures() -> None:
    text = README.read_text()
    pictures = [*re.findall(r"!\[[^\]]*\]\(([^)\s]+)\)", text), *re.findall(r"(?:src|srcset)=\"([^\"]+)\"", text)]
    wrong = [
        each for each in pictures if not each.startswith("https://raw.githubusercontent.com/davylamp/davylamp/main/")
    ]
    assert pictures
    assert wrong == []  # a blob page of GitHub is HTML


def test_the_package_says_where_its_home_is() -> None:
    assert PROJECT["urls"].keys() >= {"Repository", "Documentation", "Issues", "Changelog"}
    assert all(url.startswith("https://") for url in PROJECT["urls"].values())


def test_the_wheel_holds_every_file_of_the_packages() -> None:
    tracked = set(git("ls-files", "config", "edge", "trainer", "export", "davylamp.py"))
    with zipfile.ZipFile(BytesIO(own_wheel().data)) as wheel:
        names = set(wheel.namelist())
    assert tracked
    assert tracked - names == set()
    assert names >= {"config/templates/davylamp.service", "config/templates/constraints.txt"}


def test_no_file_of_the_packages_is_left_out_by_gitignore() -> None:
    # The build backend leaves out what .gitignore names, even if git tracks it, for example `dist/` below static files.
    tracked = git("ls-files", "config", "edge", "trainer", "export", "systemd")
    assert git("check-ignore", "--no-index", *tracked) == []


def test_everything_that_the_image_copies_is_there_and_is_sent_to_the_builder() -> None:
    copied = [
        word
        for line in re.findall(r"^COPY (?!--from)(.+)$", IMAGE.read_text(), re.MULTILINE)
        for word in line.split()[:-1]
    ]
    sent = (ROOT / "systemd" / "container" / "Dockerfile.dockerignore").read_text().splitlines()
    assert copied
    assert [path for path in copied if not any(ROOT.glob(path))] == []
    reached = {path for pattern in copied for path in ROOT.glob(pattern)}
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert [path for path in wheel["force-include"] if ROOT / path not in reached] == []
    assert [path for path in copied if f"!{path}" not in sent] == []


@pytest.mark.parametrize("dockerfile", [IMAGE, ADD_ON / "Dockerfile"], ids=["image", "add-on"])
def test_images_are_of_debian_and_check_their_health_by_a_file_that_is_there(dockerfile: Path) -> None:
    text = dockerfile.read_text()
    assert "python:3.13-slim-trixie" in text
    assert f"davylamp:x:{USER}:{USER}:" in text
    health = re.search(r'^HEALTHCHECK .*CMD \["python3", "-I", "-S", "/opt/davylamp/(.+)"\]$', text, re.MULTILINE)
    assert health
    assert (ROOT / health[1]).is_file()
    python = re.search(r"python:(\d\.\d+)-", text)
    assert python
    assert f"Programming Language :: Python :: {python[1]}" in PROJECT["classifiers"]


def test_the_image_runs_as_nobody_special_and_keeps_its_journal_in_a_volume() -> None:
    text = IMAGE.read_text()
    assert f"\nUSER {USER}:{USER}\n" in text
    assert '\nVOLUME ["/var/lib/davylamp"]\n' in text
    service = yaml.safe_load((IMAGE.parent / "compose.yaml").read_text())["services"]["davylamp"]
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    assert (IMAGE.parent / service["build"]["context"]).resolve() == ROOT
    assert (ROOT / service["build"]["dockerfile"]) == IMAGE
    assert any(volume.endswith(":/var/lib/davylamp") for volume in service["volumes"])


def test_the_add_on_is_what_the_supervisor_accepts() -> None:
    assert add_on_faults(ADD_ON) == []


def test_the_add_on_has_davylamps_version() -> None:
    configuration = yaml.safe_load((ADD_ON / "config.yaml").read_text())
    assert configuration["version"] == davylamp.__version__
    assert f"\nARG BUILD_VERSION={davylamp.__version__}\n" in (ADD_ON / "Dockerfile").read_text()


def test_an_option_of_the_add_on_is_explained_in_every_language_and_in_its_documentation() -> None:
    schema = yaml.safe_load((ADD_ON / "config.yaml").read_text())["schema"]
    documentation = (ADD_ON / "DOCS.md").read_text()
    assert [option for option in schema if f"`{option}`" not in documentation] == []
    languages = list((ADD_ON / "translations").glob("*.yaml"))
    assert languages
    for language in languages:
        explained = yaml.safe_load(language.read_text())["configuration"]
        assert explained.keys() == schema.keys(), language.name
        assert all(each["name"] and each["description"] for each in explained.values()), language.name


@pytest.mark.parametrize("words", [["train", "x.csv"], ["help", "evaluate"], ["demo"]])
def test_the_agent_alone_says_where_the_other_verbs_are(words: list[str], tmp_path: Path) -> None:
    for name in ("config", "edge", "davylamp.py"):
        (tmp_path / name).symlink_to(ROOT / name)
    done = subprocess.run(
        [sys.executable, "-S", "-E", "-m", "davylamp", *words],  # without the packages of this environment
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert "fix: install davylamp[trainer] on a workstation" in done.stderr
