"""The companion's own voice taken out of the microphone: what was played is known, how it arrives is learnt.

A partitioned Kalman filter in the frequency domain (Enzner and Vary, 2006). It learns slowly while somebody speaks
over it, by itself, and only subtracts: what somebody says is left as it is. WebRTC's canceller, tried in the same
simulation, took more of the echo away, and with it much of the words.
"""

from __future__ import annotations

import threading
from collections import deque

import numpy as np
from numpy.typing import NDArray

from companion.hearing.frames import Resampler
from companion.ports import SAMPLE_RATE

BLOCK = SAMPLE_RATE // 50
"""Samples of a block: 20 ms. Shorter ones learn half as fast."""
SECONDS = 0.5
"""Of echo that can be learnt: the delay of sound card and system, and what the room adds."""
FORGET = 0.9999
"""Of 1, a block: how well the way from loudspeaker to microphone stays as it is."""
_SMOOTH = 0.7
KEEP = 4.0
"""Seconds of what was played that are kept."""
LEAD = 0.08
"""Seconds by which the loudspeaker's sound is taken earlier than the clocks say: they may err."""
LEARNING = 3.0
"""Seconds of the companion's own sound that must have been learnt from before anything left of it counts."""
_ANCHORS = 256
_SHIFT = 0.02
"""Seconds by which a better guess of a stream's beginning must differ to be taken: each one costs what was learnt."""

Floats = NDArray[np.float64]


class EchoCanceller:
    """Subtracts what of the loudspeaker's signal arrives in the microphone's. One block at a time."""

    def __init__(self, seconds: float = SECONDS) -> None:
        """Know nothing of the room."""
        shape = (round(seconds * SAMPLE_RATE / BLOCK), BLOCK + 1)
        self._played = np.zeros(shape, np.complex128)
        self._way = np.zeros(shape, np.complex128)
        self._doubt = np.ones(shape)
        self._other = np.full(BLOCK + 1, 1e3)
        self._last: Floats = np.zeros(BLOCK)

    def push(self, heard: Floats, played: Floats) -> Floats:
        """``BLOCK`` samples of the microphone without the same of the loudspeaker; all of one scale, int16's."""
        self._played = np.roll(self._played, 1, 0)
        self._played[0] = np.fft.rfft(np.concatenate([self._last, played]))
        self._last = played
        left: Floats = heard - np.fft.irfft((self._way * self._played).sum(0))[BLOCK:]
        error = np.fft.rfft(np.concatenate([np.zeros(BLOCK), left]))
        power = self._played.real**2 + self._played.imag**2
        self._other = _SMOOTH * self._other + (1 - _SMOOTH) * np.abs(error) ** 2
        step = self._doubt / ((power * self._doubt).sum(0) + 2 * self._other + 1e-3)
        change = np.fft.irfft(step * self._played.conj() * error, axis=1)
        change[:, BLOCK:] = 0
        kept = FORGET**2
        self._doubt = kept * (1 - 0.5 * step * power) * self._doubt + (1 - kept) * np.abs(self._way) ** 2
        self._way = FORGET * (self._way + np.fft.rfft(change, axis=1))
        return left

    def silence(self) -> None:
        """Nothing has been played for a while; what was learnt is kept."""
        self._played[:] = 0
        self._last = np.zeros(BLOCK)


class Stream:
    """When the samples of a stream were there, from when its pieces came: late at times, never early.

    Args:
        rate: Hz.

    Attributes:
        count: Samples so far.
        began: Seconds by the clock at which sample 0 was there; None before any piece.

    """

    def __init__(self, rate: int) -> None:
        """Nothing has come."""
        self.rate = rate
        self.count = 0
        self.began: float | None = None
        self._guesses: deque[float] = deque(maxlen=_ANCHORS)

    def came(self, samples: int, end: float) -> None:
        """A piece of so many samples came, the last of them at ``end`` by the clock."""
        self.count += samples
        self._guesses.append(end - self.count / self.rate)
        best = min(self._guesses)
        if self.began is None or abs(best - self.began) > _SHIFT:
            self.began = best


