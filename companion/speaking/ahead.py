"""What is often said, rendered before it is asked for, while nothing else is to do."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence

from companion.errors import CompanionError
from companion.events import SpeechSettings
from companion.showing import told_fault

Prepare = Callable[[str, SpeechSettings], bool]


class Ahead:
    """Has sentences rendered, one at a time, in a thread of its own.

    It is only at work on what it was given by ``offer``: who calls that in quiet moments alone, and stops calling it,
    has at most one sentence under way.

    Args:
        prepare: Renders a sentence and keeps it; False when it can't now. It must not hold up other rendering.
        sentences: The most urgent first.

    """

    def __init__(self, prepare: Prepare, sentences: Sequence[str]) -> None:
        """Start the thread; it waits."""
        self._prepare, self._sentences = prepare, tuple(dict.fromkeys(sentences))
        self._left: deque[str] = deque()
        self._made_for: tuple[int, str | None] | None = None  # rate and voice
        self._task: tuple[str, SpeechSettings] | None = None
        self._closed = False
        self._lock = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="ahead", daemon=True)
        self._thread.start()

    def offer(self, settings: SpeechSettings) -> bool:
        """A quiet moment: render the next sentence that is not ready at this rate and voice; whether there is one."""
        with self._lock:
            if self._made_for != (settings.rate, settings.voice):
                self._made_for = (settings.rate, settings.voice)
                self._left = deque(self._sentences)
            if self._closed or not (self._left or self._task):
                return False
            if self._task is None:
                self._task = (self._left.popleft(), settings)
                self._lock.notify_all()
            return True

    def close(self) -> None:
        """Begin nothing more. Calling it twice is harmless."""
        with self._lock:
            self._closed = True
            self._lock.notify_all()

    def _run(self) -> None:
        while True:
            with self._lock:
                self._lock.wait_for(lambda: self._closed or self._task is not None)
                if self._closed:
                    return
                assert self._task is not None
                text, settings = self._task
            made = True
            try:
                made = self._prepare(text, settings)
            except CompanionError:
                pass  # told when the sentence is really to be said
            except Exception as error:  # noqa: BLE001, RUF100 - a thread of ours must not die of somebody's voice
                told_fault("ahead", error)
            with self._lock:
                self._task = None
                if not made and self._made_for == (settings.rate, settings.voice):
                    self._left.appendleft(text)
