"""Evil archives: each is refused with one line, and nothing is written outside."""

from __future__ import annotations

import io
import stat
import struct
import warnings
import zipfile
from pathlib import Path

import pytest

from companion.errors import ModelError
from companion.unpacking import Limits, unpack_zip

SMALL = Limits(files=20, size=100_000, ratio=50)


def entry(name: str, mode: int = 0) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("x")
    info.filename = name  # past the constructor, which makes names harmless
    info.external_attr = mode << 16
    return info


def archive_of(tmp_path: Path, entries: list[tuple[zipfile.ZipInfo, bytes]], packed: bool = False) -> Path:
    path = tmp_path / "evil.zip"
    method = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w") as archive:
        warnings.simplefilter("ignore")  # zipfile warns of the duplicate names that are wanted here
        for info, content in entries:
            archive.writestr(info, content, compress_type=method)
    return path


def refused(tmp_path: Path, archive: Path, why: str) -> None:
    inside = tmp_path / "deep" / "inside"
    inside.mkdir(parents=True)
    before = {p for p in tmp_path.rglob("*") if inside not in p.parents}
    with pytest.raises(ModelError) as error:
        unpack_zip(archive, inside, SMALL)
    assert why in str(error.value)
    assert str(error.value).isprintable()
    assert {p for p in tmp_path.rglob("*") if inside not in p.parents} == before


@pytest.mark.parametrize(
    "name",
    [
        "../outside",
        "a/../../outside",
        "a/..",
        "/etc/outside",
        "//server/share",
        "C:/outside",
        "C:outside",
        "..\\outside",
        "a\\b",
        "a:stream",
        "./a",
        "a//b",
    ],
)
def test_paths_that_lead_outside(tmp_path: Path, name: str) -> None:
    refused(tmp_path, archive_of(tmp_path, [(entry("good"), b"1"), (entry(name), b"x")]), "leads outside")


@pytest.mark.parametrize(
    "name", ["a\0b", "a\nb", "a\x1b[2Jb", "nul", "COM1.txt", "a/aux/b", "dot.", " a", "a" * 300]
)
def test_names_that_no_model_has(tmp_path: Path, name: str) -> None:
    refused(tmp_path, archive_of(tmp_path, [(entry(name), b"x")]), "can't be used")


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK])
def test_links_and_devices(tmp_path: Path, kind: int) -> None:
    refused(
        tmp_path, archive_of(tmp_path, [(entry("a", kind | 0o777), b"/etc/passwd")]), "a link or a device"
    )


@pytest.mark.parametrize("names", [("a", "a"), ("a/b", "A/B"), ("caf\u00e9", "cafe\u0301")])
def test_duplicates(tmp_path: Path, names: tuple[str, str]) -> None:
    refused(tmp_path, archive_of(tmp_path, [(entry(n), b"x") for n in names]), "twice")


def test_a_file_that_is_also_a_folder(tmp_path: Path) -> None:
    refused(tmp_path, archive_of(tmp_path, [(entry("a/b"), b"x"), (entry("a"), b"x")]), "a file and a folder")


def test_too_many_files(tmp_path: Path) -> None:
    refused(tmp_path, archive_of(tmp_path, [(entry(f"f{i}"), b"") for i in range(21)]), "more than 20")


def test_too_large(tmp_path: Path) -> None:
    refused(tmp_path, archive_of(tmp_path, [(entry("a"), b"x" * 100_001)]), "more than 100000")


def test_bomb(tmp_path: Path) -> None:
    refused(tmp_path, archive_of(tmp_path, [(entry("a"), b"\0" * 99_000)], packed=True), "far more")


def test_bomb_that_lies_about_its_size(tmp_path: Path) -> None:
    path = archive_of(tmp_path, [(entry("a"), b"\0" * 99_000)], packed=True)
    content = path.read_bytes()
    lie = content.replace(struct.pack("<L", 99_000), struct.pack("<L", 1_000))
    assert lie != content
    path.write_bytes(lie)
    inside = tmp_path / "deep" / "inside"
    refused(tmp_path, path, "not unpacked")
    assert sum(p.stat().st_size for p in inside.rglob("*")) <= 1_000


@pytest.mark.parametrize("where", [0, 40, -22])
def test_damaged(tmp_path: Path, where: int) -> None:
    path = archive_of(tmp_path, [(entry("a"), b"hello, this is a file of some length")])
    content = bytearray(path.read_bytes())
    content[where] ^= 0xFF
    path.write_bytes(bytes(content))
    refused(tmp_path, path, "not unpacked")


def test_every_cut_is_refused(tmp_path: Path) -> None:
    whole = archive_of(tmp_path, [(entry("a"), b"hello" * 20)], packed=True).read_bytes()
    for length in range(len(whole)):
        path = tmp_path / "cut.zip"
        path.write_bytes(whole[:length])
        inside = tmp_path / f"inside-{length}"
        inside.mkdir()
        with pytest.raises(ModelError):
            unpack_zip(path, inside, SMALL)


def test_encrypted_and_odd_packing(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a", b"hello")
    path = tmp_path / "odd.zip"
    path.write_bytes(out.getvalue())
    refused(tmp_path, path, "not expected")


def test_permissions_of_the_archive_are_ignored(tmp_path: Path) -> None:
    path = archive_of(tmp_path, [(entry("a", stat.S_IFREG | 0o6777), b"x")])
    inside = tmp_path / "inside"
    inside.mkdir()
    unpack_zip(path, inside, SMALL)
    assert not (inside / "a").stat().st_mode & (stat.S_ISUID | stat.S_ISGID | 0o111)


def test_only_what_is_wanted(tmp_path: Path) -> None:
    path = archive_of(tmp_path, [(entry("m/a"), b"1"), (entry("m/b"), b"2")])
    inside = tmp_path / "inside"
    inside.mkdir()
    unpack_zip(path, inside, SMALL, only={"m/b"})
    assert [p.name for p in inside.rglob("*") if p.is_file()] == ["b"]


def patched(path: Path, signature: bytes, offset: int, value: int) -> Path:
    """Set a field of two bytes behind each header of that kind."""
    raw = bytearray(path.read_bytes())
    at = raw.find(signature)
    while at >= 0:
        struct.pack_into("<H", raw, at + offset, value)
        at = raw.find(signature, at + 4)
    path.write_bytes(raw)
    return path


def test_an_encrypted_archive(tmp_path: Path) -> None:
    archive = archive_of(tmp_path, [(entry("am/final.mdl"), b"x" * 100)])
    refused(tmp_path, patched(archive, b"PK\x01\x02", 8, 1), "it is encrypted")


def test_a_packing_that_models_never_have(tmp_path: Path) -> None:
    archive = archive_of(tmp_path, [(entry("am/final.mdl"), b"x" * 100)])
    refused(tmp_path, patched(archive, b"PK\x01\x02", 10, zipfile.ZIP_LZMA), "packed in a way that is not expected")


def test_more_bytes_than_a_model_has(tmp_path: Path) -> None:
    many = [(entry(f"am/{n}"), b"x" * 60_000) for n in range(2)]
    refused(tmp_path, archive_of(tmp_path, many), "it would grow to 120000 bytes, more than 100000")


def test_a_file_that_is_a_folder_too(tmp_path: Path) -> None:
    refused(tmp_path, archive_of(tmp_path, [(entry("am"), b"x"), (entry("am/final.mdl"), b"y")]), "a file and a folder")


def test_an_archive_of_folders_alone(tmp_path: Path) -> None:
    refused(tmp_path, archive_of(tmp_path, [(entry("am/"), b"")]), "it is empty")
