"""Pieces of speech over the companion's own, cut out of what its voice was taken out of. Pure but for its inputs."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from companion.hearing.echo import BLOCK, Played, Residual
from companion.hearing.frames import loudness
from companion.ports import SAMPLE_RATE

OVER = 6.0
"""How much louder (ratio of root mean squares) than what is left of the background a block must be."""
LEAST_LEVEL = 60.0
"""Root mean square, of 32,768, below which nothing is somebody's word."""
NEEDED, QUIET, LONGEST = 0.1, 0.3, 1.8
"""Seconds: of loud blocks in a word, of silence that ends it, and from which on it is none of the armed ones."""
PRE_ROLL = 0.25
SOFTER = 0.3
"""Of the listener's own level, below which a word is somebody else's, further off: two arm's lengths beside a headset's
microphone, or the other end of the room."""
USUAL, KEPT = 0.5, 30.0
"""Seconds of the listener's speech from which on that level is known, and of which it is taken."""
LOUD_PART = 75.0
"""Percentile of those levels that counts as how loud the listener is. A word counts as loud as its loudest `NEEDED`
seconds: the rest of the piece may be a microphone's hiss."""


class Overheard:
    """Hears words over the companion's voice.

    Args:
        played: What the loudspeaker plays.

    """

    def __init__(self, played: Played) -> None:
        """Know nothing yet."""
        self._residual = Residual(played)
        self._floor = LEAST_LEVEL / OVER
        self._usual: deque[float] = deque(maxlen=round(KEPT * SAMPLE_RATE / BLOCK))
        self._before: deque[NDArray[np.int16]] = deque(maxlen=round(PRE_ROLL * SAMPLE_RATE / BLOCK))
        self._clear()

    def _clear(self) -> None:
        self._word: list[NDArray[np.int16]] = []
        self._loud: list[float] = []
        self._quiet = self._length = 0

    def push(self, block: NDArray[np.int16], now: float, *, speaking: bool) -> list[NDArray[np.int16]]:
        """Take a block of the microphone.

        Args:
            block: int16, 16,000 Hz.
            now: When it came, by the player's clock.
            speaking: Whether the companion is to be heard.

        Returns:
            Pieces that may be a word, without the companion's voice.

        """
        pieces = self._residual.push(block, now, speaking=speaking)
        if not speaking:
            self._before.clear()
            self._clear()
            self._listen(block)
        words = [word for piece in pieces if (word := self._block(piece)) is not None]
        return words if self._residual.has_learnt else []

    def _listen(self, block: NDArray[np.int16]) -> None:
        """Learn how loud the listener is, from what is said while the companion is silent."""
        levels = (loudness(block[at : at + BLOCK]) for at in range(0, len(block) - BLOCK + 1, BLOCK))
        self._usual.extend(level for level in levels if self._is_loud(level))

    def _is_loud(self, level: float) -> bool:
        return level > max(OVER * self._floor, LEAST_LEVEL)

    def _is_far(self, levels: list[float]) -> bool:
        if len(self._usual) * BLOCK < USUAL * SAMPLE_RATE:
            return False
        loudest = sorted(levels)[-round(NEEDED * SAMPLE_RATE / BLOCK) :]
        return float(np.median(loudest)) < SOFTER * float(np.percentile(self._usual, LOUD_PART))

    def _block(self, block: NDArray[np.int16]) -> NDArray[np.int16] | None:
        level = loudness(block)
        loud = self._is_loud(level)
        if not loud:
            self._floor += 0.03 * (level - self._floor)
        else:
            # A background that has grown is learnt, but not from a word.
            self._floor *= 1.005
        if not self._word and not loud:
            self._before.append(block)
            return None
        if not self._word:
            self._word = list(self._before)
            self._before.clear()
        self._length += 1
        if self._length * BLOCK <= (LONGEST + 2 * QUIET) * SAMPLE_RATE:
            self._word.append(block)
        self._loud += [level] * loud
        self._quiet = 0 if loud else self._quiet + 1
        if self._quiet * BLOCK < QUIET * SAMPLE_RATE:
            return None
        word, loud_levels, seconds = np.concatenate(self._word), self._loud, self._length * BLOCK / SAMPLE_RATE - QUIET
        self._clear()
        whole = len(loud_levels) * BLOCK >= NEEDED * SAMPLE_RATE and seconds <= LONGEST
        return word if whole and not self._is_far(loud_levels) else None
