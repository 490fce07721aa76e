"""Loopback twins of the ports, for tests and for whoever embeds Companion: no device, no engine, no wait."""

from __future__ import annotations

import hashlib
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from companion.errors import DeviceError, EngineError
from companion.events import Hypothesis, SpeechSettings, VoiceInfo
from companion.ports import SAMPLE_RATE, Pcm

if TYPE_CHECKING:
    from numpy.typing import NDArray

OnEnd = Callable[[bool], None]


class EchoVoice:
    """A ``ports.Voice`` that hums: the same text gives the same tone, every text another one.

    Args:
        fail_on: Texts for which ``render`` raises EngineError.

    Attributes:
        rendered: (text, settings) of every call, in order.
        closed: Whether ``close`` was called.

    """

    engine_name = "echo"
    RATE = 22_050
    SECONDS_A_WORD = 0.05
    """At the rate 120; other rates in proportion."""

    def __init__(self, fail_on: Collection[str] = ()) -> None:
        """Begin with nothing rendered."""
        self.rendered: list[tuple[str, SpeechSettings]] = []
        self.closed = False
        self._fail_on = frozenset(fail_on)

    @property
    def texts(self) -> list[str]:
        """What was rendered, in order."""
        return [text for text, _ in self.rendered]

    def warm(self) -> None:
        """Nothing to start."""

    def render(self, text: str, settings: SpeechSettings) -> Pcm:
        """A tone of 200 to 1,000 Hz, as long as the words take.

        Raises:
            EngineError: The text is one of ``fail_on``.

        """
        self.rendered.append((text, settings))
        if text in self._fail_on:
            raise EngineError("The echo was told to fail.", "Nothing needs doing.")
        pitch = 200 + int(hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:8], 16) % 800
        seconds = len(text.split()) * self.SECONDS_A_WORD * 120 / settings.rate
        time = np.arange(round(seconds * self.RATE)) / self.RATE
        tone = 0.5 * settings.volume * np.sin(2 * np.pi * pitch * time)
        return Pcm(tone.astype(np.float32), self.RATE)

    def voices(self) -> tuple[VoiceInfo, ...]:
        """One voice."""
        return (VoiceInfo("echo", "Echo", ("en",)),)

    def close(self) -> None:
        """Remember it."""
        self.closed = True


class RecordingLoudspeaker:
    """A ``ports.Loudspeaker`` that keeps what it is given and takes no time.

    Args:
        auto: Every piece is "heard" at once, on a thread of its own, in order. False: a piece is heard when
            the test calls ``finish_one``, on the test's thread.
        on_lost: Called by ``lose``.

    Attributes:
        played: Pieces heard to their end.
        log: "play", "stop", "pause", "resume", "close", "lost", in order.
        volume: As ``SoundDevicePlayer.volume``; recorded only.

    """

    def __init__(self, auto: bool = True, on_lost: Callable[[DeviceError], None] | None = None) -> None:
        """Begin with nothing played."""
        self.played: list[Pcm] = []
        self.log: list[str] = []
        self.volume = 1.0
        self._auto = auto
        self._on_lost = on_lost
        self._queue: deque[tuple[Pcm, OnEnd | None]] = deque()
        self._telling = 0
        self._paused = False
        self._lost: DeviceError | None = None
        self._closed = False
        self._state = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="recording-loudspeaker", daemon=True)
        if auto:
            self._thread.start()

    @property
    def samples(self) -> NDArray[np.float32]:
        """Everything heard, joined, float32; pieces of several rates just stand one after the other."""
        return np.concatenate([p.samples for p in self.played]) if self.played else np.zeros(0, np.float32)

    @property
    def queued(self) -> int:
        """Pieces waiting to be heard."""
        with self._state:
            return len(self._queue)

    def play(self, pcm: Pcm, on_end: OnEnd | None = None) -> None:
        """Queue a piece.

        Raises:
            DeviceError: After ``lose``, or after ``close``.

        """
        with self._state:
            if self._lost is not None:
                raise self._lost
            if self._closed:
                raise DeviceError("The player was closed.")
            self.log.append("play")
            self._queue.append((pcm, on_end))
            self._state.notify_all()

    def stop(self) -> None:
        """Drop the queue; ``on_end(False)`` for each."""
        with self._state:
            self.log.append("stop")
            self._paused = False
            dropped = self._take_all()
        self._tell(dropped, False)

    def pause(self) -> None:
        """Hear nothing until ``resume``."""
        with self._state:
            self.log.append("pause")
            self._paused = True

    def resume(self) -> None:
        """Hear again."""
        with self._state:
            self.log.append("resume")
            self._paused = False
            self._state.notify_all()

    def wait(self, timeout: float | None = None) -> bool:
        """Until the queue was heard; False after ``timeout`` seconds.

        Raises:
            DeviceError: After ``lose``.

        """

        def over() -> bool:
            if self._lost is not None:
                raise self._lost
            return not self._queue and not self._telling

        with self._state:
            return self._state.wait_for(over, timeout)

    def finish_one(self) -> bool:
        """The piece in front was heard to its end; False when there is none."""
        with self._state:
            if not self._queue:
                return False
            pcm, on_end = self._queue.popleft()
            self.played.append(pcm)
            self._telling += 1
        self._tell([on_end] if on_end else [], True)
        with self._state:
            self._telling -= 1
            self._state.notify_all()
        return True

    def lose(self) -> None:
        """The device goes: the queue is dropped, ``play`` and ``wait`` raise until ``reopen``."""
        error = DeviceError("The loudspeaker was lost.", "Plug it in again or choose another.")
        with self._state:
            self.log.append("lost")
            self._lost = error
            dropped = self._take_all()
            self._state.notify_all()
        self._tell(dropped, False)
        if self._on_lost is not None:
            self._on_lost(error)

    def reopen(self, device: int | str | None = None, *, refresh: bool = True) -> None:
        """The device is back."""
        with self._state:
            self.log.append("reopen")
            self._lost = None

    def close(self) -> None:
        """Drop the queue and end the thread; twice is harmless."""
        with self._state:
            if self._closed:
                return
            self.log.append("close")
            self._closed = True
            dropped = self._take_all()
            self._state.notify_all()
        self._tell(dropped, False)

    def _take_all(self) -> list[OnEnd]:
        dropped = [on_end for _, on_end in self._queue if on_end is not None]
        self._queue.clear()
        self._state.notify_all()
        return dropped

    @staticmethod
    def _tell(listeners: Iterable[OnEnd], played: bool) -> None:
        for on_end in listeners:
            on_end(played)

    def _run(self) -> None:
        while True:
            with self._state:
                self._state.wait_for(lambda: self._closed or (bool(self._queue) and not self._paused))
                if self._closed:
                    return
            self.finish_one()


