"""inspect: show what is inside a bundle, for people and for scripts."""

from __future__ import annotations

import math
import os
import sys
import textwrap
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from config.printable import escape_commands

if TYPE_CHECKING:
    from edge.bundles.bundle import Bundle
    from edge.bundles.manifest import Manifest, NetworkSpec, ScoringSpec

EXAMPLE = "davylamp inspect one.davy"

_WIDTH = 100
_DIGITS = 4
_TIE = "\N{NO-BREAK SPACE}"  # keeps a name and its value on one line; printed as a space


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of ``davylamp inspect``."""
    parser.add_argument("bundle", type=Path, metavar="DAVY")
    parser.add_argument("--json", action="store_true", help="as JSON")


def run(arguments: Namespace) -> None:
    """Print to standard output."""
    inspect(arguments.bundle, arguments.json, sys.stdout)


def inspect(path: str | os.PathLike[str], as_json: bool, out: TextIO) -> None:
    """Print what is inside a bundle; no network is run, so that it works without ONNX Runtime.

    Parameters
    ----------
    path
        Path of a bundle.
    as_json
        Print the manifest and the bundle's ``id`` as one JSON object instead of text.
    out
        Stream to print to.

    Raises
    ------
    BundleError
        The file is missing, damaged, no bundle, or of a later format.
    """
    import msgspec

    from edge.bundles.bundle import Bundle

    bundle = Bundle.open(path)
    if as_json:
        content = msgspec.to_builtins(bundle.manifest) | {"id": bundle.id}
        text = msgspec.json.format(msgspec.json.encode(content, order="sorted"), indent=2).decode()
    else:
        text = "\n".join(_text(bundle))
    print(text, file=out)


def _text(bundle: Bundle) -> Iterator[str]:
    from edge.bundles.archive import MEMBERS
    from edge.bundles.manifest import measured_fit
    from edge.scoring.gas_unit import GasUnit

    manifest = _escaped(bundle.manifest)
    yield f"davylamp bundle {bundle.id} of station {manifest.station.name}, {manifest.station.size} columns"
    yield f"trained {manifest.created} by davylamp {manifest.davylamp}, seed {manifest.seed}; format {manifest.format}"
    yield ""
    yield from _columns(manifest)
    yield ""
    for name, fitted in manifest.scorers.items():
        yield from _scorer(name, fitted)
    if (unit := GasUnit.from_bundle(bundle)) is not None:
        background = f"background {unit.round(bundle.background):,.10g} {unit.text} in training"
        exceeds = f"exceeds {bundle.enhancement:,.10g} {unit.text} above it, unless gateway.yaml sets another level"
        yield f"gas        {background}; {exceeds}"
    yield from _generator(manifest)
    yield f"requested  {manifest.exceedances_per_1000:g} in 1000 undisturbed readings may exceed"
    yield ""
    yield f"measured by the trainer (split: {manifest.metrics.get('split', 'unknown')})"
    yield f"  on {measured_fit(manifest.metrics)}"
    metrics = {name: value for name, value in manifest.metrics.items() if name not in {"split", "fit", "ageing"}}
    yield from _table(list(_metrics("", metrics)) or [("nothing",)], wrap=True)
    yield ""
    yield from _ageing(manifest.metrics)
    files = ", ".join(manifest.data.files) or "no file"
    yield f"trained on {files}: {manifest.data.rows:,} rows, sha256 {manifest.data.sha256}"
    yield "with       " + ", ".join(f"{name} {version}" for name, version in sorted(manifest.versions.items()))
    yield ""
    yield "members"
    entries = [(name, manifest.members[name]) for name in MEMBERS if name in manifest.members]
    yield from _table([(name, f"{entry.bytes:>7,}", entry.sha256) for name, entry in entries])


def _escaped(manifest: Manifest) -> Manifest:
    """Return a manifest whose texts stay on their lines: the name of a column may have a line break."""
    import msgspec

    def escape(value: Any) -> Any:
        if isinstance(value, str):
            return escape_commands(value)
        if isinstance(value, Mapping):
            return {escape(key): escape(each) for key, each in value.items()}
        return [escape(each) for each in value] if isinstance(value, list | tuple) else value

    return msgspec.convert(escape(msgspec.to_builtins(manifest)), type(manifest))


def _columns(manifest: Manifest) -> Iterator[str]:
    """Describe each column in a line: what it is, and how it is scaled."""
    scaler, ratio = manifest.scaler, manifest.station.ratio
    lines = [("column", "key", "unit", "role", "range", "scaled", "floor", "mean", "std")]
    for i, feature in enumerate(manifest.station.features):
        lines.append((
            feature.name, feature.key, feature.unit, feature.role,
            "{:,.10g} to {:,.10g}".format(*feature.range),
            scaler.scale[i],
            _number(scaler.floor[i]) if scaler.scale[i] == "log" else "",
            _plain(scaler.mean[i], scaler.std[i]),
            _number(scaler.std[i]),
        ))  # fmt: skip
    yield from _table(lines, indent="")
    yield "scaled = (f(x) - mean) / std; log: f(x) = ln(max(x, floor)); linear: f(x) = x"
    if ratio is not None:
        yield f"ratio of {ratio.of} to {ratio.to}"


def _scorer(name: str, fitted: ScoringSpec) -> Iterator[str]:
    """Describe the scorer of stations that send every column, or that of stations without a gas analyser."""
    from edge.bundles.manifest import SCORER

    without = "" if name == SCORER else ", without the gas column"
    yield f"scores     {_network(fitted.network, len(fitted.keys))}{without}"
    usual = "z-scores of levels" if fitted.raw else "distances from the baseline"
    yield f"           on {usual}; p-values: {fitted.rows:,} rows in {fitted.chunks} chunks"
    windows = [f"{window} {length}".replace(" ", _TIE) for window, length in fitted.windows.describe()]
    yield from _table([("         ", f"windows: {', '.join(windows)}")], indent="", wrap=True)
    if fitted.responsive:
        yield f"           {', '.join(fitted.responsive)} respond to the gas"
        if name != SCORER and fitted.onset_refused is None:
            yield "           onset: not recalibrated at a station, because no analyser says which readings are quiet"
    for note in fitted.notes:
        yield from _table([("         ", note)], indent="", wrap=True)
    domain = [
        f"{key}{_TIE}{_plain(low, high - low)}{_TIE}to{_TIE}{_plain(high, high - low)}"
        for key, (low, high) in fitted.domain.items()
    ]
    if domain:
        yield from _table([("         ", "trained on " + ", ".join(domain))], indent="", wrap=True)


def _generator(manifest: Manifest) -> Iterator[str]:
    """Describe what makes synthetic rows."""
    about = manifest.generator
    size = manifest.station.size
    yield f"generates  {'mixture, no network' if about.network is None else _network(about.network, size)}"
    space = "normal scores, whitened" if about.transform == "quantile" else "scaled rows"
    sigma = f"noise {min(about.sigma):.3g} to {max(about.sigma):.3g}" if any(about.sigma) else "no noise"
    yield f"           on {space}, {sigma} added; codes from {about.components} Gaussians"
    yield f"           held-out log-likelihood {about.likelihood:.2f} nat (one Gaussian: {about.baseline:.2f})"
    if about.regimes:
        spread = min(high - low for low, high in about.regimes.values())
        spans = [
            f"{name} {_plain(low, spread)} to {_plain(high, spread)}" for name, (low, high) in about.regimes.items()
        ]
        yield f"           {manifest.station.gas}: {', '.join(spans)}"
    yield "           no training row is in this bundle"


def _network(network: NetworkSpec, features: int) -> str:
    encoder = [features, *network.hidden, network.latent]
    widths = "-".join(map(str, [*encoder, *reversed(encoder[:-1])]))
    kind = {"ae": "autoencoder", "vae": "variational autoencoder"}[network.kind]
    beta = f", beta {network.beta:g}" if network.kind == "vae" else ""
    return f"{kind} {widths}, loss {network.loss}{beta}"


def _ageing(metrics: Mapping[str, Any]) -> Iterator[str]:
    """Print the trainer's verdict on times that it did not train on; its counts are in the JSON form."""
    ageing = metrics.get("ageing")
    verdict = ageing.get("verdict") if isinstance(ageing, Mapping) else None
    if isinstance(verdict, list):
        yield "from past to future, fixed thresholds"
        yield from _table([(str(sentence),) for sentence in verdict], wrap=True)
        yield ""


