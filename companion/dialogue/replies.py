"""What is likely to be said next: the answers to a question that the companion has just asked. Pure."""

from __future__ import annotations

from companion.dialogue.prompts import NUMBER_WORDS
from companion.dialogue.state import State

_ALWAYS = ("no", "no thanks", "no thank you")
_YES = ("yes", "yes please")
STEERING = ("stop", "next", "pause", "resume", "repeat", *_YES, *_ALWAYS)
"""What may be said at any moment, and must be heard."""
_FIRST = ("the first one", "the second one")


def replies(state: State) -> tuple[str, ...]:
    """Short answers that the recogniser may expect, in lower case; () while it sleeps.

    Where nothing was asked and any question may come, these are the few commands that are needed most.

    Numbers beyond those on offer are among them: else a nine could only be heard as one of the others.
    """
    if state.mode in {"asleep", "ended"}:
        return ()
    if state.numbered:
        spoken = NUMBER_WORDS[1:]
        return (*NUMBER_WORDS, *(f"{kind} {n}" for kind in ("number", "question") for n in spoken), *_ALWAYS)
    if len(state.options) > 1:
        return (*_YES, *_FIRST[: len(state.options)], *NUMBER_WORDS[1:4], "number one", "number two", *_ALWAYS)
    if state.options or state.asked:
        return (*_YES, *_ALWAYS)
    return STEERING
