"""The gate's order of questions, on evidence written by hand and with weights that make each chance plain."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from companion.content import load_pack
from companion.events import Context, Hypothesis
from companion.understanding import Router, decide
from companion.understanding.calibrated import ALONE, TOGETHER, Calibration
from companion.understanding.decide import GATE, Gate, chance, has_twin, is_bare, judge, weigh_up
from companion.understanding.evidence import Evidence
from companion.understanding.exemplars import ADVICE, NOTHING, URGENT
from companion.understanding.frames import strip_frames
from companion.understanding.lexical import Lexical, Match, Reading
from companion.understanding.normal import tokens
from companion.understanding.safety import WINDOW, Safety

LEXICAL = Lexical(load_pack())
ROUTER = Router(load_pack())
SAFETY = Safety(load_pack())


def evidence(**changes: Any) -> Evidence:
    plain = Evidence(
        ids=("what", "spread"), values=(2.0, 0.2), nearest="what is metastasis", near=0.9, rival=0.1,
        rival_label=NOTHING, sound=0.5, sound_lead=0.1, views=(0.5, 0.5, 0.2, 0.2, 0.1, 0.1), cover=0.8,
        closeness=0.7, open_words=(), agree=True, subject=True, pronoun=False, cost=0.0, foreign=(),
    )  # fmt: skip
    return replace(plain, **changes)


@pytest.fixture
def first(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sets the two estimated chances, of the best topic and of the best two."""

    def put(best: float, two: float = 0.99) -> None:
        def always(p: float) -> tuple[float, ...]:
            return (*[0.0] * 19, math.log(p / (1 - p)))

        gate = Calibration(always(best), always(two), answer=0.9, sure=0.7, offer=0.2)
        for name in ("TOGETHER", "ALONE"):
            monkeypatch.setattr(decide, name, gate)

    return put


def kinds(**changes: Any) -> tuple[str, tuple[str, ...]]:
    verdict = weigh_up(evidence(**changes), meaning=True)
    return verdict.kind, verdict.ids


def test_what_is_nearly_certain_is_answered_unless_a_twin_or_bare_words_speak_against_it(first: Any) -> None:
    first(0.95)
    assert kinds() == ("answer", ("what",))
    assert kinds(values=(2.0, 1.4)) == ("confirm", ("what", "spread")), "a second topic is nearly as near"
    assert kinds(values=(2.0, 1.2)) == ("answer", ("what",))
    assert kinds(cover=0.05, subject=False) == ("confirm", ("what",)), "none of its words were said"
    assert kinds(cover=0.05, subject=True) == ("answer", ("what",))
    assert kinds(ids=("glossary/biopsy", "spread"), cover=0.05, subject=False)[0] == "answer", "a term is its own word"


def test_what_is_likely_is_offered_alone_what_is_possible_in_pairs_and_the_rest_declined(first: Any) -> None:
    first(0.8)
    assert kinds(values=(2.0, 1.9)) == ("confirm", ("what",))
    first(0.5, 0.3)
    assert kinds(values=(2.0, 0.3)) == ("confirm", ("what", "spread"))
    assert kinds(values=(2.0, 0.2)) == ("confirm", ("what",)), "a second that is far is not worth holding in mind"
    assert kinds(ids=("what",), values=(2.0,)) == ("confirm", ("what",))
    first(0.5, 0.1)
    verdict = weigh_up(evidence(), meaning=True)
    assert verdict.kind == "decline" and verdict.ids == () and verdict.chance == pytest.approx(0.5)
    assert "not near enough to any topic" in verdict.reasons[0]


@pytest.mark.parametrize("named", [{"foreign": ("asthma",)}, {"organs": ("lung cancer",)}])
def test_what_names_another_illness_is_never_answered(first: Any, named: dict[str, tuple[str, ...]]) -> None:
    first(0.99)
    verdict = weigh_up(evidence(**named), meaning=True)
    assert (verdict.kind, verdict.ids) == ("confirm", ("what",)) and "asked first" in verdict.reasons[-1]
    first(0.5)
    assert kinds(**named) == ("decline", ())
    assert next(iter(named.values()))[0] in weigh_up(evidence(**named), meaning=True).reasons[0]