def _metrics(place: str, value: Any) -> Iterator[tuple[str, str]]:
    """Flatten nested metrics: a line with the plain values of each level."""
    items = list(value.items() if isinstance(value, Mapping) else enumerate(value, 1))
    plain = [(key, item) for key, item in items if item is not None and not isinstance(item, Mapping | list)]
    if plain:
        yield place or "overall", ", ".join(f"{key}{_TIE}{_number(item)}" for key, item in plain)
    for key, item in items:
        if isinstance(item, Mapping | list):
            yield from _metrics(f"{place} {key}".strip(), item)


def _number(value: Any) -> str:
    return f"{value:.{_DIGITS}g}" if isinstance(value, float) else str(value)


def _plain(value: float, spread: float) -> str:
    """Write a value to the digits that tell values of a spread apart, 101,325.1 of a barometer in Pa."""
    if not 0 < spread < math.inf:
        return f"{value:,.10g}"
    decimals = _DIGITS - 1 - math.floor(math.log10(spread))
    return f"{round(value, decimals):,.12g}"


def _table(lines: Sequence[Sequence[str]], *, indent: str = "  ", wrap: bool = False) -> Iterator[str]:
    """Align columns; ``wrap`` wraps the last one."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    before = " " * (len(indent) + sum(width + 2 for width in widths[:-1]))
    for line in lines:
        *cells, last = line
        start = indent + "".join(cell.ljust(width + 2) for cell, width in zip(cells, widths, strict=False))
        rest = textwrap.wrap(last, max(_WIDTH - len(before), 40), break_on_hyphens=False) if wrap else [last]
        yield (start + ("\n" + before).join(rest)).replace(_TIE, " ").rstrip()