class ScriptedMicrophone:
    """A ``ports.Microphone`` that hears prepared utterances, as fast as they are taken.

    Args:
        utterances: int16, 16,000 Hz, mono; each is followed by silence.
        silence: Seconds of digital silence after each.
        then: What comes after the last: "end" of the blocks, "wait" until closed, or "lost" (DeviceError).

    """

    BLOCK = SAMPLE_RATE // 10
    """100 ms."""

    def __init__(
        self,
        utterances: Iterable[NDArray[np.int16]] = (),
        silence: float = 1.0,
        then: Literal["end", "wait", "lost"] = "end",
    ) -> None:
        """Begin before the first utterance."""
        self._utterances: deque[NDArray[np.int16]] = deque(utterances)
        self._silence = np.zeros(round(silence * SAMPLE_RATE), np.int16)
        self._then = then
        self._closed = threading.Event()

    @property
    def closed(self) -> bool:
        """Whether ``close`` was called."""
        return self._closed.is_set()

    def blocks(self) -> Iterator[NDArray[np.int16]]:
        """Blocks of at most 100 ms; goes on where an earlier call ended.

        Raises:
            DeviceError: At the end, with ``then="lost"``.

        """
        while self._utterances:
            whole = np.concatenate([self._utterances.popleft(), self._silence])
            for start in range(0, len(whole), self.BLOCK):
                if self._closed.is_set():
                    return
                yield whole[start : start + self.BLOCK]
        if self._then == "wait":
            self._closed.wait()
        elif self._then == "lost" and not self._closed.is_set():
            raise DeviceError("The microphone was lost.", "Plug it in again or choose another.")

    def close(self) -> None:
        """End ``blocks``, also while it waits."""
        self._closed.set()


class ScriptedRecognizer:
    """A ``ports.Recognizer`` that believes what it was told, whatever the sound.

    Args:
        hypotheses: One for each ``finish``, in order; a string stands for a trusted final hypothesis. When
            they run out nothing is recognised ("").
        name: "vosk" or "pocketsphinx".

    """

    def __init__(self, hypotheses: Sequence[Hypothesis | str] = (), name: str = "vosk") -> None:
        """Begin with the first."""
        self.name = name
        self.closed = False
        self.blocks = 0
        """Blocks taken in, over all utterances."""
        self.expected: tuple[str, ...] = ()
        """Replies that were announced last."""
        self._left = deque(
            h if isinstance(h, Hypothesis) else Hypothesis(h, confidence=1.0, engine=name) for h in hypotheses
        )
        self._words = 0

    def accept(self, block: NDArray[np.int16]) -> Hypothesis | None:
        """A partial of one word more with every block, until all are there; then None."""
        self.blocks += 1
        words = self._left[0].text.split() if self._left else []
        if self._words >= len(words):
            return None
        self._words += 1
        return Hypothesis(" ".join(words[: self._words]), final=False, engine=self.name)

    def pause(self) -> None:
        """Nothing to prepare."""

    def expect(self, replies: Sequence[str]) -> None:
        """Remember them."""
        self.expected = tuple(replies)

    def finish(self) -> Hypothesis:
        """The next hypothesis."""
        self._words = 0
        return self._left.popleft() if self._left else Hypothesis("", engine=self.name)

    def reset(self) -> None:
        """Drop the words so far; the hypothesis stays for the next utterance."""
        self._words = 0

    def close(self) -> None:
        """Remember it."""
        self.closed = True
