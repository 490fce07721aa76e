"""A conversation of twins in which any part can be made to fail, for test_trust_faults.py and scripts/inject_faults.py.

The session, the ears, the speaker, the endpointer, the dialogue and the router are the real ones; the devices, the
voice, the recogniser and the memory are twins, since the real ones can't be broken at a chosen moment a thousand times.
The clock runs ``SPEED`` times as fast as the room's, so that a hang of two seconds takes a fraction of one.
"""

from __future__ import annotations

import io
import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr

import numpy as np

from companion import ears as ears_module
from companion import session as session_module
from companion.content import load_pack
from companion.dialogue.state import SavePlace, State
from companion.ears import Ears
from companion.errors import DeviceError, EngineError, ModelError, SettingsError
from companion.events import Hypothesis, SpeechSettings
from companion.hearing.endpoint import Endpointer
from companion.ports import Pcm
from companion.session import Session
from companion.speaking.ahead import Ahead
from companion.speaking.speech import Speaker
from companion.testing import EchoVoice, RecordingLoudspeaker, ScriptedRecognizer
from companion.understanding import Router

SPEED = 20.0
PATIENCE = 30.0
"""Seconds of the room's clock after which a conversation counts as stuck."""
PACK = load_pack()
SPEECH = np.tile(np.array([9_000, -9_000], np.int16), 4_000)
SILENCE = np.zeros(1_600, np.int16)
QUESTIONS = {
    "what is metastasis": "What metastasis is:",
    "can metastasis be prevented": "Prevention:",
    "how is it found": "How it is found:",
}


class Struck:
    """When a part first failed since the last ``clear``, in seconds of the room's clock."""

    def __init__(self) -> None:
        self.at: dict[str, float] = {}

    def now(self, part: str) -> None:
        self.at.setdefault(part, time.monotonic())

    def clear(self) -> None:
        self.at.clear()


class Clock:
    """Seconds that pass quickly, and can jump."""

    def __init__(self) -> None:
        self.jumped = 0.0

    def __call__(self) -> float:
        return time.monotonic() * SPEED + self.jumped


class Voice(EchoVoice):
    """Fails as ``faults`` says, one entry a sentence."""

    SECONDS_A_WORD = 0.0005

    def __init__(self, struck: Struck) -> None:
        super().__init__()
        self.faults: list[str] = []
        self._struck = struck

    def render(self, text: str, settings: SpeechSettings) -> Pcm:
        fault = self.faults.pop(0) if self.faults else ""
        if fault:
            self._struck.now("voice")
        if fault == "hang":
            time.sleep(6.0 / SPEED)
        elif fault == "die":
            raise EngineError("The voice failed: the voice's process has ended.", "")
        elif fault == "garbage":
            raise KeyError("rate")
        return super().render(text, settings)


class Loudspeaker(RecordingLoudspeaker):
    """Can't be opened again for a while after it was lost."""

    def __init__(self) -> None:
        super().__init__()
        self.away = 0

    def reopen(self, device: int | str | None = None, *, refresh: bool = True) -> None:
        if self.away:
            self.away -= 1
            raise DeviceError("There is no loudspeaker.", "")
        super().reopen(device, refresh=refresh)


class Room:
    """What is said into the microphone; ``away`` is how often the next one can't be opened."""

    def __init__(self) -> None:
        self.said: queue.Queue[str] = queue.Queue()
        self.away = 0

    def open(self) -> Microphone:
        if self.away:
            self.away -= 1
            raise DeviceError("No microphone can be opened.", "")
        return Microphone(self)


