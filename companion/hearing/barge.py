"""Hearing that somebody speaks while the companion itself does, by level alone."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from companion.hearing.endpoint import FRAME, SpeechDetector
from companion.hearing.frames import loudness
from companion.ports import SAMPLE_RATE

OVER = 1.3
"""How much louder (ratio of root mean squares) than the companion's own voice in the microphone a frame must be."""
MEMORY = 3.0
"""Seconds over which the level of the companion's own voice is known, by its loudest frame."""
NEEDED, WINDOW = 0.09, 0.3
"""Seconds of louder speech, within so many, that are somebody's: a click has less.
Both by scripts/measure_barge_in.py on synthesised words over seven minutes of narration at -10 dB: the highest level
and the shortest time that find every word without a false one."""
CREEP = 1.02
"""By this factor a loud frame raises the known level: a leak that has grown louder is learnt within two seconds."""


class Interruption:
    """Tells when somebody speaks over the companion.

    Where the companion's voice reaches the microphone, only what is clearly louder counts; through a headset,
    every word. The first second of a speech teaches the level and is never an interruption.

    Args:
        detector: Tells speech from other sound.
        over: How much louder a frame must be than all that was heard of the companion's own voice of late.

    """

    def __init__(self, detector: SpeechDetector, over: float = OVER) -> None:
        """Know no level yet."""
        self._detector = detector
        self._over = over
        self._levels: deque[float] = deque(maxlen=round(MEMORY * SAMPLE_RATE / FRAME))
        self._recent: deque[bool] = deque(maxlen=round(WINDOW * SAMPLE_RATE / FRAME))
        self._rest = np.zeros(0, np.int16)

    def push(self, block: NDArray[np.int16]) -> bool:
        """Take a block, int16, 16,000 Hz; whether somebody speaks."""
        self._rest = np.concatenate([self._rest, block])
        found = False
        while len(self._rest) >= FRAME:
            frame, self._rest = self._rest[:FRAME], self._rest[FRAME:]
            found = self._frame(frame) or found
        return found

    def forget(self) -> None:
        """The companion has fallen silent. The level is kept: the loudspeaker stands where it stood."""
        self._recent.clear()
        self._rest = self._rest[:0]

    def _frame(self, frame: NDArray[np.int16]) -> bool:
        speech = self._detector.is_speech(frame.tobytes())
        level = loudness(frame)
        known = max(self._levels, default=0.0)
        learning = len(self._levels) * FRAME < SAMPLE_RATE
        over = not learning and level > self._over * known
        self._levels.append(min(level, known * CREEP) if over else level)
        self._recent.append(speech and over)
        return sum(self._recent) * FRAME >= NEEDED * SAMPLE_RATE
