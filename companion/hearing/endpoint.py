"""Where an utterance begins and ends. Pure: blocks in, pieces of speech out; time is counted in samples."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from companion.errors import EngineError
from companion.hearing.frames import DITHER
from companion.ports import SAMPLE_RATE

FRAME = SAMPLE_RATE * 30 // 1000
"""Samples of a frame: 30 ms, the longest that the WebRTC detector takes."""
PATIENCE = {"quick": 0.5, "normal": 0.8, "relaxed": 2.0}
"""Seconds of silence that end an utterance. 0.8 suits most; slow speakers need 1.5 to 2."""
PRE_ROLL = 0.5
"""Seconds before the detected start that belong to the utterance: first consonants are quiet."""
START = 0.12
"""Seconds of speech, within ``WINDOW``, that start an utterance. "Stop" has no more than that of voiced sound."""
WINDOW = 0.3
LONGEST = 15.0
"""Seconds; then the utterance ends whatever goes on."""
KNOWN = 0.5
"""Seconds of silence that end an utterance whose partial hypothesis already is a whole known phrase."""
PAUSE = 0.3
"""Seconds of silence after which the recogniser is told of a pause: it may work ahead until the end is certain."""
_LEARNING = 8
"""Frames that the WebRTC detector needs to know the background. Given as one frame eight times they cost no time."""
_SLOW = 0.02
"""Share of a new frame in the noise floor, once it has been heard for a while; before that the floor is the mean."""


class SpeechDetector(Protocol):
    """Tells speech from other sound, frame by frame."""

    def is_speech(self, frame: bytes) -> bool:
        """Whether a frame of ``FRAME`` samples, int16, holds speech."""
        ...


@dataclass(frozen=True, slots=True)
class Step:
    """What a block brought."""

    kind: Literal["silence", "start", "speech", "pause", "end"]
    audio: NDArray[np.int16]
    """What to hand to the recogniser now: with "start" the pre-roll too; empty in silence. What follows a "pause" is
    kept back until speech goes on or the utterance ends."""
    idle: bool = False
    """With "end": there was only silence since the "pause", so the audio need not be decoded."""


class Endpointer:
    """Cuts a stream into utterances.

    Args:
        detector: The voice activity detector.
        patience: Seconds of silence that end an utterance.
        longest: Seconds of an utterance at most.

    """

    def __init__(
        self, detector: SpeechDetector, patience: float = PATIENCE["normal"], longest: float = LONGEST
    ) -> None:
        """Begin in silence."""
        self._detector = detector
        self._patience = patience
        self._longest = longest
        self._rest = np.zeros(0, np.int16)
        self._before: deque[NDArray[np.int16]] = deque(maxlen=round((PRE_ROLL + WINDOW) * SAMPLE_RATE / FRAME))
        self._recent: deque[bool] = deque(maxlen=round(WINDOW * SAMPLE_RATE / FRAME))
        self._seen = 0
        self._quiet = 0
        self.noise = 50.0
        """Root mean square of the background, of 32,768; 50 before any was heard."""
        self.began = 0.0
        """Seconds of the stream before the last utterance's audio."""
        self._clear()

    def _clear(self) -> None:
        self.speaking = False
        self._silent = 0
        self._held: list[NDArray[np.int16]] = []
        self._paused = False
        self._length = 0
        self._power = 0.0
        self._loud = 0

    @property
    def snr(self) -> float:
        """Decibels of the utterance's speech frames over the noise floor; 0.0 before any."""
        if not self._loud:
            return 0.0
        return float(10 * np.log10(max(self._power / self._loud, 1.0) / max(self.noise**2, 1.0)))

    def push(self, block: NDArray[np.int16], *, known: bool = False) -> list[Step]:
        """Take a block.

        Args:
            block: Shape (n,), int16, 16,000 Hz.
            known: The partial hypothesis is a whole known phrase, so a shorter silence ends the utterance.

        Returns:
            Steps in order; none while less than a frame has come.

        """
        self._rest = np.concatenate([self._rest, block])
        steps: list[Step] = []
        while len(self._rest) >= FRAME:
            frame, self._rest = self._rest[:FRAME], self._rest[FRAME:]
            steps.append(self._frame(frame, known))
        return _joined(steps)

    def finish(self) -> bool:
        """End of the stream: whether an utterance was under way."""
        was = self.speaking
        self._rest = np.zeros(0, np.int16)
        self._before.clear()
        self._recent.clear()
        self._clear()
        return was

    def _frame(self, frame: NDArray[np.int16], known: bool) -> Step:
        speech = self._detector.is_speech(frame.tobytes())
        power = float(np.mean(frame.astype(np.float64) ** 2))
        self._seen += FRAME
        if not self.speaking:
            self._recent.append(speech)
            if not speech:
                self._quiet += 1
                self.noise += max(_SLOW, 1 / self._quiet) * (float(np.sqrt(power)) - self.noise)
            if sum(self._recent) * FRAME < START * SAMPLE_RATE:
                self._before.append(frame)
                return Step("silence", frame[:0])
            self._clear()
            self.speaking = True
            since = len(self._recent) - 1 - list(self._recent).index(True)
            pre_roll = round(PRE_ROLL * SAMPLE_RATE / FRAME)
            audio = np.concatenate([*list(self._before)[-(pre_roll + since) :], frame])
            self._before.clear()
            self._recent.clear()
            self._length = len(audio)
            self.began = (self._seen - len(audio)) / SAMPLE_RATE
            self._power, self._loud = power, 1
            return Step("start", audio)
        self._length += FRAME
        self._silent = 0 if speech else self._silent + FRAME
        if speech:
            self._power += power
            self._loud += 1
        wait = min(KNOWN, self._patience) if known else self._patience
        if self._silent >= wait * SAMPLE_RATE or self._length >= self._longest * SAMPLE_RATE:
            self.speaking = False
            return Step("end", self._released(frame), idle=self._paused and not speech)
        if speech:
            audio = self._released(frame)
            self._paused = False
            return Step("speech", audio)
        if self._paused:
            self._held.append(frame)
            return Step("silence", frame[:0])
        self._paused = self._silent >= PAUSE * SAMPLE_RATE
        return Step("pause" if self._paused else "speech", frame)

    def _released(self, frame: NDArray[np.int16]) -> NDArray[np.int16]:
        """What was kept back since the pause, and the frame."""
        audio = np.concatenate([*self._held, frame])
        self._held.clear()
        return audio


