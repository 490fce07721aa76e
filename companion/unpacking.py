"""Taking a zip archive apart without trusting it."""

from __future__ import annotations

import errno
import os
import stat
import struct
import unicodedata
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from companion.errors import ModelError

BLOCK = 1 << 20
"""Bytes copied at a time."""

RESERVED = {"con", "prn", "aux", "nul"} | {f"{n}{i}" for n in ("com", "lpt") for i in range(1, 10)}
"""Names that mean a device on Windows."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What an archive may grow to."""

    files: int = 1_000
    """Entries, folders among them."""
    size: int = 2_000_000_000
    """Bytes after unpacking."""
    ratio: float = 50.0
    """Bytes after unpacking for each byte of the archive; speech models reach about 2."""


def _refuse(archive: Path, why: str) -> ModelError:
    return ModelError(
        f"The archive {archive.name} was not unpacked: {why}.", "Fetch it again from its official address."
    )


def _safe_name(archive: Path, entry: zipfile.ZipInfo) -> PurePosixPath:
    """The entry's path, proved to stay inside, on every system."""
    # `filename` has been altered by zipfile (cut at NUL, separators changed); the name as stored decides.
    name = entry.orig_filename
    shown = "".join(c if c.isprintable() else "?" for c in name)[:80]
    if not name or len(name) > 240 or not name.isprintable():
        raise _refuse(archive, f"it holds a name that can't be used ({shown!r})")
    if name.startswith("/") or "\\" in name or ":" in name:
        raise _refuse(archive, f"it holds a path that leads outside ({shown!r})")
    parts = name.rstrip("/").split("/")
    for part in parts:
        if part in ("", ".", ".."):
            raise _refuse(archive, f"it holds a path that leads outside ({shown!r})")
        if part != part.strip(" ") or part.endswith(".") or part.split(".")[0].lower() in RESERVED:
            raise _refuse(archive, f"it holds a name that can't be used ({shown!r})")
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise _refuse(archive, f"it holds a link or a device ({shown!r})")
    if entry.flag_bits & 0x1:
        raise _refuse(archive, "it is encrypted")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise _refuse(archive, "it is packed in a way that is not expected")
    return PurePosixPath(*parts)


_Plan = dict[PurePosixPath, zipfile.ZipInfo]


def _plan(archive: Path, entries: list[zipfile.ZipInfo], limits: Limits) -> _Plan:
    """Check everything that the table of contents says, before a byte is written; the files to write."""
    if len(entries) > limits.files:
        raise _refuse(archive, f"it holds {len(entries)} entries, more than {limits.files}")
    total = sum(entry.file_size for entry in entries)
    if total > limits.size:
        raise _refuse(archive, f"it would grow to {total} bytes, more than {limits.size}")
    if total > limits.ratio * max(archive.stat().st_size, 1):
        raise _refuse(archive, "it would grow far more than a model does")
    files: _Plan = {}
    folders: set[str] = set()
    taken: set[str] = set()
    for entry in entries:
        path = _safe_name(archive, entry)
        # Two names that differ by case or by accents' encoding are one file on some systems.
        key = unicodedata.normalize("NFC", str(path)).casefold()
        above = {unicodedata.normalize("NFC", str(p)).casefold() for p in path.parents}
        if entry.is_dir():
            folders |= {key} | above
            continue
        if key in taken:
            raise _refuse(archive, f"it holds {str(path)!r} twice")
        taken.add(key)
        folders |= above
        files[path] = entry
    if clash := taken & folders:
        raise _refuse(archive, f"{min(clash)!r} is a file and a folder in it")
    if not files:
        raise _refuse(archive, "it is empty")
    return files


def _write(archive: Path, opened: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    left = entry.file_size
    with opened.open(entry) as source, path.open("xb") as file:
        while block := source.read(min(BLOCK, left + 1)):
            left -= len(block)
            if left < 0:
                raise _refuse(archive, "a file in it is longer than announced")
            file.write(block)
        if left:
            raise _refuse(archive, "a file in it is shorter than announced")
        file.flush()
        os.fsync(file.fileno())


def unpack_zip(
    archive: Path, folder: Path, limits: Limits | None = None, only: set[str] | None = None
) -> None:
    """Write the files of ``archive`` into ``folder``, which must exist and be empty.

    Refused: paths that are absolute or lead outside, on any system; links, devices; duplicates; encryption;
    more files, bytes or growth than ``limits`` allow. Permissions in the archive are ignored.

    Args:
        archive: A zip file.
        folder: Where to write; on any error the caller throws it away.
        limits: What it may grow to; None for the defaults.
        only: Names as stored in the archive to take; None for all.

    Raises:
        ModelError: The archive is damaged or refused.
        OSError: The disk is full, or can't be written.

    """
    try:
        with zipfile.ZipFile(archive) as opened:
            plan = _plan(archive, opened.infolist(), limits or Limits())
            for path, entry in plan.items():
                if only is None or str(path) in only:
                    _write(archive, opened, entry, folder.joinpath(*path.parts))
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, ValueError, OverflowError) as error:
        raise _refuse(archive, "it is damaged") from error
    except OSError as error:
        # An offset that leads nowhere is refused by the system, as an invalid argument.
        if error.errno == errno.EINVAL:
            raise _refuse(archive, "it is damaged") from error
        raise
    except (NotImplementedError, RuntimeError) as error:
        raise _refuse(archive, "it is packed in a way that is not expected") from error
