"""keygen: make the key with which bundles are signed."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

EXAMPLE = "davylamp keygen ~/davylamp.key"

USUAL_KEY = Path("davylamp.key")
"""Where `keygen` writes the key, and `push` looks for it, unless another file is named."""


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of ``davylamp keygen``."""
    parser.add_argument(
        "file", type=Path, nargs="?", default=USUAL_KEY, metavar="FILE", help=f"a new file; default: {USUAL_KEY}"
    )
    parser.add_argument("--name", default="laptop", help="what the gateway calls the key; default: laptop")
    parser.add_argument("--show", action="store_true", help="make none, and print the lines of one that exists")


def run(arguments: Namespace) -> None:
    """Write the private key, and print what gateway.yaml has to contain."""
    import yaml

    from edge.errors import KeyFileError
    from edge.rollout.signing_key import SigningKey

    if not arguments.name:
        raise KeyFileError("--name: got nothing, expected what the gateway is to call the key")
    path = arguments.file.expanduser()
    key = SigningKey.read(path) if arguments.show else SigningKey.write_new(path)
    if not arguments.show:
        print(f"# {path} is the private key: keep it on this computer, and to yourself.")
        print("# In gateway.yaml of each gateway that is to trust it; if there is a section rollout, in that one:")
    entry = yaml.safe_dump({arguments.name: key.public}, default_flow_style=True, width=1000)  # quotes where it must
    print(f"rollout:\n  trusted_keys: {entry}", end="")