def _joined(steps: list[Step]) -> list[Step]:
    """Neighbouring steps of "speech" as one, and silence left out."""
    out: list[Step] = []
    for step in steps:
        if step.kind == "silence":
            continue
        if out and out[-1].kind in {"start", "speech"} and step.kind == "speech":
            out[-1] = Step(out[-1].kind, np.concatenate([out[-1].audio, step.audio]))
        else:
            out.append(step)
    return out


def webrtc_detector() -> SpeechDetector:
    """The WebRTC voice activity detector that comes with PocketSphinx, in its most sensitive mode.

    Raises:
        EngineError: PocketSphinx isn't installed.
    """
    try:
        from pocketsphinx import Vad
    except (ImportError, OSError) as err:
        raise EngineError(
            "PocketSphinx isn't installed, and listening needs its speech detector.",
            "Use Python 3.11 or 3.13, for which it comes ready-made.",
        ) from err

    return _Webrtc(Vad(Vad.LOOSE, SAMPLE_RATE, FRAME / SAMPLE_RATE))


class _Webrtc:
    def __init__(self, vad: Any) -> None:
        self._vad = vad
        self._first = True

    def is_speech(self, frame: bytes) -> bool:
        if int(np.abs(np.frombuffer(frame, np.int16).astype(np.int32)).max(initial=0)) <= 2 * DITHER:
            return False
        if self._first:
            # It takes any background for speech until it has heard some of it.
            self._first = False
            for _ in range(_LEARNING):
                self._vad.is_speech(frame)
        return bool(self._vad.is_speech(frame))
