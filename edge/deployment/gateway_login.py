"""Writes a login into the text of a gateway file: the system's Python, with which we run, reads no YAML."""

from __future__ import annotations

import re


def with_gateway_login(text: str, user: str, credential: str) -> str:
    """Return a gateway file with a login, as far as the form of its ``broker:`` is a usual one.

    Parameters
    ----------
    text
        The gateway file.
    user
        User name at the broker.
    credential
        Name of the systemd credential with the password.
    """
    text = re.sub(r"^ +(?:username|password): *(?:null|~)? *(?:#.*)?\n", "", text, flags=re.MULTILINE)
    lines = f"  username: {user}\n  password: {{credential: {credential}}}\n"
    if not re.search(r"^broker:", text, flags=re.MULTILINE):
        return f"{text.rstrip()}\nbroker:\n{lines}"
    indent = re.search(r"^broker:[^\n]*\n( +)\w", text, flags=re.MULTILINE)
    lines = lines.replace("  ", indent[1] if indent else "  ")
    return re.sub(r"^(broker:) *(?:\{\}|null|~)? *(#.*)?$\n?", rf"\1\n{lines}", text, flags=re.MULTILINE)