def test_the_weights_without_meaning_are_others() -> None:
    wanting = evidence(views=(0.0, 0.5, 0.0, 0.2, 0.0, 0.1))
    together, alone = (weigh_up(wanting, meaning=m).chance for m in (True, False))
    assert together == pytest.approx(chance(wanting.features, TOGETHER.first))
    assert alone == pytest.approx(chance(wanting.features, ALONE.first)) and together != pytest.approx(alone)


def test_a_chance_lies_between_none_and_certain_however_odd_the_numbers() -> None:
    assert chance((1_000.0,), (1_000.0, 0.0)) == pytest.approx(1.0) and chance((-1e9,), (1e9, 0.0)) >= 0.0
    assert chance((0.0,), (5.0, 0.0)) == 0.5 and chance((1.0,), (2.0, 1.0)) == pytest.approx(1 / (1 + math.exp(-3)))


def test_twins_and_bareness_begin_where_the_constants_say() -> None:
    assert not has_twin(evidence(ids=("what",), values=(2.0,)))
    assert not has_twin(evidence(values=(2.0, 2.0 * decide.TWIN))) and has_twin(evidence(values=(2.0, 1.301)))
    assert not is_bare(evidence(cover=decide.LEAST_COVER, subject=False))
    assert is_bare(evidence(cover=0.0, subject=False))


def test_every_reason_is_told_and_only_where_it_holds() -> None:
    told = " ".join(weigh_up(evidence(), meaning=True).reasons)
    assert 'nearest to "what is metastasis" (0.90 of 1)' in told and "explains 80% of the words." in told
    assert 'It leads "spread" by 1.80.' in told
    for silent in ("not explained", "Against it", "point elsewhere", "repaired"):
        assert silent not in told
    told = " ".join(
        weigh_up(
            evidence(
                ids=("what",), values=(2.0,), open_words=("blue", "moon"), rival=0.3, agree=False, cost=0.25
            ),
            meaning=True,
        ).reasons
    )
    assert "not explained: blue, moon." in told and "that the pack doesn't speak of it (0.30)" in told
    assert "The words alone point elsewhere." in told and "repaired (0.25 of 1)" in told and "It leads" not in told
    for label, words in ((ADVICE, "a question about one person"), (f"{URGENT}seizure", 'a sign of "seizure"')):
        assert words in " ".join(weigh_up(evidence(rival=0.3, rival_label=label), meaning=True).reasons)
    assert "Against it" not in " ".join(weigh_up(evidence(rival=0.2), meaning=True).reasons)


def by_words(text: str, gate: Gate = GATE) -> tuple[str, tuple[str, ...], str]:
    verdict = judge(LEXICAL.read(text.split()), gate)
    return verdict.kind, verdict.ids, " ".join(verdict.reasons)


@pytest.mark.parametrize("said", ["people", "some more", "body", "it"])
def test_by_words_alone_talk_words_name_no_topic(said: str) -> None:
    assert by_words(said) == ("decline", (), "No word of it belongs to the pack.")


@pytest.mark.parametrize("said", ["metastasis seizure today", "metastasis seizure child", "tumor seizure no"])
def test_a_sign_of_danger_with_a_moment_a_person_or_a_no_is_no_heading(said: str) -> None:
    decision = ROUTER.decide(said)
    assert (decision.kind, decision.id) == ("urgent", "seizure")


def test_a_sign_of_danger_beside_the_subject_alone_is_a_heading() -> None:
    assert ROUTER.decide("metastasis seizure").kind == "answer"


def test_three_words_of_the_embedded_recogniser_are_enough_and_two_are_asked_about() -> None:
    def heard(text: str) -> str:
        return ROUTER.decide(Hypothesis(text, confidence=1.0, engine="pocketsphinx")).kind

    assert heard("tell me prevention") == "answer" and heard("the symptoms") == "confirm"


def test_topics_that_are_not_answered_are_named_where_a_third_of_the_words_point_there() -> None:
    decision = ROUTER.decide("blood sugar of metastasis")
    assert decision.kind == "decline" and len(decision.candidates) == 2
    assert all(0.3 < score < 0.5 for _, score in decision.candidates)
    far = ROUTER.decide("blood sugar of the king of spain and seven horses")
    assert (far.kind, far.candidates) == ("decline", ())


