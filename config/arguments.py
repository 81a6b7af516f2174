"""Arguments: the words of davylamp's command line; what they set off is in ``davylamp.py``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from config.topic_filters import STATION_LEVEL

Verbs = Any  # argparse keeps the class of add_subparsers' result to itself


def parser(version: str) -> argparse.ArgumentParser:
    """Every verb with its arguments; what is parsed has the verb's name in ``verb``."""
    whole = argparse.ArgumentParser(
        prog="davylamp",
        description="Companion of a low-cost methane air-quality station. Not a certified safety device.",
        epilog="davylamp VERB --help explains a verb. The whole loop in two minutes: davylamp demo",
    )
    whole.add_argument("--version", action="version", version=f"davylamp {version}")
    verbs = whole.add_subparsers(dest="verb", metavar="VERB", required=True)

    def verb(name: str, text: str, within: Verbs = verbs) -> argparse.ArgumentParser:
        return within.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")  # type: ignore[no-any-return]

    new = verb("demo", "the whole loop: train, export, agent, a leak, a fault, synthetic rows")
    new.add_argument("-o", "--output", type=Path, default=Path("demo-run"), metavar="DIR", help="default: demo-run")
    new.add_argument("--data", type=Path, nargs="+", default=[], metavar="FILE", help="a real record to learn and play")
    _station(new, "of --data")
    new.add_argument("--broker", metavar="HOST[:PORT]", help="a running broker in place of the embedded one")
    new.add_argument("--seed", type=_natural, default=1)

    new = verb("init", "write the commented default files: station, training, gateway, unit, broker")
    new.add_argument("folder", nargs="?", default=Path(), type=Path, help="default: here")

    fetch = verb("data", "the reference record").add_subparsers(dest="what", metavar="fetch", required=True)
    new = verb("fetch", "download the reference record (4 MB) and check it", fetch)
    new.add_argument("-o", "--output", type=Path, default=Path("data"), metavar="DIR", help="default: data")

    new = verb("explore", "draw what is in CSV or Parquet files, before anything is trained")
    new.add_argument("files", nargs="+", type=Path, metavar="FILE", help="each one is a contiguous segment")
    _station(new, "that says what the columns are")
    new.add_argument("-o", "--output", type=Path, default=Path("explore.html"), metavar="HTML",
                     help="default: explore.html")  # fmt: skip
    new.add_argument("--pair", type=_pair, action="append", default=[], metavar="KEY,KEY",
                     help="two columns to look at beside the environment's; may be repeated")  # fmt: skip
    _png(new)

    new = verb("train", "learn a station's readings from CSV or Parquet files")
    new.add_argument("files", nargs="+", type=Path, metavar="FILE", help="each one is a contiguous segment")
    new.add_argument("--station", type=Path, required=True, metavar="YAML", help="what the columns are")
    new.add_argument("-o", "--output", type=Path, required=True, metavar="RUN", help="run folder")
    new.add_argument("--bundle", type=Path, metavar="DAVY", help="export as well")
    new.add_argument("--training", type=Path, metavar="YAML", help="settings other than the defaults")
    short = new.add_mutually_exclusive_group()
    short.add_argument("--quick", action="store_true", help="seconds, to see the whole loop")
    short.add_argument("--reference", action="store_true", help="the published settings, as a baseline")
    new.add_argument("--model", choices=("ae", "vae", "both"), help="both: the AE scores, the VAE generates")
    new.add_argument("--generator", choices=("vae", "ae", "mixture"), help="other than the model says")
    new.add_argument("--loss", choices=("mse", "mae"))
    new.add_argument("--split", choices=("blocks", "random"), help="random leaks: for comparison only")
    new.add_argument("--device", choices=("auto", "cpu", "cuda"))
    new.add_argument("--seed", type=_natural)

    new = verb("evaluate", "inject faults into held-out rows: what the scores find, beside the published models")
    new.add_argument("files", nargs="+", type=Path, metavar="FILE", help="each one is judged on its own")
    what = new.add_mutually_exclusive_group(required=True)
    what.add_argument("--station", type=Path, metavar="YAML", help="what the columns are")
    what.add_argument("--run", type=Path, metavar="RUN",
                      help="station and settings of a run, and the results into its folder, for report")  # fmt: skip
    short = new.add_mutually_exclusive_group()
    short.add_argument("--training", type=Path, metavar="YAML", help="settings other than the defaults")
    short.add_argument("--quick", action="store_true", help="fewer cases, little training: a look")
    new.add_argument("--synthesis", action="store_true", help="judge the synthetic rows, in place of the scores")
    new.add_argument("-o", "--output", type=Path, metavar="JSON", help="write the numbers there, too")

    new = verb("report", "draw what trainings and evaluations left in run folders, side by side")
    new.add_argument("runs", nargs="+", type=Path, metavar="RUN")
    new.add_argument(
        "-o", "--output", type=Path, metavar="HTML", help="default: report.html in the run; of several, here"
    )
    _png(new)

    new = verb("export", "make a run's bundle")
    new.add_argument("folder", type=Path, metavar="RUN")
    new.add_argument("-o", "--output", type=Path, required=True, metavar="DAVY")

    new = verb("inspect", "show what is inside a bundle")
    new.add_argument("bundle", type=Path, metavar="DAVY")
    new.add_argument("--json", action="store_true", help="as JSON")

    new = verb("score", "score CSV files, or NDJSON from standard input")
    new.add_argument("bundle", type=Path, metavar="DAVY")
    new.add_argument("files", nargs="+", metavar="FILE", help="CSV files, or - for NDJSON from standard input")
    new.add_argument("-o", "--output", type=Path, metavar="CSV", help="default: standard output")
    new.add_argument("--request", type=float, metavar="RATE", help="requested false-alarm rate per reading, e.g. 0.01")
    new.add_argument("--adapt", action="store_true", help="let thresholds follow the record, as the agent does")
    _absent(new)

    new = verb("synthesize", "write synthetic rows")
    new.add_argument("bundle", type=Path, metavar="DAVY")
    new.add_argument("-n", "--rows", type=_natural, default=1000, metavar="N", help="default: 1000")
    new.add_argument("--seed", type=_natural, default=0, help="default: 0")
    like = new.add_mutually_exclusive_group()
    like.add_argument("--regime", metavar="NAME", help="background, elevated or plume, in place of all the training")
    like.add_argument("--range", type=_range, action="append", default=[], metavar="KEY=LOW:HIGH",
                      help="such as ch4_ppb=5000:8000; may be repeated: all of them hold")  # fmt: skip
    like.add_argument("--mix", type=_shares, metavar="NAME=SHARE,...", help="regimes or prior: background=.5,plume=.5")
    like.add_argument("--around", type=Path, metavar="CSV", help="rows to oversample")
    new.add_argument("--noise", type=float, metavar="STD", help="of the latents, with --around")
    new.add_argument("-o", "--output", type=Path, metavar="CSV", help="default: standard output")

    new = verb("agent", "score live readings over MQTT until SIGTERM")
    _gateway(new)

    new = verb("check", "find what would go wrong, before the agent starts")
    _gateway(new)

    new = verb("record", "append live readings to a training CSV")
    _gateway(new)
    _station(new, "names of the columns")
    new.add_argument("-o", "--output", type=Path, required=True, metavar="CSV")
    new.add_argument("--id", metavar="STATION", help="which station, when several send")
    new.add_argument("--rows", type=_natural, metavar="N", help="stop after N")

    new = verb("watch", "print scores, events and alarms as they come")
    _broker_options(new)
    _base(new)

    new = verb("request", "send a request to the agent and print its answer")
    new.add_argument("name", metavar="NAME", help="synthesize, info, rate/set, alarm/acknowledge, alarm/shelve")
    new.add_argument("body", nargs="?", default="{}", metavar="JSON")
    _broker_options(new)
    _base(new)

    new = verb("simulate", "publish a simulated station's readings")
    new.add_argument("--mode", choices=("chamber", "field"), default="chamber", help="field is illustrative")
    new.add_argument("--interval", type=float, default=1.0, metavar="S", help="between readings, default 1")
    new.add_argument("--rows", type=_natural, metavar="N", help="default: for ever")
    new.add_argument("--inject", action="append", default=[], metavar="WHAT",
                     help="leak@START:ROWS:PPB, stuck@START:ROWS:KEY[:PERCENT], drift@START:ROWS:KEY:PERCENT, "
                     "dropout@START:ROWS[:KEY], duplicate@START:ROWS; may be repeated")  # fmt: skip
    new.add_argument("--board", type=int, choices=(1, 2, 3), default=1)
    new.add_argument("--seed", type=_natural, default=0)
    _sender(new)

    new = verb("replay", "publish a CSV's readings")
    new.add_argument("file", type=Path, metavar="FILE")
    _station(new, "of FILE")
    new.add_argument("--speed", type=_speed, default=100.0, metavar="N", help="readings a second, or max; default 100")
    new.add_argument("--rows", metavar="A:B", help="from row A up to row B")
    _absent(new)
    _sender(new)
    return whole