class Microphone:
    """Hears silence until somebody speaks."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._closed = threading.Event()

    def blocks(self) -> Iterator[np.ndarray]:
        while not self._closed.wait(0.1 / SPEED):
            try:
                said = self._room.said.get_nowait()
            except queue.Empty:
                yield SILENCE
                continue
            if said == "lost":
                raise DeviceError("The microphone was lost.", "")
            if said == "odd":
                raise RuntimeError("-9999")
            if said == "ends":
                return
            for start in range(0, len(SPEECH), 1_600):
                yield SPEECH[start : start + 1_600]

    def close(self) -> None:
        self._closed.set()


class Recognizer(ScriptedRecognizer):
    """Believes what ``next`` holds; fails as ``faults`` says, one entry an utterance."""

    def __init__(self, struck: Struck) -> None:
        super().__init__()
        self.next = ""
        self.faults: list[str] = []
        self._struck = struck

    def accept(self, block: np.ndarray) -> Hypothesis | None:
        if self.faults and self.faults[0] in _AT_ONCE:
            self._struck.now("recogniser")
            raise _AT_ONCE[self.faults.pop(0)]
        return super().accept(block)

    def finish(self) -> Hypothesis:
        fault = self.faults.pop(0) if self.faults else ""
        if fault:
            self._struck.now("recogniser")
        if fault == "hang":
            time.sleep(5.0 / SPEED)
            raise EngineError("The recogniser vosk failed and was started anew.", "Say it again.")
        if fault == "garbage":
            raise TypeError("string indices must be integers")
        return Hypothesis(self.next, confidence=1.0, engine="vosk")


_AT_ONCE: dict[str, Exception] = {
    "die": EngineError("The recogniser vosk failed and was started anew.", "Say it again."),
    "model": ModelError("The Vosk model can't be used.", "Fetch it again."),
}


class Memory:
    """Fails as often as ``broken`` says."""

    def __init__(self, struck: Struck) -> None:
        self.broken = 0
        self._struck = struck
        self.kept: list[SavePlace | None] = []

    def save(self, _state: State, place: SavePlace | None) -> None:
        if self.broken:
            self.broken -= 1
            self._struck.now("disk")
            raise SettingsError("Your place could not be saved (No space left on device).", "")
        self.kept.append(place)


class OddRouter:
    """The real router, but for a fault of its own now and then."""

    def __init__(self, struck: Struck) -> None:
        self.faults = 0
        self._struck = struck
        self._router = Router(PACK)

    def decide(self, *arguments):
        if self.faults:
            self.faults -= 1
            self._struck.now("own")
            raise ZeroDivisionError("division by zero")
        return self._router.decide(*arguments)


class Lines(io.TextIOBase):
    """What the listener can read, as it comes."""

    def __init__(self) -> None:
        self.lines: list[tuple[float, str]] = []
        self._come = threading.Condition()

    def write(self, text: str) -> int:
        if text.strip():
            with self._come:
                self.lines.append((time.monotonic(), text.strip()))
                self._come.notify_all()
        return len(text)

    def wait_for(self, *parts: str, since: int = 0, patience: float = PATIENCE) -> float | None:
        """When a line with one of the parts came; None when none did in time."""

        def found() -> float | None:
            return next((t for t, line in self.lines[since:] if any(p in line for p in parts)), None)

        with self._come:
            self._come.wait_for(lambda: found() is not None, patience)
            return found()


class World:
    """A conversation under way. Use in a ``with`` statement; at its end it says goodbye and must have ended."""

    def __init__(self, ahead: Ahead | None = None) -> None:
        ears_module.REOPEN, ears_module.HANDS_OFF, session_module.LOOK = 0.5 / SPEED, 0.05 / SPEED, 0.25 / SPEED
        self.clock, self.struck = Clock(), Struck()
        self.voice, self.loudspeaker, self.room = Voice(self.struck), Loudspeaker(), Room()
        self.recognizer, self.memory = Recognizer(self.struck), Memory(self.struck)
        self.router, self.lines = OddRouter(self.struck), Lines()
        self.errors = io.StringIO()
        self.session = Session(
            PACK, self.router,
            lambda on_event: Speaker(self.voice, self.loudspeaker, SpeechSettings(), on_event),
            loudspeaker=self.loudspeaker, state=State(), memory=self.memory, out=self.lines, clock=self.clock,
            ahead=ahead,
        )  # fmt: skip
        self.ears = Ears(
            self.room.open, self.recognizer, Endpointer(_Loud(), 0.3), deaf=self.session.deaf, heard=self.session.heard,
            partial=lambda text: None, lost=self.session.microphone_lost, failed=self.session.recognizer_failed,
            known=lambda text: False, clock=self.clock,
        )  # fmt: skip
        self._failure: list[BaseException] = []
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        try:
            self.session.run(self.ears, use_keys=False)
        except BaseException as error:
            self._failure.append(error)

    def __enter__(self) -> World:
        self._stderr = redirect_stderr(self.errors)
        self._stderr.__enter__()
        self._thread.start()
        assert self.lines.wait_for("Hello.") is not None
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            self.session.end()
            self._thread.join(PATIENCE)
            if kind is None:
                assert not self._thread.is_alive(), "the conversation did not end"
                assert self._failure == []
                assert "Traceback" not in self.errors.getvalue(), self.errors.getvalue()
        finally:
            self.loudspeaker.close()
            self._stderr.__exit__(None, None, None)

    @property
    def said(self) -> int:
        return len(self.lines.lines)

    def ask(self, question: str, why: object = "") -> None:
        """Say a question until it is answered."""
        self.speak(question, QUESTIONS[question], why=why)

    def speak(self, words: str, *answers: str, tries: int = 25, why: object = "") -> None:
        """Say something, again where it was not heard, until one of the answers comes, as a listener would."""
        for _ in range(tries):
            since = self.said
            self.quiet()
            self.recognizer.next = words
            self.room.said.put("speech")
            self.lines.wait_for(*answers, *_AGAIN, since=since, patience=PATIENCE / tries)
            if self.lines.wait_for(*answers, since=since, patience=0.0) is not None:
                return
        raise AssertionError(f"{words!r} was never answered after {why}: {self.text()[-1_500:]}")

    def quiet(self) -> None:
        """Wait until nothing is being said, so that the ears are open."""
        end = time.monotonic() + PATIENCE
        while self.session.deaf() and time.monotonic() < end:
            time.sleep(0.002)
        time.sleep(1.0 / SPEED)

    def text(self) -> str:
        return "\n".join(line for _, line in self.lines.lines)


class _Loud:
    def is_speech(self, frame: bytes) -> bool:
        return int(np.abs(np.frombuffer(frame, np.int16)).max()) > 1_000


def _put(room_word: str, away: int = 0) -> Callable[[World], None]:
    def strike(world: World) -> None:
        world.room.away += away
        world.room.said.put(room_word)

    return strike


def _lose(away: int) -> Callable[[World], None]:
    def strike(world: World) -> None:
        world.loudspeaker.away += away
        world.loudspeaker.lose()

    return strike


def _jump(by: float) -> Callable[[World], None]:
    def strike(world: World) -> None:
        world.clock.jumped += by

    return strike


def _full(world: World) -> None:
    world.memory.broken = 3
    world.session.key("-")  # the volume is kept, too


_AGAIN = ("Please say it again.", "Please ask again.", "I can't hear you")
"""After these a listener speaks again at once."""
VOICE, SLOW_VOICE = "My voice failed just now.", "The voice is slow to answer."
HEARING, SLOW_HEARING = "Something went wrong while I listened.", "I am still working on what you said."
FAULTS: dict[str, tuple[Callable[[World], None], tuple[str, ...]]] = {
    "voice dies": (lambda w: w.voice.faults.append("die"), (VOICE,)),
    "voice garbage": (lambda w: w.voice.faults.append("garbage"), (VOICE,)),
    "voice dies again and again": (lambda w: w.voice.faults.extend(["die"] * 3), (VOICE,)),
    "voice hangs": (lambda w: w.voice.faults.append("hang"), (SLOW_VOICE,)),
    "recogniser dies": (lambda w: w.recognizer.faults.append("die"), (HEARING,)),
    "recogniser aborts on its model": (lambda w: w.recognizer.faults.append("model"), (HEARING,)),
    "recogniser garbage": (lambda w: w.recognizer.faults.append("garbage"), (HEARING,)),
    "recogniser hangs": (lambda w: w.recognizer.faults.append("hang"), (SLOW_HEARING,)),
    "loudspeaker gone": (_lose(2), ("The loudspeaker is gone.",)),
    "microphone gone": (_put("lost", 3), ("The microphone is gone.",)),
    "microphone gone for a moment": (_put("lost"), ()),
    "microphone ends": (_put("ends", 1), ("The microphone is gone.",)),
    "sound library fails": (_put("odd", 2), ("The microphone is gone.",)),
    "disk full": (_full, ("I can't save your place",)),
    "clock jumps on": (_jump(3_600.0), ()),
    "clock jumps back": (_jump(-3_600.0), ()),
    "own fault": (lambda w: setattr(w.router, "faults", 1), ("Something went wrong inside me.",)),
}
"""What to do, and what the listener must then be told; () where nothing is lost for the listener."""


def survive(world: World, *names: str) -> list[float]:
    """Strike, and see that it is told and that the rest goes on.

    Returns:
        Seconds of the world's clock from when each part failed until it was told. A device fails when it is taken away,
        any other part when it is next needed.

    """
    questions = list(QUESTIONS)
    world.ask(questions[0])
    world.quiet()
    world.struck.clear()
    since, began = world.said, time.monotonic()
    for name in names:
        FAULTS[name][0](world)
    world.ask(questions[1], why=names)
    told = []
    for name in names:
        if parts := FAULTS[name][1]:
            # With two faults at once one may be told in the words of the other's consequence.
            wider = parts if len(names) == 1 else (*parts, *(p for n in names for p in FAULTS[n][1]))
            at = world.lines.wait_for(*wider, since=since, patience=PATIENCE)
            assert at is not None, f"{name} was never told: {world.text()[-1_500:]}"
            struck = world.struck.at.get(name.split()[0], began)
            told.append(max(0.0, at - struck) * SPEED)
    world.ask(questions[2], why=names)
    return told
