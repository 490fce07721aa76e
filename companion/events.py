"""What flows between the rooms: frozen, typed, units under the fields."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

DecisionKind = Literal["answer", "confirm", "decline", "urgent", "advice", "command"]


@dataclass(frozen=True, slots=True)
class Word:
    """One recognised word."""

    text: str
    start: float
    """Seconds from the start of the utterance's audio."""
    end: float
    """Seconds from the start of the utterance's audio."""
    confidence: float | None = None
    """0 to 1; None where the engine does not tell."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What a recogniser believes was said."""

    text: str
    """Lower-case words with single spaces; "" when nothing was recognised."""
    final: bool = True
    """False for a partial hypothesis that later audio may change."""
    words: tuple[Word, ...] = ()
    """Empty for partial hypotheses."""
    confidence: float | None = None
    """0 to 1 over the whole utterance; None where the engine does not tell."""
    engine: str = "text"
    """"vosk", "pocketsphinx", or "text" for typed lines."""
    trusted: bool = True
    """False when the engine's own gate (noise, phone-loop likelihood, ``[unk]``) doubts the text:
    such a hypothesis may be confirmed, never answered at once."""
    alternatives: tuple[str, ...] = ()
    """What else may have been said, likeliest first, as ``text``; () where the engine doesn't tell."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What an utterance means, and why."""

    kind: DecisionKind
    id: str | None
    """Content id ("what", "differs", "glossary/biopsy"), command id, or safety category; None for a plain decline."""
    heard: str = ""
    """The utterance as it came, made safe to show (no control characters)."""
    candidates: tuple[tuple[str, float], ...] = ()
    """(content id, score 0 to 1), best first. For "decline" and "advice" the nearest topics: named, never read."""
    argument: str | None = None
    """What a command works on: a number ("3"), or the word to spell. None for none."""
    reasons: tuple[str, ...] = ()
    """Plain sentences for ``--explain``."""
    personal: bool = False
    """A person or an illness is spoken of around a question that is general: what is said, an offer or an answer,
    carries the emergency sentence."""
    then: Decision | None = None
    """The second question of one breath; None for one question."""


@dataclass(frozen=True, slots=True)
class Context:
    """What the dialogue tells the router about the moment. The default is a fresh, stateless moment."""

    topic: str | None = None
    """Id of the content last answered or narrated; None for none. Lets "tell me more about that" find its place."""
    options: tuple[str, ...] = ()
    """Ids just offered ("Did you mean …?"); () for none. Lets "yes please" or "the second one" choose."""
    numbered: bool = False
    """True right after "Which number?": a lone number is then a choice."""


FRESH = Context()


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds spent on one utterance; None for a step that was not taken."""

    hear: float | None = None
    understand: float | None = None
    speak: float | None = None


@dataclass(frozen=True, slots=True)
class SpeechSettings:
    """How the voice speaks."""

    rate: int = 120
    """Nominal words per minute as the engine counts, 80 to 449. Through espeak-ng 120 comes out at about 150 spoken."""
    volume: float = 1.0
    """0 (silent) to 1 (full)."""
    voice: str | None = None
    """The engine's voice id; None for the engine's English default."""


@dataclass(frozen=True, slots=True)
class VoiceInfo:
    """A voice that can be asked for."""

    id: str
    name: str
    languages: tuple[str, ...] = field(default=())
