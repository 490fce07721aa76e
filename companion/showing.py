"""What may reach a terminal: text in one direction, without anything that steers the terminal or hides from the eye.

Control characters, escape sequences and characters that turn the direction of writing may come from a recogniser's
word list, from a pack, from the name of a file or of a sound device. All output of the program goes through here.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import unicodedata
from collections.abc import Iterator
from typing import Any, TextIO, cast


def shown(text: str) -> str:
    """The text on one line, made safe to show.

    Control characters, line ends among them, become spaces; invisible formatting characters (direction marks, joiners,
    tags: Unicode category Cf) are left out.
    """
    return text if text.isprintable() else "".join(map(_safe, text))


def _safe(character: str) -> str:
    if character.isprintable():
        return character
    return "" if unicodedata.category(character) == "Cf" else " "


def json_line(value: Any) -> str:
    """JSON on one line in which every character that must not reach a terminal is written as an escape."""
    line = json.dumps(value, ensure_ascii=False)
    return line if line.isprintable() else "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in line)


def told_fault(where: str, error: BaseException) -> None:
    """A fault of the program's own in one of its threads, on one line of standard error. Never raises.

    Args:
        where: The thread.
        error: What it raised.

    """
    with contextlib.suppress(Exception):
        what = f"{type(error).__name__}: {error}".rstrip(": ")
        print(shown(f"A fault in Companion's own {where}: {what}."), file=sys.stderr, flush=True)


def tell_faults_of_threads() -> None:
    """Whatever ends a thread is told on one line instead of Python's own page; with ``COMPANION_DEBUG`` that page."""
    if os.environ.get("COMPANION_DEBUG"):
        return

    def told(fault: threading.ExceptHookArgs) -> None:
        if fault.exc_value is not None and not isinstance(fault.exc_value, SystemExit):
            told_fault(fault.thread.name if fault.thread else "thread", fault.exc_value)

    threading.excepthook = told


class PlainStream:
    """A text stream that lets pass what `shown` does, and line feeds. Everything but ``write`` is the stream's own."""

    def __init__(self, stream: TextIO) -> None:
        """Write to ``stream``."""
        self._stream = stream

    def write(self, text: str) -> int:
        """Write the text made safe; the number of characters that were given."""
        self._stream.write("\n".join(map(shown, text.split("\n"))))
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        """Write several texts."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        """What the stream itself has."""
        return getattr(self._stream, name)


def plain(stream: TextIO) -> TextIO:
    """The stream as a `PlainStream`; one that is one already stays as it is."""
    return stream if isinstance(stream, PlainStream) else cast("TextIO", PlainStream(stream))


@contextlib.contextmanager
def plain_output() -> Iterator[None]:
    """Standard output and standard error are `PlainStream`s inside."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = plain(sys.stdout), plain(sys.stderr)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
