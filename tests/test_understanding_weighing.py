"""The gate's order of questions, on evidence written by hand and with weights that make each chance plain."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from companion.content import load_pack
from companion.events import Hypothesis
from companion.understanding import Router, decide
from companion.understanding.calibrated import ALONE, TOGETHER, Calibration
from companion.understanding.decide import GATE, Gate, chance, has_twin, is_bare, judge, weigh_up
from companion.understanding.evidence import Evidence
from companion.understanding.exemplars import ADVICE, NOTHING, URGENT
from companion.understanding.lexical import Lexical

LEXICAL = Lexical(load_pack())
ROUTER = Router(load_pack())


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
