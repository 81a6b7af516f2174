"""`make test-arm64`: runs the gateway under emulation, with the Python 3.11 and 3.13 of Debian 12 and 13 for arm64.

Everything lies in build/arm64: the userlands (kept), the bundle, the scores, the agents' folders and logs.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.arm64.live import READINGS, run_live
from tests.arm64.userland import CPUS, ROOT, Userland, lacking, userlands

WORK = ROOT / "build" / "arm64"

LIMITS = """What emulation cannot tell: any time on a Raspberry Pi; the kernel of one, systemd and MemoryMax (`make
test-gateway` boots a real systemd, on this machine's processor); rounding that a real core does otherwise than qemu's
model of it. The memory is that of the guest's own pages, sampled every 50 ms."""

_VERIFY = (
    "import sys, platform; from edge.bundles.bundle import Bundle\n"
    "print(platform.machine(), f'{Bundle.open(sys.argv[1]).verify():.1e}')"
)

Outcome = tuple[str, str, bool]


def main() -> int:
    """Run, print a line for everything that is tried, and return the exit code."""
    begun = time.monotonic()
    if missing := lacking():
        _shout(["SKIPPED: NOTHING WAS TESTED ON arm64, because this machine cannot emulate it:", *missing])
        return 0
    WORK.mkdir(parents=True, exist_ok=True)
    emulated = userlands(WORK)
    try:
        with ThreadPoolExecutor() as pool:
            bundle = pool.submit(_train)
            for each in emulated:
                each.prepare()
            bundle.result()
    except OSError as error:
        _shout(["SKIPPED: NOTHING WAS TESTED ON arm64, because its userland cannot be made here:", str(error)])
        return 0
    _say(f"prepared after {time.monotonic() - begun:.0f} s")
    failed = 0
    for what, got, right in _outcomes(emulated):
        failed += not right
        _say(f"{'ok    ' if right else 'FAILED'}  {what:44}  {got}")
    _say(f"\n{LIMITS}\n{time.monotonic() - begun:.0f} s in all; {f'{failed} FAILED' if failed else 'passed'}")
    return min(failed, 1)


def _outcomes(emulated: list[Userland]) -> Iterator[Outcome]:
    for each in emulated:
        size = each.wheel_bytes / 1e6
        yield f"{each}: wheels without davylamp's", f"{size:.1f} MB (goal: at most 45)", 0 < size <= 45
    (WORK / "rows.csv").unlink(missing_ok=True)
    expected = _score([sys.executable], os.environ | {"PYTHONPATH": str(ROOT)}, "here")
    if expected is None:
        yield "scores of this machine", f"none, see {WORK / 'here.log'}", False
        return
    jobs = [(each, cpu) for each in emulated for cpu in CPUS]
    with ThreadPoolExecutor(2) as pool:
        for outcomes in pool.map(lambda job: list(_scored(job[0], job[1], expected)), jobs):
            yield from outcomes
    yield from run_live(WORK, emulated)


def _scored(userland: Userland, cpu: str, expected: bytes) -> Iterator[Outcome]:
    """Run the golden rows, and score the rows of a file."""
    name = f"{userland.python}-{cpu}"
    variables = userland.variables(cpu)
    done = subprocess.run(
        userland.command("-c", _VERIFY, WORK / "one.davy"), env=variables, cwd=WORK,
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    right = done.returncode == 0 and done.stdout.startswith("aarch64 ")
    yield (
        f"{userland}, {cpu}: golden rows",
        f"differ by {done.stdout.split()[-1]}" if right else done.stderr[-300:],
        right,
    )
    found = _score(userland.command(), variables, name)
    if found is None:
        yield f"{userland}, {cpu}: scores", f"none, see {WORK / f'{name}.log'}", False
        return
    lines = sum(one == other for one, other in zip(found.splitlines(), expected.splitlines(), strict=False))
    same = found == expected
    got = (
        f"byte-identical to this machine's, {len(found):,} bytes" if same else f"{lines:,} lines equal, see {name}.csv"
    )
    yield f"{userland}, {cpu}: scores of {READINGS:,} rows", got, same


def _score(command: list[str], variables: dict[str, str], name: str) -> bytes | None:
    """Run `davylamp score`; return its file."""
    output = WORK / f"{name}.csv"
    output.unlink(missing_ok=True)
    with (WORK / f"{name}.log").open("wb") as log:
        done = subprocess.run(
            [*command, "-m", "davylamp", "score", "one.davy", str(_rows()), "-o", str(output)],
            cwd=WORK, env=variables, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False,
        )  # fmt: skip
    return output.read_bytes() if done.returncode == 0 and output.exists() else None


def _rows() -> Path:
    """Return the file of the simulated rows, the same for everyone."""
    path = WORK / "rows.csv"
    if not path.exists():
        from config.templates.templates import METHANE
        from config.yaml.load import load_station
        from edge.readings.csv.writer import write_table
        from edge.simulation.simulator import simulate_chamber

        write_table(path, load_station(METHANE).names, simulate_chamber(READINGS, seed=4))
    return path


def _train() -> None:
    """Train the bundle in a process of its own, beside the downloads."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.gateway.fixture_bundle", str(WORK / "one.davy")],
        cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"the bundle could not be trained:\n{done.stdout}{done.stderr}")


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


def _shout(lines: list[str]) -> None:
    bar = "!" * 100
    _say("\n".join([bar, *lines, bar]))


if __name__ == "__main__":
    sys.exit(main())
