"""A file that is not the bundle that was packed is refused, with one line that gives the reason."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Iterable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.bundles.archive import MAX_BYTES, MEMBERS, unpack
from edge.bundles.bundle import Bundle
from edge.bundles.manifest import FORMAT
from edge.errors import BundleError

Entry = tuple[str, bytes]


def refusal(data: bytes) -> str:
    """Why these bytes are no bundle; one line."""
    with pytest.raises(BundleError) as caught:
        unpack(data, "x.davy")
    assert str(caught.value).startswith("x.davy: ")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def sealed(entries: Iterable[Entry], compression: int = zipfile.ZIP_STORED) -> bytes:
    """Make a zip of anything, with the right seal."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in entries:
            archive.writestr(name, content)
        archive.comment = bytes(80)
    body = buffer.getvalue()[:-80]
    return body + b"davylamp sha256:" + hashlib.sha256(body).hexdigest().encode()


# ---- damaged ---------------------------------------------------------------------------------------------------------


@settings(max_examples=300)
@given(st.data())
def test_any_flipped_bit_is_refused(data: bytes, draw: st.DataObject) -> None:
    bit = draw.draw(st.integers(0, 8 * len(data) - 1))
    flipped = bytearray(data)
    flipped[bit // 8] ^= 1 << bit % 8
    refusal(bytes(flipped))


def test_any_flipped_bit_of_the_headers_the_directory_and_the_seal_is_refused(path: Path, data: bytes) -> None:
    with zipfile.ZipFile(path) as archive:
        heads = [range(info.header_offset, info.header_offset + 30) for info in archive.infolist()]
        heads.append(range(archive.start_dir, len(data)))
    for at in (at for head in heads for at in head):
        for bit in range(0, 8, 3):
            flipped = bytearray(data)
            flipped[at] ^= 1 << bit
            refusal(bytes(flipped))


@pytest.mark.parametrize("member", MEMBERS)
def test_a_changed_member_is_named_with_both_hashes(data: bytes, entries: dict[str, bytes], member: str) -> None:
    right = entries[member]
    wrong = right[:-1] + bytes([right[-1] ^ 1])
    line = refusal(data.replace(right, wrong))
    assert line.startswith(f"x.davy: {member}: got sha256 {hashlib.sha256(wrong).hexdigest()}")
    assert f"expected {hashlib.sha256(right).hexdigest()}" in line


def test_a_changed_manifest_is_named_with_both_checksums(data: bytes) -> None:
    line = refusal(data.replace(b'"seed"', b'"sEed"'))
    assert re.match(r"x\.davy: manifest\.json: got crc32 \w{8} \(\d+ bytes\), expected \w{8};", line)


@pytest.mark.parametrize("member", MEMBERS)
@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_a_file_cut_within_a_member_names_it_with_both_hashes(
    path: Path, data: bytes, entries: dict[str, bytes], member: str, share: float
) -> None:
    content = entries[member]
    kept = content[: int(share * len(content))]
    line = refusal(data[: data.index(content) + len(kept)])
    assert f"{member}: got sha256 {hashlib.sha256(kept).hexdigest()} ({len(kept)} bytes)" in line
    assert f"expected {hashlib.sha256(content).hexdigest()} ({len(content)} bytes)" in line


@settings(max_examples=300)
@given(st.data())
def test_a_file_cut_anywhere_is_refused(data: bytes, draw: st.DataObject) -> None:
    refusal(data[: draw.draw(st.integers(0, len(data) - 1))])


def test_a_file_cut_after_its_members_says_so(data: bytes) -> None:
    assert "the end of the file" in refusal(data[:-10])


def test_bytes_after_the_end_are_refused(data: bytes) -> None:
    refusal(data + b"\n")


def test_a_seal_that_does_not_match_is_named_with_both_hashes(data: bytes) -> None:
    digest = hashlib.sha256(data[:-80]).hexdigest()
    line = refusal(data[:-64] + b"0" * 64)
    assert f"got sha256 {digest} over the whole file, expected {'0' * 64}" in line


# ---- not a bundle ----------------------------------------------------------------------------------------------------


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"one\.davy: No such file or directory; expected a bundle"):
        Bundle.open(tmp_path / "one.davy")


def test_a_folder_is_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="got a folder, expected a bundle"):
        Bundle.open(tmp_path)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "an empty file"),
        (b"PK", "manifest.json: got 2 bytes in all"),
        (b"ch4_ppb;h2o_ppm\n", "no zip"),
        (bytes(200), "no zip"),
    ],
)
def test_a_file_that_is_no_zip_is_no_bundle(data: bytes, reason: str) -> None:
    assert reason in refusal(data)


def test_a_zip_of_something_else_is_no_bundle() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("letter.txt", "dear reader")
    assert "a zip that does not begin with manifest.json" in refusal(buffer.getvalue())


def test_a_file_far_larger_than_a_bundle_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "x.davy").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(BundleError, match="more than 20,000,000 bytes"):
        Bundle.open(tmp_path / "x.davy")


@pytest.mark.parametrize("member", ["manifest.json", *MEMBERS])
def test_a_bundle_without_one_of_its_members_is_refused(entries: dict[str, bytes], member: str) -> None:
    assert f"{member} is missing" in refusal(sealed((n, c) for n, c in entries.items() if n != member))


def test_a_bundle_with_another_member_is_refused(entries: dict[str, bytes]) -> None:
    assert "'../x.sh' does not belong" in refusal(sealed([*entries.items(), ("../x.sh", b"#!")]))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_bundle_with_a_member_twice_is_refused(entries: dict[str, bytes]) -> None:
    twice = [*entries.items(), ("scorer.onnx", entries["scorer.onnx"])]
    assert "scorer.onnx is there twice" in refusal(sealed(twice))


