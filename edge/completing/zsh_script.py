"""Writes the completion for zsh."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from edge.completing.verb_words import ANY_FILE, FOLDER, VerbWords, WordSlot


def zsh_script(verbs: Sequence[VerbWords]) -> str:
    """Write the script that completes these verbs, their options, and the files that fit, each with its sentence."""
    lines = [
        "#compdef davylamp",
        "# Completion of davylamp for zsh; in ~/.zshrc, behind compinit: source <(davylamp completion zsh)",
        "_davylamp() {",
        "    local -a verbs",
        "    verbs=(",
        *(f"        {shlex.quote(each.verb + ':' + each.text)}" for each in verbs),
        "    )",
        "    if (( CURRENT == 2 )) || [[ CURRENT -eq 3 && $words[2] == help ]]; then",
        "        _describe verb verbs",
        "        return",
        "    fi",
        "    shift words",
        "    (( CURRENT-- ))",
        "    case $words[1] in",
    ]
    for each in verbs:
        specs = [spec for option in each.options for spec in _option(option)]
        if each.choices or each.suffixes:
            specs.append(f"*:{each.verb}:{_action(each.choices, each.suffixes)}")
        lines.append(f"        {each.verb}) _arguments {' '.join(map(shlex.quote, specs))} ;;")
    lines += [
        "    esac",
        "}",
        'if [[ $funcstack[1] == _davylamp ]]; then _davylamp "$@"; else compdef _davylamp davylamp; fi',
    ]
    return "\n".join([*lines, ""])


def _option(option: WordSlot) -> list[str]:
    text = "".join(f"\\{c}" if c in "[]:\\" else c for c in option.text)
    value = f":value:{_action(option.choices, option.suffixes)}" if option.takes_value else ""
    return [f"*{flag}[{text}]{value}" for flag in option.flags]


def _action(choices: Sequence[str], suffixes: Sequence[str]) -> str:
    if choices:
        return f"({' '.join(choices)})"
    if not suffixes:
        return " "
    if ANY_FILE in suffixes:
        return "_files"
    if FOLDER in suffixes:
        return "_files -/"
    # Brackets around a single word at the end would be qualifiers of the pattern.
    return f'_files -g "*.{suffixes[0]}"' if len(suffixes) == 1 else f'_files -g "*.({"|".join(suffixes)})"'
