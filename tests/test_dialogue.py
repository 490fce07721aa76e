"""The dialogue: what must hold in every conversation, and what a listener may rely on."""

import importlib.util
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from companion.content import load_pack
from companion.dialogue import TABLE, finish, prompts, respond, said, start, step
from companion.dialogue.commands import COMMANDS
from companion.dialogue.moves import Moment, tell
from companion.dialogue.state import (
    Adjust,
    DeviceBack,
    DeviceLost,
    GoToSentence,
    InputEnded,
    Microphone,
    NothingSaid,
    PauseSpeaking,
    PlayEarcon,
    Quit,
    ResumeSpeaking,
    SavePlace,
    Say,
    SentenceStarted,
    SpeechEnded,
    State,
    StopSpeaking,
    Trouble,
    Understood,
)
from companion.events import Decision
from companion.text.sentences import split
from companion.understanding import Router

ROOT = Path(__file__).resolve().parent.parent
PACK = load_pack()
ROUTER = Router(PACK)
IDS = [i.id for i in PACK.items] + [f"glossary/{t.id}" for t in PACK.glossary]

decisions = st.one_of(
    st.sampled_from(sorted(COMMANDS)).map(lambda c: Decision("command", c)),
    st.sampled_from(IDS).map(lambda i: Decision("answer", i, heard="x", candidates=((i, 1.0),))),
    st.lists(st.sampled_from(IDS), min_size=1, max_size=3).map(
        lambda ids: Decision("confirm", ids[0], heard="x", candidates=tuple((i, 0.5) for i in ids))
    ),
    st.sampled_from([r.id for r in PACK.urgent]).map(lambda i: Decision("urgent", i, heard="x")),
    st.lists(st.sampled_from(IDS), max_size=2).map(
        lambda ids: Decision("advice", None, heard="x", candidates=tuple((i, 0.5) for i in ids))
    ),
    st.sampled_from(
        [
            Decision("decline", None),
            Decision("decline", None, heard="blue"),
            Decision("decline", None, heard="9", argument="9"),
        ]
    ),
)
events = st.one_of(
    decisions.map(Understood),
    st.integers(0, 5).map(SentenceStarted),
    st.sampled_from([SpeechEnded(), NothingSaid(), InputEnded()]),
    st.sampled_from(["microphone", "loudspeaker"]).map(DeviceLost),
    st.sampled_from(["microphone", "loudspeaker"]).map(DeviceBack),
)


def talk(*lines, state=None):
    """The texts that a conversation of typed lines gives, and its last state."""
    state = state or State()
    texts = []
    for line in lines:
        state, actions = step(state, Understood(ROUTER.decide(line, state.context)), PACK)
        texts += said(actions)
        state, rest = finish(state, PACK)
        texts += rest
    return texts, state


@given(st.lists(events, max_size=25))
@settings(max_examples=200, deadline=None)
def test_no_order_of_events_raises_and_illegal_ones_change_nothing(row):
    state = State()
    for event in row:
        before = state
        state, actions = step(before, event, PACK)
        if (before.mode, type(event)) not in TABLE:
            assert state == before and actions == ()
        assert 80 <= state.rate <= 449 and 0 <= state.volume <= 1
        for action in actions:
            if isinstance(action, Say):
                assert action.sentences and all(s.strip() for s in action.sentences)


@given(st.lists(events, max_size=25))
@settings(max_examples=100, deadline=None)
def test_what_happens_is_what_is_drawn(row):
    spec = importlib.util.spec_from_file_location("draw_dialogue", ROOT / "scripts" / "draw_dialogue.py")
    draw = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(draw)
    state = State()
    for event in row:
        before = state
        state, _ = step(before, event, PACK)
        if before.mode != state.mode:
            handler = TABLE[before.mode, type(event)]
            assert state.mode in draw.GOES[handler.__name__], (before.mode, event, state.mode)


