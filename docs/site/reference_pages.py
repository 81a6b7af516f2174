"""Makes the reference pages of the documentation from the code that they describe."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import typing
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec.structs import FieldInfo, fields

import davylamp
from config.settings.fleet import Fleet
from config.settings.gateway import Gateway
from config.settings.station import Station
from config.settings.training import Training
from config.templates.templates import METHANE
from config.yaml.load import load_station
from config.yaml.messages import describe_type, split_annotated
from config.yaml.rendering import shipped_gateway, shipped_training
from edge.agent.schemas import MESSAGES, message_schema, reading_schema
from edge.bundles.archive import MAX_BYTES, MEMBERS, OPTIONAL_MEMBER
from edge.bundles.manifest import FORMAT, Manifest

_WIDTH = "100"  # columns of a help page
_PARAMETERS = re.compile(r"\n\s*Parameters\n\s*-+\n")
_PARAMETER = re.compile(r"^ {4}(\w[\w, ]*)\n((?: {8}.*\n?|\n)+)", re.MULTILINE)
_ROLE = re.compile(r":\w+:`~?([^`]*)`")
_MADE = "*This page is made from the code at every build.*"

_SETTINGS = f"""\
Three files set everything, and `davylamp init` writes them with comments; a fourth is for
[many stations](../fleets.md). Every key that has a default may be left out.
What does not fit, or is unknown, stops davylamp with a line for each. {_MADE}"""
_MESSAGES = f"""\
Topics are below `davylamp/<gateway>/`. Each section has the keys of one message, and its JSON Schema, which `davylamp
schema NAME` prints and the request `schema` returns. [Topics](../topics.md) says when each is published, and what
consumers can rely on. {_MADE}"""
_BUNDLE = f"""\
A `.davy` file is a zip of at most {MAX_BYTES // 1_000_000} MB, whose members are stored and not compressed.
`davylamp inspect` shows what is in one, and the agent refuses one that is damaged, of another format, or whose golden
rows do not come out. This is format {FORMAT}. {_MADE}"""
_SEAL = """\
The zip's comment is `davylamp sha256:` and the SHA-256 of every byte before it; the manifest has the SHA-256 of each
other member, so that a damaged one can be named."""

_MEMBERS = {
    "encoder.onnx": "from a reading to the codes of the generator",
    "decoder.onnx": "from codes to synthetic rows",
    "scorer.onnx": "from a batch of features to all scores, with its networks",
    "scorer-absent.onnx": "the same for readings without the gas level",
    "tables.npz": "p-value tables, mixtures and statistics, as numbers; never a pickle",
    "golden.npz": "readings with the verdicts that they have to give; checked before the agent reports `online`",
}
_EXIT_CODES = {
    0: "Done. `check`: nothing is in the way; `deploy`, `install-service`: the agent is online with the new release.",
    1: "The input or the world is at fault: a line each names the place, what was got, what was expected, and the fix.",
    2: "Wrong usage: an unknown verb or option, or one that is missing.",
    130: "Interrupted by Ctrl-C; the last line says what is left behind.",
}


def reference_pages() -> dict[str, str]:
    """Return every page and file of the reference: path below ``reference/`` and text."""
    return {
        "settings.md": _settings_page(),
        "messages.md": _messages_page(),
        "commands.md": _commands_page(),
        "bundle.md": _bundle_page(),
        "exit-codes.md": _exit_codes_page(),
        **{f"schemas/{name.replace('/', '-')}.schema.json": text for name, text in _schemas().items()},
    }


def help_of(*words: str) -> str:
    """Return what ``davylamp help WORDS`` prints."""
    text = io.StringIO()
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = _WIDTH
    try:
        with contextlib.redirect_stdout(text), contextlib.suppress(SystemExit):
            davylamp.main(["help", *words])
    finally:
        if before is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = before
    return text.getvalue()


def table_cell(text: str) -> str:
    """Return a text for a cell of a Markdown table."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


# ---- settings --------------------------------------------------------------------------------------------------------


def _settings_page() -> str:
    parts = [
        "# Settings",
        _SETTINGS,
    ]
    for title, struct, shipped in (
        ("gateway.yaml", Gateway, shipped_gateway()),
        ("The station file", Station, METHANE.read_text(encoding="utf-8")),
        ("training.yaml", Training, shipped_training()),
        ("The fleet file", Fleet, None),
    ):
        rows = "\n".join(f"| `{path}` | {kind} | {default} | {text} |" for path, kind, default, text in _keys(struct))
        parts += [f"## {title}", f"| key | expected | default | |\n|---|---|---|---|\n{rows}"]
        if shipped is not None:
            parts += ["As `davylamp init` writes it:", f"```yaml\n{shipped.rstrip()}\n```"]
    return "\n\n".join(parts) + "\n"


def _keys(struct: type[msgspec.Struct], path: str = "") -> Iterator[tuple[str, str, str, str]]:
    """Yield (dotted path, what is expected, default, meaning) of every key, with those below it."""
    for field in fields(struct):
        bare, metas = split_annotated(field.type)
        below = _struct_in(bare)
        where = f"{path}{field.encode_name}"
        expected = "see below" if below else table_cell(describe_type(field.type))
        text = " ".join(meta.description for meta in metas if meta.description)
        default = "`null`" if where in Gateway.DERIVED else _default(field, nested=below is not None)
        yield where, expected, default, table_cell(text)
        if below:
            inside = "[]." if _is_list(bare) else "."
            yield from _keys(below, where + inside)


def _struct_in(annotation: Any) -> type[msgspec.Struct] | None:
    """Return the struct that a key's value is, or is a list of; ``None`` when it may be something simpler."""
    arguments = typing.get_args(annotation)
    if typing.get_origin(annotation) is tuple:
        annotation = split_annotated(arguments[0])[0]
    elif arguments:
        others = [each for each in arguments if each is not type(None) and each is not msgspec.UnsetType]
        annotation = split_annotated(others[0])[0] if len(others) == 1 else None
    return annotation if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct) else None


