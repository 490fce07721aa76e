"""Saying and telling: the moves that every part of the dialogue is made of."""

from __future__ import annotations

from dataclasses import dataclass, replace

from companion.content.types import Item, Pack, Term
from companion.dialogue import prompts
from companion.dialogue.state import Action, Say, State
from companion.text.sentences import split

Outcome = tuple[State, tuple[Action, ...]]
OPENING, ENDING = "introduction", "closing"


@dataclass(frozen=True, slots=True)
class Moment:
    """A state and the pack it speaks about."""

    state: State
    pack: Pack

    def fresh(self) -> State:
        """The state without offers and queues, for a new turn. The place of a narration is kept in ``left``."""
        state = self.state
        return replace(
            state,
            left=(state.playlist[state.at], state.sentence) if state.playlist else state.left,
            options=(),
            asked="",
            numbered=False,
            visit=False,
            queue=(),
            playlist=(),
            urgent=False,
            help_page=0,
        )

    def item(self, content_id: str) -> Item | None:
        """The item of that id."""
        return self.pack.item(content_id)

    def term(self, content_id: str) -> Term | None:
        """The glossary entry of that id."""
        return self.pack.term(content_id) if content_id.startswith("glossary/") else None

    def title(self, content_id: str) -> str:
        """The name of a topic; "" when there is none."""
        if item := self.item(content_id):
            return item.title
        term = self.term(content_id)
        return term.term if term else ""

    def question(self, content_id: str) -> str:
        """The question that the id answers; "" when there is none."""
        if item := self.item(content_id):
            return item.question
        term = self.term(content_id)
        return f"What does {term.term} mean?" if term else ""


def place(state: State) -> tuple[str | None, int]:
    """The item and sentence to go on with some time: of the reading, else of the last answer."""
    if state.playlist:
        return state.playlist[state.at], state.sentence
    sounds = state.telling and state.mode in {"speaking", "paused"}
    return state.left or (state.topic, state.sentence if sounds else 0)


def say(state: State, text: str, *, aside: bool = False) -> Outcome:
    """Say a text; an aside leaves the state's own words alone."""
    sentences = split(text)
    if aside:
        return state, (Say(sentences, aside=True),)
    said = replace(state, mode="speaking", said=sentences, sentence=0, before=state.in_the_air, telling=False)
    return said, (Say(sentences),)


def remark(state: State, text: str, *, aside: bool) -> Outcome:
    """Say what is no answer ("Slower.", "You are welcome."): "repeat" behind it repeats the answer."""
    spoken, actions = say(state, text, aside=aside)
    return replace(spoken, said=state.said or spoken.said, telling=state.telling), actions


def tell(m: Moment, content_id: str, piece: int = 1, reminder: str = "") -> Outcome:
    """Tell a piece of an item (1 the short answer, 2 and on the further ones), a term, or a frame of the narration.

    Args:
        m: The moment.
        content_id: Of the item, the term or the frame.
        piece: Of the item.
        reminder: Said behind a term or a short answer; "" for none.

    """
    state, actions = _told(m, content_id, piece, f" {reminder}" if reminder else "")
    return replace(state, telling=bool(actions)), actions


def _told(m: Moment, content_id: str, piece: int, reminder: str) -> Outcome:
    state = m.state
    if content_id in {OPENING, ENDING}:
        text = m.pack.introduction if content_id == OPENING else m.pack.closing
        return say(replace(state, topic=None, told=0), text)
    if term := m.term(content_id):
        return say(replace(state, topic=content_id, told=1), prompts.define(term) + reminder)
    item = m.item(content_id)
    if item is None:
        return state, ()
    state = replace(state, topic=content_id, told=piece)
    if piece > 1:
        more = item.more[piece - 2]
        last = piece - 1 >= len(item.more)
        return say(state, more if last or not state.conversation else f"{more} Say more for the next part.")
    if state.playlist:
        return say(state, prompts.narrated(item))
    offer = f" {prompts.offer_more(item)}" if state.conversation and not state.queue else ""
    return say(state, prompts.answer(item) + reminder + offer)
