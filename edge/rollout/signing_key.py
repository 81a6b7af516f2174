"""SigningKey: the private Ed25519 key of somebody who pushes bundles, in a file that only they may read."""

from __future__ import annotations

import base64
import binascii
import os
from pathlib import Path

from config.file_fault import reading_fault
from edge.errors import KeyFileError
from edge.rollout.push_statement import PushStatement

_HEAD = "davylamp private key, ed25519; keep it to yourself\n"


class SigningKey:
    """A private key.

    Parameters
    ----------
    seed
        Its 32 bytes.

    Attributes
    ----------
    public : str
        The public key, in base64.
    """

    def __init__(self, seed: bytes) -> None:
        from nacl.signing import SigningKey as Ed25519Key

        self._key = Ed25519Key(seed)
        self.public = base64.b64encode(bytes(self._key.verify_key)).decode("ascii")

    @classmethod
    def write_new(cls, path: Path) -> SigningKey:
        """Make a key, and write it to a file that does not exist yet, with mode 0600.

        Raises
        ------
        KeyFileError
            The file exists, or cannot be written.
        """
        seed = os.urandom(32)
        key = cls(seed)
        try:
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except FileExistsError as error:
            fix = "fix: keep using it, or name another file"
            raise KeyFileError(f"{path}: there is such a file, and it may be a key that is trusted; {fix}") from error
        except OSError as error:
            raise KeyFileError(f"{path}: cannot be written ({error.strerror}); fix: name another folder") from error
        try:
            with os.fdopen(file, "w", encoding="ascii") as text:
                text.write(f"{_HEAD}{base64.b64encode(seed).decode('ascii')}\n")
                text.flush()
                os.fsync(text.fileno())
        except OSError as error:
            path.unlink(missing_ok=True)  # half a key would be in the way of the next one
            raise KeyFileError(f"{path}: cannot be written ({error.strerror}); fix: make room on the disk") from error
        return key

    @classmethod
    def read(cls, path: Path) -> SigningKey:
        """Read a key's file.

        Raises
        ------
        KeyFileError
            It is missing, others may read it, or it is no key.
        """
        try:
            mode = path.stat().st_mode
            text = path.read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError) as error:
            expected = "expected a key made by 'davylamp keygen'"
            fault = reading_fault(path, error, otherwise=expected) if isinstance(error, OSError) else expected
            raise KeyFileError(f"{path}: {fault}") from error
        if mode & 0o077:
            raise KeyFileError(f"{path}: others may read or write it (mode {mode & 0o777:o}); fix: chmod 600 {path}")
        try:
            seed = base64.b64decode(text.removeprefix(_HEAD).strip(), validate=True)
        except (binascii.Error, ValueError):
            seed = b""
        if not text.startswith(_HEAD) or len(seed) != 32:
            raise KeyFileError(f"{path}: got no private key, expected a file made by 'davylamp keygen'")
        return cls(seed)

    def sign(self, statement: PushStatement) -> str:
        """Sign a statement; returns the signature in base64."""
        return base64.b64encode(self._key.sign(statement.to_bytes()).signature).decode("ascii")