def _is_list(annotation: Any) -> bool:
    return typing.get_origin(annotation) is tuple


def _default(field: FieldInfo, *, nested: bool) -> str:
    if field.required:
        return "**required**"
    value = field.default_factory() if field.default_factory is not msgspec.NODEFAULT else field.default
    if nested or value is msgspec.UNSET or isinstance(value, msgspec.Struct):
        return ""
    return "" if value == "" else f"`{table_cell(json.dumps(msgspec.to_builtins(value), ensure_ascii=False))}`"


# ---- messages --------------------------------------------------------------------------------------------------------


def _schemas() -> dict[str, str]:
    made = {name: message_schema(name) for name in MESSAGES} | {"reading": reading_schema(load_station(METHANE))}
    return {name: json.dumps(schema, indent=2, ensure_ascii=False) + "\n" for name, schema in made.items()}


def _messages_page() -> str:
    parts = [
        "# Messages and requests",
        _MESSAGES,
    ]
    for name, message in MESSAGES.items():
        schema = message_schema(name)
        link = f"[JSON Schema](schemas/{name.replace('/', '-')}.schema.json)"
        parts += [f"## `{name}`", f"{message.sentence} Topic `{message.topic}`. {link}"]
        parts += list(_bodies(schema))
    return "\n\n".join(parts) + "\n"


def _bodies(schema: dict[str, Any]) -> Iterator[str]:
    """Yield a table for the body of a message, or for each of the bodies that it may be, and for what is inside."""
    definitions: dict[str, Any] = schema.get("$defs", {})
    if "properties" in schema:
        yield _table(schema)
    for name, inner in definitions.items():
        if inner.get("properties"):
            yield f"**{_definition(name)}**: {table_cell(inner.get('description', ''))}"
            yield _table(inner)


def _table(schema: dict[str, Any]) -> str:
    rows = [
        f"| `{key}` | {table_cell(_kind(each))} | {table_cell(each.get('description', ''))} |"
        for key, each in schema["properties"].items()
    ]
    return "\n".join(["| key | is | |", "|---|---|---|", *rows]) if rows else "It has no key of its own."


