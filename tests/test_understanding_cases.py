"""A person named in passing, and a question about that person: told apart by what is learnt."""

from __future__ import annotations

import numpy as np
import pytest

from companion.content import load_pack
from companion.dialogue import respond
from companion.events import Decision
from companion.understanding import Router
from companion.understanding.background import Topics
from companion.understanding.cases import CaseModel, chance, features, learnt
from companion.understanding.doubt import LEAST_WHOLE, beside_whole
from companion.understanding.frames import LONGEST_BREATH, breaths
from companion.understanding.router import NEAREST_NAMED

PACK = load_pack()


# Written for this test; none stands in a set.
STORIES = [
    (
        "my grandson has to draw a poster for his science fair and wants "
        "to know how do cancer cells spread through the body",
        {"spread"},
    ),
    (
        "can metastasis be prevented i'm only asking since our choir is "
        "doing a talk on it and i drew that question out of the hat",
        {"prevention"},
    ),
    (
        "the barber and i had a long chat and he reckons every cancer can "
        "spread so can every cancer spread or was he pulling my leg",
        {"which-cancers"},
    ),
    (
        "my wife reads to me from the church magazine since my eyes went and it "
        "had a piece on where does cancer usually go when it spreads",
        {"spreads"},
    ),
    (
        "for the pub quiz my brother set us one about why does cancer "
        "come back somewhere else years later and nobody had it",
        {"years-later"},
    ),
    (
        "our teacher told us to ask somebody at home do some cancers "
        "spread more easily than others so i am asking you",
        {"some-more"},
    ),
    (
        "i was on the bus next to two student nurses and they argued about it "
        "how is metastasis found i could not hear the end of it",
        {"diagnosis"},
    ),
]
OWN = [
    "my sister's scan came back and they say it is in her liver so how long has she got",
    "i had my breast off in the spring and now my hip aches at night do you think it has spread",
    "they put my husband on new tablets and he is sick all day should he stop taking them",
    "the doctor told me it is stage four and i want to know will i see christmas",
    "my mother has it in her spine and asked me would radiation be too much for her at her age",
]
DANGER = [
    "my brother has it in his back and since this morning his legs will not hold him up",
    "i am out on the ledge and all i wanted was somebody to talk to",
    "i have written my letters and kept my tablets back so that it can be over tonight",
    "she is on chemo and shaking with a fever of thirty nine what should we do",
]


def test_most_questions_of_nobodys_stories_are_answered_or_asked_about_and_none_wrongly(minilm_router: Router) -> None:
    right = 0
    for said, topics in STORIES:
        decision = minilm_router.decide(said)
        right += decision.kind in {"answer", "confirm"} and decision.id in topics
        assert decision.kind != "answer" or decision.id in topics, (said, decision)
        assert decision.kind != "decline", said
    assert right >= len(STORIES) // 2 + 1


@pytest.mark.parametrize("said", OWN)
def test_somebodys_own_case_is_never_answered(minilm_router: Router, said: str) -> None:
    decision = minilm_router.decide(said)
    assert decision.kind in {"advice", "urgent"}, decision
    assert PACK.emergency in respond(decision, PACK) or decision.kind == "urgent"


@pytest.mark.parametrize("said", DANGER)
def test_danger_in_a_story_stays_danger(minilm_router: Router, said: str) -> None:
    assert minilm_router.decide(said).kind == "urgent"


def test_what_is_asked_first_in_a_story_carries_the_emergency_sentence(minilm_router: Router) -> None:
    seen = [d for said, _ in STORIES if (d := minilm_router.decide(said)).kind == "confirm"]
    assert all(d.personal and PACK.emergency in respond(d, PACK) for d in seen)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (
            "on the radio a man said that after the surgeon took it all away it came up in the lung "
            "and the presenter asked him who is to blame for that, so who is",
            "after-surgery",
        ),
        (
            "the lady who reads to me said scientists are at it day and night, and then the tea came, "
            "and i wanted to ask what do they have by now",
            "research",
        ),
    ],
)  # fmt: skip
def test_what_a_story_as_a_whole_points_to_is_offered_too(minilm_router: Router, said: str, meant: str) -> None:
    decision = minilm_router.decide(said)
    assert decision.kind == "confirm" and decision.personal
    assert decision.id == decision.candidates[0][0] != meant == decision.candidates[1][0]


def test_the_whole_is_offered_beside_the_question_only_where_it_differs_and_is_near_enough() -> None:
    asked = Decision("confirm", "what", candidates=(("what", 0.5), ("spread", 0.4)), personal=True)
    assert beside_whole(asked, ("research", 0.34567)).candidates == (("what", 0.5), ("research", 0.346))
    assert beside_whole(asked, ("research", LEAST_WHOLE - 0.01)) is asked
    assert beside_whole(asked, ("what", 0.9)) is asked
    told = Decision("answer", "what", candidates=(("what", 0.9),))
    assert beside_whole(told, ("research", 0.9)) is told


