"""Work that jobs of the tests do, in processes of their own."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from trainer.errors import RecordError


def count_rows(arguments: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Count the lines of a file, and note that it was done."""
    sys.stdout.write("what libraries print is no part of the reply\n")
    sys.stdout.flush()
    output = Path(arguments["output"])
    rows = len(Path(arguments["file"]).read_text().splitlines())
    output.write_text(f"{rows}\n")
    with Path(arguments["log"]).open("a") as log:
        log.write(f"{output.name}\n")
    return {"rows": rows, "asked_by": os.getppid()}, [str(output)]


def misbehave(arguments: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Fail in the way that is asked for."""
    match arguments["how"]:
        case "input":
            raise RecordError("a.csv: got nothing, expected rows\nb.csv: got nothing, expected rows")
        case "memory":
            np.ones(int(arguments["bytes"]) // 8)
        case "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        case "exit":
            os._exit(3)
        case "code":
            raise ZeroDivisionError("division by zero")
        case "worker":
            os.kill(os.getppid(), signal.SIGKILL)
            time.sleep(300)
        case "begin":
            with tempfile.TemporaryDirectory(prefix="begun-", dir=arguments["folder"]):
                time.sleep(300)
        case "sleep":
            Path(arguments["pid"]).write_text(str(os.getpid()))
            time.sleep(300)
    return {}, []