class Played:
    """What the loudspeaker has played, by the clock. ``put`` is called by the player's callback, ``at`` by the ears."""

    def __init__(self) -> None:
        """Nothing was played."""
        self._lock = threading.Lock()
        self._pieces: deque[tuple[NDArray[np.float32], int, float]] = deque(maxlen=1_000)
        self._stream: Stream | None = None
        self._resampler: Resampler | None = None
        self._sound = np.zeros(round(KEEP * SAMPLE_RATE), np.int16)
        self._end = 0  # samples that have gone into it

    def put(self, samples: NDArray[np.float32], rate: int, heard: float) -> None:
        """A piece that the loudspeaker plays, the first sample at ``heard`` by the clock. It is copied."""
        self._pieces.append((samples.copy(), rate, heard))

    def at(self, moment: float, count: int) -> NDArray[np.int16]:
        """What sounded from that moment on, at 16,000 Hz; zeros where nothing did, or it is no more known."""
        with self._lock:
            self._take()
            out = np.zeros(count, np.int16)
            if self._stream is None or self._stream.began is None:
                return out
            first = round((moment - self._stream.began) * SAMPLE_RATE)
            place = np.arange(first, first + count)
            known = (place >= max(0, self._end - len(self._sound))) & (place < self._end)
            out[known] = self._sound[place[known] % len(self._sound)]
            return out

    def _take(self) -> None:
        while self._pieces:
            samples, rate, heard = self._pieces.popleft()
            if self._stream is None or self._stream.rate != rate:
                self._stream, self._resampler, self._end = Stream(rate), Resampler(rate), 0
            self._stream.came(len(samples), heard + len(samples) / rate)
            assert self._resampler is not None
            for block in self._resampler.push(samples):
                self._sound[np.arange(self._end, self._end + len(block)) % len(self._sound)] = block
                self._end += len(block)


class Residual:
    """What the microphone hears without the companion's voice.

    Args:
        played: What the loudspeaker plays.

    """

    def __init__(self, played: Played) -> None:
        """Know nothing yet."""
        self._played = played
        self._canceller = EchoCanceller()
        self._stream = Stream(SAMPLE_RATE)
        self._waiting: deque[NDArray[np.int16]] = deque()
        self._learnt = 0  # blocks of the companion's own sound

    @property
    def has_learnt(self) -> bool:
        """Whether ``LEARNING`` seconds of the companion's own sound were learnt from."""
        return self._learnt * BLOCK >= LEARNING * SAMPLE_RATE

    def push(self, block: NDArray[np.int16], now: float, *, speaking: bool) -> list[NDArray[np.int16]]:
        """Take a block of the microphone; pieces of ``BLOCK`` samples, int16, one block late.

        Args:
            block: int16, 16,000 Hz, a multiple of ``BLOCK`` samples.
            now: When it came, by the player's clock.
            speaking: Whether the companion is to be heard; while it is not, nothing is given.

        """
        self._stream.came(len(block), now)
        if not speaking:
            if self._waiting:
                self._waiting.clear()
                self._canceller.silence()
            return []
        # One block late: what the loudspeaker plays LEAD later must be known.
        self._waiting.append(block)
        if len(self._waiting) < 2:
            return []
        assert self._stream.began is not None
        late = sum(map(len, self._waiting))
        ready = self._waiting.popleft()
        moment = self._stream.began + (self._stream.count - late) / SAMPLE_RATE
        own = self._played.at(moment + LEAD, len(ready))
        pieces = []
        for start in range(0, len(ready) - BLOCK + 1, BLOCK):
            piece = slice(start, start + BLOCK)
            left = self._canceller.push(ready[piece].astype(np.float64), own[piece].astype(np.float64))
            self._learnt += bool(own[piece].any())
            pieces.append(np.clip(np.rint(left), -32_768, 32_767).astype(np.int16))
        return pieces