@pytest.mark.parametrize(
    ("said", "word"), [("spell byopsy", "biopsy"), ("spell metastatis", "metastasis"), ("spell cat", "cat")]
)
def test_a_word_to_be_spelled_is_the_one_of_the_glossary_that_was_meant(said: str, word: str) -> None:
    decision = ROUTER.decide(said)
    assert (decision.id, decision.argument) == ("spell", word)


def match(**changes: Any) -> Match:
    plain = Match("what", 0.9, 0.9, 0.9, "what is metastasis", 1.5, (), shared=2, titled=True, subject=True)
    return replace(plain, **changes)


ROUND = Gate(answer=0.75, margin=0.25, confirm=0.5, subject=0.75, cover=0.5, cost=0.25)
"""Thresholds that floating point holds exactly, for what lies on one."""


def gated(*matches: Match, **changes: Any) -> tuple[str, tuple[str, ...], str]:
    concepts = LEXICAL.read(["metastasis"]).concepts
    verdict = judge(replace(Reading(concepts, matches), **changes), ROUND)
    return verdict.kind, verdict.ids, " ".join(verdict.reasons)


def test_by_words_alone_what_is_near_enough_clear_and_hardly_repaired_is_answered() -> None:
    second = match(id="spread", score=0.5)
    kind, ids, why = gated(match(score=0.75), second, cost=0.25)
    assert (kind, ids) == ("answer", ("what",))
    assert 'It is nearest to "what is metastasis".' in why and "It leads the second topic by 0.25." in why
    assert '"what" explains 90% of the words (score 0.75).' in why
    assert gated(match(score=0.8))[:2] == ("answer", ("what",)), "there is no second topic"
    far = replace(second, score=0.375)
    for weaker, told in (
        (gated(match(score=0.74)), "It is not near enough to answer at once."),
        (gated(match(score=0.625), far, cost=0.25), "It is not near enough to answer at once."),
        (gated(match(score=0.9), cost=0.26), "Words had to be repaired."),
        (gated(match(score=0.9, unexplained=("blue",))), "Not explained: blue."),
        (gated(match(score=0.75), replace(second, score=0.5), cost=0.3), "Words had to be repaired."),
    ):
        assert weaker[:2] == ("confirm", ("what",)) and weaker[2].endswith(told)
    both = gated(match(score=0.7), second)
    assert both[:2] == ("confirm", ("what", "spread")) and both[2].endswith("Another topic is nearly as near.")
    assert gated(match(score=0.7), replace(second, score=0.49))[1] == ("what",), "the second is not near itself"
    assert gated(match(score=0.75, unexplained=("blue",)), second)[1] == ("what",), "the second is far behind"


def test_by_words_alone_what_is_hardly_explained_is_declined_and_the_words_are_told() -> None:
    least = match(score=0.5, cover=0.5, unexplained=("blue",))
    assert gated(least)[:2] == ("confirm", ("what",))
    for changes in ({"score": 0.49}, {"cover": 0.49}, {"unexplained": ("blue", "moon")}):
        assert gated(replace(least, **changes))[:2] == ("decline", ())
    told = gated(match(unexplained=("blue", "moon")))[2]
    assert told.startswith("Nothing in the pack explains: blue, moon.")
    assert gated(match(score=0.4))[2].startswith("Nothing in the pack explains: the words are too few.")


def test_by_words_alone_the_bare_subject_is_answered_where_a_wording_is_as_bare() -> None:
    bare = match(telling=0.0, core=True, score=0.9, closeness=0.75)
    second = match(id="spread", score=0.65)
    assert gated(bare, second, cost=0.25)[:2] == ("answer", ("what",))
    for unsure in (
        gated(replace(bare, closeness=0.7), second),
        gated(bare, replace(second, score=0.7)),
        gated(bare, second, cost=0.3),
    ):
        assert unsure[:2] == ("confirm", ("what",)) and unsure[2].endswith("Only the subject is named.")
    for nothing in (replace(bare, core=False), replace(bare, unexplained=("blue",))):
        assert gated(nothing) == ("decline", (), "Only the subject is named, not what to know about it.")
    more = match(telling=0.5, core=True, closeness=0.1)
    assert gated(more)[:2] == ("answer", ("what",)), "a word that tells topics apart was said too"


