"""davylamp's command line: verbs to functions; what is heavy is imported inside the verb that needs it.

Exit codes: 0 done, 1 the input or the world is at fault (a line says how to mend it), 2 usage.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from config.errors import DavylampError

if TYPE_CHECKING:
    from config.broker import Broker
    from config.training import Training
    from trainer.run import Run

__version__ = "0.1.0"

_EXTRAS = {
    "amqtt": "demo", "rich": "demo",
    "matplotlib": "trainer", "onnx": "trainer", "pandas": "trainer", "pooch": "trainer", "pyarrow": "trainer",
    "safetensors": "trainer", "sklearn": "trainer", "torch": "trainer", "tqdm": "trainer",
}  # fmt: skip

Arguments = argparse.Namespace
Verb = Callable[[Arguments], int | None]
Verbs = Any  # argparse keeps the class of add_subparsers' result to itself


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return its exit code."""
    arguments = _parser().parse_args(argv)
    verb: Verb = arguments.run
    try:
        return verb(arguments) or 0
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader of our output has gone, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except DavylampError as error:
        print(error, file=sys.stderr)
    except OSError as error:
        print(f"{error.filename or 'davylamp'}: {error.strerror or error}", file=sys.stderr)
    except ModuleNotFoundError as error:
        extra = _EXTRAS.get((error.name or "").partition(".")[0])
        if extra is None:
            raise
        extra = "demo" if arguments.verb == "demo" else extra
        print(f"davylamp {arguments.verb} needs {error.name}; fix: pip install 'davylamp[{extra}]'", file=sys.stderr)
    return 1


# ---- everywhere ------------------------------------------------------------------------------------------------------


def _init(arguments: Arguments) -> None:
    from config.starting import init

    for path in init(arguments.folder):
        print(path)


def _check(arguments: Arguments) -> int:
    from edge.checking import check

    return 0 if check(arguments.config, sys.stdout) else 1


def _inspect(arguments: Arguments) -> None:
    from edge.inspecting import inspect

    inspect(arguments.bundle, arguments.json, sys.stdout)


def _score(arguments: Arguments) -> None:
    from edge.scoring import score_files

    score_files(
        arguments.bundle,
        arguments.files,
        arguments.output,
        request=arguments.request,
        absent=arguments.absent,
        adapt=arguments.adapt,
    )


def _synthesize(arguments: Arguments) -> None:
    from edge.synthesizing import synthesize
    from edge.wish import Wish

    given = {"regime": arguments.regime, "range": dict(arguments.range) or None, "mix": arguments.mix}
    prior = True if arguments.around is None and not any(given.values()) else None
    synthesize(
        arguments.bundle,
        arguments.output or sys.stdout,
        n=arguments.rows,
        seed=arguments.seed,
        wish=Wish(prior=prior, noise=arguments.noise, **given),
        around=arguments.around,
    )


def _record(arguments: Arguments) -> int:
    from edge.recording import record

    return record(
        arguments.config, arguments.output, station=arguments.station, name=arguments.id, rows=arguments.rows,
        out=sys.stderr,
    )  # fmt: skip


def _watch(arguments: Arguments) -> int:
    from edge.watching import watch

    broker, base = _gateway_of(arguments)
    return watch(broker, base, out=sys.stdout)


def _request(arguments: Arguments) -> int:
    from edge.requesting import request

    broker, base = _gateway_of(arguments)
    return request(broker, base, arguments.name, arguments.body, out=sys.stdout)


def _simulate(arguments: Arguments) -> int:
    from edge.simulating import simulate
    from edge.stopping import Stop

    with Stop() as stop:
        return simulate(
            arguments.id,
            _broker(arguments),
            stop=stop,
            out=sys.stdout,
            mode=arguments.mode,
            interval=arguments.interval,
            rows=arguments.rows,
            injections=arguments.inject,
            seed=arguments.seed,
            board=arguments.board,
            topic=arguments.topic,
        )


def _replay(arguments: Arguments) -> int:
    from config.loading import load_station
    from config.starting import METHANE
    from edge.replaying import replay
    from edge.stopping import Stop

    station = load_station(arguments.station or METHANE)
    with Stop() as stop:
        return replay(
            arguments.file,
            station,
            arguments.id,
            _broker(arguments),
            stop=stop,
            out=sys.stdout,
            speed=arguments.speed,
            rows=arguments.rows,
            absent=arguments.absent,
            topic=arguments.topic,
        )


def _agent(arguments: Arguments) -> int:
    from edge.agent import run

    return run(arguments.config)


# ---- with the trainer extra ------------------------------------------------------------------------------------------


def _fetch(arguments: Arguments) -> None:
    from trainer.fetch import LICENSE_NOTE, fetch

    for path in fetch(arguments.output):
        print(path)
    print(LICENSE_NOTE)


