"""Reads off a verb's parser what may be written behind the verb."""

from __future__ import annotations

from argparse import SUPPRESS, Action, ArgumentParser
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

ANY_FILE = "*"
"""Stands among suffixes for a file with any name."""

FOLDER = "/"
"""Stands among suffixes for a folder."""

_SUFFIXES = {
    "DAVY": ("davy",), "YAML": ("yaml", "yml"), "CSV": ("csv",), "JSON": ("json",), "FILE": (ANY_FILE,),
    "DIR": (FOLDER,), "RUN": (FOLDER,),
}  # fmt: skip


@dataclass(frozen=True)
class WordSlot:
    """An option, or a word at a place of its own.

    Parameters
    ----------
    flags
        ``-o`` and ``--output``, for example; empty for a word at a place.
    text
        Its sentence in the help.
    takes_value
        Whether a word follows an option.
    choices
        Words that are allowed; empty if they are not listed.
    suffixes
        Of the files that fit, without the dot; :data:`ANY_FILE`, :data:`FOLDER`, or empty if no file does.
    """

    flags: tuple[str, ...]
    text: str
    takes_value: bool
    choices: tuple[str, ...]
    suffixes: tuple[str, ...]


@dataclass(frozen=True)
class VerbWords:
    """What may be written behind a verb.

    Parameters
    ----------
    verb
        Its name.
    text
        Its sentence.
    options, places
        Options, and words at places of their own.
    """

    verb: str
    text: str
    options: tuple[WordSlot, ...]
    places: tuple[WordSlot, ...]

    @property
    def choices(self) -> tuple[str, ...]:
        """Words that are allowed at any place."""
        return tuple(word for place in self.places for word in place.choices)

    @property
    def suffixes(self) -> tuple[str, ...]:
        """Suffixes of the files that fit any place."""
        return tuple(dict.fromkeys(suffix for place in self.places for suffix in place.suffixes))


def read_verbs(verbs: Mapping[str, tuple[str, str]]) -> list[VerbWords]:
    """Read what every verb takes.

    Parameters
    ----------
    verbs
        Verb -> its sentence, and its module with ``add_arguments``.
    """
    return [_read(verb, text, module) for verb, (text, module) in verbs.items()]


def _read(verb: str, text: str, module: str) -> VerbWords:
    parser = ArgumentParser(prog=verb)
    import_module(module).add_arguments(parser)
    slots = list(_slots(parser))
    options = tuple(slot for slot in slots if slot.flags)
    return VerbWords(verb, text, options, tuple(slot for slot in slots if not slot.flags))


def _slots(parser: ArgumentParser) -> Iterator[WordSlot]:
    for action in parser._actions:  # noqa: SLF001  # argparse has no public list of them
        if action.help == SUPPRESS:
            continue
        choices = action.choices or ()
        suffixes = () if choices or action.nargs == 0 else _files_of(action)
        yield WordSlot(
            tuple(action.option_strings), _sentence(action), action.nargs != 0, tuple(map(str, choices)), suffixes
        )
        if isinstance(choices, Mapping):  # verbs of the verb, as in `data fetch`: their options come with the others
            for each in choices.values():
                yield from (slot for slot in _slots(each) if "--help" not in slot.flags)


def _files_of(action: Action) -> tuple[str, ...]:
    metavar = action.metavar
    if isinstance(metavar, str) and metavar in _SUFFIXES:
        return _SUFFIXES[metavar]
    return (ANY_FILE,) if action.type is Path else ()


def _sentence(action: Action) -> str:
    return " ".join((action.help or action.dest).split())