def test_by_words_alone_one_word_that_names_no_topic_is_asked_about_or_declined() -> None:
    word = match(subject=False, shared=1, titled=False, closeness=0.75)
    assert gated(word)[:2] == ("confirm", ("what",)) and gated(word)[2].endswith("The subject is not named.")
    assert gated(replace(word, closeness=0.74))[0] == "decline"
    assert "One word alone, and it names no topic." in gated(replace(word, closeness=0.74))[2]
    assert gated(replace(word, closeness=0.5), pronoun=True)[0] == "confirm", '"it" stands for the subject'
    assert gated(replace(word, closeness=0.49), pronoun=True)[0] == "decline"
    assert gated(replace(word, closeness=0.6, unexplained=("blue",)), pronoun=True)[0] == "decline"
    twin = match(id="spread", score=0.7)
    assert gated(replace(word, score=0.8), twin)[1] == ("what", "spread")
    assert gated(replace(word, score=0.95), twin)[1] == ("what",)
    assert gated(replace(word, score=0.75), replace(twin, score=0.5))[1] == ("what",)
    for enough in ({"shared": 2}, {"titled": True}, {"subject": True}):
        assert gated(replace(word, **enough))[0] == "answer"


def test_three_of_the_things_that_the_pack_does_not_speak_of_are_told() -> None:
    kind, ids, why = gated(match(), diseases=("asthma", "gout"), topics=("jazz",), organs=("lung cancer",))
    assert (kind, ids) == ("decline", ()) and why.endswith("doesn't speak of: asthma, gout, jazz.")
    assert gated(match(), organs=("lung cancer",))[0] == gated(match(), topics=("jazz",))[0] == "decline"
    of_both = weigh_up(evidence(foreign=("asthma", "gout", "jazz"), organs=("lung cancer",)), meaning=True)
    assert any(reason.startswith("It names") and "asthma, gout, jazz." in reason for reason in of_both.reasons)


@pytest.mark.parametrize(
    ("said", "kind", "ids"),
    [
        ("do all can sirs spread", "answer", ("which-cancers",)),
        ("by blood or by lymph", "answer", ("spreads",)),
        ("chances after spread", "answer", ("prognosis",)),
        ("locally advanced versus metastatic", "confirm", ("what",)),
        ("lymph nodes", "confirm", ("spreads",)),
        ("chemotherapy", "confirm", ("treatment",)),
        ("immune", "decline", ()),
        ("does a long gap since treatment mean it can't spread any more", "confirm", ("years-later", "research")),
    ],
)
def test_by_words_alone_what_lies_near_a_threshold_keeps_to_its_side(
    said: str, kind: str, ids: tuple[str, ...]
) -> None:
    assert by_words(" ".join(strip_frames(tokens(said))))[:2] == (kind, ids)


def test_what_names_another_illness_is_offered_from_six_in_ten_on(first: Any) -> None:
    first(0.65)
    assert kinds(foreign=("asthma",))[0] == "confirm"
    first(0.55)
    assert kinds(foreign=("asthma",))[0] == "decline"


def test_the_second_topic_is_named_from_its_least_share_on_and_only_where_there_is_one(first: Any) -> None:
    first(0.5, 0.3)
    assert kinds(values=(2.0, 0.24))[1] == ("what", "spread")
    first(0.95)
    assert kinds(ids=("what", "spread", "treatment"), values=(2.0, 1.9, 1.8))[1] == ("what", "spread")
    assert kinds(ids=("what", "spread", "treatment"), values=(2.0, 0.2, 0.1))[1] == ("what",)


@pytest.mark.parametrize(
    "said",
    [
        "what should be done when someone has a seizure",
        "how to help a man with a seizure",
        "first aid for a seizure",
        "who to call for a seizure",
        "is this a seizure",
        "someone has a seizure",
        "why does a seizure start suddenly",
        "cancer seizure",
        "sezure right now",
    ],
)
def test_a_sign_of_danger_is_urgent_where_somebody_is_to_be_helped_or_a_moment_is_meant(said: str) -> None:
    found = SAFETY.check(tokens(said))
    assert (found.grade, found.rule and found.rule.id, found.sign) == ("urgent", "seizure", "seizure")
    assert found.reason.startswith('"seizure" is a sign of the rule "seizure"')


