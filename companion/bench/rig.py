"""A conversation of the real parts: the program itself speaks into the microphone, and stopwatches run."""

from __future__ import annotations

import io
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TextIO, cast

import numpy as np
from numpy.typing import NDArray

from companion.cli.opening import Parts
from companion.content.types import Pack
from companion.dialogue import prompts
from companion.dialogue.state import SavePlace, State
from companion.ears import Ears
from companion.events import Context, Decision, Hypothesis
from companion.hearing.endpoint import Endpointer, webrtc_detector
from companion.later import LaterRouter
from companion.portaudio import sounddevice
from companion.ports import SAMPLE_RATE, Recognizer, Router
from companion.session import Session
from companion.settings import Settings
from companion.speaking.ahead import Ahead
from companion.speaking.player import SoundDevicePlayer
from companion.speaking.speech import Speaker
from companion.understanding.phrases import phrases

BLOCK = SAMPLE_RATE * 30 // 1000
AUDIBLE = 0.005
"""Of 1; a block of the loudspeaker below it counts as silence."""


class SpokenMicrophone:
    """A microphone that hears quiet noise, and what is put into it, at the pace of a real one."""

    def __init__(self) -> None:
        self._said: queue.Queue[NDArray[np.int16]] = queue.Queue()
        self._closed = threading.Event()
        self._noise = np.random.default_rng(0)
        self.ended_at = 0.0
        """When the last block of the last utterance was due, by the monotonic clock."""
        self.due = 0.0
        """When the block that was handed out last was due."""

    def open(self) -> SpokenMicrophone:
        """Open it again: the conversation lets go of its microphone whenever the loudspeaker was lost."""
        self._closed.clear()
        return self

    def say(self, samples: NDArray[np.int16]) -> None:
        """Speak; shape (n,), 16,000 Hz."""
        self._said.put(samples)

    def blocks(self) -> Iterator[NDArray[np.int16]]:
        """See ``ports.Microphone``."""
        self.due = time.monotonic()
        rest = np.zeros(0, np.int16)
        while not self._closed.is_set():
            self.due += BLOCK / SAMPLE_RATE
            time.sleep(max(0.0, self.due - time.monotonic()))
            if not len(rest) and not self._said.empty():
                rest = self._said.get()
            block = self._noise.integers(-8, 9, BLOCK).astype(np.int16)
            if len(rest):
                part, rest = rest[:BLOCK], rest[BLOCK:]
                block[: len(part)] += part
                if not len(rest):
                    self.ended_at = self.due
            yield block

    def close(self) -> None:
        """See ``ports.Microphone``."""
        self._closed.set()


class MeteredPlayer(SoundDevicePlayer):
    """The real loudspeaker; tells when a block with sound in it will be heard."""

    def __init__(self, device: int | str | None) -> None:
        self.sounded: list[float] = []
        """Seconds at which blocks with sound were heard, by the monotonic clock and PortAudio's own latency."""
        self._unplugged = False
        super().__init__(device)
        self.on_block = self._met

    def _met(self, heard: float, peak: float) -> None:
        if self._unplugged:
            self._unplugged = False
            raise sounddevice().CallbackAbort
        if peak > AUDIBLE:
            self.sounded.append(heard)

    def unplug(self) -> None:
        """End the stream as a device does that goes: without a word."""
        self._unplugged = True


class TimedRecognizer:
    """The real recogniser, with what it took."""

    def __init__(self, inner: Recognizer, microphone: SpokenMicrophone) -> None:
        self._inner, self._microphone = inner, microphone
        self.name = inner.name
        self.busy = self.audio = 0.0
        """Seconds of work, and of sound."""
        self.endpoint_at = 0.0
        """When the block that ended the utterance was due."""

    def accept(self, block: NDArray[np.int16]) -> Hypothesis | None:
        """See ``ports.Recognizer``."""
        began = time.perf_counter()
        found = self._inner.accept(block)
        self.busy += time.perf_counter() - began
        self.audio += len(block) / SAMPLE_RATE
        return found

    def expect(self, replies: Sequence[str]) -> None:
        """See ``ports.Recognizer``."""
        self._inner.expect(replies)

    def pause(self) -> None:
        """See ``ports.Recognizer``."""
        began = time.perf_counter()
        self._inner.pause()
        self.busy += time.perf_counter() - began

    def finish(self) -> Hypothesis:
        """See ``ports.Recognizer``."""
        self.endpoint_at = self._microphone.due
        began = time.perf_counter()
        found = self._inner.finish()
        self.busy += time.perf_counter() - began
        return found

    def reset(self) -> None:
        """See ``ports.Recognizer``."""
        self._inner.reset()

    def close(self) -> None:
        """See ``ports.Recognizer``."""
        self._inner.close()


