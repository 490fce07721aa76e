"""Heard over the companion's own voice, which is taken out: that somebody speaks, or one of a few single words."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from companion.errors import CompanionError
from companion.hearing.barge import Interruption
from companion.hearing.echo import Played, Residual
from companion.hearing.endpoint import SpeechDetector
from companion.hearing.overheard import Overheard
from companion.hearing.process import Engine, ProcessRecognizer
from companion.showing import told_fault

LOUDER = 1.8
"""How much louder (ratio of root mean squares) than what is left of the companion's own voice somebody must be. At 1.3,
where level alone decides, scripts/measure_barge_in.py found five false ones in 15 minutes, at 1.8 none; all words."""


class SpeechOver:
    """Hears that somebody speaks.

    Args:
        detector: Tells speech from other sound.
        clock: Seconds, the player's.

    Attributes:
        played: To be told what the loudspeaker plays.

    """

    def __init__(self, detector: SpeechDetector, clock: Callable[[], float] = time.monotonic) -> None:
        """Know nothing yet."""
        self.played = Played()
        self._clock = clock
        self._residual = Residual(self.played)
        self._interruption = Interruption(detector, LOUDER)

    def push(self, block: Any, *, speaking: bool) -> bool:
        """Take a block of the microphone, int16, 16,000 Hz; whether somebody speaks over the companion."""
        pieces = self._residual.push(block, self._clock(), speaking=speaking)
        found = any([self._interruption.push(piece) for piece in pieces])  # noqa: C419 - all of them are pushed
        if found or not speaking:
            self._interruption.forget()
        return found and self._residual.has_learnt


class WordsOver:
    """Hears the armed words.

    The recogniser has a process and a thread of its own: while it is at work nothing else waits, and what is
    heard meanwhile is kept.

    Args:
        words: Lower-case words and phrases.
        cache: As for every recogniser; nothing is put there.

    Attributes:
        played: To be told what the loudspeaker plays.

    Raises:
        EngineError: PocketSphinx can't be loaded.

    """

    def __init__(self, words: Sequence[str], cache: Path) -> None:
        """Load the recogniser."""
        self.played = Played()
        self._overheard = Overheard(self.played)
        self._recognizer = ProcessRecognizer(Engine("words", None, tuple(words), cache))
        self._pieces: queue.SimpleQueue[NDArray[np.int16] | None] = queue.SimpleQueue()
        self._found: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="words", daemon=True)
        self._thread.start()

    def push(self, block: Any, *, speaking: bool) -> list[str]:
        """Take a block of the microphone, int16, 16,000 Hz; the words that were found since the last one."""
        for piece in self._overheard.push(block, time.monotonic(), speaking=speaking):
            self._pieces.put(piece)
        words = []
        with contextlib.suppress(queue.Empty):
            while True:
                words.append(self._found.get_nowait())
        return words

    def close(self) -> None:
        """End the thread and the process. Calling it twice is harmless."""
        self._pieces.put(None)
        self._thread.join(5.0)
        self._recognizer.close()

    def _run(self) -> None:
        while (piece := self._pieces.get()) is not None:
            try:
                self._recognizer.accept(piece)
                word = self._recognizer.finish().text
            except CompanionError:
                continue  # the next piece finds a new worker
            except Exception as error:  # noqa: BLE001, RUF100 - a thread of ours must not die of one word
                told_fault("words", error)
                continue
            if word:
                self._found.put(word)
