"""Speaking sentences: the next is rendered while the last plays; stopped, paused, interrupted at will."""

from __future__ import annotations

import contextlib
import itertools
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from companion.errors import CompanionError, DeviceError, EngineError
from companion.events import SpeechSettings
from companion.ports import Loudspeaker, Pcm, Voice
from companion.showing import told_fault

Priority = Literal["urgent", "normal", "notice"]
EventKind = Literal["started", "ended", "finished", "stopped", "paused", "resumed", "failed"]
TAIL = 0.1
"""Seconds of silence left after the last sentence. espeak-ng ends each with half a second and more, after
which the listener would wait for the microphone."""
_QUIET = 0.004
"""Of 1; what is below counts as silence."""
AHEAD = 2
"""Sentences in the loudspeaker's queue at most: the one that plays and the one after it."""


@dataclass(frozen=True, slots=True)
class SpeechEvent:
    """What a ``Speaker`` tells."""

    kind: EventKind
    """"started" and "ended" of a sentence; "finished" when the whole was heard; "stopped" when it will not be
    (stopped, replaced or dropped); "paused" and "resumed" with the sentence at which it will go on; "failed"
    with ``error``: after a DeviceError the place is kept, as by ``pause``, and ``resume`` tries again."""
    speech: int
    """What ``Speaker.speak`` returned."""
    index: int
    """Sentence, 0 for the first; for "finished" and "stopped" the one last begun."""
    text: str = ""
    """The sentence as it was handed over, for display and for ignoring commands that stand in it."""
    error: CompanionError | None = None


@dataclass(slots=True)
class _Speech:
    id: int
    sentences: tuple[str, ...]
    urgent: bool
    place: int = 0
    """Sentence that sounds, or will when it goes on."""
    rendered: int = 0
    """Sentences rendered and handed to the loudspeaker."""
    ahead: deque[int] = field(default_factory=deque)
    """Those of them that have not ended."""
    begun: bool = False
    """"started" was told of the sentence at ``place``."""
    held: bool = False
    """It was paused when something urgent interrupted it."""