def test_without_the_sentence_model_no_person_is_taken_for_one_in_passing() -> None:
    alone = Router(PACK, lambda pack, vocabulary: Topics(pack, vocabulary, None, None))
    for said in OWN + DANGER:
        assert alone.decide(said).kind in {"advice", "urgent"}


def test_the_weights_fit_the_embedding_and_the_signs() -> None:
    from companion.understanding.cases import signs
    from companion.understanding.minilm import DIMENSIONS

    model = learnt()
    labels = ("what", "!advice", "!crisis", "-")
    from companion.understanding.topics import Scores

    scores = Scores(labels, (0.1, 0.2, 0.3, 0.4), ("",) * 4, (0.0,) * 4, (0.0,) * 4, (0.0,) * 4, (0.0,) * 4)
    told = signs(scores, ["my", "own", "words"], ("what",), sign=True)
    assert (len(model.meaning), len(model.signs)) == (DIMENSIONS, len(told))
    assert told[:4] == (0.2, 0.3, 0.4, 0.1) and told[-1] == 1.0
    assert 0 < model.sure < model.passing < model.danger_passing < 0.5
    assert {"my", "her scan"} & set(model.words) and all(rarity >= 1 for rarity, _ in model.words.values())


def test_the_chance_is_ridge_regression_made_a_chance() -> None:
    model = CaseModel(
        np.array([0.5, -0.25], np.float32), np.array([1.0], np.float32),
        {"my": (1.0, 2.0), "my scan": (3.0, -1.0), "their": (9.0, 9.0)}, -1.0, (4.0, 0.5), 0.01, 0.1, 0.2,
    )  # fmt: skip
    words = ["my", "scan", "my", "scan"]
    assert features(words) == ["my", "scan", "my scan", "scan my"]
    value = 0.5 * 0.2 - 0.25 * 0.4 + 1.0 * 0.75 + (1.0 * 2.0 - 3.0 * 1.0) / np.sqrt(10) - 1.0
    found = chance(model, np.array([0.2, 0.4], np.float32), (0.75,), words)
    assert found == pytest.approx(1 / (1 + np.exp(-(4 * value + 0.5))), abs=1e-6)
    # What is known of no word counts for nothing.
    value = 0.5 * 0.2 - 0.25 * 0.4 + 1.0 * 0.75 - 1.0
    assert chance(model, np.array([0.2, 0.4], np.float32), (0.75,), []) == pytest.approx(
        1 / (1 + np.exp(-(4 * value + 0.5))), abs=1e-6
    )


def test_a_question_may_stand_anywhere_in_a_story() -> None:
    first = "does cancer ever come back i only ask for a poem".split()
    last = "my niece sings in a choir and where does cancer go".split()
    assert "does cancer ever come back".split() in breaths(first)
    assert "where does cancer go".split() in breaths(last)
    assert breaths("we went to the shops".split()) == []
    assert all(len(found) <= LONGEST_BREATH for found in breaths(("what is it that " * 20).split()))


@pytest.mark.parametrize(
    ("said", "kind", "topic", "personal"),
    [
        ("how do i knit a sock", "decline", None, False),
        ("how do i plant roses in my garden", "decline", None, False),
        ("can we prevent metastasis", "confirm", "prevention", True),
        ("how would i know the symptoms of metastasis", "confirm", "symptoms", True),
        ("we ask where cancer spreads to", "answer", "spreads", False),
    ],
)
def test_a_person_in_a_general_question_makes_it_nobodys_case(
    minilm_router: Router, said: str, kind: str, topic: str | None, personal: bool
) -> None:
    decision = minilm_router.decide(said)
    assert (decision.kind, decision.id, decision.personal) == (kind, topic, personal)


def test_a_case_in_which_nobody_is_named_is_advised_on_by_likeness(minilm_router: Router) -> None:
    decision = minilm_router.decide("is it safe to stop taking the tablets")
    assert decision.kind == "advice" and decision.reasons[0].startswith("It is like ")


def test_a_word_that_a_story_asks_about_is_explained_with_the_emergency_sentence(minilm_router: Router) -> None:
    decision = minilm_router.decide(
        "my grandson reads out the paper to me on a sunday and they wrote palliative so what does palliative mean"
    )
    assert (decision.kind, decision.id, decision.personal) == ("answer", "glossary/palliative", True)
    assert PACK.emergency in respond(decision, PACK)


def test_what_names_another_illness_is_declined_without_a_topic_that_it_is_not_about(minilm_router: Router) -> None:
    for said in ("what are the symptoms of asthma", "how is diabetes treated"):
        decision = minilm_router.decide(said)
        assert (decision.kind, decision.candidates) == ("decline", ()), said
    for said in ("what is jazz", "how do i knit a sock", "which tests are there for drivers"):
        near = minilm_router.decide(said).candidates
        assert all(value >= NEAREST_NAMED for _, value in near), said
