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

from config.arguments import parser
from config.errors import DavylampError

if TYPE_CHECKING:
    from config.settings.broker import Broker
    from config.settings.station import Station
    from config.settings.training import Training
    from trainer.run import Run

__version__ = "0.2.0"

_EXTRAS = {
    "amqtt": "demo", "rich": "demo",
    "jinja2": "trainer", "matplotlib": "trainer", "onnx": "trainer", "pandas": "trainer", "pooch": "trainer",
    "pyarrow": "trainer", "safetensors": "trainer", "sklearn": "trainer", "torch": "trainer", "tqdm": "trainer",
}  # fmt: skip

Arguments = argparse.Namespace
Verb = Callable[[Arguments], int | None]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return its exit code."""
    arguments = parser(__version__).parse_args(argv)
    try:
        return _VERBS[arguments.verb](arguments) or 0
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
    from config.templates.templates import copy_templates

    for path in copy_templates(arguments.folder):
        print(path)


def _check(arguments: Arguments) -> int:
    from edge.commands.check import check

    return 0 if check(arguments.config, sys.stdout) else 1


def _inspect(arguments: Arguments) -> None:
    from edge.commands.inspect import inspect

    inspect(arguments.bundle, arguments.json, sys.stdout)


def _score(arguments: Arguments) -> None:
    from edge.commands.score import score_files

    score_files(
        arguments.bundle,
        arguments.files,
        arguments.output,
        request=arguments.request,
        absent=arguments.absent,
        adapt=arguments.adapt,
    )


def _synthesize(arguments: Arguments) -> None:
    from edge.commands.synthesize import synthesize
    from edge.synthesis.sampling_conditions import SamplingConditions

    given = {"regime": arguments.regime, "range": dict(arguments.range) or None, "mix": arguments.mix}
    prior = True if arguments.around is None and not any(given.values()) else None
    synthesize(
        arguments.bundle,
        arguments.output or sys.stdout,
        n=arguments.rows,
        seed=arguments.seed,
        wish=SamplingConditions(prior=prior, noise=arguments.noise, **given),
        around=arguments.around,
    )


def _record(arguments: Arguments) -> int:
    from edge.commands.record import record

    return record(
        arguments.config, arguments.output, station=arguments.station, name=arguments.id, rows=arguments.rows,
        out=sys.stderr,
    )  # fmt: skip


def _watch(arguments: Arguments) -> int:
    from edge.commands.watch import watch

    broker, base = _gateway_of(arguments)
    return watch(broker, base, out=sys.stdout)


def _request(arguments: Arguments) -> int:
    from edge.commands.request import request

    broker, base = _gateway_of(arguments)
    return request(broker, base, arguments.name, arguments.body, out=sys.stdout)


def _simulate(arguments: Arguments) -> int:
    from edge.commands.simulate import simulate
    from edge.stop import Stop

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
    from config.templates.templates import METHANE
    from config.yaml.load import load_station
    from edge.commands.replay import replay
    from edge.stop import Stop

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
    from edge.agent.run import run

    return run(arguments.config)


# ---- with the trainer extra ------------------------------------------------------------------------------------------


def _fetch(arguments: Arguments) -> None:
    from trainer.data.download import LICENSE_NOTE, download

    for path in download(arguments.output):
        print(path)
    print(LICENSE_NOTE)


def _explore(arguments: Arguments) -> None:
    from config.templates.templates import METHANE
    from trainer.exploring import explore

    explore(
        arguments.files,
        arguments.station or METHANE,
        arguments.output,
        pairs=arguments.pair,
        png=arguments.png,
        progress=sys.stderr,
    )
    print(arguments.output)


def _train(arguments: Arguments) -> None:
    from config.yaml.load import load_station
    from trainer.data.record import load_record
    from trainer.summary import summary
    from trainer.train import train

    settings = _settings(arguments)
    record = load_record(arguments.files, load_station(arguments.station))
    for sentence in record.dropped:
        print(sentence)
    run = train(record, settings, arguments.output, portrait=not arguments.quick, progress=sys.stderr)
    print(summary(run))
    if not arguments.quick:
        _draw([run.folder])
    if arguments.bundle:
        _pack(run, arguments.bundle)


def _settings(arguments: Arguments) -> Training:
    """Give the flags precedence over the file, and the file over the defaults."""
    from msgspec.structs import replace

    from config.settings.training import Training
    from config.yaml.load import load_training

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
    from trainer.data.record import load_record
    from trainer.evaluation.detection.evaluate import evaluate
    from trainer.evaluation.detection.results import DETECTION
    from trainer.evaluation.detection.table import print_evaluation
    from trainer.evaluation.synthesis.evaluate import evaluate_synthesis
    from trainer.evaluation.synthesis.results import SYNTHESIS
    from trainer.evaluation.synthesis.table import print_synthesis
    from trainer.statistics.json_arrays import encoded

    station, settings = _judged(arguments)
    records = [load_record([file], station) for file in arguments.files]
    how: dict[str, Any] = {
        "quick": arguments.quick,
        "pictures": arguments.run is not None,
        "processes": os.cpu_count() or 1,
        "progress": sys.stderr,
    }
    found: msgspec.Struct
    if arguments.synthesis:
        found = evaluate_synthesis(records, settings, **how)
        print_synthesis(found, sys.stdout)
    else:
        found = evaluate(records, settings, **how)
        print_evaluation(found, sys.stdout)
    data = encoded(found)
    if arguments.run:
        write_bytes(arguments.run / (SYNTHESIS if arguments.synthesis else DETECTION), data)
    if arguments.output:
        write_bytes(arguments.output, msgspec.json.format(data, indent=2) + b"\n")


def _judged(arguments: Arguments) -> tuple[Station, Training]:
    """Resolve what is evaluated: a run's station and settings, or a station and the settings given."""
    from config.settings.training import Training
    from config.yaml.load import load_station, load_training
    from trainer.run import Run

    if arguments.run and arguments.training:
        raise DavylampError(
            f"--training: got {arguments.training}, expected none: --run says the settings; fix: drop it"
        )
    if arguments.run:
        run = Run.open(arguments.run)
        return run.station, run.settings
    return load_station(arguments.station), Training.quick() if arguments.quick else load_training(arguments.training)


