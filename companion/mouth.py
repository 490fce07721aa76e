"""The speaking half of a conversation: says, holds, adjusts, and knows when the voice or the loudspeaker fails."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TextIO

from companion.dialogue import prompts
from companion.dialogue.state import (
    Adjust,
    DeviceLost,
    Event,
    GoToSentence,
    PlayEarcon,
    Say,
    SentenceStarted,
    SpeechEnded,
    Trouble,
)
from companion.errors import CompanionError, DeviceError
from companion.events import SpeechSettings
from companion.ports import Loudspeaker
from companion.speaking.speech import Speaker, SpeechEvent
from companion.text_mode import LABEL

SLOW = 1.5
"""Seconds after which a part that does not answer is spoken of: nobody is left in silence for two."""
_WRITTEN = {"listening": "Listening.", "end": "That was the end."}
"""Earcons are never alone: the others stand beside a line of the conversation."""

MakeSpeaker = Callable[[Callable[[SpeechEvent], None]], Speaker]


class Mouth:
    """Carries out what the dialogue wants to be heard.

    Args:
        make_speaker: Makes the speaker around this object's listener for its events.
        loudspeaker: Of the speaker, to be reopened when it was lost; None when it never is.
        out: Where everything that is said is written too, a labelled line each.
        tell: Takes what happens to the speech, from any thread.
        earcons: Play short sounds.
        status: Takes the line that goes with an earcon which nothing else is written for.
        clock: Seconds.

    Attributes:
        lost: Whether the loudspeaker is gone.

    """

    def __init__(
        self,
        make_speaker: MakeSpeaker,
        loudspeaker: Loudspeaker | None,
        out: TextIO,
        tell: Callable[[Event], None],
        *,
        earcons: bool = True,
        status: Callable[[str], None] = lambda _line: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Say nothing yet."""
        self._loudspeaker, self._out, self._tell = loudspeaker, out, tell
        self._earcons, self._status, self._clock = earcons, status, clock
        self._speech: int | None = None  # what ``SpeechEnded`` is about; asides don't count
        self._asked_at: float | None = None  # since when something has been said that does not sound yet
        self._voice_failed = False  # and the listener knows
        self.lost = False
        self.speaker = make_speaker(self._on_speech)

    @property
    def speaking(self) -> bool:
        """Whether sentences sound or are about to."""
        return self.speaker.speaking

    @property
    def audible(self) -> bool:
        """Whether the companion itself can be heard now, earcons included."""
        sounds = self.speaker.speaking or getattr(self._loudspeaker, "busy", False)
        return sounds and not self.lost

    def write(self, line: str) -> None:
        """A line of the conversation."""
        print(line, file=self._out, flush=True)

    def say(self, action: Say) -> None:
        """Say it, and write it. Without a loudspeaker it counts as heard, but what broke off is kept."""
        self.write(f"{LABEL}{action.text}")
        if self.lost:
            if not action.aside:
                self._tell(SpeechEnded())
            return
        self._asked_at = self._clock()
        if action.aside:
            spoken = self.speaker.speak(action.sentences, "urgent")
        else:
            # Nothing of the last speech may count for the new one, so it is forgotten before.
            self._speech = None
            self._speech = spoken = self.speaker.speak(action.sentences, "normal", action.first)
        if spoken is None:
            self._asked_at = None

    def stop(self) -> None:
        """Silence; what was said counts for nothing."""
        self._speech = None
        self.speaker.stop()

    def pause(self) -> None:
        """Silence, and keep the place."""
        self.speaker.pause()
        self.write(f"{LABEL}Paused.")

    def go_to(self, action: GoToSentence) -> None:
        """Go on at that sentence, held or not."""
        self.speaker.go_to(action.index)
        self.speaker.resume()

    def earcon(self, action: PlayEarcon) -> None:
        """A short sound, with its line where nothing else is written."""
        if action.name in _WRITTEN:
            self._status(_WRITTEN[action.name])
        if self._earcons and not self.lost:
            from companion.speaking.earcons import earcon

            self.speaker.sound(earcon(action.name))

    def adjust(self, action: Adjust) -> None:
        """Take the new rate and volume; a sentence that sounds begins anew at the new rate."""
        self.speaker.settings = SpeechSettings(action.rate, action.volume, self.speaker.settings.voice)
        place = self.speaker.place
        if place and self.speaker.speaking:
            self.speaker.go_to(place[1])

    def watch(self) -> None:
        """Write that the voice is slow, where it is: a silence must have a reason that the listener knows."""
        if self._asked_at is not None and self._clock() - self._asked_at > SLOW:
            self._asked_at = None
            self.write(f"{LABEL}{prompts.VOICE_SLOW}")

    def reopen(self) -> bool:
        """Try to open the loudspeaker anew; whether it is open. It ends the microphone's stream, too."""
        reopen: Any = getattr(self._loudspeaker, "reopen", None)
        if reopen is None:
            return False
        try:
            reopen()
        except CompanionError:
            return False
        return True

    def back(self) -> None:
        """The loudspeaker is there again: what was held is heard again from the start of its sentence."""
        self.lost = False
        self.speaker.resume()

    def _on_speech(self, event: SpeechEvent) -> None:
        if event.kind in {"started", "stopped", "paused", "finished", "failed"}:
            self._asked_at = None
        if event.kind == "started":
            self._voice_failed = False
        if event.kind == "failed":
            self._failed(event)
            return
        if event.speech != self._speech:
            return
        if event.kind == "started":
            self._tell(SentenceStarted(event.index))
        elif event.kind == "finished":
            self._tell(SpeechEnded())

    def _failed(self, event: SpeechEvent) -> None:
        if isinstance(event.error, DeviceError):
            if not self.lost:
                self.lost = True
                self._tell(DeviceLost("loudspeaker"))
            return
        # The voice: the words stand on the screen, and the conversation goes on as if they had been heard.
        if not self._voice_failed:  # said again only after it has worked
            self._voice_failed = True
            self._tell(Trouble("voice"))
        if event.speech == self._speech:
            self._tell(SpeechEnded())