def _gateway(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-c", "--config", type=Path, required=True, metavar="YAML", help="gateway file")


def _station(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument(
        "--station", type=Path, metavar="YAML", help=f"station file {what}; default: the methane station"
    )


def _absent(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--absent", action="append", default=[], metavar="KEY", help="a key that is never sent")


def _png(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--png", type=Path, metavar="DIR", help="write each picture there, too")


def _base(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--base", metavar="TOPIC", help="the agent's base topic; default: the gateway file's, or what is online"
    )


def _sender(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--id", default="st-1", metavar="STATION", help="default: st-1")
    parser.add_argument(
        "--topic", default=f"sensors/{STATION_LEVEL}/readings", help="default: sensors/{station}/readings"
    )
    _broker_options(parser)


def _broker_options(parser: argparse.ArgumentParser) -> None:
    where = parser.add_mutually_exclusive_group()
    where.add_argument("-c", "--config", type=Path, metavar="YAML", help="gateway file whose broker is meant")
    where.add_argument("--broker", default="localhost", metavar="HOST[:PORT]", help="default: localhost")


def _natural(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"got {text!r}, expected a whole number, 0 or more")
    return int(text)


def _pair(text: str) -> tuple[str, str]:
    one, _, other = text.partition(",")
    if not one or not other:
        raise argparse.ArgumentTypeError(f"got {text!r}, expected KEY,KEY, such as ch4_ppb,rmq4_ohm")
    return one, other


def _range(text: str) -> tuple[str, tuple[float, float]]:
    key, _, ends = text.partition("=")
    low, _, high = ends.partition(":")
    try:
        return key, (float(low), float(high))
    except ValueError:
        raise argparse.ArgumentTypeError(f"got {text!r}, expected KEY=LOW:HIGH, such as ch4_ppb=5000:8000") from None


def _shares(text: str) -> dict[str, float]:
    try:
        return {name: float(share) for name, _, share in (part.partition("=") for part in text.split(","))}
    except ValueError:
        expected = "NAME=SHARE,..., such as background=0.5,plume=0.5"
        raise argparse.ArgumentTypeError(f"got {text!r}, expected {expected}") from None


def _speed(text: str) -> float | None:
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed < float("inf"):
        raise argparse.ArgumentTypeError(f"got {text!r}, expected readings a second, such as 10, or max")
    return speed
