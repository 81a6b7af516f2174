"""PushStatement: what is signed when a bundle is pushed, and whether a trusted key has signed it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping

import msgspec

from edge.errors import RequestError

_PREFIX = b"davylamp push 1\n"  # so that the signature is of no use for anything else


class PushStatement(msgspec.Struct, frozen=True, kw_only=True):
    """What whoever pushes a bundle puts their name to: this file, for that station, now.

    Station, gateway and time are part of it, so that what one gateway was sent can neither be sent to another one, nor
    to another station, nor again.

    Parameters
    ----------
    base
        Base topic of the gateway.
    station
        Name of the station.
    sha256, size, file
        The file, its size [B] and its name, by which people know it.
    issued
        When it was signed, Unix time [s].
    shadow
        Readings to score in shadow; ``None``: those of gateway.yaml.
    force
        Whether it is taken although it is older than the running one, or of a station of another name.
    """

    base: str
    station: str
    sha256: str
    size: int
    file: str
    issued: float
    shadow: int | None
    force: bool

    def to_bytes(self) -> bytes:
        """Return the bytes that are signed."""
        return _PREFIX + msgspec.json.encode(self, order="sorted")

    def signed_by(self, signature: str | None, trusted: Mapping[str, str], *, unsigned: bool = False) -> str | None:
        """Return the name of the trusted key that has signed it; ``None`` if it is unsigned, and may be.

        Parameters
        ----------
        signature
            In base64; ``None`` without one.
        trusted
            Name -> public key in base64.
        unsigned
            Whether it may come without a signature.

        Raises
        ------
        RequestError
            No trusted key has signed it.
        """
        if signature is None:
            if unsigned:
                return None
            raise RequestError(
                "got no signature, expected one of a key in rollout.trusted_keys; fix: davylamp push --key FILE"
            )
        if not trusted:
            if unsigned:
                return None
            raise RequestError(
                "rollout.trusted_keys in gateway.yaml is empty; fix: write there the line that davylamp keygen prints"
            )
        from nacl.exceptions import CryptoError
        from nacl.signing import VerifyKey

        try:
            given = base64.b64decode(signature, validate=True)
        except (binascii.Error, ValueError) as error:
            raise RequestError(f"signature: got no base64 ({error}), expected what davylamp push sends") from error
        for name, key in trusted.items():
            try:
                VerifyKey(base64.b64decode(key)).verify(self.to_bytes(), given)
            except (CryptoError, ValueError, TypeError):
                continue
            return name
        names = ", ".join(sorted(trusted))
        raise RequestError(
            f"got a signature by none of the trusted keys ({names}), or of another file, station or gateway; "
            "fix: sign with one of them, or add the line that davylamp keygen prints to rollout.trusted_keys"
        )
