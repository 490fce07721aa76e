"""The live conversation: the only room with threads. It carries events to the dialogue and out its actions."""

from __future__ import annotations

import contextlib
import queue
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol, TextIO

from companion import keymap, keys
from companion.content.types import Pack
from companion.dialogue import prompts, start, step
from companion.dialogue.state import (
    Action,
    Adjust,
    DeviceBack,
    DeviceLost,
    Event,
    GoToSentence,
    InputEnded,
    Microphone,
    NothingSaid,
    PauseSpeaking,
    PlayEarcon,
    PractiseKeys,
    Quit,
    ResumeSpeaking,
    SavePlace,
    Say,
    SentenceStarted,
    SpeechEnded,
    State,
    StopSpeaking,
    Trouble,
    Understood,
)
from companion.ears import Ears
from companion.errors import CompanionError, DeviceError
from companion.events import Decision, Hypothesis, SpeechSettings
from companion.ports import Loudspeaker, Router
from companion.speaking.speech import Speaker, SpeechEvent
from companion.text_mode import LABEL, PROMPT

REMIND_AFTER = 20.0
"""Seconds of silence before the one reminder. Then the companion waits as long as it takes."""
LOOK_AGAIN = 1.0
"""Seconds between tries to find a lost device again."""
FAREWELL = 10.0
"""Seconds that the last words may take."""
SLOW = 1.5
"""Seconds after which a part that does not answer is spoken of: nobody is left in silence for two."""
FAULTS = 5
"""Faults of our own in a row with which the conversation ends."""


_WRITTEN = {"listening": "Listening.", "end": "That was the end."}
"""Earcons are never alone: the others stand beside a line of the conversation."""


class Memory(Protocol):
    """Keeps the place and the voice's settings between runs."""

    def save(self, state: State, place: SavePlace | None) -> None:
        """Remember.

        Raises:
            SettingsError: It can't be written.

        """
        ...


@dataclass(frozen=True, slots=True)
class _Heard:
    hypothesis: Hypothesis


@dataclass(frozen=True, slots=True)
class _Key:
    character: str


