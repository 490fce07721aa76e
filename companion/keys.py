"""Single keys in a terminal, as they are pressed. The terminal is put back on every exit."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Callable, Iterator

from companion.showing import told_fault


def available() -> bool:
    """Whether single keys can be read: standard input is a terminal."""
    try:
        return sys.stdin.isatty()
    except ValueError:  # closed
        return False


@contextlib.contextmanager
def listening(tell: Callable[[str], None]) -> Iterator[None]:
    """Call ``tell`` with each key from a thread of its own, until the context ends.

    Args:
        tell: Gets one character; must not block. What it raises is told on one line, and the next key is read.
    """
    ended = threading.Event()

    def safely(character: str) -> None:
        try:
            tell(character)
        except Exception as error:  # noqa: BLE001, RUF100 - a fault on one key must leave the others working
            told_fault("keys", error)

    with _raw():
        thread = threading.Thread(target=_read, args=(safely, ended), name="keys", daemon=True)
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
                character = msvcrt.getwch()
                # Arrow and function keys come as two: none of their second halves is a command.
                if character in "\x00\xe0":
                    msvcrt.getwch()
                else:
                    tell(character)
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
            with contextlib.suppress(OSError, termios.error):  # the terminal's window was closed
                termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)

    def _read(tell: Callable[[str], None], ended: threading.Event) -> None:
        number = sys.stdin.fileno()
        while not ended.is_set():
            if select.select([number], [], [], 0.1)[0]:
                try:
                    data = os.read(number, 64)
                except OSError:  # EIO: the terminal has gone
                    return
                if not data:
                    return
                # Arrow keys and other sequences begin with Escape: none of their letters is a command.
                if data[:1] == b"\x1b":
                    continue
                for character in data.decode("utf-8", errors="ignore"):
                    tell(character)
