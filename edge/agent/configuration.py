"""What an agent starts with: its settings and its bundles, as they were read together."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import msgspec

from config.errors import ConfigError
from config.settings.broker import handed_out
from config.settings.gateway import Gateway
from edge.bundles.bundle import Bundle

OnVerified = Callable[[str, Bundle, float], None]
"""Called with a file, its bundle, and the largest difference of its golden rows."""


@dataclass(frozen=True)
class Configuration:
    """Settings and bundles.

    Parameters
    ----------
    gateway
        Settings.
    bundles
        The bundle of each entry of ``gateway.stations``, in order.
    secrets
        A digest over the password and the certificates.
    """

    gateway: Gateway
    bundles: list[Bundle]
    secrets: str

    @classmethod
    def of(cls, gateway: Gateway, on_verified: OnVerified, before: Configuration | None = None) -> Configuration:
        """Open and verify the bundle of every entry, each file once.

        Parameters
        ----------
        gateway
            Settings with the entries.
        on_verified
            Called for each bundle that was verified.
        before
            A configuration whose bundles are taken over where the files are the same.

        Raises
        ------
        ConfigError
            There is no entry, or a secret cannot be read.
        BundleError
            A bundle must not be used.
        """
        return cls(gateway, open_bundles(gateway, on_verified, before.bundles if before else ()), _digest(gateway))

    def changes(self, before: Configuration) -> list[str]:
        """Return what differs from another configuration: keys of gateway.yaml, files of bundles, secrets."""
        old, new = dict(_flat(before.gateway)), dict(_flat(self.gateway))
        keys = [key for key in dict.fromkeys([*old, *new]) if old.get(key) != new.get(key)]
        had = {(bundle.path, bundle.id) for bundle in before.bundles}
        files = [bundle.path for bundle in self.bundles if (bundle.path, bundle.id) not in had]
        secrets = [] if self.secrets == before.secrets else ["password or certificates"]
        return [*keys, *dict.fromkeys(files), *secrets]


def open_bundles(gateway: Gateway, on_verified: OnVerified, known: Iterable[Bundle] = ()) -> list[Bundle]:
    """Open and verify the bundle of every entry, each file once.

    Parameters
    ----------
    gateway
        Settings with the entries.
    on_verified
        Called for each bundle that was verified.
    known
        Bundles that were verified before; they are taken where the files are the same.

    Raises
    ------
    ConfigError
        There is no entry.
    BundleError
        A bundle must not be used.
    """
    if not gateway.stations:
        raise ConfigError(["gateway.yaml: stations: got none, expected at least one entry with a topic and a bundle"])
    verified = {(bundle.path, bundle.id): bundle for bundle in known}
    bundles: dict[str, Bundle] = {}
    for entry in gateway.stations:
        if entry.bundle not in bundles:
            opened = Bundle.open(entry.bundle)
            bundle = bundles[entry.bundle] = verified.get((entry.bundle, opened.id), opened)
            if bundle is opened:
                on_verified(entry.bundle, bundle, bundle.verify())
    return [bundles[entry.bundle] for entry in gateway.stations]


def _flat(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Yield every key of nested settings with its value, as gateway.yaml writes it."""
    if isinstance(value, msgspec.Struct):
        for field in msgspec.structs.fields(value):
            yield from _flat(getattr(value, field.name), f"{path}.{field.encode_name}" if path else field.encode_name)
    elif isinstance(value, tuple) and value and isinstance(value[0], msgspec.Struct):
        for number, each in enumerate(value):
            yield from _flat(each, f"{path}[{number}]")
    else:
        yield path, value


def _digest(gateway: Gateway) -> str:
    """Digest the secrets that gateway.yaml only names; raises ConfigError if the password cannot be read."""
    broker = gateway.broker
    digest = hashlib.sha256((broker.read_password() or "").encode())
    for path in (broker.tls.ca, broker.tls.certificate, broker.tls.key) if broker.tls else ():
        with contextlib.suppress(OSError):  # whoever connects says what is wrong with it
            digest.update(handed_out(path or "").read_bytes())
    return digest.hexdigest()
