"""Does the work on one station in a process of its own: what it takes or breaks there, no other station notices.

``python -m trainer.fleet.job_process`` is the other end: it reads one line from standard input, and writes one.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import msgspec

from config.errors import DavylampError
from trainer.fleet.fleet_job import FleetJob, JobOutcome

_MB = 1_000_000
_ROOT = Path(__file__).parents[2]
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_TIDYING = 5.0  # [s] that a process has to remove what it has begun
_NO_MEMORY = (
    "MemoryError",
    "bad_alloc",
    "llocate memory",
    "nable to allocate",
    "not enough memory",
    "ut of memory",
)  # how libraries say that there is none left

_running: set[subprocess.Popen[bytes]] = set()
_lock = threading.Lock()


def run_job(job: FleetJob) -> JobOutcome:
    """Do the work on a station, unless it is done already.

    An error is part of the outcome, whatever it is: that of the input, one of the code, memory that is used up, or a
    process that was killed. The process ends when this one does.
    """
    started = time.monotonic()
    before = job.done_before()
    if before is not None:
        return JobOutcome(job.name, "kept", before.result, seconds=before.seconds, peak_mb=before.peak_mb)
    try:
        fingerprint = job.fingerprint()
    except OSError as error:
        return _failed(job, f"{error.filename}: {error.strerror or error}; expected a file that can be read", started)
    reply, code, printed = _ask(job)
    if "error" in reply:
        return _failed(job, reply["error"], started, reply["peak_mb"])
    if code or "result" not in reply:
        return _failed(job, _crash_sentence(job, code, printed), started)
    outcome = JobOutcome(job.name, "done", reply["result"], "", time.monotonic() - started, reply["peak_mb"])
    try:
        job.write_record(fingerprint, outcome, reply["outputs"])
    except OSError as error:
        return _failed(job, f"{job.record}: cannot be written: {error.strerror or error}", started, reply["peak_mb"])
    return outcome


def end_jobs() -> None:
    """End the work that runs here; what it had not finished is as it was before."""
    with _lock:
        running = list(_running)
    for process in running:
        process.terminate()
    for process in running:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process; it first removes what it has begun to write."""
    process.terminate()
    try:
        process.wait(_TIDYING)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _failed(job: FleetJob, error: str, started: float, peak_mb: float = 0.0) -> JobOutcome:
    return JobOutcome(job.name, "failed", error=error, seconds=time.monotonic() - started, peak_mb=peak_mb)


def _ask(job: FleetJob) -> tuple[dict[str, Any], int, str]:
    """Run the process, and return its reply, its exit code and the end of what it has printed."""
    paths = [str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = os.environ | dict.fromkeys(_THREADS, "1") | {"PYTHONPATH": os.pathsep.join(paths)}
    request = {"function": job.function, "arguments": dict(job.arguments), "memory_mb": job.memory_mb}
    with tempfile.TemporaryFile() as printed:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "trainer.fleet.job_process"],  # no module of the folder that we run in
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=printed, env=environment,
            process_group=0,  # a terminal sends its Ctrl-C to us alone, and we end them in order
        )  # fmt: skip
        with _lock:
            _running.add(process)
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            with contextlib.suppress(BrokenPipeError):  # it has ended already, and its exit code says why
                process.stdin.write(msgspec.json.encode(request) + b"\n")
                process.stdin.flush()  # it stays open: its end tells the process that nobody waits for it any more
            text = process.stdout.read()
            code = process.wait()
        finally:
            _end(process)
            with _lock:
                _running.discard(process)
            with contextlib.suppress(BrokenPipeError):
                cast("Any", process.stdin).close()
            cast("Any", process.stdout).close()
        printed.seek(0)
        said = printed.read().decode("utf-8", "replace")
    try:
        return msgspec.json.decode(text, type=dict[str, Any]), code, said
    except msgspec.MsgspecError:
        return {}, code, said


def _crash_sentence(job: FleetJob, code: int, printed: str) -> str:
    last = printed.strip().splitlines()[-1:]
    if any(word in printed for word in _NO_MEMORY):
        return memory_sentence(job.memory_mb)
    if code == -signal.SIGKILL:
        return "its process was killed, as the system does when memory is short; fix: fewer --jobs, or fewer rows"
    ended = f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
    return f"its process ended {ended}{f' ({last[0]})' if last else ''}; fix: try this station alone"


def memory_sentence(memory_mb: int) -> str:
    """Say that a job took all the memory that it may have."""
    return f"needs more than the {memory_mb:,} MB that one job may take; fix: a higher limit of memory, or fewer rows"


# ---- the other end ---------------------------------------------------------------------------------------------------


def answer_request() -> int:
    """Do one piece of work, and write its reply to standard output."""
    line = b""
    while not line.endswith(b"\n"):
        more = os.read(0, 65536)
        if not more:
            return 1  # nobody asks any more
        line += more
    request = msgspec.json.decode(line, type=dict[str, Any])
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with _own_output() as out:
        limit = int(request["memory_mb"]) * _MB
        # Memory of its own that it may write to: files that libraries map do not count.
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
        try:
            module, _, name = request["function"].partition(":")
            result, outputs = getattr(import_module(module), name)(request["arguments"])
            reply = {"result": result, "outputs": outputs}
        except DavylampError as error:
            reply = {"error": str(error)}
        except OSError as error:
            reply = {"error": f"{error.filename or request['function']}: {error.strerror or error}"}
        except Exception as error:
            if isinstance(error, MemoryError) or any(word in str(error) for word in _NO_MEMORY):
                reply = {"error": memory_sentence(request["memory_mb"])}
            else:
                last = traceback.extract_tb(error.__traceback__)[-1]
                place = f"{Path(last.filename).name}, line {last.lineno}"
                reply = {"error": f"{type(error).__name__}: {error} ({place}); fix: try this station alone"}
        reply["peak_mb"] = _peak_mb()
        os.write(out, msgspec.json.encode(reply))
    return 0


def _peak_mb() -> float:
    """Return the most memory that this process has taken [MB]; ``ru_maxrss`` begins with that of its parent."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024 / _MB


def _end_with_parent() -> None:
    """Wait until standard input ends, which it does with the process that waits for us."""
    while os.read(0, 4096):  # not sys.stdin: its lock would be held when the interpreter ends
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_TIDYING)
    os._exit(1)


@contextlib.contextmanager
def _own_output() -> Iterator[int]:
    """Keep standard output for the reply: what libraries print goes to standard error."""
    out = os.dup(1)
    os.dup2(2, 1)
    try:
        yield out
    finally:
        os.close(out)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was begun is removed
    try:
        code = answer_request()
    except SystemExit:
        code = 1
    sys.stdout.flush()
    os._exit(code)  # a thread still waits for standard input