def test_a_compressed_bundle_is_refused(entries: dict[str, bytes]) -> None:
    assert "'manifest.json' is compressed" in refusal(sealed(entries.items(), zipfile.ZIP_DEFLATED))


def test_a_member_that_is_not_what_the_manifest_promises_is_refused_though_the_seal_matches(
    entries: dict[str, bytes],
) -> None:
    line = refusal(sealed((entries | {"decoder.onnx": entries["encoder.onnx"]}).items()))
    assert f"decoder.onnx: got sha256 {hashlib.sha256(entries['encoder.onnx']).hexdigest()}" in line


def test_a_station_without_a_gas_column_has_no_scorer_that_does_without_it(entries: dict[str, bytes]) -> None:
    manifest = msgspec.json.decode(entries["manifest.json"])
    for part in (manifest["station"]["features"], manifest["features"], *manifest["scaler"].values()):
        del part[0]
    del manifest["generator"]["sigma"][0], manifest["generator"]["digits"][0]
    manifest["scorers"] = {"scorer": manifest["scorers"]["scorer-absent"]}
    line = refusal(sealed((entries | {"manifest.json": msgspec.json.encode(manifest)}).items()))
    assert "scorer-absent.onnx does not belong" in line


# ---- another format --------------------------------------------------------------------------------------------------


def test_a_bundle_of_a_later_format_asks_for_an_upgrade(entries: dict[str, bytes]) -> None:
    later = b'{"format": %d, "everything": ["else", 1]}' % (FORMAT + 1)
    line = refusal(sealed((entries | {"manifest.json": later}).items()))
    assert f"got bundle format {FORMAT + 1}, this davylamp reads up to {FORMAT}; fix: upgrade davylamp" in line


def test_a_bundle_of_an_earlier_format_asks_for_another_training(entries: dict[str, bytes]) -> None:
    earlier = b'{"format": 1, "reconstruction": {}}'
    line = refusal(sealed((entries | {"manifest.json": earlier}).items()))
    assert line == f"x.davy: got bundle format 1, this davylamp reads {FORMAT}; fix: train and export again"


@pytest.mark.parametrize(
    "manifest",
    [b"", b"[]", b"{}", b"\xff\xfe", b'{"format": "2"}', b'{"format": 0}', b'{"format": 3}', b"[" * 100_000],
)
def test_a_manifest_that_cannot_be_understood_is_refused(entries: dict[str, bytes], manifest: bytes) -> None:
    assert "manifest.json" in refusal(sealed((entries | {"manifest.json": manifest}).items()))


def test_a_manifest_that_contradicts_itself_is_refused(entries: dict[str, bytes]) -> None:
    manifest = msgspec.json.decode(entries["manifest.json"])
    manifest["features"].reverse()
    line = refusal(sealed((entries | {"manifest.json": msgspec.json.encode(manifest)}).items()))
    assert "features differ" in line


# ---- texts of a stranger ---------------------------------------------------------------------------------------------

CLEAR = "\x1b[2J\x1b]0;all is well\x07"


def changed(entries: dict[str, bytes], place: list[str | int], value: object) -> bytes:
    """A sealed bundle with another value, or key, at a place of its manifest."""
    manifest = msgspec.json.decode(entries["manifest.json"])
    *way, last = place
    part = manifest
    for step in way:
        part = part[step]
    part[last] = value
    return sealed([*({**entries, "manifest.json": msgspec.json.encode(manifest)}).items()])


@pytest.mark.parametrize("text", [CLEAR, "\x9b2J", "safe \u202etfeL", "line\u2028break", "\x7f"])
@pytest.mark.parametrize(
    "place",
    [
        ["scorers", "scorer", "notes", 0],
        ["station", "features", 0, "name"],
        ["station", "features", 0, "unit"],
        ["metrics", "split"],
        ["versions", "torch"],
        ["members", "encoder.onnx", "sha256"],
        ["davylamp"],
        ["unknown"],
    ],
    ids=str,
)
def test_a_text_that_a_terminal_would_obey_is_refused_by_its_place(
    entries: dict[str, bytes], place: list[str | int], text: str
) -> None:
    manifest = msgspec.json.decode(entries["manifest.json"])
    manifest["scorers"]["scorer"]["notes"] = ["a note"]
    entries = entries | {"manifest.json": msgspec.json.encode(manifest)}
    line = refusal(changed(entries, place, text))
    assert line.isprintable()
    assert f"{'.'.join(map(str, place))}: got".replace(".0", "[0]", 1) in line


def test_a_key_that_a_terminal_would_obey_is_refused(entries: dict[str, bytes]) -> None:
    line = refusal(changed(entries, ["metrics", CLEAR], 1))
    assert line.isprintable()
    assert "metrics (a key): got" in line


def test_texts_of_a_damaged_bundle_are_shown_but_not_obeyed(entries: dict[str, bytes], data: bytes) -> None:
    assert refusal(data[:-64] + (CLEAR * 9)[:64].encode()).isprintable()
    assert refusal(sealed([*entries.items(), (CLEAR, b"")])).isprintable()
    broken = changed(entries, ["members", "encoder.onnx", "sha256"], CLEAR)
    assert refusal(broken[:-1] + b"?").isprintable()


def test_a_name_of_two_lines_is_allowed(entries: dict[str, bytes]) -> None:
    contents = unpack(changed(entries, ["station", "features", 0, "name"], "CH4\n(ppb)"), "x.davy")
    assert contents.manifest.station.names[0] == "CH4\n(ppb)"
