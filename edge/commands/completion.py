"""completion: print the script that completes davylamp's verbs, options and files in a shell."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

EXAMPLE = "davylamp completion bash"


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of ``davylamp completion``."""
    parser.add_argument(
        "shell",
        choices=("bash", "zsh", "fish"),
        help="source <(davylamp completion bash) in ~/.bashrc; source <(davylamp completion zsh) in ~/.zshrc; "
        "davylamp completion fish > ~/.config/fish/completions/davylamp.fish",
    )


def run(arguments: Namespace) -> None:
    """Print the script; ``arguments.verbs`` is the registry of verbs."""
    from edge.completing.bash_script import bash_script
    from edge.completing.fish_script import fish_script
    from edge.completing.verb_words import read_verbs
    from edge.completing.zsh_script import zsh_script

    write = {"bash": bash_script, "zsh": zsh_script, "fish": fish_script}[arguments.shell]
    print(write(read_verbs(arguments.verbs)), end="")
