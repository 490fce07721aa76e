"""What the loudspeaker plays next: a queue of pieces, cut and held without a click. No device, no clock."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

RAMP = 0.005
"""Seconds of fading before silence and after it: short enough for a stop, long enough not to click."""

OnEnd = Callable[[bool], None]


@dataclass(slots=True)
class _Piece:
    samples: NDArray[np.float32]
    on_end: OnEnd | None
    place: int = 0
    """Samples handed out."""


class Mixer:
    """A queue of pieces at one rate. Every method may be called from any thread; none waits for sound.

    Args:
        rate: Hz of everything that is played.

    """

    def __init__(self, rate: int) -> None:
        """Begin with an empty queue, not paused."""
        self.rate = rate
        self._ramp = max(1, round(RAMP * rate))
        self._lock = threading.Lock()
        self._pieces: deque[_Piece] = deque()
        self._tail = np.zeros(0, np.float32)  # what still fades out after a stop or a pause
        self._rising = 0  # samples of the fade-in that are still to come
        self._paused = False
        self._gain = self._wanted_gain = 1.0

    def play(self, samples: NDArray[np.float32], on_end: OnEnd | None) -> None:
        """Queue a piece, shape (n,), -1 to 1."""
        with self._lock:
            self._pieces.append(_Piece(samples, on_end))

    def stop(self) -> list[OnEnd]:
        """Drop the queue, fade what sounds; also ends a pause. Returns the ``on_end`` of what was dropped."""
        with self._lock:
            self._fade()
            dropped = [p.on_end for p in self._pieces if p.on_end is not None]
            self._pieces.clear()
            self._paused = False
            self._rising = 0
            return dropped

    def pause(self) -> None:
        """Fade and hold the place."""
        with self._lock:
            if not self._paused:
                self._fade()
                self._paused = True

    def resume(self) -> None:
        """Go on from the sample where ``pause`` held: what was fading then is played again in full."""
        with self._lock:
            if self._paused:
                self._paused = False
                self._rising = self._ramp if self._pieces and self._pieces[0].place else 0

    def set_gain(self, gain: float) -> None:
        """Factor on every sample from the next block on, reached by a ramp within that block."""
        with self._lock:
            self._wanted_gain = gain

    @property
    def idle(self) -> bool:
        """Nothing is queued; a last fade may still sound."""
        with self._lock:
            return not self._pieces

    @property
    def paused(self) -> bool:
        """Whether the place is held."""
        with self._lock:
            return self._paused

    @property
    def place(self) -> float:
        """Seconds handed out of the piece in front; 0.0 when there is none."""
        with self._lock:
            return self._pieces[0].place / self.rate if self._pieces else 0.0

    def fill(self, out: NDArray[np.float32]) -> list[OnEnd]:
        """Write the next block, shape (n,). Returns the ``on_end`` of the pieces that end in it."""
        ended: list[OnEnd] = []
        with self._lock:
            done = 0
            if not len(self._tail) and (not self._pieces or not self._pieces[0].place):
                self._gain = self._wanted_gain  # nothing sounds that a jump could click in
            while not self._paused and done < len(out) and self._pieces:
                piece = self._pieces[0]
                part = piece.samples[piece.place : piece.place + len(out) - done]
                out[done : done + len(part)] = part
                self._rise(out[done : done + len(part)])
                piece.place += len(part)
                done += len(part)
                if piece.place >= len(piece.samples):
                    self._pieces.popleft()
                    if piece.on_end is not None:
                        ended.append(piece.on_end)
            out[done:] = 0.0
            if len(self._tail):
                count = min(len(self._tail), len(out))
                out[:count] += self._tail[:count]
                self._tail = self._tail[count:]
            self._amplify(out)
        return ended

    def _fade(self) -> None:
        """Put the next samples, fading, where they sound whatever happens to the queue."""
        if self._paused or not self._pieces:
            return
        piece = self._pieces[0]
        coming = piece.samples[piece.place : piece.place + self._ramp]
        if piece.place == 0:
            coming = coming[:0]  # nothing has sounded yet
        tail = coming * np.linspace(1.0, 0.0, len(coming), dtype=np.float32)
        self._rise(tail)
        self._tail = tail

    def _rise(self, part: NDArray[np.float32]) -> None:
        if self._rising and len(part):
            count = min(self._rising, len(part))
            first = 1.0 - self._rising / self._ramp
            part[:count] *= np.linspace(first, first + count / self._ramp, count, dtype=np.float32)
            self._rising -= count

    def _amplify(self, out: NDArray[np.float32]) -> None:
        if self._gain != self._wanted_gain:
            out *= np.linspace(self._gain, self._wanted_gain, len(out), dtype=np.float32)
            self._gain = self._wanted_gain
        elif self._gain != 1.0:
            out *= np.float32(self._gain)
        np.clip(out, -1.0, 1.0, out=out)
