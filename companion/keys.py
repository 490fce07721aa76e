"""Single keys in a terminal: each is a command. The terminal is put back on every exit."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Callable, Iterator

KEYS: dict[str, str] = {
    " ": "pause_or_resume",
    "n": "next",
    "p": "previous",
    "r": "repeat",
    "s": "stop",
    "m": "more",
    "f": "faster",
    "d": "slower",
    "+": "louder",
    "-": "quieter",
    "w": "where_am_i",
    "o": "source",
    "e": "spell",
    "l": "list_questions",
    "a": "read_facts",
    "y": "yes",
    "x": "no",
    "h": "help",
    "?": "help",
    "q": "quit",
}
"""Key to command id; "pause_or_resume" is settled by what is going on. Digits choose from a numbered list."""


def available() -> bool:
    """Whether single keys can be read: standard input is a terminal."""
    try:
        return sys.stdin.isatty()
    except ValueError:  # closed
        return False


def spoken_list() -> str:
    """The keys in one sentence each, for help."""
    names = {" ": "Space", "?": "Question mark", "+": "Plus", "-": "Minus"}
    said = {"pause_or_resume": "pause or go on", "where_am_i": "where am I", "read_facts": "read the facts"}
    return " ".join(f"{names.get(k, k)}: {said.get(c, c.replace('_', ' '))}." for k, c in KEYS.items())


@contextlib.contextmanager
def listening(tell: Callable[[str], None]) -> Iterator[None]:
    """Call ``tell`` with each key from a thread of its own, until the context ends.

    Args:
        tell: Gets one character; must not block.
    """
    ended = threading.Event()
    with _raw():
        thread = threading.Thread(target=_read, args=(tell, ended), name="keys", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join(timeout=0.5)


if sys.platform == "win32":
    import msvcrt
    import time

    @contextlib.contextmanager
    def _raw() -> Iterator[None]:
        yield

    def _read(tell: Callable[[str], None], ended: threading.Event) -> None:
        while not ended.is_set():
            if msvcrt.kbhit():
                tell(msvcrt.getwch())
            else:
                time.sleep(0.02)

else:
    import os
    import select
    import termios
    import tty

    @contextlib.contextmanager
    def _raw() -> Iterator[None]:
        """Keys at once and unechoed; Ctrl-C still interrupts."""
        before = termios.tcgetattr(sys.stdin)
        try:
            tty.setcbreak(sys.stdin)
            yield
        finally:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)

    def _read(tell: Callable[[str], None], ended: threading.Event) -> None:
        number = sys.stdin.fileno()
        while not ended.is_set():
            if select.select([number], [], [], 0.1)[0]:
                data = os.read(number, 64)
                if not data:
                    return
                # Arrow keys and other sequences begin with Escape: none of their letters is a command.
                if data[:1] == b"\x1b":
                    continue
                for character in data.decode("utf-8", errors="ignore"):
                    tell(character)
