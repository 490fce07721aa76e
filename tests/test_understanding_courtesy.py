"""Greetings and thanks are answered in kind, and are no misses; a question behind them is a question."""

import pytest

from companion.content import load_pack
from companion.dialogue import prompts, respond, said, step
from companion.dialogue.state import State, Understood
from companion.events import Context
from companion.understanding import Router

PACK = load_pack()
ROUTER = Router(PACK)


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        ("hello", "hello"),
        ("Hello there, good morning!", "hello"),
        ("hi companion how are you today", "hello"),
        ("thank you", "thanks"),
        ("that answer was very helpful, thanks", "thanks"),
        ("ok many thanks for telling me", "thanks"),
        ("Oh dear.", "reaction"),
        ("well, that is quite a lot to take in", "reaction"),
        ("gosh, I never knew that", "reaction"),
        ("fair enough then", "reaction"),
    ],
)
def test_a_greeting_and_thanks_are_answered_in_kind(line: str, reply: str) -> None:
    decision = ROUTER.decide(line)
    assert decision.kind == "decline"
    assert respond(decision, PACK) == prompts.COURTESY[reply]


def test_they_are_no_misses_and_a_reading_goes_on_behind_them() -> None:
    state, _ = step(State(misses=1), Understood(ROUTER.decide("thank you")), PACK)
    assert state.misses == 1
    reading, _ = step(State(), Understood(ROUTER.decide("read the facts")), PACK)
    held, actions = step(reading, Understood(ROUTER.decide("thank you")), PACK)
    assert held.playlist == reading.playlist and said(actions) == [prompts.COURTESY["thanks"]]


def test_repeat_after_a_remark_repeats_the_answer() -> None:
    state, told = step(State(), Understood(ROUTER.decide("what is metastasis")), PACK)
    state, _ = step(state, Understood(ROUTER.decide("i see")), PACK)
    _, again = step(state, Understood(ROUTER.decide("repeat")), PACK)
    assert said(again) == said(told)


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("hello what is metastasis", "answer"),
        ("thanks goodbye", "command"),
        ("hello i can't breathe", "urgent"),
        ("thank you and goodbye to you all i won't be here tomorrow", "urgent"),
    ],
)
def test_what_is_said_with_them_counts(line: str, kind: str) -> None:
    assert ROUTER.decide(line).kind == kind


def test_where_something_was_offered_thanks_are_left_to_the_offer() -> None:
    assert ROUTER.decide("thank you", Context(options=("what",))).argument is None
