"""davylamp's command line: a registry of verbs; only the module of the verb that is asked for is imported.

Exit codes: 0 done, 1 the input or the world is at fault (a line names the fix), 2 usage, 130 interrupted.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from config.errors import DavylampError
from config.printable import escape_commands

__version__ = "0.2.0"

VERBS = {
    "demo": ("the whole loop: train, export, agent, a leak, a fault, synthetic rows", "export.commands.demo"),
    "init": ("write the commented default files: station, training, gateway, unit, broker", "edge.commands.init"),
    "data": ("the reference record", "trainer.commands.data"),
    "explore": ("draw what is in CSV or Parquet files, before anything is trained", "trainer.commands.explore"),
    "train": ("learn a station's readings from CSV or Parquet files", "export.commands.train"),
    "retrain": (
        "train again with collected readings, and say which bundle to keep",
        "export.commands.retrain",
    ),
    "train-fleet": ("learn many stations, several at a time or on a Dask cluster", "export.commands.train_fleet"),
    "evaluate": (
        "inject faults into held-out rows: what the scores find, beside the published models",
        "trainer.commands.evaluate",
    ),
    "report": ("draw what trainings and evaluations left in run folders, side by side", "trainer.commands.report"),
    "export": ("make a run's bundle", "export.commands.export"),
    "inspect": ("show what is inside a bundle", "edge.commands.inspect"),
    "score": ("score CSV files, or NDJSON from standard input", "edge.commands.score"),
    "synthesize": ("write synthetic rows", "edge.commands.synthesize"),
    "agent": ("score live readings over MQTT until SIGTERM", "edge.commands.agent"),
    "sniff": ("listen to a broker, and write a gateway and a station file with guesses", "edge.commands.sniff"),
    "plan": ("spread the stations of a fleet over gateways", "edge.commands.plan"),
    "deploy": ("install the agent on a Raspberry Pi over ssh, or upgrade it", "edge.commands.deploy"),
    "install-service": ("install the agent here as a service, or upgrade it", "edge.commands.install_service"),
    "uninstall-service": ("remove it, and what it has left at the broker", "edge.commands.uninstall_service"),
    "clear": ("remove what an agent that is gone has left at the broker", "edge.commands.clear"),
    "check": ("find what would go wrong, before the agent starts", "edge.commands.check"),
    "record": ("append live readings to a training CSV", "edge.commands.record"),
    "collect": ("fetch a gateway's readings, verdicts and labels as a training CSV", "edge.commands.collect"),
    "watch": ("show stations, scores and alarms as they come", "edge.commands.watch"),
    "dashboard": ("serve a page with stations, charts and alarms", "edge.commands.dashboard"),
    "request": ("send a request to the agent and print its answer", "edge.commands.request"),
    "keygen": ("make the key with which bundles are signed", "edge.commands.keygen"),
    "push": ("send a bundle to a running agent, which tries it in shadow before it scores", "edge.commands.push"),
    "completion": ("print what completes verbs, options and files in bash, zsh or fish", "edge.commands.completion"),
    "schema": ("print the JSON Schema of a message", "edge.commands.schema"),
    "simulate": ("publish a simulated station's readings", "edge.commands.simulate"),
    "replay": ("publish a CSV's readings", "edge.commands.replay"),
}
"""Verb -> its sentence in ``davylamp --help``, and the module with its ``EXAMPLE``, ``add_arguments`` and ``run``."""

FOR_FOLDERS = {"score": "trainer.fleet.folder_scoring"}
"""Verb -> module whose ``run`` takes over when the verb is given a folder: it needs more than the verb's own module."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return its exit code."""
    words = sys.argv[1:] if argv is None else list(argv)
    if words[:1] == ["help"]:
        words = [*words[1:], "--help"]
    if words and (near := _nearest(words[0])):
        print(f'davylamp: got the verb "{words[0]}"; did you mean "{near}"?', file=sys.stderr)
        return 2
    arguments = argparse.Namespace(verb=words[0] if words else "")
    try:
        arguments = parse(words)
        verb = import_module(VERBS[arguments.verb][1])
        if arguments.verb in FOR_FOLDERS and verb.takes_folder(arguments):
            verb = import_module(FOR_FOLDERS[arguments.verb])
        return verb.run(arguments) or 0
    except KeyboardInterrupt:
        left_behind = getattr(import_module(VERBS[arguments.verb][1]), "left_behind", None)
        left = f"; {left_behind(arguments)}" if left_behind else ""
        bar = "\n" if sys.stderr.isatty() else ""  # a bar may stand in the line, and the terminal's ^C
        print(bar + escape_commands(f"davylamp {arguments.verb}: interrupted{left}"), file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output has gone, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except DavylampError as error:
        # What a file or a message says is part of many errors, and a terminal must not obey it.
        print(*map(escape_commands, str(error).split("\n")), sep="\n", file=sys.stderr)
    except OSError as error:
        print(escape_commands(f"{error.filename or 'davylamp'}: {error.strerror or error}"), file=sys.stderr)
    except ModuleNotFoundError as error:
        from config.extras import EXTRAS, missing_extra_fix

        extra = EXTRAS.get((error.name or "").partition(".")[0])
        if extra is None:
            raise
        fix = missing_extra_fix("demo" if arguments.verb == "demo" else extra)
        print(f"davylamp {arguments.verb} needs {error.name}; fix: {fix}", file=sys.stderr)
    return 1


def parse(words: Sequence[str]) -> argparse.Namespace:
    """Parse a command line; the verb's name is in ``verb``. Exits after ``--help``, and with 2 on wrong usage."""
    parser = argparse.ArgumentParser(
        prog="davylamp",
        description="Companion of a low-cost methane air-quality station. Not a certified safety device.",
        epilog="davylamp help VERB explains a verb. The whole loop in two minutes: davylamp demo",
    )
    parser.add_argument("-V", "--version", action="version", version=f"davylamp {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for name, (text, module) in VERBS.items():
        new = verbs.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        if words and words[0] == name:
            verb = import_module(module)
            new.formatter_class = argparse.RawDescriptionHelpFormatter
            new.epilog = f"example:\n  {verb.EXAMPLE}"
            verb.add_arguments(new)
            new.set_defaults(verbs=VERBS)
    arguments, rest = parser.parse_known_args(words)
    if rest and (not hasattr(arguments, "words") or any(word.startswith("-") for word in rest)):
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    if rest:
        arguments.words += rest  # argparse leaves what follows an option
    return arguments


def _nearest(word: str) -> str | None:
    """Find the verb that a mistyped one resembles."""
    if word in VERBS or word.startswith("-"):
        return None
    from difflib import get_close_matches

    return next(iter(get_close_matches(word, VERBS, n=1)), None)


if __name__ == "__main__":
    sys.exit(main())
