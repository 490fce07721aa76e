"""What the dialogue knows, what can happen to it, and what it asks for. Frozen; no I/O, no clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from companion.events import Context, Decision

Mode = Literal["listening", "speaking", "paused", "asleep", "ended"]
"""listening: nothing is being said · speaking: sentences sound · paused: they are held ·
asleep: the microphone is closed until a key wakes it · ended: goodbye was said."""

SLOWEST, FASTEST, RATE_STEP = 80, 449, 20
"""Nominal words per minute."""
VOLUME_STEP = 0.1
AIR = 10
"""Words before the sentence that sounds which may still be in the air, some three seconds: that long a busy machine can
take to recognise one of them. One sentence was too few: "Fact 1." is over in half a second."""


@dataclass(frozen=True, slots=True)
class State:
    """One moment of a conversation."""

    mode: Mode = "listening"
    conversation: bool = True
    """False for a single stateless reply: no offers of what to say next."""
    topic: str | None = None
    """Content id last told; None for none."""
    told: int = 0
    """Pieces of the topic told so far: 0 nothing, 1 the short answer, 2 and on the further pieces."""
    playlist: tuple[str, ...] = ()
    """Ids being narrated, "introduction" and "closing" among them; () for no narration."""
    at: int = 0
    """Index in the playlist."""
    said: tuple[str, ...] = ()
    """Sentences of what was said last, for "repeat"."""
    sentence: int = 0
    """Sentence of ``said`` that sounds or sounded last."""
    telling: bool = False
    """``said`` is the pack's: a topic, a term or a piece of the narration, and no word about the moment."""
    before: str = ""
    """What sounded last before the sentences of ``said`` began: it may still be in the air."""
    options: tuple[str, ...] = ()
    """Ids just offered."""
    asked: str = ""
    """The command that was just asked about ("Did you say goodbye?"); "" for none."""
    numbered: bool = False
    """A numbered list was just read out."""
    visit: bool = False
    """A personal question was just declined: "more" reads the questions for the care team."""
    queue: tuple[Decision, ...] = ()
    """The second question of one breath, still to be answered."""
    misses: int = 0
    """Utterances in a row that were not understood."""
    silences: int = 0
    """Waits in a row in which nothing was said."""
    help_page: int = 0
    left: tuple[str, int] | None = None
    """Item and sentence where a reading was broken off, maybe earlier: "continue" goes there. None for none."""
    rate: int = 120
    """Nominal words per minute."""
    volume: float = 0.8
    """0 to 1."""
    urgent: bool = False
    """What was said last was an urgent reply."""

    @property
    def context(self) -> Context:
        """What the router needs to know of the moment."""
        return Context(self.topic, self.options, self.numbered)

    @property
    def in_the_air(self) -> str:
        """The sentence that sounds, and ``AIR`` words before it: what the microphone may still hear of it all."""
        earlier = " ".join((self.before, *self.said[: self.sentence])).split()[-AIR:]
        return " ".join((*earlier, *self.said[self.sentence : self.sentence + 1]))


# Events


@dataclass(frozen=True, slots=True)
class Understood:
    """An utterance, a typed line or a key, already decided on."""

    decision: Decision


@dataclass(frozen=True, slots=True)
class SentenceStarted:
    """A sentence of what is being said begins to sound."""

    index: int


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """Everything that was to be said has sounded."""


@dataclass(frozen=True, slots=True)
class NothingSaid:
    """The listener was silent for the time of a reminder."""


@dataclass(frozen=True, slots=True)
class DeviceLost:
    """A microphone or loudspeaker has gone."""

    device: Literal["microphone", "loudspeaker"]


@dataclass(frozen=True, slots=True)
class DeviceBack:
    """It is there again."""

    device: Literal["microphone", "loudspeaker"]


@dataclass(frozen=True, slots=True)
class Trouble:
    """A part has failed; what is going on goes on without it."""

    part: Literal["voice", "hearing", "deaf", "mute", "slow", "memory", "fault"]
    """voice: it could not say something · hearing: the recogniser failed on an utterance · deaf: again and again ·
    mute: the microphone gives nothing but zeros ·
    slow: it is still at work on one · memory: place and settings can't be saved · fault: the companion's own."""


@dataclass(frozen=True, slots=True)
class InputEnded:
    """No more input will come."""


Event = Understood | SentenceStarted | SpeechEnded | NothingSaid | DeviceLost | DeviceBack | Trouble | InputEnded


# Actions


@dataclass(frozen=True, slots=True)
class Say:
    """Say sentences; what sounds now is cut, unless this is an aside."""

    sentences: tuple[str, ...]
    aside: bool = False
    """True: what sounds now goes on afterwards, at the start of its sentence."""

    first: int = 0
    """Sentence to begin with; those before it were heard already."""

    @property
    def text(self) -> str:
        """All of it."""
        return " ".join(self.sentences)


@dataclass(frozen=True, slots=True)
class PlayEarcon:
    """A short sound, always together with text."""

    name: Literal["listening", "heard", "not_understood", "error", "end"]


@dataclass(frozen=True, slots=True)
class StopSpeaking:
    """Silence, and forget what was to come."""


@dataclass(frozen=True, slots=True)
class PauseSpeaking:
    """Silence, and keep the place."""


@dataclass(frozen=True, slots=True)
class ResumeSpeaking:
    """Go on at the start of the sentence."""


@dataclass(frozen=True, slots=True)
class GoToSentence:
    """Go on at another sentence of what is being said; where it was held, it goes on."""

    index: int


@dataclass(frozen=True, slots=True)
class PractiseKeys:
    """From now on a key says what it does instead of doing it."""


@dataclass(frozen=True, slots=True)
class Adjust:
    """Rate and volume from now on."""

    rate: int
    volume: float


@dataclass(frozen=True, slots=True)
class Microphone:
    """Open or close the microphone."""

    open: bool


@dataclass(frozen=True, slots=True)
class SavePlace:
    """Remember where we are."""

    item: str | None
    sentence: int


@dataclass(frozen=True, slots=True)
class Quit:
    """End the program, after what is being said."""


Action = (
    Say
    | PlayEarcon
    | StopSpeaking
    | PauseSpeaking
    | ResumeSpeaking
    | GoToSentence
    | PractiseKeys
    | Adjust
    | Microphone
    | SavePlace
    | Quit
)
