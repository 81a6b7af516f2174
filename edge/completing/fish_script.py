"""Writes the completion for fish."""

from __future__ import annotations

from collections.abc import Sequence

from edge.completing.verb_words import ANY_FILE, FOLDER, VerbWords

_HEAD = """# Completion of davylamp for fish: davylamp completion fish > ~/.config/fish/completions/davylamp.fish
function __davylamp_first
    set -l words (commandline -opc)
    test (count $words) -eq 1; or test (count $words) -eq 2 -a "$words[2]" = help
end
function __davylamp_verb
    set -l words (commandline -opc)
    test (count $words) -ge 2; and test $words[2] = $argv[1]
end
complete -c davylamp -f
"""


def fish_script(verbs: Sequence[VerbWords]) -> str:
    """Write the script that completes these verbs, their options, and the files that fit, each with its sentence."""
    lines = [_HEAD.rstrip("\n")]
    lines += [f"complete -c davylamp -n __davylamp_first -a {each.verb} -d {_quote(each.text)}" for each in verbs]
    for each in verbs:
        where = f"complete -c davylamp -n '__davylamp_verb {each.verb}'"
        for option in each.options:
            flags = " ".join(f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}" for flag in option.flags)
            value = f" -x{_values(option.choices, option.suffixes)}" if option.takes_value else ""
            lines.append(f"{where} {flags}{value} -d {_quote(option.text)}")
        if values := _values(each.choices, each.suffixes):
            lines.append(where + values)
    return "\n".join([*lines, ""])


def _values(choices: Sequence[str], suffixes: Sequence[str]) -> str:
    parts = list(choices)
    if ANY_FILE in suffixes:
        parts.append("(__fish_complete_path (commandline -ct))")
    elif FOLDER in suffixes:
        parts.append("(__fish_complete_directories (commandline -ct))")
    elif suffixes:
        parts += [f"(__fish_complete_suffix .{suffix})" for suffix in suffixes]
    return f" -a {_quote(' '.join(parts))}" if parts else ""


def _quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
