"""The listening half of a conversation: microphone, endpoint and recogniser in one thread."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from companion.errors import CompanionError, EngineError
from companion.events import Hypothesis
from companion.hearing.endpoint import Endpointer
from companion.ports import Microphone, Recognizer

if TYPE_CHECKING:
    from companion.content.types import Pack
    from companion.hearing.process import ProcessRecognizer
    from companion.settings import Settings

SETTLE = 0.4
"""Seconds after playback during which nothing is listened to: the room still rings, and the loudspeaker's
own delay is not known."""
REST = 1.0
"""Seconds that are not listened to after the recogniser failed."""
MUTE = 0.8
"""Seconds of nothing but zeros from a microphone just opened, after which it counts as mute: so does one that the
system does not let this program use. Later zeros are a pause to somebody's noise gate."""
HANDS_OFF = 0.05
"""Seconds between two looks whether the microphone may be taken again."""
REOPEN = 1.0
"""Seconds between tries to find a lost microphone again."""

Heard = Callable[[Hypothesis, float], None]


def recognizer_for(settings: Settings, pack: Pack, cache: Path, *, partials: bool) -> ProcessRecognizer:
    """Open the recogniser of the settings, to be closed by who asked for it.

    Args:
        settings: Engine and model.
        pack: Its phrases are what is listened for.
        cache: Folder for what is made from them.
        partials: Hypotheses while somebody speaks; recordings are quicker without.

    Raises:
        ModelError: The named model is missing or damaged.
        EngineError: No recogniser can be loaded.

    """
    from companion.hearing.engines import open_recognizer
    from companion.understanding.phrases import as_asked, phrases

    return open_recognizer(
        settings.engine, settings.model, phrases(pack), cache,
        partials=partials, spellings=pack.spellings, said=as_asked(pack),
    )  # fmt: skip


class OverWords(Protocol):
    """Hears words while the companion speaks; see ``companion.hearing.over``."""

    def push(self, block: object, *, speaking: bool) -> Sequence[str]:
        """Take a block; the words that were heard."""
        ...


class OverSpeech(Protocol):
    """Hears that somebody speaks while the companion does; see ``companion.hearing.over``."""

    def push(self, block: object, *, speaking: bool) -> bool:
        """Take a block; whether somebody speaks."""
        ...


