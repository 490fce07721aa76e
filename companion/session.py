"""The live conversation: the only room with threads. It carries events to the dialogue and out its actions."""

from __future__ import annotations

import contextlib
import queue
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TextIO

from companion import keymap, keys
from companion.content.types import Pack
from companion.dialogue import prompts, start, step
from companion.dialogue.armed import over
from companion.dialogue.replies import replies
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
    State,
    StopSpeaking,
    Trouble,
    Understood,
)
from companion.ears import Ears
from companion.errors import CompanionError
from companion.events import Decision, Hypothesis
from companion.mouth import SLOW, MakeSpeaker, Mouth
from companion.ports import Loudspeaker, Router
from companion.speaking.ahead import Ahead
from companion.text_mode import PROMPT

REMIND_AFTER = 20.0
"""Seconds of silence before the one reminder. Then the companion waits as long as it takes."""
LOOK = 0.25
"""Seconds between two looks at parts that may hang, while nothing happens."""
LOOK_AGAIN = 1.0
"""Seconds between tries to find a lost device again."""
LOOK_WORN = 10.0
"""Seconds between two looks at which devices are in use: a sound server moves to a headset without a word."""
HOLD = 4.0
"""Seconds for which speech that somebody spoke over is held; when nothing was said it goes on."""
FAREWELL = 10.0
"""Seconds that the last words may take."""
FAULTS = 5
"""Faults of our own in a row with which the conversation ends."""


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


@dataclass(frozen=True, slots=True)
class _Interrupted:
    pass