def _report(arguments: Arguments) -> None:
    _draw(arguments.runs, arguments.output, arguments.png)


def _draw(runs: Sequence[Path], output: Path | None = None, png: Path | None = None) -> None:
    from trainer.reporting import report

    output = output or (runs[0] / "report.html" if len(runs) == 1 else Path("report.html"))
    report(runs, output, png=png, progress=sys.stderr)
    print(output)


def _export(arguments: Arguments) -> None:
    from trainer.run import Run

    _pack(Run.open(arguments.folder), arguments.output)


def _pack(run: Run, path: Path) -> None:
    from export.export import export

    export(run, path, out=sys.stdout)


def _demo(arguments: Arguments) -> None:
    from config.templates.templates import METHANE
    from export.demo.demo import demo

    demo(
        arguments.output,
        data=arguments.data,
        station=arguments.station or METHANE,
        broker=arguments.broker,
        seed=arguments.seed,
    )


def _broker(arguments: Arguments) -> Broker:
    """Resolve the broker of a command that can do without a gateway file."""
    from config.settings.broker import Broker
    from config.yaml.load import load_gateway

    if arguments.config:
        return load_gateway(arguments.config).broker
    host, _, port = arguments.broker.partition(":")
    return Broker(host=host, port=int(port or 1883))


def _gateway_of(arguments: Arguments) -> tuple[Broker, str | None]:
    """Resolve broker and base topic; no base: that of the gateways which are online."""
    from config.yaml.load import load_gateway

    base: str | None = arguments.base
    if arguments.config and base is None:
        base = load_gateway(arguments.config).topics.base
    return _broker(arguments), base


_VERBS: dict[str, Verb] = {
    "init": _init,
    "check": _check,
    "inspect": _inspect,
    "score": _score,
    "synthesize": _synthesize,
    "record": _record,
    "watch": _watch,
    "request": _request,
    "simulate": _simulate,
    "replay": _replay,
    "agent": _agent,
    "data": _fetch,
    "explore": _explore,
    "train": _train,
    "evaluate": _evaluate,
    "report": _report,
    "export": _export,
    "demo": _demo,
}

if __name__ == "__main__":
    sys.exit(main())