def test_the_picture_in_the_architecture_is_the_table():
    spec = importlib.util.spec_from_file_location("draw_dialogue", ROOT / "scripts" / "draw_dialogue.py")
    draw = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(draw)
    assert draw.diagram() in (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("rule", PACK.urgent, ids=lambda r: r.id)
def test_every_urgent_reply_is_said_at_once_with_the_emergency_sentence(rule):
    state, _ = talk_into("read the facts")
    state, actions = step(state, Understood(Decision("urgent", rule.id, heard="x")), PACK)
    assert isinstance(actions[0], StopSpeaking)
    assert rule.reply in said(actions)[0] and PACK.emergency in said(actions)[0]
    # The narration doesn't go on by itself after it.
    assert finish(state, PACK)[1] == []
    repeated, _ = talk("repeat", state=replace(state, mode="listening"))
    assert rule.reply in repeated[0]


def talk_into(line):
    """The state right after a line, while its answer sounds."""
    return step(State(), Understood(ROUTER.decide(line)), PACK)


def test_every_personal_question_gets_the_emergency_sentence_and_no_content():
    texts, _ = talk("should I have chemotherapy")
    assert PACK.emergency in texts[0] and PACK.advice in texts[0]
    assert PACK.item("treatment").short not in texts[0]
    more, _ = talk("should I have chemotherapy", "more")
    assert PACK.visit[0] in more[1]


def test_an_answer_names_its_topic_first():
    for item in PACK.items:
        assert respond(Decision("answer", item.id), PACK) == f"{item.title}: {item.short}"


def test_yes_please_takes_the_offer_and_no_thanks_drops_it():
    offer = Decision("confirm", "symptoms", heard="x", candidates=(("symptoms", 0.5), ("diagnosis", 0.4)))
    state, actions = step(State(), Understood(offer), PACK)
    assert "One: " in said(actions)[0] and "Two: " in said(actions)[0]
    state, _ = finish(state, PACK)
    assert PACK.item("symptoms").short in talk("yes please", state=state)[0][0]
    assert PACK.item("diagnosis").short in talk("two", state=state)[0][0]
    texts, after = talk("no thanks", state=state)
    assert after.options == () and PACK.item("symptoms").short not in texts[0]


def test_not_understood_is_never_said_twice_in_the_same_words():
    texts, state = talk("what is jazz", "what is polka", "what is a waltz")
    assert len(set(texts)) == 3
    assert "what is polka" in texts[1]
    assert "Which number?" in texts[2] and state.numbered
    assert PACK.questions[1].short in talk("two", state=state)[0][0]


def test_the_facts_are_told_whole_and_in_order():
    texts, state = talk("read the facts")
    assert texts[0] == PACK.introduction and texts[-1] == PACK.closing
    assert [t.split(".")[0] for t in texts[1:-1]] == [f"Fact {n}" for n in range(1, 9)]
    assert state.mode == "listening"


def test_moving_about_in_a_narration():
    state, _ = talk_into("read the facts")
    state, actions = step(state, SpeechEnded(), PACK)
    assert said(actions)[0].startswith("Fact 1.")
    state, actions = step(state, Understood(Decision("command", "next")), PACK)
    assert said(actions)[0].startswith("Fact 2.")
    state, actions = step(state, SentenceStarted(1), PACK)
    assert actions == (SavePlace("after-surgery", 1),)
    state, actions = step(state, Understood(Decision("command", "pause")), PACK)
    assert actions == (PauseSpeaking(),) and state.mode == "paused"
    _, actions = step(state, Understood(Decision("command", "where_am_i")), PACK)
    assert said(actions) == ["Fact 2 of 8, sentence 2 of 4, paused: Spread after surgery."]
    state, actions = step(state, Understood(Decision("command", "resume")), PACK)
    assert actions == (ResumeSpeaking(),) and state.mode == "speaking"
    state, actions = step(state, Understood(Decision("command", "previous")), PACK)
    assert said(actions)[0].startswith("Fact 1.")
    state, actions = step(state, Understood(Decision("command", "stop")), PACK)
    assert StopSpeaking() in actions and said(actions) == ["Stopped. Your place is saved."]
    assert SavePlace("spreads", 0) in actions


def test_more_tells_every_piece_once_and_then_says_so():
    item = PACK.item("symptoms")
    texts, _ = talk("symptoms", *["more"] * (len(item.more) + 1))
    for piece, text in zip(item.more, texts[1:], strict=False):
        assert text.startswith(piece)
    assert "That is all" in texts[-1]


def test_rate_and_volume_change_until_their_limits():
    state = State(rate=440, volume=0.95)
    state, actions = step(state, Understood(Decision("command", "faster")), PACK)
    assert Adjust(449, 0.95) in actions
    state, _ = finish(state, PACK)
    state, actions = step(state, Understood(Decision("command", "faster")), PACK)
    assert said(actions) == ["That is the fastest."]
    state, _ = finish(state, PACK)
    for _ in range(20):
        state, _ = step(state, Understood(Decision("command", "quieter")), PACK)
        state, _ = finish(state, PACK)
    assert state.volume == 0.1, "never silent: nothing would tell the listener how to get back"


def test_a_lost_device_is_said_and_nothing_else_changes():
    state, _ = talk_into("what is metastasis")
    after, actions = step(state, DeviceLost("microphone"), PACK)
    assert after == state
    assert any(isinstance(a, Say) and a.aside for a in actions)


def test_asleep_only_a_key_wakes():
    state, actions = talk_into("stop listening")
    assert state.mode == "asleep" and Microphone(open=False) in actions
    assert step(state, NothingSaid(), PACK) == (state, ())
    state, actions = step(state, Understood(Decision("command", "help")), PACK)
    assert actions[0] == Microphone(open=True) and state.mode == "speaking"


def test_silence_is_mentioned_once():
    state, actions = step(State(), NothingSaid(), PACK)
    assert len(said(actions)) == 1
    state, _ = finish(state, PACK)
    assert said(step(state, NothingSaid(), PACK)[1]) == []


def test_goodbye_ends_and_keeps_the_place():
    state, actions = talk_into("goodbye")
    assert state.mode == "ended" and isinstance(actions[-1], Quit)
    assert step(state, Understood(Decision("command", "help")), PACK) == (state, ())


def test_help_opens_with_the_emergency_sentence():
    assert talk("help")[0][0].startswith(PACK.emergency)
    assert len({*talk("help", "help", "help")[0]}) == 3


def test_source_and_authors_say_that_nobody_has_reviewed():
    texts, _ = talk("symptoms", "where is that from", "who wrote this")
    assert "National Cancer Institute" in texts[1] and "No clinician has reviewed it yet." in texts[1]
    assert "16 of 16 items" in texts[2]


def test_spelling_takes_the_word_or_the_last_term():
    assert "B, I, O, P, S, Y" in talk("spell biopsy")[0][0]
    assert "M, E, T, A, S, T, A, S, I, S" in talk("what is metastasis", "spell it")[0][1]
    # "Facts" holds no CT: the word is looked for in what was told before the help.
    spelled = talk("what treatments are there for metastasis", "help", "spell it")[0][2]
    assert "C, H, E, M, O, T, H, E, R, A, P, Y" in spelled


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_says_something_when_nothing_goes_on(command):
    assert respond(Decision("command", command), PACK)


def test_the_greeting_fits_in_one_breath():
    _, actions = start(PACK, State())
    assert len(said(actions)[0].split()) <= 30


def command(state, name):
    return step(state, Understood(Decision("command", name)), PACK)


def test_moving_by_sentence_stays_within_the_answer_and_crosses_items_of_a_narration():
    state, _ = talk_into("fact two")
    state, actions = command(state, "next_sentence")
    assert actions == (GoToSentence(1),) and state.sentence == 1
    state, actions = command(state, "previous_sentence")
    assert actions == (GoToSentence(0),)
    state, actions = command(state, "previous_sentence")
    assert said(actions) == ["There is nothing before this."]
    state, _ = talk_into("read the facts")
    state, _ = step(state, SpeechEnded(), PACK)
    state = replace(state, sentence=len(state.said) - 1)
    state, actions = command(state, "next_sentence")
    assert said(actions)[0].startswith("Fact 2.")


def test_a_held_sentence_is_moved_from_and_goes_on():
    state, _ = command(talk_into("fact two")[0], "pause")
    state, actions = command(state, "next_sentence")
    assert actions == (GoToSentence(1),) and state.mode == "speaking"


def test_sentences_of_a_finished_answer_can_be_heard_one_by_one():
    state, _ = finish(talk_into("fact two")[0], PACK)
    words = state.said
    state, actions = command(state, "next_sentence")
    assert said(actions) == [words[1]]
    state, actions = command(state, "next_sentence")
    assert said(actions) == [words[2]]
    assert command(state, "repeat")[0].said == words


def test_continue_goes_on_with_the_narration_after_a_question_in_between():
    state, _ = talk_into("read the facts")
    for _ in range(3):
        state, _ = step(state, SpeechEnded(), PACK)
    state, _ = step(state, SentenceStarted(1), PACK)
    item = state.playlist[state.at]
    state, _ = step(state, Understood(ROUTER.decide("what does biopsy mean", state.context)), PACK)
    assert state.left == (item, 1)
    state, _ = finish(state, PACK)
    state, actions = command(state, "resume")
    assert actions[0].first == 1 and state.playlist[state.at] == item and state.sentence == 1
    assert finish(state, PACK)[0].left is None, "at its end there is nothing left to go on with"


@given(st.sampled_from([f.id for f in PACK.facts]), st.integers(0, 50))
@settings(max_examples=40, deadline=None)
def test_a_place_kept_from_an_earlier_run_is_offered_and_taken_up(fact, sentence):
    state, actions = start(PACK, State(left=(fact, sentence)))
    assert f"Say continue to go on with fact {PACK.item(fact).number}." in said(actions)[0].replace(
        *_as_number(PACK.item(fact).number)
    )
    assert len(said(actions)[0].split()) <= 30
    assert command(state, "resume")[0].playlist, "also while the greeting sounds"
    state, actions = command(finish(state, PACK)[0], "resume")
    assert state.playlist[state.at] == fact
    assert actions[0].first == (sentence if sentence < len(state.said) else 0)


def _as_number(n):
    words = "zero one two three four five six seven eight nine".split()
    return f"fact {words[n]}", f"fact {n}"


def test_a_place_that_is_no_more_in_the_pack_is_forgotten():
    state, actions = start(PACK, State(left=("gone", 3)))
    assert "continue" not in said(actions)[0]
    assert said(command(finish(state, PACK)[0], "resume")[1]) == [
        "There is nothing to go on with. You can say: read the facts."
    ]


def test_asking_again_confirms_a_single_offer_and_never_one_about_a_person():
    offer = Decision("confirm", "symptoms", heard="x", candidates=(("symptoms", 0.5),))
    state, _ = finish(step(State(), Understood(offer), PACK)[0], PACK)
    assert said(step(state, Understood(offer), PACK)[1])[0].startswith(PACK.item("symptoms").title)
    about = replace(offer, personal=True)
    assert PACK.item("symptoms").short not in said(step(state, Understood(about), PACK)[1])[0]


@given(st.lists(st.sampled_from(["", "what is jazz"]), min_size=2, max_size=12))
@settings(max_examples=50, deadline=None)
def test_however_long_nothing_is_understood_no_two_replies_in_a_row_are_alike(heard):
    state, before = State(), None
    for words in heard:
        state, actions = step(state, Understood(Decision("decline", None, heard=words)), PACK)
        now = said(actions)
        assert state.mode == "speaking" and now != before
        before = now
        state, _ = finish(state, PACK)


def test_the_key_to_talk_holds_what_sounds_and_opens_the_microphone():
    state, actions = command(talk_into("fact two")[0], "listen")
    assert actions == (PauseSpeaking(), Microphone(open=True)) and state.mode == "paused"
    assert command(state, "resume")[1] == (ResumeSpeaking(),)
    asleep = talk_into("stop listening")[0]
    state, actions = command(asleep, "listen")
    assert Microphone(open=True) in actions and state.mode == "listening"


def test_every_earcon_of_a_turn_comes_in_its_place():
    _, actions = step(talk_into("what is metastasis")[0], SpeechEnded(), PACK)
    assert actions == (PlayEarcon("listening"),)
    _, actions = step(State(), Understood(Decision("decline", None, heard="blue")), PACK)
    assert actions[0] == PlayEarcon("not_understood") and said(actions)
    _, actions = step(State(), DeviceLost("loudspeaker"), PACK)
    assert actions[0] == PlayEarcon("error") and said(actions)


@pytest.mark.parametrize("name", ["quit", "stop_listening", "read_facts"])
def test_a_doubted_command_of_consequence_is_asked_first_and_done_when_heard_again(name):
    doubted = Understood(Decision("confirm", name, heard="x", candidates=((name, 1.0),)))
    asked, actions = step(State(), doubted, PACK)
    assert asked.mode == "speaking" and asked.asked == name and Quit() not in actions
    assert "Say yes please, or no thanks." in " ".join(said(actions))
    meant, _ = step(asked, doubted, PACK)
    assert {"quit": meant.mode == "ended", "stop_listening": meant.mode == "asleep"}.get(name, bool(meant.playlist))
    other = "quit" if name != "quit" else "read_facts"  # another one is asked about anew
    again, actions = step(asked, Understood(Decision("confirm", other, heard="x", candidates=((other, 1.0),))), PACK)
    assert again.asked == other and again.mode == "speaking" and Quit() not in actions


def test_a_word_about_the_moment_lets_a_narration_go_on_and_is_no_answer_to_repeat():
    reading, _ = talk_into("read the facts")
    state, actions = command(reading, "previous")
    assert state.playlist == reading.playlist and state.said == reading.said
    assert next(a for a in actions if isinstance(a, Say)).aside
    _quiet, actions = command(State(), "previous")
    assert not next(a for a in actions if isinstance(a, Say)).aside


def test_with_no_topic_yet_next_begins_at_the_first_question_and_nothing_comes_before():
    first, _ = step(State(), Understood(Decision("command", "next")), PACK)
    assert first.topic == PACK.questions[0].id
    before, _ = step(State(), Understood(Decision("command", "previous")), PACK)
    assert before.topic is None


def held_in_a_fact():
    """The state while the second sentence of the second fact is held, and that fact."""
    fact = PACK.facts[1]
    state, _ = command(State(), "read_facts")
    while state.topic != fact.id:
        state, _ = step(state, SpeechEnded(), PACK)
    state, _ = step(state, SentenceStarted(1), PACK)
    return command(state, "pause")[0], fact


def test_no_where_nothing_was_asked_leaves_a_held_reading_held():
    held, fact = held_in_a_fact()
    state, actions = command(held, "no")
    assert said(actions) == [prompts.HELD]
    assert state == held
    assert command(state, "resume")[1] == (ResumeSpeaking(),)
    offer = Decision("confirm", "symptoms", heard="x", candidates=(("symptoms", 0.5),))
    offered, _ = command(step(held, Understood(offer), PACK)[0], "pause")
    answered, _ = command(offered, "no")
    assert offered.mode == "paused" and answered.mode == "speaking", "an offer is declined"
    assert answered.options == () and answered.left == (fact.id, 1)


def test_continue_after_a_held_word_about_the_moment_takes_up_the_reading_that_was_left():
    held, fact = held_in_a_fact()
    state, _ = command(held, "stop")
    state, _ = command(command(finish(state, PACK)[0], "pause")[0], "pause")  # "Nothing is being read." is held
    assert state.mode == "paused"
    state, actions = command(state, "resume")
    assert (state.topic, state.sentence) == (fact.id, 1)
    assert said(actions) == [prompts.narrated(fact)]


def test_continue_after_a_held_answer_goes_on_with_that_answer():
    held, fact = held_in_a_fact()
    state, _ = tell(Moment(replace(held, playlist=(), left=(fact.id, 1)), PACK), PACK.questions[0].id)
    for again in (state, command(state, "repeat")[0]):
        assert command(command(again, "pause")[0], "resume")[1] == (ResumeSpeaking(),)


def test_continue_takes_up_a_single_answer_that_was_left_and_a_fact_goes_on_to_the_next():
    question = PACK.questions[1]
    back, _ = step(State(left=(question.id, 1)), Understood(Decision("command", "resume")), PACK)
    assert back.topic == question.id
    gone, _ = step(State(left=("no-such-id", 0)), Understood(Decision("command", "resume")), PACK)
    assert gone.topic != "no-such-id"


@pytest.mark.parametrize("device", ["microphone", "loudspeaker"])
def test_which_device_went_and_came_back_is_told_by_its_name(device):
    other = {"microphone": "loudspeaker", "loudspeaker": "microphone"}[device]
    for event in (DeviceLost(device), DeviceBack(device)):
        words = " ".join(said(step(State(), event, PACK)[1]))
        assert device in words.split(".")[0].lower() and other not in words.split(".")[0].lower(), words


def test_an_offered_second_question_of_a_breath_follows_the_first_answer():
    first, second = (Decision("answer", q.id, heard="x", candidates=((q.id, 1.0),)) for q in PACK.questions[:2])
    state, actions = step(State(), Understood(replace(first, then=second)), PACK)
    assert PACK.questions[0].short in " ".join(said(actions)) and state.queue
    state, actions = step(state, SpeechEnded(), PACK)
    assert PACK.questions[1].short in " ".join(said(actions)) and state.queue == ()


def test_yes_after_an_answer_that_has_more_reads_it_and_after_the_last_piece_there_is_nothing():
    question = next(q for q in PACK.questions if q.more)
    state, _ = step(State(), Understood(Decision("answer", question.id, heard="x")), PACK)
    more, actions = command(state, "yes")
    assert question.more[0] in " ".join(said(actions)) and more.told == 2
    done = replace(more, told=len(question.more) + 1)
    assert not any(piece in " ".join(said(command(done, "yes")[1])) for piece in question.more)


@pytest.mark.parametrize(
    ("state", "expected", "not_expected"),
    [
        (State(mode="asleep", numbered=True), (), ("one",)),
        (State(numbered=True), ("three", "question two", "no"), ("yes",)),
        (State(options=("what", "spread")), ("yes", "the second one", "number two", "no"), ("nine",)),
        (State(options=("what",)), ("yes please", "no thanks"), ("the first one",)),
        (State(asked="quit"), ("yes", "no thank you"), ("two",)),
        (State(), ("stop", "next", "pause"), ("one", "the first one")),
    ],
)
def test_the_ear_is_told_the_answers_that_fit_what_was_asked(state, expected, not_expected):
    from companion.dialogue.replies import replies

    told = replies(state)
    assert set(expected) <= set(told) and not set(not_expected) & set(told)
    assert bool(told) == bool(expected)


def test_a_pack_without_facts_says_so_instead_of_reading():
    bare = replace(PACK, facts=(), introduction="", closing="")
    state, actions = step(State(), Understood(Decision("command", "read_facts")), bare)
    assert said(actions) and state.playlist == ()


def test_of_a_word_of_the_glossary_the_authors_are_told_as_the_source():
    word = f"glossary/{PACK.glossary[0].id}"
    state, _ = step(State(), Understood(Decision("answer", word, heard="x")), PACK)
    assert said(command(state, "source")[1]) == said(
        step(State(), Understood(Decision("command", "source", argument="authors")), PACK)[1]
    )


def test_an_id_that_an_older_pack_knew_is_passed_over():
    state, actions = step(State(), Understood(Decision("answer", "no-such-id", heard="x")), PACK)
    assert state.topic is None and not any(isinstance(a, Quit) for a in actions)


def test_a_lone_number_is_told_how_to_be_said_and_one_beyond_the_lists_that_there_is_none():
    three = ROUTER.decide("three")
    assert (three.kind, three.argument) == ("decline", "3")
    _, actions = step(State(), Understood(three), PACK)
    assert 'say "question 3"' in said(actions)[0] and 'say "fact 3"' in said(actions)[0]
    _, actions = step(State(), Understood(ROUTER.decide("nine")), PACK)
    assert "There is no number 9" in said(actions)[0]


def test_a_word_about_an_answer_that_is_broken_off_is_no_place_in_the_answer():
    question = PACK.questions[0]
    told, _ = step(State(), Understood(Decision("answer", question.id, heard="x")), PACK)
    cut, actions = command(step(told, SentenceStarted(1), PACK)[0], "stop")
    assert cut.left == (question.id, 1) and SavePlace(question.id, 1) in actions
    sourced, _ = command(finish(told, PACK)[0], "source")
    cut, actions = command(step(sourced, SentenceStarted(1), PACK)[0], "stop")
    assert cut.left is None and SavePlace(question.id, 0) in actions
    assert cut.topic == question.id


def test_an_answer_heard_again_more_slowly_is_taken_up_where_it_was_broken_off():
    question = PACK.questions[0]
    state, _ = finish(step(State(), Understood(Decision("answer", question.id, heard="x")), PACK)[0], PACK)
    state, _ = finish(command(state, "slower")[0], PACK)
    state, actions = command(state, "repeat")
    assert question.short in said(actions)[0]
    state, _ = step(state, SentenceStarted(1), PACK)
    state, _ = finish(command(state, "stop")[0], PACK)
    state, actions = command(state, "resume")
    assert state.topic == question.id and actions[0].first == 1


def test_where_am_i_names_the_question_that_was_told_and_while_it_sounds_its_sentence():
    state, _ = talk_into("symptoms")
    item, sentences = PACK.item("symptoms"), len(state.said)
    here = f"Question {item.number} of {len(PACK.questions)}"
    state, _ = step(state, SentenceStarted(1), PACK)
    assert said(command(state, "where_am_i")[1]) == [f"{here}, sentence 2 of {sentences}: {item.title}."]
    assert said(command(finish(state, PACK)[0], "where_am_i")[1]) == [f"{here}: {item.title}."]


def test_help_that_is_asked_for_later_opens_with_the_emergency_sentence_again():
    assert all(talk("help", "what is metastasis", "help")[0][n].startswith(PACK.emergency) for n in (0, 2))


def test_yes_reads_every_further_piece_up_to_the_last():
    question = next(q for q in PACK.questions if q.more)
    texts, _ = talk(question.question, *["yes"] * (len(question.more) + 1))
    assert [piece in text for piece, text in zip(question.more, texts[1:], strict=False)] == [True] * len(question.more)
    assert texts[-1] == prompts.NOTHING_TO["yes"]


def test_after_an_answer_next_and_previous_go_to_its_neighbours_of_the_same_kind():
    for row in (PACK.questions, PACK.facts):
        told, _ = step(State(), Understood(Decision("answer", row[2].id, heard="x")), PACK)
        for state in (told, finish(told, PACK)[0]):
            assert command(state, "next")[0].topic == row[3].id
            assert command(state, "previous")[0].topic == row[1].id


def test_a_word_of_the_glossary_is_offered_as_a_question_and_told_for_a_yes():
    term = PACK.glossary[0]
    offer = Decision("confirm", f"glossary/{term.id}", heard="x", candidates=((f"glossary/{term.id}", 0.5),))
    state, actions = step(State(), Understood(offer), PACK)
    assert said(actions) == [f"Did you mean: What does {term.term} mean? Say yes please, or no thanks."]
    assert said(command(state, "yes")[1]) == [term.meaning]


def test_slower_in_a_pause_is_said_in_between_and_what_is_held_stays_held():
    held, _ = held_in_a_fact()
    state, actions = command(held, "slower")
    assert [a for a in actions if isinstance(a, Say)] == [Say(("Slower.",), aside=True)]
    assert Adjust(state.rate, state.volume) in actions and state == replace(held, rate=held.rate - 20)
    assert command(state, "resume")[1] == (ResumeSpeaking(),)
    quiet, actions = command(State(), "slower")
    assert quiet.mode == "speaking" and Say(("Slower.",)) in actions


def test_after_a_word_a_long_silence_is_mentioned_anew():
    state, _ = finish(step(State(), NothingSaid(), PACK)[0], PACK)
    for line in ("next", "what is jazz"):
        spoken, _ = finish(step(state, Understood(ROUTER.decide(line)), PACK)[0], PACK)
        assert said(step(spoken, NothingSaid(), PACK)[1]) == [prompts.REMIND]


def test_of_three_that_are_near_two_are_offered():
    near = tuple((q.id, 0.5) for q in PACK.questions[:3])
    for kind in ("confirm", "decline", "advice"):
        state, actions = step(State(), Understood(Decision(kind, None, heard="x", candidates=near)), PACK)
        assert state.options == (near[0][0], near[1][0]), kind
        words = " ".join(said(actions))
        named = [q.question if kind == "confirm" else q.title for q in PACK.questions[:3]]
        assert [name in words for name in named] == [True, True, False], kind


def test_where_am_i_is_answered_in_the_introduction_the_closing_and_before_anything_was_told():
    opening, _ = command(State(), "read_facts")
    assert said(command(opening, "where_am_i")[1]) == ["You are at the introduction or the closing."]
    assert said(command(State(), "where_am_i")[1]) == [prompts.NOTHING_TO["where_am_i"]]


def test_louder_ends_at_the_whole_volume_and_quieter_at_a_tenth_and_both_say_so():
    for name, end, word in (("louder", 1.0, "loudest"), ("quieter", 0.1, "quietest")):
        state = State(volume=0.5)
        for _ in range(10):
            state, actions = command(state, name)
            state, _ = finish(state, PACK)
        assert state.volume == end
        assert said(actions) == [f"That is the {word}. You can also turn the loudspeaker itself."]


@pytest.mark.parametrize(
    ("name", "word"), [("faster", "Faster."), ("slower", "Slower."), ("louder", "Louder."), ("quieter", "Quieter.")]
)
def test_each_change_of_rate_and_volume_is_named_and_goes_its_way(name, word):
    state, actions = command(State(), name)
    assert said(actions) == [word] and Adjust(state.rate, state.volume) in actions
    changed = {"faster": (140, 0.8), "slower": (100, 0.8), "louder": (120, 0.9), "quieter": (120, 0.7)}
    assert (state.rate, state.volume) == changed[name]
    sounding, actions = command(talk_into("symptoms")[0], name)
    assert actions == (Adjust(state.rate, state.volume),) and sounding.mode == "speaking"


def test_at_either_end_it_is_said_that_nothing_comes_before_or_after():
    before, after = prompts.NOTHING_TO["previous"], prompts.NOTHING_TO["next"]
    opening, _ = command(State(), "read_facts")
    assert said(command(opening, "previous")[1]) == [before]
    closing = replace(opening, at=len(opening.playlist) - 1)
    assert said(command(closing, "next")[1]) == [after]
    assert command(replace(opening, at=1), "previous")[0].said == opening.said, "the introduction is the first"
    for row in (PACK.questions, PACK.facts):
        first, second, last = (
            step(State(), Understood(Decision("answer", row[n].id, heard="x")), PACK)[0] for n in (0, 1, -1)
        )
        assert said(command(first, "previous")[1]) == [before] and said(command(last, "next")[1]) == [after]
        assert said(command(replace(last, sentence=len(last.said) - 1), "next_sentence")[1]) == [after]
        assert command(second, "previous")[0].topic == row[0].id


def test_an_introduction_that_was_stopped_is_taken_up_where_it_was():
    state, _ = step(command(State(), "read_facts")[0], SentenceStarted(1), PACK)
    state, _ = finish(command(state, "stop")[0], PACK)
    state, actions = command(state, "resume")
    assert said(actions) == [PACK.introduction] and actions[0].first == 1 and state.at == 0


def test_any_word_is_spelled_and_one_of_the_glossary_shows_how_it_is_said():
    _, actions = step(State(), Understood(Decision("command", "spell", argument="cat")), PACK)
    assert said(actions) == ["cat: C, A, T."]
    term = next(t for t in PACK.glossary if t.respelling)
    _, actions = step(State(), Understood(Decision("command", "spell", argument=term.term.upper())), PACK)
    assert said(actions)[0].startswith(f"{term.term}: ") and f"It is said {term.respelling}." in said(actions)[0]


def test_the_next_part_is_offered_after_each_but_the_last():
    item = next(q for q in PACK.questions if len(q.more) > 1)
    state, actions = step(State(), Understood(Decision("answer", item.id, heard="x")), PACK)
    offered = [said(actions)[0].endswith("Say more to hear more.")]
    for _ in item.more:
        state, actions = command(state, "more")
        offered.append(said(actions)[0].endswith("Say more for the next part."))
    assert offered == [*[True] * len(item.more), False]
    alone = State(conversation=False, topic=item.id, told=1)
    assert said(command(alone, "more")[1]) == [item.more[0]], "a lone reply offers nothing"


def test_of_two_questions_in_one_breath_the_first_answer_offers_nothing_and_the_second_does():
    first, second = (Decision("answer", i.id, heard="x") for i in PACK.questions[:2])
    state, actions = step(State(), Understood(replace(first, then=second)), PACK)
    assert "Say more" not in said(actions)[0]
    assert "Say more to hear more." in said(step(state, SpeechEnded(), PACK)[1])[0]


def test_what_was_not_understood_is_told_in_other_words_each_time_and_begins_anew_after_an_answer():
    def heard(state, words):
        state, actions = step(state, Understood(Decision("decline", None, heard=words)), PACK)
        return finish(state, PACK)[0], said(actions)[0]

    _, text = heard(State(), "")
    assert text == prompts.NOT_CAUGHT
    state, first = heard(State(), "what is jazz")
    assert first == prompts.declined(())
    _, second = heard(state, "what is polka")
    assert second.startswith("I heard: what is polka.") and any(q.question in second for q in PACK.questions)
    state, _ = finish(step(state, Understood(Decision("answer", "symptoms", heard="x")), PACK)[0], PACK)
    assert heard(state, "what is polka")[1] == first


def test_the_greeting_names_the_pack_and_offers_to_go_on_only_with_what_was_broken_off():
    hello = f"Ask a question about {PACK.title[0].lower()}{PACK.title[1:]}, or say help."
    question, fact = PACK.questions[0].id, PACK.facts[0].id
    for left, offered in ((None, False), ((question, 0), False), ((question, 1), True), ((fact, 0), True)):
        text = said(start(PACK, State(left=left))[1])[0]
        assert hello in text and ("Say continue to go on with" in text) == offered


def test_a_place_behind_the_last_sentence_is_the_first():
    fact = PACK.facts[0]
    sentences = len(command(State(left=(fact.id, 0)), "resume")[0].said)
    assert [command(State(left=(fact.id, n)), "resume")[0].sentence for n in (sentences - 1, sentences)] == [
        sentences - 1, 0,
    ]  # fmt: skip


def test_an_answer_forgets_what_was_offered_before_it():
    answer = Understood(Decision("answer", "symptoms", heard="x"))
    listed, _ = command(State(), "list_questions")
    assert listed.numbered and not step(listed, answer, PACK)[0].numbered
    advised, _ = step(State(), Understood(Decision("advice", None, heard="x")), PACK)
    assert advised.visit and not step(advised, answer, PACK)[0].visit
    cried, _ = step(State(), Understood(Decision("urgent", PACK.urgent[0].id, heard="x")), PACK)
    assert cried.urgent and not step(cried, answer, PACK)[0].urgent
    asked, _ = step(State(), Understood(Decision("confirm", "quit", heard="x", candidates=(("quit", 1.0),))), PACK)
    assert asked.asked and not step(asked, answer, PACK)[0].asked


def test_a_yes_does_the_command_that_was_asked_about_and_a_no_does_not():
    asked, _ = step(State(), Understood(Decision("confirm", "quit", heard="x", candidates=(("quit", 1.0),))), PACK)
    assert command(asked, "yes")[0].mode == "ended"
    state, actions = command(asked, "no")
    assert (state.mode, state.asked) == ("speaking", "") and said(actions) == [prompts.NOTHING_TO["no"]]


def test_with_nothing_told_more_and_source_say_so_and_a_list_has_no_more():
    assert said(command(State(), "more")[1]) == [prompts.NOTHING_TO["more"]]
    assert said(command(State(), "source")[1]) == [prompts.NOTHING_TO["source"]]
    listed, _ = command(finish(talk_into("symptoms")[0], PACK)[0], "list_questions")
    assert said(command(listed, "more")[1]) == [prompts.NOTHING_TO["more"]]


def test_pause_and_continue_twice_change_nothing_and_the_key_to_talk_opens_the_microphone():
    sounding, _ = talk_into("symptoms")
    assert command(sounding, "resume") == (sounding, ())
    held, _ = command(sounding, "pause")
    assert command(held, "pause") == (held, ())
    assert said(command(State(), "pause")[1]) == [prompts.NOTHING_TO["pause"]]
    assert command(State(), "listen")[1] == (Microphone(open=True), PlayEarcon("listening"))


def test_an_answer_that_was_heard_to_its_end_leaves_no_place_within_it():
    state, _ = finish(step(talk_into("symptoms")[0], SentenceStarted(1), PACK)[0], PACK)
    assert SavePlace("symptoms", 0) in command(state, "quit")[1]
    assert SavePlace("symptoms", 0) in step(state, InputEnded(), PACK)[1]


def test_help_tells_the_commands_second_and_a_lone_reply_tells_all():
    pages = prompts.help_pages(PACK)
    assert talk("help", "help", "help", "help")[0] == [*pages, pages[0]]
    assert respond(Decision("command", "help"), PACK) == " ".join(pages)


@pytest.mark.parametrize("part", sorted(prompts.TROUBLE))
def test_a_part_in_trouble_is_told_with_a_sound_and_what_is_said_goes_on(part):
    sounding, _ = talk_into("symptoms")
    assert step(sounding, Trouble(part), PACK) == (
        sounding, (PlayEarcon("error"), Say(split(prompts.TROUBLE[part]), aside=True)),
    )  # fmt: skip
    state, actions = step(State(), Trouble(part), PACK)
    assert state.mode == "speaking" and said(actions) == [prompts.TROUBLE[part]]
