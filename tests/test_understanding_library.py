"""A pack of hundreds of items and more goes through the same router: safety, commands, then its index."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from companion.content import load_pack
from companion.content.types import Item
from companion.understanding import Router
from companion.understanding.library import LARGE, Library

PACK = load_pack()
ENDS = ("osis", "itis", "algia", "opathy", "emia")
STARTS = "bar cor del fen gal hol jas kel lum mor nev ost pel quin ros tav".split()
MIDDLES = ("an", "er", "il", "um")
NAMES = [s + m + e for s in STARTS for m in MIDDLES for e in ENDS]
ASKED = {"symptoms": "What are the symptoms of {}?", "treatment": "What are the treatments for {}?"}


def item(name: str, kind: str, number: int) -> Item:
    base = PACK.questions[0]
    question = ASKED[kind].format(name)
    return replace(base, id=f"{name}-{kind}", title=f"{kind} of {name}", question=question, wordings=(), number=number)


@pytest.fixture(scope="module")
def router(tmp_path_factory: pytest.TempPathFactory) -> Router:
    items = tuple(item(name, kind, n) for n, (name, kind) in enumerate((x, k) for x in NAMES for k in ASKED))
    assert len(items) >= LARGE
    cache = tmp_path_factory.mktemp("cache")
    return Router(replace(PACK, questions=items, facts=()), lambda pack, _v: Library(pack, None, cache))


def test_its_own_questions_are_answered(router):
    for name in NAMES[::41]:
        for kind, wording in ASKED.items():
            decision = router.decide(wording.format(name))
            assert (decision.kind, decision.id) == ("answer", f"{name}-{kind}"), decision.reasons


def test_a_mistyped_name_is_found(router):
    decision = router.decide("what are the symptoms of baranosiss")
    assert decision.candidates[0][0] == "baranosis-symptoms"


def test_a_name_that_it_does_not_have_is_never_answered(router):
    for name in ("diabetes", "asthma", "hypertension", "cystic fibrosis", "zoster"):
        decision = router.decide(f"what are the symptoms of {name}")
        assert decision.kind != "answer", (name, decision.id, decision.reasons)


def test_safety_and_commands_come_first(router):
    assert router.decide("I can't breathe").kind == "urgent"
    assert router.decide("should I stop taking my tablets").kind == "advice"
    assert router.decide("next please").id == "next"


def test_everyday_talk_is_declined(router):
    for text in ("what is the weather like", "play some music", "how do i knit a scarf", "", "asdf qwer"):
        assert router.decide(text).kind in {"decline", "advice"}, text


def test_the_index_is_kept_and_gives_the_same(router, tmp_path):
    pack = router._pack
    first = Router(pack, lambda p, _v: Library(p, None, tmp_path)).decide("what are the treatments for coreralgia")
    kept = list(Path(tmp_path).rglob("*.npz"))
    again = Router(pack, lambda p, _v: Library(p, None, tmp_path)).decide("what are the treatments for coreralgia")
    assert kept and first == again


def test_without_a_library_given_one_is_made(router):
    assert Router(router._pack).decide("what are the symptoms of baranosis").id == "baranosis-symptoms"
