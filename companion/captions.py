"""What is being heard, shown while it is said: words are only ever added to the line, never taken back.

A screen reader and a braille line follow a terminal by what is added to it. So a word is shown once two hypotheses in
a row agree on it and on all before it; what changes later stands right in the line ``you:``, which counts.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from typing import Any, TextIO, cast

LABEL = "hearing: "


class Captions:
    """A text stream around another one, into which captions fit between the lines.

    Args:
        out: A terminal.

    """

    def __init__(self, out: TextIO) -> None:
        """Show nothing yet."""
        self._out = out
        self._lock = threading.Lock()
        self._before: list[str] = []
        self._shown: list[str] = []

    def partial(self, text: str) -> None:
        """A hypothesis of an utterance under way, "" when another one begins; from any thread."""
        words = text.split()
        with self._lock:
            if not words:
                self._end()
                return
            agreed = _shared(self._before, words)
            self._before = words
            # A hypothesis that takes back what is shown adds nothing.
            if len(agreed) > len(self._shown) and agreed[: len(self._shown)] == self._shown:
                added = " ".join(agreed[len(self._shown) :])
                self._out.write(f" {added}" if self._shown else f"{LABEL}{added}")
                self._out.flush()
                self._shown = agreed

    def write(self, text: str) -> int:
        """Text of the conversation; a caption that stands open is ended first."""
        with self._lock:
            self._end()
            return self._out.write(text)

    def _end(self) -> None:
        if self._shown:
            self._out.write("\n")
        self._shown, self._before = [], []

    def __getattr__(self, name: str) -> Any:
        """What the stream itself has."""
        return getattr(self._out, name)


def captioned(out: TextIO, environment: Mapping[str, str] | None = None) -> tuple[TextIO, Captions | None]:
    """The stream with captions; as it is, and None, where nobody can follow them.

    Those are pipes and files, and where ``ACCESSIBLE`` asks for whole lines or ``TERM`` says the terminal is dumb.

    Args:
        out: Where the conversation is written.
        environment: Of the process; None for its own.

    """
    env = os.environ if environment is None else environment
    if not out.isatty() or env.get("ACCESSIBLE", "0") not in {"", "0"} or env.get("TERM") == "dumb":
        return out, None
    captions = Captions(out)
    return cast("TextIO", captions), captions


def _shared(one: list[str], two: list[str]) -> list[str]:
    count = 0
    for a, b in zip(one, two, strict=False):
        if a != b:
            break
        count += 1
    return two[:count]
