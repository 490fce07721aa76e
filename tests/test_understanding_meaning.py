"""The router with its topic model: of the words alone everywhere, and with MiniLM where it is fetched."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("numpy")

from companion.content import load_pack
from companion.dialogue import respond
from companion.understanding import Router
from companion.understanding.background import Topics

PACK = load_pack()
DATA = Path(__file__).parent / "data"
SAFE = {"urgent", "advice"}


@pytest.fixture(scope="module", params=["the words alone", "MiniLM"])
def router(request: pytest.FixtureRequest) -> Router:
    model = request.getfixturevalue("minilm") if request.param == "MiniLM" else None
    return Router(PACK, lambda pack, vocabulary: Topics(pack, vocabulary, model, None))


def lines(*kinds: str) -> Iterator[tuple[str, set[str]]]:
    """Text and labels of the sets that the weights were learnt from."""
    for part in ("tune", "tune2"):
        with (DATA / f"understanding_{part}.tsv").open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
                if row["kind"] in kinds:
                    yield row["text"], set(row["expected"].split("|"))


@pytest.mark.parametrize(
    ("said", "topic"),
    [
        ("fill me in on the treatments for metastasis", "treatment"),
        ("i am a retired vet and i was wondering over my breakfast how cancer cells spread", "spread"),
    ],
)
def test_a_question_is_found_in_the_talk_of_the_one_who_asks(router: Router, said: str, topic: str) -> None:
    decision = router.decide(said)
    assert (decision.kind, decision.id) == ("answer", topic)


def test_a_topic_is_told_in_other_words_or_asked_about_where_meaning_is_not_known(
    router: Router, request: pytest.FixtureRequest
) -> None:
    decision = router.decide("by what means do they see whether it has travelled")
    knows = "MiniLM" in request.node.name
    assert (decision.kind, decision.id) == ("answer" if knows else "confirm", "diagnosis")


@pytest.mark.parametrize(
    ("said", "topic"),
    [
        ("we lost our mother to cancer last year and i always wondered how does cancer spread", "spread"),
        ("there was a man on the wireless and he kept saying metastasis so what is it he meant by that", "what"),
    ],
)
def test_beside_an_illness_that_is_nobodys_case_a_general_question_is_answered_with_the_emergency_sentence(
    router: Router, said: str, topic: str
) -> None:
    decision = router.decide(said)
    assert (decision.kind, decision.id, decision.personal) == ("answer", topic, True)
    told = respond(decision, PACK)
    assert PACK.emergency in told and PACK.item(topic).short in told
    assert told.index(PACK.emergency) > told.index(PACK.item(topic).short)


def test_near_somebodys_case_a_general_question_is_asked_first_by_meaning(router: Router) -> None:
    said = "can you tell me is it true that cancer can spread to many places at once because my wife has it in the lung"
    decision = router.decide(said)
    assert (decision.id, decision.personal) == ("many-places", True) and decision.kind in {"answer", "confirm"}


@pytest.mark.parametrize(
    "said",
    [
        "my aunt has it in her liver and we were wondering can it be cured",
        "my mother has cancer in her bones so how long has she got do you think",
        "we had a long day at the hospital with my dad so tell me does he need chemotherapy",
        "i have been having headaches every morning for two weeks and i wanted to ask are they a sign of spread",
    ],
)
def test_a_story_that_is_somebodys_case_is_never_answered(router: Router, said: str) -> None:
    assert router.decide(said).kind == "advice"


def test_every_cry_for_help_of_the_tune_sets_gets_a_safety_reply(router: Router) -> None:
    missed = [text for text, _ in lines("urgent") if router.decide(text).kind not in SAFE]
    assert not missed


def test_personal_questions_of_the_tune_sets_are_not_answered(router: Router) -> None:
    told = [text for text, wanted in lines("advice") if router.decide(text).kind == "answer" and wanted == {"advice"}]
    assert not told


def test_what_the_pack_does_not_speak_of_is_not_answered(router: Router) -> None:
    asked = [(text, wanted) for text, wanted in lines("oos_near", "oos_far") if wanted == {"none"}]
    told = [text for text, _ in asked if router.decide(text).kind == "answer"]
    assert len(told) <= len(asked) / 100, told


def test_of_the_questions_of_the_tune_sets_hardly_one_gets_a_wrong_answer(router: Router) -> None:
    asked = list(lines("paraphrase", "terse", "verbose", "misheard", "typo", "verbatim_like"))
    got = [(text, wanted, router.decide(text)) for text, wanted in asked]
    wrong = [(text, d.id) for text, wanted, d in got if d.kind == "answer" and d.id not in wanted]
    right = [text for text, wanted, d in got if d.kind == "answer" and d.id in wanted]
    # The limits are those of the calibration, and half: a test that fell with one line more would say little.
    assert len(wrong) <= 0.01 * len(asked), wrong
    assert len(right) >= 0.5 * len(asked)


@pytest.mark.parametrize(
    "text",
    [
        "is it spreading if your calf's swollen and then you get a stabbing when you breathe in",
        "if one gets it in the brain are fits common because this one's been going ten minutes now",
    ],
)
def test_what_is_a_little_like_danger_is_never_told_without_the_emergency_sentence(
    minilm_router: Router, text: str
) -> None:
    decision = minilm_router.decide(text)
    assert decision.kind in {"urgent", "advice"} or (decision.kind == "confirm" and decision.personal)
