"""What each command does. Keys and words end up here alike."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from companion.dialogue import prompts
from companion.dialogue.moves import ENDING, OPENING, Moment, Outcome, place, remark, say, tell
from companion.dialogue.state import (
    FASTEST,
    RATE_STEP,
    SLOWEST,
    VOLUME_STEP,
    Action,
    Adjust,
    GoToSentence,
    Microphone,
    PauseSpeaking,
    PlayEarcon,
    PractiseKeys,
    Quit,
    ResumeSpeaking,
    SavePlace,
    Say,
    State,
    StopSpeaking,
)
from companion.events import Decision

Do = Callable[[Moment, Decision], Outcome]


def _speaking(m: Moment) -> bool:
    return m.state.mode in {"speaking", "paused"}


def _inform(m: Moment, text: str) -> Outcome:
    """Say something about the moment; a narration goes on after it."""
    if _speaking(m) and m.state.playlist:
        return say(m.state, text, aside=True)
    return say(m.state, text)


def _nothing(m: Moment, what: str) -> Outcome:
    example = m.pack.glossary[0].term if m.pack.glossary else "metastasis"
    return _inform(m, prompts.NOTHING_TO[what].format(example=example))


# Reading


def _playlist(m: Moment) -> tuple[str, ...]:
    framed = (OPENING if m.pack.introduction else "", *(f.id for f in m.pack.facts), ENDING if m.pack.closing else "")
    return tuple(i for i in framed if i)


def _read_facts(m: Moment, _d: Decision) -> Outcome:
    playlist = _playlist(m)
    if not playlist:
        return _nothing(m, "next")
    state = replace(m.fresh(), playlist=playlist, at=0, left=None)
    return tell(Moment(state, m.pack), playlist[0])


def _go_on(m: Moment, item: str, sentence: int) -> Outcome:
    """Take up a reading where it was left."""
    playlist = _playlist(m)
    state = replace(m.fresh(), left=None)
    if item in playlist:
        state = replace(state, playlist=playlist, at=playlist.index(item))
    state, actions = tell(Moment(state, m.pack), item)
    # The pack may have changed since: a sentence that is no more is the first.
    first = sentence if sentence < len(state.said) else 0
    return replace(state, sentence=first), tuple(replace(a, first=first) if isinstance(a, Say) else a for a in actions)


def _go(m: Moment, by: int) -> Outcome:
    state = m.state
    if state.playlist:
        at = state.at + by
        if not 0 <= at < len(state.playlist):
            return _nothing(m, "next" if by > 0 else "previous")
        return tell(Moment(replace(state, at=at), m.pack), state.playlist[at])
    item = m.item(state.topic or "")
    row = m.pack.facts if item and item.kind == "fact" else m.pack.questions
    start = -1 if by > 0 else 0
    at = (item.number - 1 if item else start) + by
    if not 0 <= at < len(row):
        return _nothing(m, "next" if by > 0 else "previous")
    return tell(Moment(m.fresh(), m.pack), row[at].id)


def _next(m: Moment, _d: Decision) -> Outcome:
    return _go(m, 1)


def _previous(m: Moment, _d: Decision) -> Outcome:
    return _go(m, -1)


def _by_sentence(m: Moment, by: int) -> Outcome:
    state, to = m.state, m.state.sentence + by
    word = "next" if by > 0 else "previous"
    if not 0 <= to < len(state.said):
        return _go(m, by) if state.playlist else _nothing(m, word)
    if _speaking(m):
        return replace(state, mode="speaking", sentence=to), (GoToSentence(to),)
    return say(replace(state, sentence=to), state.said[to], aside=True)


def _repeat(m: Moment, _d: Decision) -> Outcome:
    if not m.state.said:
        return _nothing(m, "repeat")
    state, actions = say(m.state, " ".join(m.state.said))
    return replace(state, telling=m.state.telling), actions


def _more(m: Moment, d: Decision) -> Outcome:
    state = m.state
    if state.visit:
        return say(m.fresh(), prompts.visit(m.pack))
    if state.numbered or not state.topic:
        return _nothing(m, "more")
    item = m.item(state.topic)
    if item and state.told <= len(item.more):
        return tell(Moment(m.fresh(), m.pack), item.id, state.told + 1)
    return _inform(m, prompts.NO_MORE)


# Holding on


def _stop(m: Moment, _d: Decision) -> Outcome:
    if not _speaking(m):
        return _nothing(m, "stop")
    state, actions = say(m.fresh(), prompts.STOPPED)
    state = replace(state, topic=m.state.topic, said=m.state.said, left=state.left or _unheard(m))
    return state, (StopSpeaking(), SavePlace(*place(m.state)), *actions)


def _unheard(m: Moment) -> tuple[str, int] | None:
    """Where the short answer that sounds is broken off; None where something else sounds."""
    item = m.item(m.state.topic or "")
    return (item.id, m.state.sentence) if item and m.state.telling and m.state.told == 1 else None


def _pause(m: Moment, _d: Decision) -> Outcome:
    if m.state.mode != "speaking":
        return (m.state, ()) if m.state.mode == "paused" else _nothing(m, "pause")
    return replace(m.state, mode="paused"), (PauseSpeaking(),)


def _resume(m: Moment, _d: Decision) -> Outcome:
    if m.state.mode == "paused" and (m.state.telling or not m.state.left):
        return replace(m.state, mode="speaking"), (ResumeSpeaking(),)
    # In the greeting, a held prompt, or an answer in between, "continue" means the reading that was left.
    if m.state.mode == "speaking" and (m.state.playlist or not m.state.left):
        return m.state, ()
    if m.state.left and (m.state.left[0] in _playlist(m) or m.item(m.state.left[0])):
        return _go_on(m, *m.state.left)
    if item := m.item(m.state.topic or ""):
        return _go(m, 1) if item.kind == "fact" else _more(m, Decision("command", "more"))
    return _nothing(m, "resume")


# Rate and volume


def _rate(m: Moment, by: int, word: str) -> Outcome:
    rate = max(SLOWEST, min(FASTEST, m.state.rate + by))
    state = replace(m.state, rate=rate)
    if rate == m.state.rate:
        return _inform(m, f"That is the {word}est.")
    return _adjusted(m, state, f"{word.capitalize()}er.")


def _volume(m: Moment, by: float, word: str) -> Outcome:
    volume = max(0.1, min(1.0, round(m.state.volume + by, 2)))
    state = replace(m.state, volume=volume)
    if volume == m.state.volume:
        return _inform(m, f"That is the {word}est. You can also turn the loudspeaker itself.")
    return _adjusted(m, state, f"{word.capitalize()}er.")


def _adjusted(m: Moment, state: State, text: str) -> Outcome:
    """While something sounds the change itself is heard; words would only interrupt it."""
    change: tuple[Action, ...] = (Adjust(state.rate, state.volume),)
    if m.state.mode == "speaking":
        return state, change
    spoken, actions = remark(state, text, aside=m.state.mode == "paused")
    return spoken, (*change, *actions)


# Asking about the moment


def _where(m: Moment, _d: Decision) -> Outcome:
    state = m.state
    item = m.item(state.playlist[state.at] if state.playlist else state.topic or "")
    if item is None:
        return (
            _nothing(m, "where_am_i")
            if not state.playlist
            else _inform(m, "You are at the introduction or the closing.")
        )
    total = len(m.pack.facts if item.kind == "fact" else m.pack.questions)
    sentence = f", sentence {state.sentence + 1} of {len(state.said)}" if _speaking(m) and state.said else ""
    paused = ", paused" if state.mode == "paused" else ""
    return _inform(m, f"{item.kind.capitalize()} {item.number} of {total}{sentence}{paused}: {item.title}.")


def _source(m: Moment, d: Decision) -> Outcome:
    if d.argument == "authors":
        return _inform(m, prompts.authors(m.pack))
    item = m.item(m.state.topic or "")
    if item is None and m.state.topic:
        return _inform(m, prompts.authors(m.pack))
    return _inform(m, prompts.source(m.pack, item)) if item else _nothing(m, "source")


def _spell(m: Moment, d: Decision) -> Outcome:
    word = d.argument or ""
    if not word:
        word = _hard_word(m)
    if not word:
        return _nothing(m, "spell")
    term = next((t for t in m.pack.glossary if t.term.lower() == word.lower()), None)
    return _inform(m, prompts.spelled(term.term if term else word, term.respelling if term else ""))


def _hard_word(m: Moment) -> str:
    """The word that "spell it" means: the term asked for, or the first one of the glossary in what was told."""
    if topic := m.term(m.state.topic or ""):
        return topic.term
    item = m.item(m.state.topic or "")
    for text in (" ".join(m.state.said), " ".join((item.short, *item.more)) if item else ""):
        at = {t.term: re.search(rf"\b{re.escape(t.term)}\b", text, re.IGNORECASE) for t in m.pack.glossary}
        found = [(place.start(), -len(term), term) for term, place in at.items() if place]
        if found:
            return min(found)[2]
    return ""


def _help(m: Moment, _d: Decision) -> Outcome:
    pages = prompts.help_pages(m.pack)
    page = m.state.help_page % len(pages)
    text = " ".join(pages) if not m.state.conversation else pages[page]
    state, actions = say(replace(m.fresh(), topic=m.state.topic), text)
    return replace(state, help_page=page + 1), actions


def _list(m: Moment, _d: Decision) -> Outcome:
    state, actions = say(m.fresh(), prompts.list_of_questions(m.pack))
    return replace(state, numbered=True), actions


def _yes(m: Moment, d: Decision) -> Outcome:
    if m.state.asked in COMMANDS:
        return COMMANDS[m.state.asked](Moment(m.fresh(), m.pack), d)
    if m.state.options:
        first = m.state.options[0]
        return tell(Moment(m.fresh(), m.pack), first)
    item = m.item(m.state.topic or "")
    if item and m.state.told <= len(item.more):
        return _more(m, d)  # "Say more to hear more." was an offer
    return _nothing(m, "yes")


def _no(m: Moment, _d: Decision) -> Outcome:
    if m.state.mode == "paused" and m.state.telling:
        return say(m.state, prompts.HELD, aside=True)  # nothing was asked, so nothing is lost
    return say(replace(m.fresh(), topic=m.state.topic), prompts.NOTHING_TO["no"])


def _quit(m: Moment, _d: Decision) -> Outcome:
    state, actions = say(m.fresh(), prompts.GOODBYE)
    return replace(state, mode="ended"), (StopSpeaking(), SavePlace(*place(m.state)), *actions, Quit())


def _sleep(m: Moment, _d: Decision) -> Outcome:
    state, actions = say(m.fresh(), prompts.ASLEEP)
    return replace(state, mode="asleep"), (*actions, Microphone(open=False))


def _listen(m: Moment, _d: Decision) -> Outcome:
    """The key to talk: what sounds is held, and the microphone opens."""
    if not m.state.conversation:
        return say(m.state, prompts.HEARKEN)
    if m.state.mode == "speaking":
        return replace(m.state, mode="paused"), (PauseSpeaking(), Microphone(open=True))
    return m.state, (Microphone(open=True), PlayEarcon("listening"))


def _practise(m: Moment, _d: Decision) -> Outcome:
    state, actions = _inform(m, prompts.PRACTISE)
    return state, (*actions, PractiseKeys())


COMMANDS: dict[str, Do] = {
    "next": _next,
    "previous": _previous,
    "next_sentence": lambda m, _d: _by_sentence(m, 1),
    "previous_sentence": lambda m, _d: _by_sentence(m, -1),
    "repeat": _repeat,
    "stop": _stop,
    "pause": _pause,
    "resume": _resume,
    "faster": lambda m, d: _rate(m, RATE_STEP, "fast"),
    "slower": lambda m, d: _rate(m, -RATE_STEP, "slow"),
    "louder": lambda m, d: _volume(m, VOLUME_STEP, "loud"),
    "quieter": lambda m, d: _volume(m, -VOLUME_STEP, "quiet"),
    "help": _help,
    "list_questions": _list,
    "read_facts": _read_facts,
    "yes": _yes,
    "no": _no,
    "more": _more,
    "source": _source,
    "where_am_i": _where,
    "spell": _spell,
    "quit": _quit,
    "stop_listening": _sleep,
    "listen": _listen,
    "practise_keys": _practise,
}
"""Command id to what it does."""