class TimedRouter:
    """The real router, with when it had decided."""

    def __init__(self, inner: Router) -> None:
        self._inner = inner
        self.decided_at = 0.0
        self.decision: Decision | None = None

    def decide(self, heard: Hypothesis | str, context: Context) -> Decision:
        """See ``ports.Router``."""
        self.decision = self._inner.decide(heard, context)
        self.decided_at = time.monotonic()
        return self.decision


class TimedLines(io.TextIOBase):
    """What the listener can read, with when it came."""

    def __init__(self) -> None:
        self.lines: list[tuple[float, str]] = []

    def write(self, text: str) -> int:
        """Keep a line."""
        if text.strip():
            self.lines.append((time.monotonic(), text.strip()))
        return len(text)


class Forgetful:
    """Remembers nothing: a measurement must not move anybody's place."""

    def save(self, _state: State, _place: SavePlace | None) -> None:
        """Nothing."""


class Rig:
    """The conversation under way. Use in a ``with`` statement.

    Raises:
        CompanionError: A part is missing.

    """

    def __init__(self, settings: Settings, pack: Pack, router: LaterRouter, cache: Path, patience: float) -> None:
        self._parts = Parts(settings, pack, cache, router, MeteredPlayer)
        self.voice, self.player = self._parts.voice, self._parts.player
        self.microphone = SpokenMicrophone()
        self.recognizer = TimedRecognizer(self._parts.recognizer, self.microphone)
        self.router, self.lines = TimedRouter(router), TimedLines()
        self.heard_at = 0.0
        self.session = Session(
            pack,
            self.router,
            lambda on_event: Speaker(self.voice, self.player, settings.speech, on_event),
            loudspeaker=self.player,
            state=State(rate=settings.rate, volume=settings.volume),
            memory=Forgetful(),
            out=cast(TextIO, self.lines),
            # Else the first sound of an answer would be the one that says "heard".
            earcons=False,
            ahead=Ahead(self.voice.prepare, prompts.common(pack)),
        )
        self._ears = Ears(
            self.microphone.open,
            self.recognizer,
            Endpointer(webrtc_detector(), patience),
            deaf=self.session.deaf,
            heard=self._heard,
            partial=lambda text: None,
            lost=self.session.microphone_lost,
            failed=self.session.recognizer_failed,
            known=frozenset(phrases(pack)).__contains__,
        )
        self._thread = threading.Thread(target=lambda: self.session.run(self._ears, use_keys=False), daemon=True)

    def __enter__(self) -> Rig:
        """Begin to converse."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self.session.end()
        self._thread.join(10)
        self._parts.close()

    def _heard(self, hypothesis: Hypothesis, seconds: float) -> None:
        self.heard_at = time.monotonic()
        self.session.heard(hypothesis, seconds)

    def until(self, found: Callable[[], float | None], patience: float = 20.0) -> float | None:
        """What is found, as soon as it is; None when it never was."""
        end = time.monotonic() + patience
        while time.monotonic() < end:
            if (value := found()) is not None:
                return value
            time.sleep(0.002)
        return None

    def first_sound(self, after: float) -> float | None:
        """When the first sound after a moment was, or will be, heard; None while there is none."""
        return next((t for t in list(self.player.sounded) if t > after), None)

    def last_sound(self, after: float, quiet: float = 0.3) -> float | None:
        """When the last sound was heard before a silence of ``quiet`` seconds; None while there is no silence."""
        last = self.player.sounded[-1] if self.player.sounded else after
        return max(last, after) if time.monotonic() - last > quiet else None

    def line(self, text: str, after: float) -> float | None:
        """When a line with the text was written after a moment."""
        return next((t for t, line in list(self.lines.lines) if t > after and text in line), None)

    def quiet(self) -> None:
        """Wait until the companion listens."""
        self.until(lambda: None if self.session.deaf() else 1.0, 60.0)
        time.sleep(0.6)  # the room's settling time, and a breath
        self.player.sounded.clear()
