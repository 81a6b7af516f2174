"""`make test-gateway`: boots Debian 12 and 13 with a real systemd, side by side, and tries the whole way on each.

Everything lies in build/gateway: the roots (kept), the disks (removed), the bundle, and the logs.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.gateway.roots import DEBIANS, Debian, missing

ROOT = Path(__file__).parents[2]
WORK = ROOT / "build" / "gateway"
TESTS = ("unit", "deploy", "service", "check", "signals", "card", "upgrade", "uninstall", "takeover")
"""In this order: each goes on where the one before has left the machine."""

LIMITS = """What a container cannot tell: times and memory of a Pi, MemoryMax (the memory controller may belong to this
machine), a card that lies about what it has written. `make test-arm64` tells what a Pi's processor computes."""


def main() -> int:
    """Run, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--debian", nargs="+", choices=DEBIANS, default=list(DEBIANS))
    parser.add_argument("--kills", type=int, default=10, help="power cuts during an upgrade, on each Debian")
    parser.add_argument("--seed", type=int, default=None, help="of the moments of the power cuts; default: the time")
    parser.add_argument("--tests", nargs="+", choices=TESTS, default=list(TESTS))
    parser.add_argument("--go-on", dest="stop", action="store_false", help="after a failure as well")
    arguments = parser.parse_args()
    lacking = missing()
    if lacking:
        _shout(["SKIPPED: NOTHING WAS TESTED ON A REAL systemd, because this machine cannot boot one:", *lacking])
        return 0
    WORK.mkdir(parents=True, exist_ok=True)
    lock = (WORK / ".lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        _shout([f"{WORK}: another run is going on there; fix: wait for it"])
        return 1
    begun = time.monotonic()
    debians = [DEBIANS[suite] for suite in arguments.debian]
    seed = int(time.time()) if arguments.seed is None else arguments.seed
    tarballs = _prepare(debians)
    _say(f"prepared after {time.monotonic() - begun:.0f} s; power cuts with --seed {seed}")
    with ThreadPoolExecutor() as pool:
        codes = list(pool.map(lambda debian: _test(debian, tarballs[debian], arguments, seed), debians))
    _report(debians, codes)
    _say(f"{time.monotonic() - begun:.0f} s in all")
    return max(codes)


def _prepare(debians: list[Debian]) -> dict[Debian, Path]:
    """Make the roots and the bundle, side by side."""
    with ThreadPoolExecutor() as pool:
        roots = {debian: pool.submit(debian.tarball, WORK / "roots") for debian in debians}
        bundle = WORK / "one.davy"
        trained = subprocess.run(
            [sys.executable, "-m", "tests.gateway.fixture_bundle", str(bundle)],
            cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if trained.returncode:
            raise SystemExit(f"the bundle could not be trained:\n{trained.stdout}{trained.stderr}")
        return {debian: future.result() for debian, future in roots.items()}


def _test(debian: Debian, tarball: Path, arguments: argparse.Namespace, seed: int) -> int:
    """Run the tests on one Debian, and pass on what they print."""
    folder = WORK / debian.suite
    folder.mkdir(exist_ok=True)
    (folder / "figures.json").unlink(missing_ok=True)
    command = [
        # Mounts of its own: one machine must not hold the disk of the other.
        "unshare", "--mount", "--propagation", "private",
        sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", "--no-header", "--tb=short", "-rs",
        "--durations=6",
        *(["-x"] if arguments.stop else []),
        *(str(ROOT / "tests" / "gateway" / f"test_{name}.py") for name in arguments.tests),
    ]  # fmt: skip
    variables = {
        "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "DAVYLAMP_DEBIAN": debian.suite,
        "DAVYLAMP_ROOT_TARBALL": str(tarball), "DAVYLAMP_WORK": str(WORK),
        "DAVYLAMP_KILLS": str(arguments.kills), "DAVYLAMP_SEED": f"{seed}",
    }  # fmt: skip
    with (
        subprocess.Popen(
            command, cwd=ROOT, env=os.environ | variables, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
        ) as process,
        (folder / "pytest.log").open("w") as log,
    ):  # fmt: skip
        assert process.stdout is not None
        for line in process.stdout:
            log.write(line)
            _say(f"{debian}: {line.rstrip().removeprefix('tests/gateway/')}")
    return process.returncode


def _report(debians: list[Debian], codes: list[int]) -> None:
    """Print what was measured, a row for each figure."""
    figures: dict[str, dict[Debian, str]] = {}
    for debian in debians:
        path = WORK / debian.suite / "figures.json"
        for name, value in (json.loads(path.read_text()) if path.exists() else {}).items():
            figures.setdefault(name, {})[debian] = value
    width = max(map(len, figures), default=0)
    _say("".join([f"\n{'':{width}}", *(f"  {debian!s:>24}" for debian in debians)]))
    for name, values in figures.items():
        _say("".join([f"{name:{width}}", *(f"  {values.get(debian, '-'):>24}" for debian in debians)]))
    _say("")
    _say(LIMITS)
    for debian, code in zip(debians, codes, strict=True):
        _say(f"{debian}: {'passed' if code == 0 else f'FAILED, see {WORK / debian.suite}'}")


_lock = threading.Lock()


def _say(line: str) -> None:
    with _lock:
        print(line, flush=True)  # noqa: T201


def _shout(lines: list[str]) -> None:
    bar = "!" * 100
    _say("\n".join([bar, *lines, bar]))


if __name__ == "__main__":
    sys.exit(main())