@pytest.mark.parametrize(
    "said", ["what causes a seizure", "does someone with a seizure shake", "can cancer cause a seizure",
             "tumor symptoms seizure", "signs of a seizure"],
)  # fmt: skip
def test_a_general_question_on_a_sign_of_danger_is_none(said: str) -> None:
    assert SAFETY.check(tokens(said)).grade == "none"


def test_the_words_of_a_sign_stand_within_a_clause_or_two_and_each_counts_once() -> None:
    between = ["really"]
    rule = replace(load_pack().urgent[1], signs=("=red + =blue + =red",), always=True)
    safety = Safety(replace(load_pack(), urgent=(rule,)))
    for words, grade in (
        (["red", "blue", "red"], "urgent"),
        (["red", "blue"], "none"),  # one word can't be two groups
        (["red", "blue", *between * (WINDOW - 3), "red"], "urgent"),
        (["red", "blue", *between * (WINDOW - 2), "red"], "none"),
    ):
        assert safety.check(words).grade == grade, words


def test_a_sign_is_told_in_the_words_that_were_said() -> None:
    found = SAFETY.check(tokens("please help she can not really breathe"))
    assert (found.grade, found.sign) == ("urgent", "can not breathe")
    assert 'speaks of a person ("she")' in found.reason


def test_what_a_doctor_said_is_passed_over_for_a_definition_and_for_nothing_else() -> None:
    asked, advised = (
        SAFETY.check(tokens(f"my doctor used the word metastasis {rest}"))
        for rest in ("what does it mean", "what should i do")
    )
    assert asked.grade == "none" and "doctor" not in asked.question
    assert advised.grade == "personal"


def test_louder_is_no_cry_for_help_and_go_on_is_a_yes_only_to_an_offer() -> None:
    assert ROUTER.decide("speak up i can not hear you").id == "louder"
    assert ROUTER.decide("go on then").id == "resume"
    assert ROUTER.decide("go on then", Context(options=("what",))).id == "yes"


def test_every_number_of_a_list_reaches_its_own_and_none_beyond() -> None:
    pack, words = load_pack(), "one two three four five six seven eight".split()
    for word, question, fact in zip(words, pack.questions, pack.facts, strict=True):
        assert ROUTER.decide(word, Context(numbered=True)).id == question.id
        assert ROUTER.decide(f"question {word}", Context(options=("spread",))).id == question.id
        assert ROUTER.decide(f"fact {word}", Context(options=("spread",))).id == fact.id
    offered = Context(options=("what", "spread"))
    assert [ROUTER.decide(word, offered).id for word in words[:3]] == ["what", "spread", None]
    beyond = ROUTER.decide("three", offered)
    assert (beyond.argument, beyond.reasons) == ("3", ("There is no number 3 among the topics offered.",))
    assert ROUTER.decide("nine", Context(numbered=True)).reasons[0].startswith("There are 8 questions;")


@pytest.mark.parametrize("said", ["what is metastasis", "can cancer spread to many places", "spread", "how long"])
def test_what_is_near_is_told_best_first_and_three_at_most(said: str) -> None:
    scores = [score for _, score in ROUTER.decide(said).candidates]
    assert len(scores) <= 3 and scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)


def test_to_a_personal_question_the_near_topics_are_named() -> None:
    decision = ROUTER.decide("has my cancer spread")
    assert (decision.kind, [topic for topic, _ in decision.candidates]) == ("advice", ["spreads", "diagnosis"])
    assert ROUTER.decide("my metastasis").candidates == (), "the subject alone points to no topic"


def test_a_word_is_explained_however_it_is_asked_for_and_the_subject_by_its_own_answer() -> None:
    for said in ("so what do they mean by biopsy", "biopsy what is that word"):
        assert (ROUTER.decide(said).kind, ROUTER.decide(said).id) == ("answer", "glossary/biopsy")
    for said in ("metastasis what is that word", "what do they mean by metastasis"):
        assert ROUTER.decide(said).id == "what"


def test_the_topics_learn_from_questions_alone() -> None:
    assert ROUTER.reaches_topics(tokens("please tell me how cancer spreads")) == "how cancer spreads".split()
    for said in ("", "i can not breathe", "should i have chemotherapy", "next please"):
        assert ROUTER.reaches_topics(tokens(said)) is None, said
