"""One reply without a conversation around it: the same dialogue, one step, everything said joined."""

from __future__ import annotations

from companion.content.types import Pack
from companion.dialogue.core import step
from companion.dialogue.state import Action, Say, SpeechEnded, State, Understood
from companion.events import Decision

_ENDLESS = 100_000
"""Steps after which a narration counts as running in a circle."""


def respond(decision: Decision, pack: Pack, state: State | None = None) -> str:
    """What is said to a decision, in full.

    Args:
        decision: The router's.
        pack: What is spoken about.
        state: The moment; None for a fresh one.
    """
    state, actions = step(state or State(conversation=False), Understood(decision), pack)
    return " ".join(said(actions) + finish(state, pack)[1])


def said(actions: tuple[Action, ...]) -> list[str]:
    """The texts of the actions."""
    return [a.text for a in actions if isinstance(a, Say)]


def finish(state: State, pack: Pack) -> tuple[State, list[str]]:
    """Play everything to its end at once, as text does: the state then, and what else was said."""
    texts: list[str] = []
    for _ in range(_ENDLESS):
        if state.mode != "speaking":
            break
        state, actions = step(state, SpeechEnded(), pack)
        texts += said(actions)
    return state, texts
