"""The conversation as a table: for each mode and event, what to do. Pure; an illegal event changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from companion.content.types import Pack
from companion.dialogue import prompts
from companion.dialogue.commands import COMMANDS
from companion.dialogue.moves import Moment, place, remark, say, tell
from companion.dialogue.state import (
    Action,
    DeviceBack,
    DeviceLost,
    Event,
    InputEnded,
    Microphone,
    Mode,
    NothingSaid,
    PlayEarcon,
    Quit,
    SavePlace,
    SentenceStarted,
    SpeechEnded,
    State,
    StopSpeaking,
    Trouble,
    Understood,
)
from companion.events import Decision

Outcome = tuple[State, tuple[Action, ...]]
Handler = Callable[[Moment, Event], Outcome]


def start(pack: Pack, state: State) -> Outcome:
    """Greet; what to do first."""
    hello = prompts.HELLO.format(title=pack.title[:1].lower() + pack.title[1:])
    item, sentence = (pack.item(state.left[0]), state.left[1]) if state.left else (None, 0)
    # An answer that was heard to its end is nothing to go on with.
    kept = item is not None and (item.kind == "fact" or sentence > 0)
    return say(state, f"{hello} {prompts.go_on_with(item)}" if item and kept else hello)


def step(state: State, event: Event, pack: Pack) -> Outcome:
    """What an event does: the next state, and actions in order.

    An event that the table doesn't name for the mode leaves the state as it is and asks for nothing.
    """
    handler = TABLE.get((state.mode, type(event)))
    return handler(Moment(state, pack), event) if handler else (state, ())


def _understood(m: Moment, event: Event) -> Outcome:
    assert isinstance(event, Understood)
    decision = event.decision
    state = m.state if decision.kind == "decline" else replace(m.state, misses=0)
    m = Moment(replace(state, silences=0), m.pack)
    if decision.kind == "command":
        return COMMANDS[decision.id or ""](m, decision) if decision.id in COMMANDS else (m.state, ())
    return _TOLD[decision.kind](m, decision)


def _answer(m: Moment, decision: Decision) -> Outcome:
    queue = (decision.then,) if decision.then else ()
    reminder = m.pack.emergency if decision.personal else ""
    return tell(Moment(replace(m.fresh(), queue=queue), m.pack), decision.id or "", reminder=reminder)


def _confirm(m: Moment, decision: Decision) -> Outcome:
    if decision.id in COMMANDS:
        if m.state.asked == decision.id:  # heard twice: meant
            return COMMANDS[decision.id](Moment(m.fresh(), m.pack), replace(decision, kind="command"))
        state, actions = say(m.fresh(), prompts.surely(decision.id))
        return replace(state, asked=decision.id, topic=m.state.topic), actions
    ids = tuple(i for i, _ in decision.candidates[:2] if m.question(i))
    if ids == m.state.options and len(ids) == 1 and not decision.personal:
        return tell(Moment(m.fresh(), m.pack), ids[0])  # asked again in answer to "did you mean": meant
    text = prompts.did_you_mean([m.question(i) for i in ids])
    state, actions = say(m.fresh(), f"{m.pack.emergency} {text}" if decision.personal else text)
    return replace(state, options=ids), actions


def _decline(m: Moment, decision: Decision) -> Outcome:
    if polite := prompts.COURTESY.get(decision.argument or ""):
        return remark(m.state, polite, aside=bool(m.state.playlist) and m.state.mode in {"speaking", "paused"})
    misses = m.state.misses + 1
    state = replace(m.fresh(), misses=misses)
    if decision.argument and decision.argument.isdecimal():
        return say(state, prompts.no_such_number(m.pack, decision.argument))
    if not m.state.conversation or misses == 1:
        if not decision.heard:
            return _missed(state, prompts.NOT_CAUGHT)
        ids = tuple(i for i, _ in decision.candidates[:2] if m.title(i))
        state, actions = _missed(state, prompts.declined([m.title(i) for i in ids]))
        return replace(state, options=ids), actions
    if misses != _LISTED_AT:
        # Another example each time: the same words twice would help nobody.
        examples = [q.question for q in m.pack.questions] or [""]
        return _missed(state, prompts.declined_again(decision.heard, examples[misses % len(examples)], misses))
    state, actions = _missed(state, prompts.list_of_questions(m.pack))
    return replace(state, numbered=True), actions


_LISTED_AT = 3
"""Misses in a row at which the questions are read out."""


def _missed(state: State, text: str) -> Outcome:
    state, actions = say(state, text)
    return state, (PlayEarcon("not_understood"), *actions)


def _urgent(m: Moment, decision: Decision) -> Outcome:
    rule = next((r for r in m.pack.urgent if r.id == decision.id), None)
    reply = rule.reply if rule else m.pack.emergency
    # Narration does not go on by itself after a cry for help; its place is kept.
    state, actions = say(replace(m.fresh(), urgent=True), prompts.urgent(reply, m.pack.emergency))
    return state, (StopSpeaking(), *actions)


def _advice(m: Moment, decision: Decision) -> Outcome:
    ids = tuple(i for i, _ in decision.candidates[:2] if m.title(i))
    text = prompts.advice(m.pack, [m.title(i) for i in ids], conversation=m.state.conversation)
    state, actions = say(replace(m.fresh(), visit=bool(m.pack.visit)), text)
    return replace(state, options=ids), actions


_TOLD: dict[str, Callable[[Moment, Decision], Outcome]] = {
    "answer": _answer,
    "confirm": _confirm,
    "decline": _decline,
    "urgent": _urgent,
    "advice": _advice,
}


def _sentence_started(m: Moment, event: Event) -> Outcome:
    assert isinstance(event, SentenceStarted)
    state = replace(m.state, sentence=event.index)
    return state, (SavePlace(*place(state)),) if state.playlist else ()


def _speech_ended(m: Moment, _event: Event) -> Outcome:
    """Go on with the narration, or with the second question of a breath; else listen."""
    state = m.state
    if state.playlist and state.at + 1 < len(state.playlist):
        return tell(Moment(replace(state, at=state.at + 1), m.pack), state.playlist[state.at + 1])
    if state.queue:
        return _understood(Moment(replace(state, queue=()), m.pack), Understood(state.queue[0]))
    done = replace(state, mode="listening", playlist=(), at=0, left=None if state.playlist else state.left)
    earcon: tuple[Action, ...] = (PlayEarcon("end"),) if state.playlist else ()
    return done, (*earcon, PlayEarcon("listening"))


def _nothing_said(m: Moment, _event: Event) -> Outcome:
    """Remind once, then wait in silence for as long as it takes."""
    state = replace(m.state, silences=m.state.silences + 1)
    return say(state, prompts.REMIND) if state.silences == 1 else (state, ())


def _lost(m: Moment, event: Event) -> Outcome:
    assert isinstance(event, DeviceLost)
    text = prompts.MICROPHONE_LOST if event.device == "microphone" else prompts.LOUDSPEAKER_LOST
    return _aside(m, text, PlayEarcon("error"))


def _back(m: Moment, event: Event) -> Outcome:
    assert isinstance(event, DeviceBack)
    text = prompts.MICROPHONE_BACK if event.device == "microphone" else prompts.LOUDSPEAKER_BACK
    return _aside(m, text)


def _trouble(m: Moment, event: Event) -> Outcome:
    assert isinstance(event, Trouble)
    return _aside(m, prompts.TROUBLE[event.part], PlayEarcon("error"))


def _aside(m: Moment, text: str, *before: Action) -> Outcome:
    """Said in between; what sounds, and what may be repeated, stays as it is."""
    state, actions = say(m.state, text, aside=m.state.mode in {"speaking", "paused", "asleep"})
    return state, (*before, *actions)


def _input_ended(m: Moment, _event: Event) -> Outcome:
    return replace(m.state, mode="ended"), (StopSpeaking(), SavePlace(*place(m.state)), Quit())


def _wake(m: Moment, event: Event) -> Outcome:
    """Asleep, only a key can speak; anything it says wakes."""
    awake = replace(m.state, mode="listening")
    state, actions = _understood(Moment(awake, m.pack), event)
    return state, (Microphone(open=True), *actions)


_EVERYWHERE: dict[type, Handler] = {
    DeviceLost: _lost,
    DeviceBack: _back,
    Trouble: _trouble,
    InputEnded: _input_ended,
}
TABLE: dict[tuple[Mode, type], Handler] = {
    ("listening", Understood): _understood,
    ("listening", NothingSaid): _nothing_said,
    ("speaking", Understood): _understood,
    ("speaking", SentenceStarted): _sentence_started,
    ("speaking", SpeechEnded): _speech_ended,
    ("paused", Understood): _understood,
    ("paused", SentenceStarted): _sentence_started,
    ("asleep", Understood): _wake,
    **{(mode, event): h for mode in ("listening", "speaking", "paused", "asleep") for event, h in _EVERYWHERE.items()},
}
"""(mode, event) to handler. ``scripts/draw_dialogue.py`` draws it; what is missing is illegal and does nothing."""