class Session:
    """One conversation by voice and keys.

    Args:
        pack: What is spoken about.
        router: Decides what utterances mean.
        speaker: Says sentences; made by ``make_speaker`` with this object's ``on_speech``.
        loudspeaker: Of the speaker, to be reopened when it was lost.
        state: Where to begin.
        memory: Keeps place, rate and volume.
        out: Where the words of both sides are written, a labelled line each.
        earcons: Play short sounds.
        table: Which key does what.
        push_to_talk: Listen only after the key for it, for one utterance.
        status: Takes the line that goes with an earcon which nothing else is written for.
        clock: Seconds; for tests.
    """

    def __init__(
        self,
        pack: Pack,
        router: Router,
        make_speaker: Callable[[Callable[[SpeechEvent], None]], Speaker],
        *,
        loudspeaker: Loudspeaker | None = None,
        state: State,
        memory: Memory,
        out: TextIO,
        earcons: bool = True,
        table: Mapping[str, str] = keymap.DEFAULT,
        push_to_talk: bool = False,
        status: Callable[[str], None] = lambda _line: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pack, self._router, self._memory, self._out = pack, router, memory, out
        self._events: queue.Queue[Event | _Heard | _Key] = queue.Queue()
        self._state = state
        self._earcons = earcons
        self._table, self._push_to_talk, self._status = table, push_to_talk, status
        self._practising = False
        self._clock = clock
        self._loudspeaker = loudspeaker
        self._speech: int | None = None  # what ``SpeechEnded`` is about; asides don't count
        self._silent_since = clock()
        self._loudspeaker_lost = False
        self._looked = 0.0
        self._ears: Ears | None = None
        self._speaker = make_speaker(self._on_speech)
        self._ending = False
        self._asked_at: float | None = None  # since when something has been said that does not sound yet
        self._slow_ears: float | None = None  # the utterance of which was said that it takes long
        self._troubles: set[str] = set()  # parts whose failure is known to the listener
        self._deaf_times = 0
        self._faults = 0

    # What comes in, from other threads

    def heard(self, hypothesis: Hypothesis, _seconds: float) -> None:
        """A final hypothesis."""
        self._events.put(_Heard(hypothesis))

    def key(self, character: str) -> None:
        """A key was pressed."""
        self._events.put(_Key(character))

    def microphone_lost(self, lost: bool) -> None:
        """The microphone went, or is back."""
        self._events.put(DeviceLost("microphone") if lost else DeviceBack("microphone"))

    def recognizer_failed(self, error: CompanionError) -> None:
        """The recogniser failed; the next utterance finds a new one."""
        print(str(error), file=sys.stderr, flush=True)
        self._deaf_times += 1
        self._events.put(Trouble("hearing" if self._deaf_times == 1 else "deaf"))

    def _on_speech(self, event: SpeechEvent) -> None:
        if event.kind in {"started", "stopped", "paused", "finished", "failed"}:
            self._asked_at = None
        if event.kind == "started":
            self._troubles.discard("voice")
        if event.kind == "failed":
            self._speech_failed(event)
            return
        if event.speech != self._speech:
            return
        if event.kind == "started":
            self._events.put(SentenceStarted(event.index))
        elif event.kind == "finished":
            self._events.put(SpeechEnded())

    def _speech_failed(self, event: SpeechEvent) -> None:
        if isinstance(event.error, DeviceError):
            if not self._loudspeaker_lost:
                self._loudspeaker_lost = True
                self._events.put(DeviceLost("loudspeaker"))
            return
        # The voice: the words stand on the screen, and the conversation goes on as if they had been heard.
        self._tell("voice")
        if event.speech == self._speech:
            self._events.put(SpeechEnded())

    def _tell(self, part: Literal["voice", "memory"]) -> None:
        """Say once that a part has failed; again only after it has worked."""
        if part not in self._troubles:
            self._troubles.add(part)
            self._events.put(Trouble(part))

    def deaf(self) -> bool:
        """Whether the companion itself is to be heard now."""
        # Earcons are no speech of the speaker's, but the microphone hears them as well.
        sounds = self._speaker.speaking or getattr(self._loudspeaker, "busy", False)
        return sounds and not self._loudspeaker_lost

    # The loop

    def run(self, ears: Ears | None, *, use_keys: bool) -> None:
        """Converse until goodbye."""
        self._ears = ears
        with contextlib.ExitStack() as stack:
            if use_keys and keys.available():
                stack.enter_context(keys.listening(self.key))
            if ears is not None:
                ears.open = not self._push_to_talk
                ears.start()
                stack.callback(ears.close)
            stack.callback(self._speaker.close)
            self._state, actions = start(self._pack, self._state)
            self._carry_out(actions)
            while not self._ending:
                self._turn()
            self._speaker.wait(FAREWELL)

    def _turn(self) -> None:
        try:
            event = self._events.get(timeout=0.25)
        except queue.Empty:
            event = None
        try:
            self._watch()
            self._take(event)
            self._faults = 0
        except (OSError, MemoryError):  # nothing can be written any more
            raise
        except Exception as error:
            self._faults += 1
            if self._faults >= FAULTS:
                raise
            print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
            self._events.put(Trouble("fault"))

    def _take(self, event: Event | _Heard | _Key | None) -> None:
        if event is None:
            self._idle()
        elif isinstance(event, _Heard):
            self._utterance(event.hypothesis)
        elif isinstance(event, _Key):
            self._pressed(event.character)
        else:
            self._apply(event)

    def _watch(self) -> None:
        """Speak of parts that are at work for long: a silence must have a reason that the listener knows."""
        if self._asked_at is not None and self._clock() - self._asked_at > SLOW:
            self._asked_at = None
            self._write(f"{LABEL}{prompts.VOICE_SLOW}")
        since = self._ears.busy_since if self._ears is not None else None
        if since is not None and since != self._slow_ears and self._clock() - since > SLOW:
            self._slow_ears = since
            self._apply(Trouble("slow"))

    def _idle(self) -> None:
        if self._loudspeaker_lost or (self._ears is not None and self._ears.lost_now):
            self._look_for_devices()
        if self._speaker.speaking or self._state.mode != "listening":
            self._silent_since = self._clock()
        elif self._clock() - self._silent_since > REMIND_AFTER:
            self._silent_since = self._clock()
            self._apply(NothingSaid())

    def _utterance(self, hypothesis: Hypothesis) -> None:
        self._silent_since = self._clock()
        decision = self._router.decide(hypothesis, self._state.context)
        self._deaf_times = 0
        if not decision.heard:
            # A cough is no turn: only what had words in it is answered.
            return
        if self._push_to_talk and self._ears is not None:
            self._ears.open = False
        self._write(f"{PROMPT}{decision.heard}")
        self._earcon(PlayEarcon("heard"))
        self._apply(Understood(decision))

    def _pressed(self, character: str) -> None:
        self._silent_since = self._clock()
        command = self._table.get(character)
        if self._practising:
            self._practising = command != keymap.PRACTISE
            told = keymap.describe(character, self._table) if self._practising else prompts.PRACTISED
            self._say(Say((told,), aside=True))
            return
        if character.isdecimal() and character != "0":
            self._apply(Understood(self._router.decide(character, replace(self._state.context, numbered=True))))
            return
        if command == keymap.PAUSE_OR_RESUME:
            command = "resume" if self._state.mode == "paused" else "pause"
        if command:
            self._apply(Understood(Decision("command", command)))

    def _apply(self, event: Event) -> None:
        self._state, actions = step(self._state, event, self._pack)
        self._carry_out(actions)

    def _carry_out(self, actions: Sequence[Action]) -> None:
        for action in actions:
            match action:
                case Say():
                    self._say(action)
                case StopSpeaking():
                    self._speech = None
                    self._speaker.stop()
                case PauseSpeaking():
                    self._speaker.pause()
                    self._write(f"{LABEL}Paused.")
                case ResumeSpeaking():
                    self._speaker.resume()
                case GoToSentence():
                    self._speaker.go_to(action.index)
                    self._speaker.resume()
                case PractiseKeys():
                    self._practising = True
                case PlayEarcon():
                    self._earcon(action)
                case Adjust():
                    self._adjust(action)
                case Microphone():
                    self._open_ears(action.open)
                case SavePlace():
                    self._save(action)
                case Quit():
                    self._ending = True

    def _open_ears(self, wanted: bool) -> None:
        if self._ears is not None:
            self._ears.open = wanted

    def _save(self, place: SavePlace | None) -> None:
        try:
            self._memory.save(self._state, place)
            self._troubles.discard("memory")
        except CompanionError as error:
            if "memory" not in self._troubles:
                print(str(error), file=sys.stderr, flush=True)
            self._tell("memory")

    def _say(self, action: Say) -> None:
        action = replace(action, sentences=prompts.honest(action.sentences, "memory" not in self._troubles))
        self._write(f"{LABEL}{action.text}")
        if self._loudspeaker_lost:
            self._events.put(SpeechEnded())
            return
        self._asked_at = self._clock()
        if action.aside:
            spoken = self._speaker.speak(action.sentences, "urgent")
        else:
            # Nothing of the last speech may count for the new one, so it is forgotten before.
            self._speech = None
            self._speech = spoken = self._speaker.speak(action.sentences, "normal", action.first)
        if spoken is None:
            self._asked_at = None

    def _earcon(self, action: PlayEarcon) -> None:
        if action.name in _WRITTEN:
            self._status(_WRITTEN[action.name])
        if self._earcons and not self._loudspeaker_lost:
            from companion.speaking.earcons import earcon

            self._speaker.sound(earcon(action.name))

    def _adjust(self, action: Adjust) -> None:
        self._speaker.settings = SpeechSettings(action.rate, action.volume, self._speaker.settings.voice)
        place = self._speaker.place
        if place and self._speaker.speaking:
            self._speaker.go_to(place[1])  # the sentence begins anew at the new rate
        self._save(None)

    def _look_for_devices(self) -> None:
        """Open the loudspeaker anew. PortAudio's list of devices is frozen until every stream is closed."""
        reopen: Any = getattr(self._loudspeaker, "reopen", None)
        if reopen is None or (self._speaker.speaking and not self._loudspeaker_lost):
            return
        if 0 <= self._clock() - self._looked < LOOK_AGAIN:
            return
        self._looked = self._clock()
        if self._ears is not None:
            self._ears.hold()
        try:
            reopen()
        except CompanionError:
            return
        finally:
            if self._ears is not None:
                self._ears.go_on()
        if self._loudspeaker_lost:
            self._loudspeaker_lost = False
            # What was held when the device went is heard again from the start of its sentence.
            self._speaker.resume()
            self._apply(DeviceBack("loudspeaker"))

    def _write(self, line: str) -> None:
        print(line, file=self._out, flush=True)

    def end(self) -> None:
        """End from outside, as at the end of the input."""
        self._events.put(InputEnded())