@dataclass(frozen=True, slots=True)
class _Over:
    word: str


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
        ahead: Has common prompts rendered in quiet moments; closed at the end.
        devices: Called when a device is back, and now and then while nothing is said: what is worn may have changed.
    """

    def __init__(
        self,
        pack: Pack,
        router: Router,
        make_speaker: MakeSpeaker,
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
        ahead: Ahead | None = None,
        devices: Callable[[], None] = lambda: None,
    ) -> None:
        self._pack, self._router, self._memory = pack, router, memory
        self._events: queue.Queue[Event | _Heard | _Key | _Interrupted | _Over] = queue.Queue()
        self._state = state
        self._table, self._push_to_talk = table, push_to_talk
        self._practising = False
        self._clock = clock
        self._silent_since = clock()
        self._looked = 0.0
        self._ears: Ears | None = None
        self._mouth = Mouth(
            make_speaker, loudspeaker, out, self._events.put, earcons=earcons, status=status, clock=clock
        )
        self._ahead = ahead
        self._devices, self._devices_seen = devices, clock()
        self._ending = False
        self._held_at: float | None = None  # when somebody spoke over the companion
        self._slow_ears: float | None = None  # the utterance of which was said that it takes long
        self._forgetful = False  # nothing can be saved, and the listener knows
        self._deaf_times = 0
        self._faults = 0

    # What comes in, from other threads

    def heard(self, hypothesis: Hypothesis, _seconds: float) -> None:
        """A final hypothesis."""
        self._events.put(_Heard(hypothesis))

    def interrupted(self) -> None:
        """Somebody speaks while the companion does."""
        self._events.put(_Interrupted())

    def over(self, word: str) -> None:
        """A word was heard over the companion's own voice."""
        self._events.put(_Over(word))

    def key(self, character: str) -> None:
        """A key was pressed."""
        self._events.put(_Key(character))

    def microphone_lost(self, lost: bool) -> None:
        """The microphone went, or is back."""
        self._events.put(DeviceLost("microphone") if lost else DeviceBack("microphone"))

    def microphone_mute(self, mute: bool) -> None:
        """The microphone gives nothing but zeros, or works after all."""
        self._events.put(Trouble("mute") if mute else DeviceBack("microphone"))

    def recognizer_failed(self, error: CompanionError) -> None:
        """The recogniser failed; the next utterance finds a new one."""
        print(str(error), file=sys.stderr, flush=True)
        self._deaf_times += 1
        self._events.put(Trouble("hearing" if self._deaf_times == 1 else "deaf"))

    def deaf(self) -> bool:
        """Whether the companion itself is to be heard now."""
        return self._mouth.audible

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
            stack.callback(self._mouth.speaker.close)
            if self._ahead is not None:
                stack.callback(self._ahead.close)
            self._state, actions = start(self._pack, self._state)
            self._carry_out(actions)
            while not self._ending:
                self._turn()
            self._mouth.speaker.wait(FAREWELL)

    def _turn(self) -> None:
        try:
            event = self._events.get(timeout=LOOK)
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

    def _take(self, event: Event | _Heard | _Key | _Interrupted | _Over | None) -> None:
        if event is None:
            self._idle()
        elif isinstance(event, _Heard):
            self._utterance(event.hypothesis)
        elif isinstance(event, _Key):
            self._pressed(event.character)
        elif isinstance(event, _Over):
            self._said_over(event.word)
        elif isinstance(event, _Interrupted):
            self._hold()
        else:
            self._apply(event)

    def _watch(self) -> None:
        """Speak of parts that are at work for long: a silence must have a reason that the listener knows."""
        self._mouth.watch()
        since = self._ears.busy_since if self._ears is not None else None
        if since is not None and since != self._slow_ears and self._clock() - since > SLOW:
            self._slow_ears = since
            self._apply(Trouble("slow"))

    def _hold(self) -> None:
        """Fall silent and listen to whoever spoke over us."""
        if self._mouth.speaking and self._state.mode == "speaking":
            self._held_at = self._clock()
            self._apply(Understood(Decision("command", "listen")))

    def _said_over(self, word: str) -> None:
        decision = over(word, self._state) if self._mouth.speaking else None
        if decision is not None:
            self._mouth.write(f"{PROMPT}{word}")
            self._apply(Understood(decision))

    def _go_on(self) -> None:
        self._held_at = None
        if self._state.mode == "paused":
            self._apply(Understood(Decision("command", "resume")))

    def _idle(self) -> None:
        busy = self._ears is not None and self._ears.busy_since is not None
        if self._held_at is not None and not busy and self._clock() - self._held_at > HOLD:
            self._go_on()
        if self._ahead is not None and not busy and not self._mouth.audible:
            self._ahead.offer(self._mouth.speaker.settings)
        if self._mouth.lost or (self._ears is not None and self._ears.lost_now):
            self._look_for_devices()
        elif not busy and not self._mouth.audible and self._clock() - self._devices_seen > LOOK_WORN:
            self._see_devices()
        if self._mouth.speaking or self._state.mode != "listening":
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
        held, self._held_at = self._held_at is not None, None
        if held and not hypothesis.trusted and decision.kind in {"decline", "confirm"}:
            self._go_on()  # it was nothing: a noise, or the room
            return
        if self._push_to_talk and self._ears is not None:
            self._ears.open = False
        self._mouth.write(f"{PROMPT}{decision.heard}")
        self._mouth.earcon(PlayEarcon("heard"))
        self._apply(Understood(decision))

    def _pressed(self, character: str) -> None:
        self._silent_since = self._clock()
        self._held_at = None
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
        if self._ears is not None:
            self._ears.replies = replies(self._state)
        self._carry_out(actions)
        if isinstance(event, DeviceBack):
            self._see_devices()

    def _see_devices(self) -> None:
        self._devices_seen = self._clock()
        self._devices()

    def _carry_out(self, actions: Sequence[Action]) -> None:
        for action in actions:
            match action:
                case Say():
                    self._say(action)
                case StopSpeaking():
                    self._mouth.stop()
                case PauseSpeaking():
                    self._mouth.pause()
                case ResumeSpeaking():
                    self._mouth.speaker.resume()
                case GoToSentence():
                    self._mouth.go_to(action)
                case PractiseKeys():
                    self._practising = True
                case PlayEarcon():
                    self._mouth.earcon(action)
                case Adjust():
                    self._mouth.adjust(action)
                    self._save(None)
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
            self._forgetful = False
        except CompanionError as error:
            if not self._forgetful:  # said again only after it has worked
                self._forgetful = True
                print(str(error), file=sys.stderr, flush=True)
                self._events.put(Trouble("memory"))

    def _say(self, action: Say) -> None:
        self._mouth.say(replace(action, sentences=prompts.honest(action.sentences, not self._forgetful)))

    def _look_for_devices(self) -> None:
        """Open the loudspeaker anew. PortAudio's list of devices is frozen until every stream is closed."""
        if self._mouth.speaking and not self._mouth.lost:
            return
        if 0 <= self._clock() - self._looked < LOOK_AGAIN:
            return
        self._looked = self._clock()
        if self._ears is not None:
            self._ears.hold()
        try:
            there = self._mouth.reopen()
        finally:
            if self._ears is not None:
                self._ears.go_on()
        if there and self._mouth.lost:
            self._mouth.back()
            self._apply(DeviceBack("loudspeaker"))

    def end(self) -> None:
        """End from outside, as at the end of the input."""
        self._events.put(InputEnded())
