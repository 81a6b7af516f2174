"""Logins and access rules of a Mosquitto: lines are added, and whatever else is there stays."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Self

_ITERATIONS = 101  # those of mosquitto_passwd 2.0; a password that is drawn at random needs no more
_ACCESS = ("read", "write", "readwrite")
_EVERYBODY = "%u"
_SALT = 12  # [B]; Mosquitto 2.0.11 takes exactly this length


def new_password() -> str:
    """Draw a password that nobody has to type.

    >>> len(new_password())
    32
    """
    return secrets.token_urlsafe(24)


def with_login(text: str, user: str, password: str) -> str:
    """Return a password file in which a user has this password; the same text when that is so already.

    Parameters
    ----------
    text
        The file of today, one ``USER:HASH`` a line.
    user, password
        The login.
    """
    lines = text.splitlines()
    for line in lines:
        name, _, hashed = line.partition(":")
        if name == user and _fits(hashed, password):
            return text
    kept = [line for line in lines if line.partition(":")[0] != user]
    return "\n".join([*kept, f"{user}:{_hashed(password, os.urandom(_SALT), _ITERATIONS)}", ""])


@dataclass(frozen=True)
class AccessRule:
    """What a login may do.

    Parameters
    ----------
    who
        The login, or ``%u`` for each login, whose name then stands for ``%u`` in the filter.
    access
        ``read``, ``write`` or ``readwrite``.
    filter
        Topic filter.
    """

    who: str
    access: str
    filter: str

    @classmethod
    def read(cls, text: str) -> list[Self]:
        """Return the rules of lines such as ``davylamp read sensors/#``, as :mod:`edge.agent.access_rules` prints."""
        return [cls(*line.split(" ", 2)) for line in text.splitlines() if line.count(" ") >= 2]

    def covers(self, other: AccessRule) -> bool:
        """Return whether another rule allows nothing that this one does not allow already."""
        if self.who != other.who or self.access not in (other.access, "readwrite"):
            return False
        wide, narrow = self.filter.split("/"), other.filter.split("/")
        for mine, its in zip(wide, narrow, strict=False):
            if mine == "#":
                return True
            if mine != its and (mine != "+" or its == "#"):
                return False
        return len(wide) == len(narrow) or wide[len(narrow) :] == ["#"]


def with_rules(text: str, rules: Iterable[AccessRule]) -> str:
    """Return an ACL file with further rules; the same text when it allows all of that already.

    Parameters
    ----------
    text
        The file of today.
    rules
        What has to be allowed.
    """
    lines = text.splitlines()
    added = False
    for rule in rules:
        if any(each.covers(rule) for each in _rules(lines)):
            continue
        added = True
        if rule.who == _EVERYBODY:
            lines.append(f"pattern {rule.access} {rule.filter}")
            continue
        heading = next((i for i, line in enumerate(lines) if line.split(None, 1) == ["user", rule.who]), None)
        if heading is None:
            lines += ["", f"user {rule.who}"]
            heading = len(lines) - 1
        lines.insert(heading + 1, f"topic {rule.access} {rule.filter}")
    return "\n".join([*lines, ""]) if added else text


def _rules(lines: Iterable[str]) -> Iterator[AccessRule]:
    """Yield the rules of an ACL file for logins; those for everybody without a login are left out."""
    who: str | None = None
    for line in lines:
        keyword, _, rest = line.strip().partition(" ")
        access, _, wanted = rest.strip().partition(" ")
        if access not in _ACCESS:
            access, wanted = "readwrite", rest.strip()
        if keyword == "user":
            who = rest.strip()
        elif keyword == "pattern":
            yield AccessRule(_EVERYBODY, access, wanted.strip())
        elif keyword == "topic" and who is not None:
            yield AccessRule(who, access, wanted.strip())


def _hashed(password: str, salt: bytes, iterations: int) -> str:
    """Return a password as Mosquitto 2.0 stores it: PBKDF2 with SHA-512, its type 7."""
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, iterations)
    return f"$7${iterations}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


def _fits(hashed: str, password: str) -> bool:
    found = re.fullmatch(r"\$7\$(\d{1,7})\$([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+)", hashed.strip())
    if found is None:
        return False
    try:
        salt = base64.b64decode(found[2], validate=True)
    except ValueError:
        return False
    return hmac.compare_digest(_hashed(password, salt, int(found[1])), hashed.strip())