def _definition(name: str) -> str:
    """Return the name of a definition as people write it: ``Answer_RateAnswer_`` is an Answer of a RateAnswer."""
    return name.rstrip("_").replace("_", " of ")


def _kind(schema: dict[str, Any]) -> str:
    """Return what a value is, in a few words."""
    if "$ref" in schema:
        return f"**{_definition(schema['$ref'].rpartition('/')[2])}**"
    if "enum" in schema:
        return ", ".join("null" if each is None else str(each) for each in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(_kind(each) for each in schema["anyOf"])
    if schema.get("type") == "array":
        inner = _kind(schema["items"]) if isinstance(schema.get("items"), dict) else "values"
        return f"list of {inner}"
    kind = schema.get("type", "any")
    return " or ".join(kind) if isinstance(kind, list) else str(kind)


# ---- commands, bundle, exit codes ------------------------------------------------------------------------------------


def _commands_page() -> str:
    lines = "\n".join(f"| [`{verb}`](#{verb}) | {table_cell(text)} |" for verb, (text, _) in davylamp.VERBS.items())
    parts = ["# Commands", f"What `davylamp help VERB` prints. {_MADE}", f"| verb | |\n|---|---|\n{lines}"]
    for verb in davylamp.VERBS:
        words = ("data", "fetch") if verb == "data" else (verb,)
        parts += [f"## {verb}", f"```text\n{help_of(*words).rstrip()}\n```"]
    return "\n\n".join(parts) + "\n"


def _bundle_page() -> str:
    members = "\n".join(
        f"| `{name}` | {_MEMBERS[name]}{'; only with a gas column' if name == OPTIONAL_MEMBER else ''} |"
        for name in MEMBERS
    )
    parts = [
        "# The bundle",
        _BUNDLE,
        f"| member | |\n|---|---|\n| `manifest.json` | everything below |\n{members}",
        _SEAL,
    ]
    for struct in _structs(Manifest):
        described = dict(_described(struct))
        summary = table_cell(_ROLE.sub(r"`\1`", (struct.__doc__ or "").split("\n\n")[0]).replace("``", "`"))
        rows = "\n".join(
            f"| `{each.encode_name}` | {table_cell(described.get(each.name, ''))} |" for each in fields(struct)
        )
        title = "manifest.json" if struct is Manifest else struct.__name__
        parts += [f"## {title}", summary, f"| key | |\n|---|---|\n{rows}"]
    return "\n\n".join(parts) + "\n"


def _structs(struct: type[msgspec.Struct]) -> list[type[msgspec.Struct]]:
    """Return a struct of the manifest and those inside it, each once."""
    found = [struct]
    for each in found:
        for field in fields(each):
            found += [inner for inner in _inside(field.type) if inner not in found and inner is not Station]
    return found


def _inside(annotation: Any) -> Iterator[type[msgspec.Struct]]:
    bare = split_annotated(annotation)[0]
    if isinstance(bare, type) and issubclass(bare, msgspec.Struct):
        yield bare
    for each in typing.get_args(bare):
        yield from _inside(each)


def _described(struct: type[msgspec.Struct]) -> Iterator[tuple[str, str]]:
    """Yield (field, text) of the parameters in a struct's docstring."""
    _, *sections = _PARAMETERS.split(struct.__doc__ or "", maxsplit=1)
    for names, text in _PARAMETER.findall(sections[0] if sections else ""):
        for name in names.split(", "):
            yield name, _ROLE.sub(r"`\1`", text.replace("``", "`"))


def _exit_codes_page() -> str:
    rows = "\n".join(f"| {code} | {text} |" for code, text in _EXIT_CODES.items())
    return (
        f"# Exit codes\n\n| code | |\n|---|---|\n{rows}\n\n"
        "`request` exits with 1 for a refusal as well, and its answer says why. A command whose output nobody reads "
        "any more (`| head`) exits with 0. Codes from 200 on are systemd's: `davylamp check --as-service` and "
        "`install-service` put them into sentences.\n"
    )
