"""The machine that all tests of one run share, and the versions of davylamp that are deployed to it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gateway.checkout import Checkout
from tests.gateway.container import Container
from tests.gateway.figures import Figures
from tests.gateway.gateway import Gateway
from tests.gateway.roots import DEBIANS, Debian

_DISK_MB = 2600


@pytest.fixture(scope="session")
def debian() -> Debian:
    if "DAVYLAMP_DEBIAN" not in os.environ:
        pytest.skip("NOT TESTED ON A REAL systemd: run `make test-gateway`, which boots one")
    return DEBIANS[os.environ["DAVYLAMP_DEBIAN"]]


@pytest.fixture(scope="session")
def work(debian: Debian) -> Path:
    """Folder of this run."""
    return Path(os.environ["DAVYLAMP_WORK"]) / debian.suite


@pytest.fixture(scope="session")
def figures(work: Path) -> Figures:
    return Figures(work / "figures.json")


@pytest.fixture(scope="session")
def gateway(debian: Debian, work: Path, figures: Figures) -> Iterator[Gateway]:
    """The booted machine, with nothing of davylamp on it yet."""
    container = Container(f"{debian.suite}-{os.getpid()}", work)
    (work / "deploy.log").unlink(missing_ok=True)
    gateway = Gateway(container, work, Path(os.environ["DAVYLAMP_WORK"]) / "one.davy")

    def prepare(root: Path) -> None:
        (root / "etc/machine-id").write_text("d" * 31 + f"{debian.number % 10}\n")
        (root / "etc/hostname").write_text("gateway\n")
        (root / "etc/hosts").write_text("127.0.0.1 localhost gateway\n")
        gateway.make_key(root)

    container.make_disk(Path(os.environ["DAVYLAMP_ROOT_TARBALL"]), _DISK_MB, prepare)
    try:
        figures.add("boot of the container", f"{container.boot():.1f} s")
        yield gateway
    finally:
        if container.is_on:
            (work / "journal.log").write_text(container.run("journalctl", "--no-pager").text)
        container.remove()


@pytest.fixture(scope="session")
def first(work: Path) -> Checkout:
    """What is deployed first: this checkout."""
    return Checkout(work / "first", "")


@pytest.fixture(scope="session")
def broken(work: Path) -> Checkout:
    """A version that every check passes, and whose agent ends at once."""
    return Checkout(
        work / "broken", ".post1",
        {"edge/commands/agent.py": (r"^(def run\(.*:)$", r"\1" + '\n    raise SystemExit("broken on purpose")')},
    )  # fmt: skip