def _train(arguments: Arguments) -> None:
    from config.loading import load_station
    from trainer.record import load_record
    from trainer.summary import summary
    from trainer.train import train

    settings = _settings(arguments)
    record = load_record(arguments.files, load_station(arguments.station))
    for sentence in record.dropped:
        print(sentence)
    run = train(record, settings, arguments.output, progress=sys.stderr)
    print(summary(run))
    if arguments.bundle:
        _pack(run, arguments.bundle)


def _settings(arguments: Arguments) -> Training:
    """Give the flags precedence over the file, and the file over the defaults."""
    from msgspec.structs import replace

    from config.loading import load_training
    from config.training import Training

    if arguments.reference:
        settings = Training.reference()
    elif arguments.quick:
        settings = Training.quick()
    else:
        settings = load_training(arguments.training)
    flags = ("model", "generator", "seed", "split", "loss", "device")
    return replace(settings, **{flag: value for flag in flags if (value := getattr(arguments, flag)) is not None})


def _evaluate(arguments: Arguments) -> None:
    import msgspec

    from config.atomic import write_bytes
    from config.loading import load_station, load_training
    from config.training import Training
    from trainer.evaluation.evaluate import evaluate
    from trainer.evaluation.synthesis import evaluate_synthesis
    from trainer.evaluation.synthesis_table import print_synthesis
    from trainer.evaluation.table import print_evaluation
    from trainer.record import load_record

    station = load_station(arguments.station)
    settings = Training.quick() if arguments.quick else load_training(arguments.training)
    records = [load_record([file], station) for file in arguments.files]
    how: dict[str, Any] = {"quick": arguments.quick, "processes": os.cpu_count() or 1, "progress": sys.stderr}
    found: msgspec.Struct
    if arguments.synthesis:
        found = evaluate_synthesis(records, settings, **how)
        print_synthesis(found, sys.stdout)
    else:
        found = evaluate(records, settings, **how)
        print_evaluation(found, sys.stdout)
    if arguments.output:
        write_bytes(arguments.output, msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n")


def _export(arguments: Arguments) -> None:
    from trainer.run import Run

    _pack(Run.open(arguments.folder), arguments.output)


def _pack(run: Run, path: Path) -> None:
    from export.pack import export

    export(run, path, out=sys.stdout)


def _demo(arguments: Arguments) -> None:
    from config.starting import METHANE
    from export.demo import demo

    demo(
        arguments.output,
        data=arguments.data,
        station=arguments.station or METHANE,
        broker=arguments.broker,
        seed=arguments.seed,
    )


# ---- the words -------------------------------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="davylamp",
        description="Companion of a low-cost methane air-quality station. Not a certified safety device.",
        epilog="davylamp VERB --help explains a verb. The whole loop in two minutes: davylamp demo",
    )
    parser.add_argument("--version", action="version", version=f"davylamp {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)

    def verb(name: str, run: Verb, text: str, within: Verbs = verbs) -> argparse.ArgumentParser:
        new: argparse.ArgumentParser = within.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        new.set_defaults(run=run)
        return new

    new = verb("demo", _demo, "the whole loop: train, export, agent, a leak, a fault, synthetic rows")
    new.add_argument("-o", "--output", type=Path, default=Path("demo-run"), metavar="DIR", help="default: demo-run")
    new.add_argument("--data", type=Path, nargs="+", default=[], metavar="FILE", help="a real record to learn and play")
    _station(new, "of --data")
    new.add_argument("--broker", metavar="HOST[:PORT]", help="a running broker in place of the embedded one")
    new.add_argument("--seed", type=_natural, default=1)

    new = verb("init", _init, "write the commented default files: station, training, gateway, unit, broker")
    new.add_argument("folder", nargs="?", default=Path(), type=Path, help="default: here")

    fetch = verb("data", _fetch, "the reference record").add_subparsers(dest="what", metavar="fetch", required=True)
    new = verb("fetch", _fetch, "download the reference record (4 MB) and check it", fetch)
    new.add_argument("-o", "--output", type=Path, default=Path("data"), metavar="DIR", help="default: data")

    new = verb("train", _train, "learn a station's readings from CSV or Parquet files")
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

    new = verb(
        "evaluate", _evaluate, "inject faults into held-out rows: what the scores find, beside the published models"
    )
    new.add_argument("files", nargs="+", type=Path, metavar="FILE", help="each one is judged on its own")
    new.add_argument("--station", type=Path, required=True, metavar="YAML", help="what the columns are")
    short = new.add_mutually_exclusive_group()
    short.add_argument("--training", type=Path, metavar="YAML", help="settings other than the defaults")
    short.add_argument("--quick", action="store_true", help="fewer cases, little training: a look")
    new.add_argument("--synthesis", action="store_true", help="judge the synthetic rows, in place of the scores")
    new.add_argument("-o", "--output", type=Path, metavar="JSON", help="write the numbers there, too")

    new = verb("export", _export, "make a run's bundle")
    new.add_argument("folder", type=Path, metavar="RUN")
    new.add_argument("-o", "--output", type=Path, required=True, metavar="DAVY")

    new = verb("inspect", _inspect, "show what is inside a bundle")
    new.add_argument("bundle", type=Path, metavar="DAVY")
    new.add_argument("--json", action="store_true", help="as JSON")

    new = verb("score", _score, "score CSV files, or NDJSON from standard input")
    new.add_argument("bundle", type=Path, metavar="DAVY")
    new.add_argument("files", nargs="+", metavar="FILE", help="CSV files, or - for NDJSON from standard input")
    new.add_argument("-o", "--output", type=Path, metavar="CSV", help="default: standard output")
    new.add_argument("--request", type=float, metavar="RATE", help="requested false-alarm rate per reading, e.g. 0.01")
    new.add_argument("--adapt", action="store_true", help="let thresholds follow the record, as the agent does")
    _absent(new)

    new = verb("synthesize", _synthesize, "write synthetic rows")
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

    new = verb("agent", _agent, "score live readings over MQTT until SIGTERM")
    _gateway(new)

    new = verb("check", _check, "find what would go wrong, before the agent starts")
    _gateway(new)

    new = verb("record", _record, "append live readings to a training CSV")
    _gateway(new)
    _station(new, "names of the columns")
    new.add_argument("-o", "--output", type=Path, required=True, metavar="CSV")
    new.add_argument("--id", metavar="STATION", help="which station, when several send")
    new.add_argument("--rows", type=_natural, metavar="N", help="stop after N")

    new = verb("watch", _watch, "print scores, events and alarms as they come")
    _broker_options(new)
    _base(new)

    new = verb("request", _request, "send a request to the agent and print its answer")
    new.add_argument("name", metavar="NAME", help="synthesize, info, rate/set, alarm/acknowledge")
    new.add_argument("body", nargs="?", default="{}", metavar="JSON")
    _broker_options(new)
    _base(new)

    new = verb("simulate", _simulate, "publish a simulated station's readings")
    new.add_argument("--mode", choices=("chamber", "field"), default="chamber", help="field is illustrative")
    new.add_argument("--interval", type=float, default=1.0, metavar="S", help="between readings, default 1")
    new.add_argument("--rows", type=_natural, metavar="N", help="default: for ever")
    new.add_argument("--inject", action="append", default=[], metavar="WHAT",
                     help="leak@START:ROWS:PPB, stuck@START:ROWS:KEY[:PERCENT], drift@START:ROWS:KEY:PERCENT, "
                     "dropout@START:ROWS[:KEY], duplicate@START:ROWS; may be repeated")  # fmt: skip
    new.add_argument("--board", type=int, choices=(1, 2, 3), default=1)
    new.add_argument("--seed", type=_natural, default=0)
    _sender(new)

    new = verb("replay", _replay, "publish a CSV's readings")
    new.add_argument("file", type=Path, metavar="FILE")
    _station(new, "of FILE")
    new.add_argument("--speed", type=_speed, default=100.0, metavar="N", help="readings a second, or max; default 100")
    new.add_argument("--rows", metavar="A:B", help="from row A up to row B")
    _absent(new)
    _sender(new)
    return parser


def _gateway(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-c", "--config", type=Path, required=True, metavar="YAML", help="gateway file")


def _station(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument(
        "--station", type=Path, metavar="YAML", help=f"station file {what}; default: the methane station"
    )


def _absent(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--absent", action="append", default=[], metavar="KEY", help="a key that is never sent")


def _base(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--base", metavar="TOPIC", help="the agent's base topic; default: the gateway file's, or what is online"
    )


def _sender(parser: argparse.ArgumentParser) -> None:
    from config.filters import PLACE

    parser.add_argument("--id", default="st-1", metavar="STATION", help="default: st-1")
    parser.add_argument("--topic", default=f"sensors/{PLACE}/readings", help="default: sensors/{station}/readings")
    _broker_options(parser)


def _broker_options(parser: argparse.ArgumentParser) -> None:
    where = parser.add_mutually_exclusive_group()
    where.add_argument("-c", "--config", type=Path, metavar="YAML", help="gateway file whose broker is meant")
    where.add_argument("--broker", default="localhost", metavar="HOST[:PORT]", help="default: localhost")


def _broker(arguments: Arguments) -> Broker:
    """Resolve the broker of a command that can do without a gateway file."""
    from config.broker import Broker
    from config.loading import load_gateway

    if arguments.config:
        return load_gateway(arguments.config).broker
    host, _, port = arguments.broker.partition(":")
    return Broker(host=host, port=int(port or 1883))


def _gateway_of(arguments: Arguments) -> tuple[Broker, str | None]:
    """Resolve broker and base topic; no base: that of the gateways which are online."""
    from config.loading import load_gateway

    base: str | None = arguments.base
    if arguments.config and base is None:
        base = load_gateway(arguments.config).topics.base
    return _broker(arguments), base


def _natural(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"got {text!r}, expected a whole number, 0 or more")
    return int(text)


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


if __name__ == "__main__":
    sys.exit(main())
