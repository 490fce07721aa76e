"""What else may have been heard has a vote, and never answers."""

import pytest

from companion.content import load_pack
from companion.events import Decision, Hypothesis
from companion.understanding import Router
from companion.understanding.alternatives import among, may_differ
from companion.understanding.doubt import EMBEDDED

ROUTER = Router(load_pack())
ANSWER = Decision("answer", "what", candidates=(("what", 0.8),))
OUTLOOK = Decision("answer", "prognosis", candidates=(("prognosis", 0.9),))
CURE = Decision("confirm", "treatment", candidates=(("treatment", 0.5), ("prognosis", 0.3)))
NOTHING = Decision("decline", None)
CRY = Decision("urgent", "breathing")
OWN = Decision("advice", "symptoms", candidates=(("symptoms", 0.4),))


def heard(*others: str, trusted: bool = True, confidence: float = 0.6) -> Hypothesis:
    text = "one two three four"
    return Hypothesis(text, engine=EMBEDDED, trusted=trusted, confidence=confidence, alternatives=others)


def voted(first: Decision, others: list[Decision], **sure: float) -> Decision:
    by_text = {f"text {n}": d for n, d in enumerate(others)}
    return among(first, heard(*by_text, **sure), by_text.__getitem__)


def test_an_answer_that_the_others_give_too_stands_as_it_is():
    assert voted(ANSWER, [ANSWER, NOTHING, ANSWER]) is ANSWER


def test_where_the_next_text_gives_the_answer_too_no_more_are_looked_at():
    asked: list[str] = []

    def decide(text: str) -> Decision:
        asked.append(text)
        return ANSWER

    assert among(ANSWER, heard("next", "last"), decide) is ANSWER and asked == ["next"]
    assert among(ANSWER, heard("next", "last", trusted=False), decide).kind == "confirm"


def test_an_answer_that_most_don_t_give_is_asked_about_with_what_they_give():
    found = voted(ANSWER, [OUTLOOK, OUTLOOK, OUTLOOK])
    assert (found.kind, [i for i, _ in found.candidates]) == ("confirm", ["what", "prognosis"])
    assert "75% speak" in found.reasons[-1]


def test_where_the_first_text_has_no_topic_the_agreement_of_the_others_is_offered_and_never_answered():
    for first in (NOTHING, CURE):
        assert voted(first, [OUTLOOK] * 4).kind == "confirm"
        assert voted(first, [OUTLOOK] * 4).id == "prognosis"


@pytest.mark.parametrize(("confidence", "votes", "kind"), [
    (0.3, 2, "confirm"), (0.3, 1, "decline"), (0.2, 3, "confirm"), (0.2, 2, "decline"), (0.05, 3, "confirm"),
    (0.05, 2, "decline"), (0.01, 4, "decline"),
])  # fmt: skip
def test_the_less_the_words_are_trusted_the_more_texts_must_agree(confidence, votes, kind):
    others = [OUTLOOK] * votes + [NOTHING] * (4 - votes)
    assert voted(NOTHING, others, trusted=False, confidence=confidence).kind == kind


def test_one_topic_offered_stays_one_where_the_words_are_trusted_and_enough_texts_offer_it():
    risk = Decision("confirm", "prevention", candidates=(("prevention", 0.4),))
    assert voted(risk, [risk, risk, CURE, CURE]) is not risk  # 36 %
    assert voted(risk, [risk, risk, risk, CURE]) is risk
    assert len(voted(risk, [risk, risk, risk, CURE], trusted=False).candidates) == 1
    assert len(voted(risk, [risk, risk, CURE, CURE]).candidates) == 2


def test_what_only_the_first_text_offers_is_not_offered():
    assert voted(CURE, [NOTHING] * 4).kind == "decline"


def test_no_topic_anywhere_is_no_topic():
    assert voted(NOTHING, [NOTHING, NOTHING]).kind == "decline"


def test_only_sure_words_get_the_nearest_topics_named():
    near = Decision("decline", None, candidates=(("what", 0.3),))
    assert voted(near, [NOTHING]).candidates == near.candidates
    assert voted(near, [NOTHING], trusted=False).candidates == ()
    assert voted(CURE, [NOTHING] * 4).candidates == ()


def test_danger_and_persons_in_most_texts_count():
    assert voted(ANSWER, [CRY, CRY, OWN, OUTLOOK]).kind == "urgent"
    assert voted(NOTHING, [OWN, OWN, OWN, NOTHING]).kind == "advice"
    assert voted(NOTHING, [CRY, OWN, NOTHING, NOTHING]).kind == "decline"


def test_an_offer_near_a_person_carries_the_emergency_sentence():
    passing = Decision("confirm", "prognosis", candidates=(("prognosis", 0.5),), personal=True)
    assert voted(NOTHING, [OUTLOOK, OUTLOOK, passing]).personal


def test_safety_commands_own_wordings_and_short_texts_are_not_put_to_the_vote():
    own = Decision("answer", "what", candidates=(("what", 1.0),))
    for first in (CRY, OWN, own, Decision("command", "stop"), Decision("decline", None, argument="thanks")):
        assert not may_differ(first, heard("another"))
    assert may_differ(ANSWER, heard("another")) and not may_differ(ANSWER, heard())
    assert not may_differ(ANSWER, Hypothesis("oh well", alternatives=("so what",)))
    for text, enough in (("can the body", False), ("can the body do", True)):
        assert may_differ(NOTHING, Hypothesis(text, alternatives=("lump a the a",))) is enough


def test_the_router_hears_the_outlook_behind_a_wrong_word():
    said = "what is the and for metastatic cancer"
    texts = tuple(f"what is the {w} for metastatic cancer" for w in ("outlook", "oven", "prognosis", "outlook now"))
    alone, found = (ROUTER.decide(Hypothesis(said, engine=EMBEDDED, alternatives=a)) for a in ((), texts))
    assert "prognosis" not in [i for i, _ in alone.candidates]
    assert found.kind == "confirm" and "prognosis" in [i for i, _ in found.candidates] and found.heard == said


def test_a_cry_for_help_is_never_an_answer_whatever_the_alternatives_say():
    texts = ("what is metastasis",) * 4
    assert ROUTER.decide(Hypothesis("i can not breathe at all", engine=EMBEDDED, alternatives=texts)).kind == "urgent"
