"""A certificate authority for brokers and clients of the tests."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


class CertificateAuthority:
    """Issues certificates for 127.0.0.1 with the openssl command; without it the test is skipped.

    From Python 3.13 on, ``ssl`` checks certificates strictly: an authority has to carry its key usage, and what it
    issues the identifier of its key.

    Parameters
    ----------
    folder
        Folder of ``NAME.crt`` and ``NAME.key``.
    name
        Name of the authority and of its files.
    """

    def __init__(self, folder: Path, name: str = "ca") -> None:
        if shutil.which("openssl") is None:
            pytest.skip("no openssl: TLS is not tested")
        self._folder, self._name = folder, name
        self._openssl(
            "req", "-x509", *_KEY, "-keyout", f"{name}.key", "-out", f"{name}.crt", "-days", "2",
            "-subj", f"/CN={name}", "-addext", "keyUsage=critical,keyCertSign,cRLSign",
        )  # fmt: skip

    def issue(self, name: str) -> None:
        """Write ``NAME.crt`` and ``NAME.key``, readable for every user."""
        extensions = self._folder / "extensions"
        extensions.write_text("subjectAltName=IP:127.0.0.1\nauthorityKeyIdentifier=keyid\n")
        self._openssl("req", *_KEY, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        self._openssl(
            "x509", "-req", "-in", f"{name}.csr", "-out", f"{name}.crt", "-days", "2", "-extfile", extensions.name,
            "-CA", f"{self._name}.crt", "-CAkey", f"{self._name}.key", "-CAcreateserial",
        )  # fmt: skip
        for path in self._folder.glob(f"{name}.*"):
            path.chmod(0o644)

    def _openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], check=True, cwd=self._folder, capture_output=True)