class Speaker:
    """Speaks sentence by sentence through a voice and a loudspeaker.

    Thread-safe; nothing here waits for sound but ``wait``.

    Args:
        voice: Renders; applies its own speech lexicon. Not closed by this object.
        loudspeaker: Plays. Not closed by this object. Where it has a ``volume``, that takes the volume of the
            settings, so that a change is heard at once; else it goes to the voice.
        settings: Rate, volume and voice of the sentences rendered from now on.
        on_event: Called for each ``SpeechEvent``, in order, from one thread at a time (not always the same).
            It may call any method but ``close`` and ``wait``.

    """

    def __init__(
        self,
        voice: Voice,
        loudspeaker: Loudspeaker,
        settings: SpeechSettings | None = None,
        on_event: Callable[[SpeechEvent], None] | None = None,
    ) -> None:
        """Start the rendering thread."""
        self._voice = voice
        self._loudspeaker = loudspeaker
        self._settings = settings or SpeechSettings()
        self._on_event = on_event
        self._ids = itertools.count(1)
        self._lock = threading.Condition()
        self._speech: _Speech | None = None
        self._waiting: list[_Speech] = []  # interrupted by something urgent, the last one on top
        self._paused = False
        self._closed = False
        self._generation = 0  # counts interruptions: what was begun before one is nobody's business after it
        self._events: deque[SpeechEvent] = deque()
        self._telling = threading.RLock()
        self._told = 0  # events handed out; ``wait`` returns only after the last of them
        self._queued = 0
        self._set_volume(self._settings.volume)
        self._thread = threading.Thread(target=self._run, name="speaker", daemon=True)
        self._thread.start()

    @property
    def settings(self) -> SpeechSettings:
        """Rate, volume and voice: heard from the next rendered sentence on, the volume at once."""
        return self._settings

    @settings.setter
    def settings(self, value: SpeechSettings) -> None:
        self._settings = value
        self._set_volume(value.volume)

    @property
    def speaking(self) -> bool:
        """Whether something sounds or is about to; False while paused."""
        with self._lock:
            return self._speech is not None and not self._paused

    @property
    def paused(self) -> bool:
        """Whether a speech is held."""
        with self._lock:
            return self._speech is not None and self._paused

    @property
    def place(self) -> tuple[int, int] | None:
        """(speech, sentence) that sounds or will go on; None when there is none."""
        with self._lock:
            return (self._speech.id, self._speech.place) if self._speech else None

    @property
    def sentence(self) -> str:
        """The sentence that sounds or will go on; "" when there is none."""
        with self._lock:
            return self._speech.sentences[self._speech.place] if self._speech else ""

    def speak(self, sentences: Sequence[str], priority: Priority = "normal", start: int = 0) -> int | None:
        """Speak sentences, in order.

        Args:
            sentences: As displayed; blank ones are left silent.
            priority: "normal" replaces what is being spoken, also what is paused. "urgent" interrupts it and
                lets it go on afterwards, at the start of its sentence. "notice" is dropped when anything is
                being spoken.
            start: Sentence to begin with.

        Returns:
            The id that its events carry; None for a notice that was dropped, or when there is nothing to
            speak.

        """
        given = tuple(sentences)
        if not 0 <= start < len(given):
            return None
        with self._lock:
            if self._closed or (priority == "notice" and self._speech is not None):
                return None
            speech = _Speech(next(self._ids), given, priority == "urgent", start, start)
            if self._speech is not None:
                self._interrupt()
                if priority == "urgent" and not self._speech.urgent:
                    self._speech.held = self._paused
                    self._waiting.append(self._speech)
                else:
                    self._tell("stopped", self._speech)
                    if priority == "normal":
                        self._forget_waiting()
            self._speech, self._paused = speech, False
            self._lock.notify_all()
        self._drain()
        return speech.id

    def stop(self) -> None:
        """Silence at once; everything is dropped, also what is paused or interrupted."""
        with self._lock:
            self._interrupt()
            if self._speech is not None:
                self._tell("stopped", self._speech)
            self._forget_waiting()
            self._speech, self._paused = None, False
            self._lock.notify_all()
        self._drain()

    def pause(self) -> None:
        """Silence at once; ``resume`` goes on at the start of the sentence that sounded."""
        with self._lock:
            if self._speech is not None and not self._paused:
                self._interrupt()
                self._paused = True
                self._tell("paused", self._speech)
        self._drain()

    def resume(self) -> None:
        """Go on at the start of the sentence where ``pause``, or a lost loudspeaker, held."""
        with self._lock:
            if self._speech is not None and self._paused:
                self._paused = False
                self._tell("resumed", self._speech)
                self._lock.notify_all()
        self._drain()

    def go_to(self, sentence: int) -> bool:
        """Go on at another sentence of the speech, paused or not; False when there is none of that number."""
        with self._lock:
            if self._speech is None or not 0 <= sentence < len(self._speech.sentences):
                return False
            self._interrupt()
            self._speech.place = self._speech.rendered = sentence
            self._lock.notify_all()
        return True

    def sound(self, pcm: Pcm) -> bool:
        """Play an earcon where nothing is being spoken; False, and silence, where something is."""
        with self._lock:
            if self._speech is not None and not self._paused:
                return False
            try:
                self._loudspeaker.play(pcm)
            except DeviceError:
                return False
            return True

    def wait(self, timeout: float | None = None) -> bool:
        """Block until all was spoken and told, or is paused; False when ``timeout`` seconds passed first."""
        with self._lock:
            return self._lock.wait_for(
                lambda: (self._speech is None or self._paused) and self._told == self._queued, timeout
            )

    def close(self) -> None:
        """Stop and end the thread. Calling it twice is harmless."""
        self.stop()
        with self._lock:
            self._closed = True
            self._lock.notify_all()
        if threading.current_thread() is not self._thread:
            self._thread.join(5.0)

    def _set_volume(self, volume: float) -> None:
        if hasattr(self._loudspeaker, "volume"):
            self._loudspeaker.volume = volume

    def _interrupt(self) -> None:
        """Silence; what was on its way counts as never begun."""
        self._generation += 1
        with contextlib.suppress(DeviceError):
            self._loudspeaker.stop()
        if self._speech is not None:
            self._speech.ahead.clear()
            self._speech.rendered = self._speech.place
            self._speech.begun = False

    def _forget_waiting(self) -> None:
        for speech in reversed(self._waiting):
            self._tell("stopped", speech)
        self._waiting.clear()

    def _run(self) -> None:
        while True:
            with self._lock:
                self._lock.wait_for(lambda: self._closed or self._next() is not None)
                if self._closed:
                    return
                speech, generation = self._next(), self._generation
                assert speech is not None
                index, settings = speech.rendered, self._settings
            if hasattr(self._loudspeaker, "volume"):
                settings = replace(settings, volume=1.0)
            try:
                pcm = self._voice.render(speech.sentences[index], settings)
                if index + 1 == len(speech.sentences):
                    pcm = without_tail(pcm)
            except CompanionError as error:
                self._fail(speech, generation, error)
                continue
            except Exception as error:
                # A voice of somebody else's making: the thread must live, and the listener be told.
                self._fail(speech, generation, EngineError(f"The voice failed ({type(error).__name__})."))
                continue
            try:
                self._play(speech, generation, index, pcm)
            except DeviceError as error:
                self._lose(generation, error)
            except Exception as error:  # noqa: BLE001, RUF100 - as above
                self._fail(speech, generation, EngineError(f"The speech could not be played ({type(error).__name__})."))

    def _next(self) -> _Speech | None:
        """The speech of which a sentence can be rendered now."""
        speech = self._speech
        if speech is None or self._paused or len(speech.ahead) >= AHEAD:
            return None
        return speech if speech.rendered < len(speech.sentences) else None

    def _play(self, speech: _Speech, generation: int, index: int, pcm: Pcm) -> None:
        with self._lock:
            if generation != self._generation:
                return
            self._loudspeaker.play(pcm, lambda played: self._ended(speech, generation, index, played))
            speech.ahead.append(index)
            speech.rendered = index + 1
            if not speech.begun:
                speech.begun = True
                self._tell("started", speech)
        self._drain()

    def _ended(self, speech: _Speech, generation: int, index: int, played: bool) -> None:
        if not played:
            lost = DeviceError("The loudspeaker was lost.", "Plug it in again or choose another.")
            self._lose(generation, lost)
            return
        with self._lock:
            if generation != self._generation:
                return
            speech.ahead.popleft()
            self._tell("ended", speech)
            if index + 1 < len(speech.sentences):
                speech.place = index + 1
                speech.begun = bool(speech.ahead)
                if speech.begun:
                    self._tell("started", speech)
            else:
                self._leave("finished", speech)
            self._lock.notify_all()
        self._drain()

    def _fail(self, speech: _Speech, generation: int, error: CompanionError) -> None:
        with self._lock:
            if generation != self._generation:
                return
            self._interrupt()
            self._tell("failed", speech, error)
            self._leave("stopped", speech)
            self._lock.notify_all()
        self._drain()

    def _lose(self, generation: int, error: DeviceError) -> None:
        with self._lock:
            speech = self._speech
            if generation != self._generation or speech is None:
                return
            self._interrupt()
            self._paused = True
            self._tell("failed", speech, error)
            self._lock.notify_all()
        self._drain()

    def _leave(self, kind: EventKind, speech: _Speech) -> None:
        """End a speech and go back to the one that it interrupted."""
        self._tell(kind, speech)
        self._speech = self._waiting.pop() if self._waiting else None
        self._paused = self._speech is not None and self._speech.held
        if self._speech is not None:
            self._tell("paused" if self._paused else "resumed", self._speech)

    def _tell(self, kind: EventKind, speech: _Speech, error: CompanionError | None = None) -> None:
        self._queued += 1
        self._events.append(SpeechEvent(kind, speech.id, speech.place, speech.sentences[speech.place], error))

    def _drain(self) -> None:
        """Hand out events in order, never while holding the lock."""
        with self._telling:
            while True:
                with self._lock:
                    if not self._events:
                        return
                    event = self._events.popleft()
                try:
                    if self._on_event is not None:
                        self._on_event(event)
                except Exception as error:  # noqa: BLE001, RUF100 - the listener's mistake; the speech goes on
                    told_fault("speaker", error)
                finally:
                    with self._lock:
                        self._told += 1
                        self._lock.notify_all()


def without_tail(pcm: Pcm, leave: float = TAIL) -> Pcm:
    """The same sound with at most ``leave`` seconds of silence at its end."""
    import numpy as np

    loud = np.flatnonzero(np.abs(pcm.samples) > _QUIET)
    end = (int(loud[-1]) + 1 if len(loud) else 0) + round(leave * pcm.rate)
    return Pcm(pcm.samples[:end], pcm.rate)
