"""Fetching one pinned file: resumed where it broke off, used only when its SHA-256 is right."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import http.client
import ipaddress
import json
import os
import queue
import re
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from companion.atomic import atomic_write_text
from companion.errors import ModelError

BLOCK = 1 << 16
"""Bytes read at a time."""
STALL_SECONDS = 30.0
"""A transfer that brings nothing for so long is given up (and can be resumed)."""
ANSWER_SECONDS = 5.0
"""No answer within this time is a no."""
FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}

Progress = Callable[[str], None]
"""Takes one whole line for a person, without its line end."""


class UnreachableError(ModelError):
    """The server did not answer, or refused."""


@dataclass(frozen=True, slots=True)
class Pinned:
    """A file whose content is known beforehand."""

    url: str
    sha256: str
    """Hex, lower case."""
    size: int | None
    """Bytes; None where only the checksum is known."""
    most: int = 500_000_000
    """Bytes after which a transfer of unknown size is given up."""

    @property
    def name(self) -> str:
        """The file's own name."""
        return urlsplit(self.url).path.rsplit("/", 1)[-1]


def megabytes(size: int) -> str:
    """``41205931`` to ``"41 MB"``, ``466247`` to ``"466 kB"``, as the ear takes it."""
    if size < 1_000:
        return f"{size} bytes"
    return f"{round(size / 1e3)} kB" if size < 1_000_000 else f"{round(size / 1e6)} MB"


def sha256_of(path: Path) -> str:
    """The file's SHA-256, hex.

    Raises:
        FileNotFoundError: There is none, or it is a pipe or a device, which may have no end.
        OSError: It can't be read.

    """
    if not path.is_file():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def disk_full(what: str, where: Path) -> ModelError:
    """The one sentence about a full disk."""
    return ModelError(
        f"The disk is full, so {what} was not stored in {where}.", "Free some space and try again."
    )


def is_full(error: OSError) -> bool:
    """True for the ways in which a system says that no more bytes fit."""
    return error.errno in FULL


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def _check_address(url: str, loopback_allowed: bool) -> None:
    scheme = urlsplit(url).scheme
    if scheme == "https" or (scheme == "http" and loopback_allowed and _is_loopback(url)):
        return
    shown = "".join(c for c in url if c.isprintable())[:120]
    raise ModelError(
        f"The address {shown} is not a safe one (https), so nothing was fetched from it.",
        "Fetch the model by hand; see models/README.md.",
    )


class _SafeRedirects(urllib.request.HTTPRedirectHandler):
    """Follows to https only; to plain http only from this machine to itself."""

    # Six arguments: the signature is the standard library's.
    def redirect_request(  # noqa: PLR0917
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        _check_address(newurl, _is_loopback(req.full_url))
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _no_answer(host: str, why: str) -> UnreachableError:
    return UnreachableError(
        f"{host} did not answer ({why}).",
        "Check the internet connection, or see models/README.md for other ways.",
    )


def _open(url: str, headers: dict[str, str], timeout: float) -> http.client.HTTPResponse:
    """Ask for ``url``; name look-up, connection, encryption and first answer within ``timeout`` seconds."""
    _check_address(url, loopback_allowed=True)
    handlers: list[urllib.request.BaseHandler] = [_SafeRedirects()]
    if _is_loopback(url):
        handlers.append(urllib.request.ProxyHandler({}))
    opener = urllib.request.build_opener(*handlers)
    request = urllib.request.Request(url, headers={"User-Agent": "audio-companion", **headers})
    answers: queue.Queue[http.client.HTTPResponse | BaseException] = queue.Queue()
    given_up = threading.Event()

    def ask() -> None:
        try:
            answer = opener.open(request, timeout=STALL_SECONDS)
        except BaseException as error:  # handed to the caller, whatever it is
            answers.put(error)
            return
        if given_up.is_set():
            answer.close()
        answers.put(answer)

    # In a thread because no timeout of a socket covers the look-up of a name.
    threading.Thread(target=ask, daemon=True, name="companion-fetch").start()
    host = urlsplit(url).hostname or url
    try:
        answer = answers.get(timeout=timeout)
    except queue.Empty:
        given_up.set()
        raise _no_answer(host, f"nothing within {timeout:g} seconds") from None
    if not isinstance(answer, BaseException):
        return answer
    raise _explained(host, answer) from None


def _explained(host: str, error: BaseException) -> BaseException:
    if isinstance(error, urllib.error.HTTPError):
        error.close()
        return _no_answer(host, f"it refused with status {error.code}")
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(reason, ssl.SSLCertVerificationError):
        return _no_answer(host, "its certificate could not be checked")
    if isinstance(reason, OSError):
        return _no_answer(host, reason.strerror or str(reason) or "no connection")
    if isinstance(error, http.client.HTTPException | ValueError):
        return _no_answer(host, "its answer made no sense")
    return error


class _Part:
    """A transfer under way on disk: the bytes so far, and the server's name for that version."""

    def __init__(self, target: Path, file: Pinned) -> None:
        self.path = target.with_name(f"{target.name}.{file.sha256[:12]}.part")
        self.notes = self.path.with_name(f"{self.path.name}.json")
        self.url = file.url

    @property
    def size(self) -> int:
        try:
            return self.path.stat().st_size
        except OSError:
            return 0

    def validator(self) -> str | None:
        """What If-Range may carry: a strong ETag or a date; None where the server gave neither."""
        try:
            notes = json.loads(self.notes.read_text("utf-8"))
        except (OSError, ValueError):
            return None
        if not isinstance(notes, dict) or notes.get("url") != self.url:
            return None
        value = notes.get("validator")
        return value if isinstance(value, str) and value.isascii() and value.isprintable() else None

    def remember(self, answer: http.client.HTTPResponse) -> None:
        etag = answer.headers.get("ETag")
        value = etag if etag and not etag.startswith("W/") else answer.headers.get("Last-Modified")
        atomic_write_text(self.notes, json.dumps({"url": self.url, "validator": value}))

    def drop(self) -> None:
        for path in (self.path, self.notes):
            with contextlib.suppress(FileNotFoundError):
                path.unlink()


def _begins_at(answer: http.client.HTTPResponse, start: int, file: Pinned) -> bool:
    found = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+|\*)", answer.headers.get("Content-Range", "").strip())
    if found is None or int(found[1]) != start:
        return False
    return file.size is None or found[3] in ("*", str(file.size))


