"""Completion in real shells: what a person types and what Tab makes of it."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from davylamp import VERBS, main
from edge.completing.verb_words import ANY_FILE, FOLDER, read_verbs
from tests.terminal_process import TerminalProcess

START = {
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "zsh": ["zsh", "-f", "-i"],
    "fish": ["fish", "--no-config", "-i"],
}
LOAD = {
    "bash": "source completion.bash",
    "zsh": "autoload -U compinit && compinit -u -d dump && source completion.zsh",
    "fish": "source completion.fish",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with files to complete, and the scripts, as the command prints them."""
    made = tmp_path_factory.mktemp("completion")
    for name in ("one.davy", "gateway.yaml", "rows.csv"):
        (made / name).touch()
    (made / "runs").mkdir()
    for shell in START:
        with (made / f"completion.{shell}").open("w") as script, contextlib.redirect_stdout(script):
            assert main(["completion", shell]) == 0
    return made


def completed_by_bash(line: str, folder: Path) -> list[str]:
    """Return what bash would offer for a line, whose last word is being typed."""
    words = line.split(" ")
    script = (
        'source completion.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _davylamp; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", script, "-", *words], capture_output=True, text=True, cwd=folder, check=True
    )
    return sorted(done.stdout.split())


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("davylamp wat", ["watch"]),
        ("davylamp help sco", ["score"]),
        ("davylamp --ver", ["--version"]),
        ("davylamp request alarm/", ["alarm/acknowledge", "alarm/shelve"]),
        ("davylamp train --mod", ["--model"]),
        ("davylamp train --model ", ["ae", "both", "vae"]),
        ("davylamp agent -c ", ["gateway.yaml", "runs"]),
        ("davylamp inspect ", ["one.davy", "runs"]),
        ("davylamp train --output ", ["runs"]),
        ("davylamp watch --broker ", []),
        ("davylamp completion ", ["bash", "fish", "zsh"]),
        ("davylamp data fe", ["fetch"]),
        ("davylamp replay r", ["rows.csv", "runs"]),
        ("davylamp agent --config = ga", ["gateway.yaml"]),
        ("davylamp train --model =", ["ae", "both", "vae"]),
    ],
)
def test_bash_offers_what_fits(folder: Path, line: str, offered: list[str]) -> None:
    assert completed_by_bash(line, folder) == offered


def test_bash_takes_a_star_in_a_name_for_itself(folder: Path, tmp_path: Path) -> None:
    for name in ("a*.davy", "ab.davy"):
        (tmp_path / name).touch()
    (tmp_path / "completion.bash").write_text((folder / "completion.bash").read_text())
    assert completed_by_bash("davylamp inspect a", tmp_path) == ["a*.davy", "ab.davy"]


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("davylamp wat", ["watch"]),
        ("davylamp help sco", ["score"]),
        ("davylamp train --mod", ["--model"]),
        ("davylamp train --model ", ["ae", "both", "vae"]),
        ("davylamp agent -c g", ["gateway.yaml"]),
        ("davylamp inspect o", ["one.davy"]),
    ],
)
def test_fish_offers_what_fits(folder: Path, line: str, offered: list[str]) -> None:
    if shutil.which("fish") is None:
        pytest.skip("fish is not installed")
    command = ["fish", "--no-config", "-c", "source completion.fish; complete -C $argv[1]", line]
    environment = {**os.environ, "HOME": str(folder)}
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=True, env=environment)
    assert sorted(each.split("\t")[0] for each in done.stdout.splitlines()) == offered
    assert done.stderr == ""


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_tab_completes_in_an_interactive_shell(folder: Path, shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    environment = {"HOME": str(folder), "PS1": "> ", "INPUTRC": "/dev/null"}
    with TerminalProcess(command=START[shell], folder=folder, environment=environment) as terminal:
        terminal.press(f"cd {folder}; {LOAD[shell]}; echo load''ed\r")
        terminal.wait("loaded")
        for typed, done in (
            ("davylamp wat\t", "davylamp watch"),
            ("davylamp agent -c gat\t", "davylamp agent -c gateway.yaml"),
            ("davylamp inspect o\t", "davylamp inspect one.davy"),
            ("davylamp train --model bo\t", "davylamp train --model both"),
            ("davylamp score --enh\t", "davylamp score --enhancement"),
        ):
            terminal.press(typed)
            terminal.wait(done.rpartition(" ")[2])
            terminal.press("\x15")  # Ctrl-U clears the line
        terminal.press("exit\r")


@pytest.mark.parametrize("shell", START)
def test_the_script_is_one_that_the_shell_can_parse(folder: Path, shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    done = subprocess.run([shell, "-n", f"completion.{shell}"], capture_output=True, text=True, cwd=folder, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_every_verb_is_read_with_its_options() -> None:
    verbs = {each.verb: each for each in read_verbs(VERBS)}
    assert verbs.keys() == VERBS.keys()
    train = {flag: option for option in verbs["train"].options for flag in option.flags}
    assert train["--model"].choices == ("ae", "vae", "both")
    assert train["--station"].suffixes == ("yaml", "yml")
    assert train["--output"].suffixes == (FOLDER,)
    assert not train["--quick"].takes_value
    assert verbs["train"].suffixes == (ANY_FILE,)
    assert "--since" not in {flag for option in verbs["check"].options for flag in option.flags}
