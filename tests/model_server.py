"""A small web server on the loopback address that can misbehave, and small models with known checksums."""

from __future__ import annotations

import hashlib
import io
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from companion.catalogue import Model
from companion.fetching import Pinned

VOSK_FILES = {
    "am/final.mdl": b"\0B<TransitionModel> " + b"m" * 5_000,
    "conf/model.conf": b"--min-active=200\n",
    "conf/mfcc.conf": b"--sample-frequency=16000\n",
    "graph/HCLr.fst": bytes(range(256)) * 40,
    "graph/Gr.fst": bytes(reversed(range(256))) * 40,
    "graph/phones/word_boundary.int": b"1 nonword\n",
}
ARCHIVE = "vosk-model-tiny.zip"


def zip_of(files: dict[str, bytes], folder: str = "vosk-model-tiny/", packed: bool = False) -> bytes:
    out = io.BytesIO()
    # Not packed by default, so that a cut lies where the test wants it.
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED) as archive:
        for name, content in files.items():
            archive.writestr(folder + name, content)
    return out.getvalue()


def vosk_model(content: bytes, **changes: object) -> Model:
    """A catalogue entry whose pinned checksum is that of ``content``."""
    pinned = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content), **changes}
    return Model(
        name="tiny",
        kind="vosk",
        title="Tiny",
        licence="CC0-1.0",
        folder="vosk-model-tiny",
        purpose="for tests",
        files=(Pinned(url=f"https://models.invalid/{ARCHIVE}", **pinned),),  # type: ignore[arg-type]
    )


@dataclass
class Behaviour:
    """How the server treats its requests."""

    files: dict[str, bytes] = field(default_factory=dict)
    cut_after: int | None = None
    """Close the connection after so many bytes of a body."""
    ranges: bool = True
    etag: str | None = '"v1"'
    redirect: str | None = None
    status: int | None = None
    delay: float = 0.0
    """Seconds before the answer."""
    asked: list[dict[str, str]] = field(default_factory=list)
    """The headers of every request."""
    gone: threading.Event = field(default_factory=threading.Event)


class _Handler(BaseHTTPRequestHandler):
    behaviour: Behaviour

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass

    def do_GET(self) -> None:
        how = self.behaviour
        how.asked.append({name.lower(): value for name, value in self.headers.items()})
        if how.delay:
            how.gone.wait(how.delay)
            return
        if how.redirect:
            self.send_response(302)
            self.send_header("Location", how.redirect)
            self.end_headers()
            return
        content = how.files.get(self.path.lstrip("/"))
        if how.status or content is None:
            self.send_error(how.status or 404)
            return
        start = 0
        wanted = self.headers.get("Range")
        same = self.headers.get("If-Range") in (None, how.etag)
        if wanted and how.ranges and same:
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        else:
            self.send_response(200)
        if how.etag:
            self.send_header("ETag", how.etag)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        self.wfile.write(content[start : how.cut_after])


@contextmanager
def serving(how: Behaviour) -> Iterator[str]:
    """The server's address, ending in a slash."""
    handler = type("Handler", (_Handler,), {"behaviour": how})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        how.gone.set()
        server.shutdown()
        server.server_close()
        thread.join()
