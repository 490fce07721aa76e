"""What may be said over the companion's own voice, and what is its own voice. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from companion.dialogue.state import State
from companion.events import Decision

ARMED = {
    "stop": "stop",
    "stop it": "stop",
    "pause": "pause",
    "wait": "pause",
    "hold on": "pause",
    "next": "next",
    "previous": "previous",
    "go back": "previous",
    "repeat": "repeat",
    "slower": "slower",
    "slow down": "slower",
    "faster": "faster",
    "louder": "louder",
    "quieter": "quieter",
    "continue": "resume",
    "go on": "resume",
}
"""What is listened for while the companion speaks, and the command that it is."""


def over(heard: str, state: State) -> Decision | None:
    """What a word that was heard over the companion's voice means; None for nothing.

    A word that stands in the sentence that sounds, or shortly before it, may be the companion's own.
    """
    command = ARMED.get(heard)
    if command is None or state.mode != "speaking" or _stands_in(heard, state.in_the_air):
        return None
    return Decision("command", command, heard=heard)


def _stands_in(heard: str, sentence: str) -> bool:
    said: Sequence[str] = ["".join(c for c in word if c.isalnum()) for word in sentence.lower().split()]
    # "Stopped" in the narration can be heard as "stop".
    return any(own.startswith(word) for own in said for word in heard.split() if len(word) > 2 or own == word)
