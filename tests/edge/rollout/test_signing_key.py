"""Keys of those who push bundles."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.errors import KeyFileError, RequestError
from edge.rollout.push_statement import PushStatement
from edge.rollout.signing_key import SigningKey

STATEMENT = PushStatement(
    base="b", station="st-1", sha256="0" * 64, size=9, file="x", issued=1.0, shadow=None, force=False
)


def test_a_signature_is_that_of_rfc_8032() -> None:
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    assert SigningKey(seed).public == "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="


@pytest.mark.parametrize(
    ("text", "fault"),
    [("", "got no private key"), ("davylamp private key, ed25519; keep it to yourself\nAAAA\n", "got no private key"),
     ("-----BEGIN", "got no private key"), ("\x00\xff", "expected a key made by")],
)  # fmt: skip
def test_what_is_no_key_is_refused(tmp_path: Path, text: str, fault: str) -> None:
    path = tmp_path / "my.key"
    path.write_text(text, encoding="latin-1")
    path.chmod(0o600)
    with pytest.raises(KeyFileError, match=fault):
        SigningKey.read(path)


def test_a_key_that_is_missing_or_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="No such file"):
        SigningKey.read(tmp_path / "none")
    with pytest.raises(KeyFileError, match="cannot be written"):
        SigningKey.write_new(tmp_path / "none" / "my.key")


def test_one_of_several_trusted_keys_is_enough_and_is_named(tmp_path: Path) -> None:
    one, other = SigningKey.write_new(tmp_path / "1"), SigningKey.write_new(tmp_path / "2")
    signature = SigningKey.read(tmp_path / "2").sign(STATEMENT)
    trusted = {"one": one.public, "other": other.public}
    assert STATEMENT.signed_by(signature, trusted) == "other"
    assert STATEMENT.signed_by(None, trusted, unsigned=True) is None
    assert STATEMENT.signed_by(signature, {}, unsigned=True) is None
    with pytest.raises(RequestError, match=r"rollout\.trusted_keys in gateway\.yaml is empty"):
        STATEMENT.signed_by(signature, {})
    for spoilt in ("?", "AAAA", signature[:-4] + "AAA="):
        with pytest.raises(RequestError):
            STATEMENT.signed_by(spoilt, trusted, unsigned=True)