def _ask(part: _Part, file: Pinned, timeout: float) -> tuple[http.client.HTTPResponse, int]:
    """Open the transfer; the answer and the byte it begins at. No proper continuation: from the start."""
    start = part.size
    validator = part.validator()
    if start and validator and (file.size is None or start < file.size):
        # Without If-Range a changed file would be glued to the old half.
        headers = {"Range": f"bytes={start}-", "If-Range": validator, "Accept-Encoding": "identity"}
        try:
            answer = _open(file.url, headers, timeout)
        except UnreachableError as error:
            if "status 416" not in error.what:
                raise
        else:
            if answer.status == http.HTTPStatus.OK:
                part.drop()
                return answer, 0
            if answer.status == http.HTTPStatus.PARTIAL_CONTENT and _begins_at(answer, start, file):
                return answer, start
            answer.close()
    part.drop()
    answer = _open(file.url, {"Accept-Encoding": "identity"}, timeout)
    if answer.status != http.HTTPStatus.OK:
        answer.close()
        raise _no_answer(urlsplit(file.url).hostname or "", f"it answered with status {answer.status}")
    return answer, 0


def _wrong_size(file: Pinned, size: int) -> ModelError:
    return ModelError(
        f"{file.name} has a wrong size ({size} bytes instead of {file.size}), so it was not used.",
        "Try again later, or see models/README.md for other ways.",
    )


def _receive(
    answer: http.client.HTTPResponse, part: _Part, start: int, file: Pinned, *, progress: Progress, label: str
) -> None:
    length = answer.headers.get("Content-Length", "")
    total = start + int(length) if length.isdecimal() else file.size
    if file.size is not None and total != file.size:
        part.drop()
        raise _wrong_size(file, total or 0)
    most = file.size if file.size is not None else file.most
    done, said = start, start * 10 // total if total else 0
    progress(f"Fetching {label}" + (f", {megabytes(total)}." if total else "."))
    if start:
        progress(f"Going on after {megabytes(start)} that were fetched before.")
    broken = False
    with part.path.open("ab") as out:
        while True:
            try:
                block = answer.read(BLOCK)
            except (OSError, http.client.HTTPException):
                broken = True
                break
            if not block:
                break
            done += len(block)
            if done > most:
                part.drop()
                raise _wrong_size(file, done)
            out.write(block)
            if total and done * 10 // total > said:
                said = done * 10 // total
                progress(f"{said * 10} percent.")
        out.flush()
        os.fsync(out.fileno())
    if broken or (total and done < total):
        raise UnreachableError(
            f"The transfer of {file.name} broke off after {megabytes(done)}.",
            "Start it again; it goes on where it stopped.",
        )


def fetch_file(
    file: Pinned, target: Path, label: str, progress: Progress, timeout: float = ANSWER_SECONDS
) -> None:
    """Bring ``file`` to ``target``; its folder must exist. ``target`` appears only whole and right.

    A transfer that broke off is kept beside ``target`` and resumed at the next call, if the server still has
    the same version. Not safe for two processes at once: the caller holds a lock.

    Args:
        file: What to fetch, from where, and its checksum.
        target: Where to put it.
        label: Its name for a person.
        progress: Gets the lines to show: begin, every tenth part.
        timeout: Seconds to the server's first answer, name look-up and encryption included.

    Raises:
        UnreachableError: No answer, a refusal, or the transfer broke off.
        ModelError: Wrong checksum or size, an unsafe address, a full disk.

    """
    part = _Part(target, file)
    try:
        if not (file.size is not None and part.size == file.size):
            answer, start = _ask(part, file, timeout)
            with answer:
                if not start:
                    part.remember(answer)
                _receive(answer, part, start, file, progress=progress, label=label)
        if sha256_of(part.path) != file.sha256:
            part.drop()
            raise ModelError(
                f"{file.name} arrived with a wrong checksum, so it was thrown away.",
                "Try again later, or see models/README.md for other ways.",
            )
        part.path.replace(target)
        part.drop()
    except OSError as error:
        if is_full(error):
            # What was fetched goes too: nobody is helped by a disk that stays full.
            part.drop()
            raise disk_full(label, target.parent) from error
        raise ModelError(
            f"{label} could not be stored in {target.parent} ({error.strerror or error}).",
            "Check that you may write there.",
        ) from error
