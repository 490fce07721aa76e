"""What the core expects of the world: protocols only. Implementations live in hearing and speaking."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # text mode must not import numpy
    import numpy as np
    from numpy.typing import NDArray

    from companion.events import Context, Decision, Hypothesis, SpeechSettings, VoiceInfo

SAMPLE_RATE = 16_000
"""Hz; every recogniser is fed at this rate, mono, int16."""


@dataclass(frozen=True, slots=True)
class Pcm:
    """A piece of rendered speech."""

    samples: NDArray[np.float32]
    """Mono, shape (n,), -1 to 1."""
    rate: int
    """Hz."""

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.rate


class Recognizer(Protocol):
    """Turns a stream of audio blocks into hypotheses. One utterance at a time; not thread-safe."""

    name: str
    """"vosk" or "pocketsphinx"."""

    def accept(self, block: NDArray[np.int16]) -> Hypothesis | None:
        """Take a block: shape (n,), int16, 16,000 Hz, mono, n of 0 to 1,600 or more.

        Returns:
            A partial hypothesis (``final`` False), or None when nothing has changed.

        """
        ...

    def pause(self) -> None:
        """The speaker has paused, and may or may not go on: do now what ``finish`` would have to do.

        The utterance goes on with the next block, if one comes; nothing is lost then but work.
        """
        ...

    def expect(self, replies: Sequence[str]) -> None:
        """From the next utterance on, short answers are likely: a question was asked. Call it between utterances.

        Args:
            replies: Lower-case phrases; () when nothing in particular is awaited. Anything else can still be said.

        """
        ...

    def finish(self) -> Hypothesis:
        """End the utterance; the final hypothesis (``final`` True). The recogniser is then ready for the next."""
        ...

    def reset(self) -> None:
        """Drop the utterance under way."""
        ...

    def close(self) -> None:
        """Free the engine. Calling it twice is harmless."""
        ...


class Microphone(Protocol):
    """A source of live audio."""

    def blocks(self) -> Iterator[NDArray[np.int16]]:
        """Blocks of at most 100 ms, int16, 16,000 Hz, mono; ends when closed.

        Raises:
            DeviceError: The device is missing, refused, or was lost.

        """
        ...

    def close(self) -> None:
        """Stop and free the device; may be called from another thread, and twice."""
        ...


class Voice(Protocol):
    """Renders text to sound; never plays it."""

    def render(self, text: str, settings: SpeechSettings) -> Pcm:
        """One sentence as it is displayed; a voice that was given a speech lexicon applies it itself.

        Raises:
            EngineError: The voice hung or failed, also after a retry.

        """
        ...

    def voices(self) -> tuple[VoiceInfo, ...]:
        """The voices that can be asked for."""
        ...

    def close(self) -> None:
        """End the worker. Calling it twice is harmless."""
        ...


class Loudspeaker(Protocol):
    """Plays pieces of sound in order, without gaps, stoppable at once."""

    def play(self, pcm: Pcm, on_end: Callable[[bool], None] | None = None) -> None:
        """Queue a piece. ``on_end(True)`` when it was played to its end, ``on_end(False)`` when it was dropped."""
        ...

    def stop(self) -> None:
        """Silence within 50 ms; the queue is dropped."""
        ...

    def pause(self) -> None:
        """Silence within 50 ms; the place is kept."""
        ...

    def resume(self) -> None:
        """Go on where ``pause`` held."""
        ...

    def wait(self, timeout: float | None = None) -> bool:
        """Block until the queue has been played; False when ``timeout`` seconds passed first.

        Raises:
            DeviceError: The device was lost.

        """
        ...

    def close(self) -> None:
        """Free the device. Calling it twice is harmless."""
        ...


class Router(Protocol):
    """Decides what an utterance means. Pure: same text and context, same decision."""

    def decide(self, heard: Hypothesis | str, context: Context) -> Decision:
        """Never raises, whatever the text."""
        ...