class Ears:
    """Listens while nobody speaks.

    Args:
        open_microphone: Opens the microphone; raises DeviceError while there is none.
        recognizer: Where utterances go.
        endpointer: Cuts them out.
        deaf: Whether something is being played now.
        heard: Called with each final hypothesis and the seconds from the last block to it.
        partial: Called with each partial hypothesis's text, and with "" when an utterance begins.
        lost: Called with True when the microphone goes, with False when it is back.
        failed: Called with what went wrong when the recogniser fails; listening goes on.
        known: Whether a partial hypothesis already is a whole known phrase.
        mute: Called with True when a microphone gives nothing but zeros, with False when sound comes after all.
        speech: Hears that somebody speaks while the companion does; None not to.
        interrupted: Called when somebody does.
        words: Hears single words over the companion's own voice; None not to. Its recogniser is closed with the ears.
        over: Called with each of them.
        clock: Seconds; for tests. That of the session.
    """

    def __init__(
        self,
        open_microphone: Callable[[], Microphone],
        recognizer: Recognizer,
        endpointer: Endpointer,
        *,
        deaf: Callable[[], bool],
        heard: Heard,
        partial: Callable[[str], None],
        lost: Callable[[bool], None],
        failed: Callable[[CompanionError], None],
        known: Callable[[str], bool],
        mute: Callable[[bool], None] = lambda _mute: None,
        speech: OverSpeech | None = None,
        interrupted: Callable[[], None] = lambda: None,
        words: OverWords | None = None,
        over: Callable[[str], None] = lambda _word: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._open = open_microphone
        self._clock = clock
        self._recognizer = recognizer
        self._endpointer = endpointer
        self._deaf = deaf
        self._heard, self._partial, self._lost, self._failed, self._known = heard, partial, lost, failed, known
        self._mute = mute
        self._speech, self._interrupted = speech, interrupted
        self._words, self._over = words, over
        self._is_mute: bool | None = None  # None until the open microphone gave a sound, or was silent for long
        self._closed = threading.Event()
        self.open = True
        """False while the listener asked not to be listened to."""
        self.replies: tuple[str, ...] = ()
        """What is likely to be said next; taken up when an utterance begins."""
        self._text = ""
        self._quiet_since = 0.0
        self._held = threading.Event()
        self._empty_handed = threading.Event()
        self.lost_now = False
        """Whether the microphone has gone and is looked for."""
        self.busy_since: float | None = None
        """Since when the recogniser has been at work on one piece, by the clock; None while it is not."""
        # The first is opened here, so that a missing microphone is known before the conversation begins.
        self._microphone: Microphone | None = open_microphone()
        self._thread = threading.Thread(target=self._run, name="ears", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def hold(self) -> None:
        """Let go of the microphone, so that the sound library can look for devices anew; returns when it is free."""
        self._empty_handed.clear()
        self._held.set()
        if self._microphone is not None:
            self._microphone.close()
        if self._thread.is_alive():
            self._empty_handed.wait(2.0)

    def go_on(self) -> None:
        """Take the microphone again."""
        self._held.clear()

    def close(self) -> None:
        """Stop listening and free the microphone."""
        self._closed.set()
        if self._microphone is not None:
            self._microphone.close()
        if self._thread.is_alive():
            self._thread.join(timeout=2.0)
        if self._microphone is not None:
            self._microphone.close()  # one that was opened in the meantime

    def _run(self) -> None:
        while not self._closed.is_set():
            microphone = self._microphone
            if microphone is None:
                self._without_microphone()
                continue
            gave = False
            try:
                for block in microphone.blocks():
                    if self._closed.is_set():
                        return
                    if not gave:
                        gave = True
                        self._is_back()
                    self._notice_mute(microphone)
                    self._take(block)
            except Exception:  # noqa: BLE001, RUF100 - whatever a sound library raises, the ears must live
                pass  # as when the blocks end: the device has gone
            with contextlib.suppress(Exception):
                microphone.close()
            self._microphone = None
            self._is_mute = True if self._is_mute else None
            self._drop()
            if not gave and not self._held.is_set():
                self._has_gone()  # one that opens and gives nothing is none

    def _notice_mute(self, microphone: Microphone) -> None:
        if self._is_mute is False:
            return
        silent = getattr(microphone, "silent_seconds", 0.0)
        if silent >= MUTE and not self._is_mute:
            self._is_mute = True
            self._mute(True)
        elif not silent:
            if self._is_mute:
                self._mute(False)
            self._is_mute = False

    def _without_microphone(self) -> None:
        if self._held.is_set():
            self._empty_handed.set()
            self._closed.wait(HANDS_OFF)
            return
        try:
            self._microphone = self._open()
        except Exception:  # noqa: BLE001, RUF100 - as above
            self._has_gone()

    def _has_gone(self) -> None:
        """Tell it once, and wait before the next try."""
        if not self.lost_now:
            self.lost_now = True
            self._lost(True)
        self._closed.wait(REOPEN)

    def _is_back(self) -> None:
        if self.lost_now:
            self.lost_now = False
            self._lost(False)

    def _take(self, block: object) -> None:
        now = self._clock()
        self._listen_over(block, speaking=self._deaf() and self.open)
        if self._deaf() or not self.open:
            self._quiet_since = now + SETTLE
            self._drop()
            return
        # A clock that was set back must not make a moment last for an hour.
        if 0 < self._quiet_since - now <= REST:
            return
        try:
            self._listen(block)
        except CompanionError as err:
            self._lose(err)
        except Exception as err:  # noqa: BLE001, RUF100 - a fault here must cost an utterance, not the ears
            self._lose(EngineError(f"The recogniser failed ({type(err).__name__}).", "Say it again."))
        finally:
            self.busy_since = None

    def _listen_over(self, block: object, *, speaking: bool) -> None:
        try:
            for word in self._words.push(block, speaking=speaking) if self._words is not None else ():
                self._over(word)
            if self._speech is not None and self._speech.push(block, speaking=speaking):
                self._interrupted()
        except Exception as err:  # noqa: BLE001, RUF100 - as in _take: the rest of the ears goes on
            self._words = self._speech = None
            self._failed(EngineError(f"What is said over the speech is not heard any more ({type(err).__name__})."))

    def _lose(self, error: CompanionError) -> None:
        """Forget the utterance, and what is still to come of it: half a question can be another question."""
        self._endpointer.finish()
        self._quiet_since = self._clock() + REST
        self._failed(error)

    def _listen(self, block: object) -> None:
        for step in self._endpointer.push(block, known=self._known(self._text)):  # type: ignore[arg-type]  # an int16 array; numpy stays out of this room
            self.busy_since = self._clock()
            if step.kind == "start":
                self._recognizer.reset()
                self._recognizer.expect(self.replies)
                self._text = ""
                self._partial("")
            found = None if step.idle else self._recognizer.accept(step.audio)
            if found is not None:
                self._text = found.text
                self._partial(found.text)
            if step.kind == "pause":
                self._recognizer.pause()
            if step.kind == "end":
                began = time.perf_counter()
                hypothesis = self._recognizer.finish()
                self._text = ""
                self.busy_since = None
                self._heard(hypothesis, time.perf_counter() - began)

    def _drop(self) -> None:
        """What was being said is cut off by our own speech: forget it."""
        self._text = ""
        if self._endpointer.finish():
            try:
                self._recognizer.reset()
            except CompanionError as err:
                self._failed(err)
            except Exception as err:  # noqa: BLE001, RUF100 - as in _take
                self._failed(EngineError(f"The recogniser failed ({type(err).__name__}).", "Say it again."))
