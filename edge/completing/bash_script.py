"""Writes the completion for bash."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from edge.completing.verb_words import ANY_FILE, FOLDER, VerbWords, WordSlot

_HEAD = """# Completion of davylamp for bash; in ~/.bashrc: source <(davylamp completion bash)
_davylamp_files() {
    local IFS=$'\\n' suffix -
    set -f  # a name with a star in it is no pattern
    compopt -o filenames 2>/dev/null
    COMPREPLY+=($(compgen -d -- "$1"))
    for suffix in "${@:2}"; do COMPREPLY+=($(compgen -f -X "!*.$suffix" -- "$1")); done
}
_davylamp_any_file() {
    local IFS=$'\\n' -
    set -f
    compopt -o filenames 2>/dev/null
    COMPREPLY+=($(compgen -f -- "$1"))
}
_davylamp() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}
    COMPREPLY=()
    if [[ $current == = ]]; then current=; fi  # --option=, which bash takes apart
    if [[ $previous == = ]]; then previous=${COMP_WORDS[COMP_CWORD-2]}; fi
"""


def bash_script(verbs: Sequence[VerbWords]) -> str:
    """Write the script that completes these verbs, their options, and the files that fit."""
    names = " ".join(each.verb for each in verbs)
    lines = [_HEAD.rstrip("\n")]
    lines += [
        "    if [[ $COMP_CWORD -eq 1 || ( $COMP_CWORD -eq 2 && $previous == help ) ]]; then",
        f'        COMPREPLY=($(compgen -W {shlex.quote(f"{names} help --help --version")} -- "$current"))',
        "        return",
        "    fi",
        '    case "${COMP_WORDS[1]} $previous" in',
    ]
    for each in verbs:
        for option in each.options:
            if option.takes_value:
                patterns = " | ".join(shlex.quote(f"{each.verb} {flag}") for flag in option.flags)
                lines.append(f"        {patterns}) {_values(option)}return ;;")
    lines += ["    esac", '    case "${COMP_WORDS[1]}" in']
    for each in verbs:
        flags = " ".join(flag for option in each.options for flag in option.flags)
        lines += [
            f"        {each.verb})",
            f"            if [[ $current == -* ]]; then {_words(flags)}",
            f"            else {_words(' '.join(each.choices))}{_files(each.suffixes)}:; fi ;;",
        ]
    return "\n".join([*lines, "    esac", "}", "complete -F _davylamp davylamp", ""])


def _values(slot: WordSlot) -> str:
    return _words(" ".join(slot.choices)) + _files(slot.suffixes)


def _words(words: str) -> str:
    return f'COMPREPLY=($(compgen -W {shlex.quote(words)} -- "$current")); ' if words else ""


def _files(suffixes: Sequence[str]) -> str:
    if not suffixes:
        return ""
    if ANY_FILE in suffixes:
        return '_davylamp_any_file "$current"; '
    return " ".join(["_davylamp_files", '"$current"', *(each for each in suffixes if each != FOLDER)]) + "; "
