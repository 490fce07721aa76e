"""What people have said: where it comes from, what learns from it, and what must not."""

from __future__ import annotations

import csv
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from companion.content import bundled_pack_dir, load_pack
from companion.content.types import NO_ANSWER
from companion.errors import PackError
from companion.understanding import bags
from companion.understanding.background import Topics, as_sentence
from companion.understanding.exemplars import NOTHING, Exemplar, Subject, exemplars
from companion.understanding.lexical import Lexical
from companion.understanding.normal import tokens
from companion.understanding.phrases import phrases
from companion.understanding.ridge import BLOCK, solved
from companion.understanding.topics import (
    CONCEPT_WEIGHT,
    LETTER_WEIGHT,
    SOUND_WEIGHT,
    Scores,
    Sentence,
    TopicModel,
)

PACK = load_pack()
DATA = Path(__file__).parent / "data"
SAID = [(name, text) for name, texts in PACK.said.items() for text in texts]


def texts_of(pattern: str) -> set[str]:
    found = set()
    for path in DATA.glob(pattern):
        with path.open(encoding="utf-8", newline="") as file:
            found |= {row["text"] for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)}
    return found


def test_all_that_is_learnt_was_said_for_tuning_and_nothing_of_it_reports() -> None:
    said = {text for _, text in SAID}
    assert len(said) == len(SAID) > 1000
    assert said <= texts_of("understanding_*tune*.tsv")
    reported = texts_of("understanding_*report*.tsv")
    assert len(reported) > 4000
    assert not said & reported


def test_what_was_said_comes_last_among_the_exemplars_with_what_it_asks_for() -> None:
    rows = exemplars(PACK, Lexical(PACK).vocabulary)
    learnt = [(NO_ANSWER if row.label == NOTHING else row.label, row.text) for row in rows[-len(SAID) :]]
    assert learnt == SAID
    assert rows[: -len(SAID)] == exemplars(replace(PACK, said={}), Lexical(PACK).vocabulary)
    # The pack's subject is a topic and no word of the glossary, so that nothing can be learnt for it.
    odd = replace(PACK, said={"glossary/metastasis": ("met what is that then",)})
    assert exemplars(odd, Lexical(PACK).vocabulary) == rows[: -len(SAID)]


def test_neither_the_words_nor_the_recogniser_know_what_was_said() -> None:
    said = {"what": ("my hat it has three corners",), NO_ANSWER: ("three corners has my hat",)}
    pack, bare = replace(PACK, said=said), replace(PACK, said={})
    assert phrases(pack) == phrases(bare)
    words = tokens("my hat it has three corners")
    assert Lexical(pack).read(words) == Lexical(bare).read(words)


def test_a_garbled_form_without_a_letter_is_passed_over() -> None:
    odd = replace(PACK, misheard={**PACK.misheard, "spread": ("...", "sped")})
    assert Lexical(odd).vocabulary.mend(["how", "cells", "sped"]) == ["how", "cells", "spread"]


def test_a_topic_is_found_by_what_was_said_for_it() -> None:
    asked = "surely the nasty things do not just up sticks"
    values = []
    for said in ({}, {"spread": ("so the nasty things just up sticks then",)}):
        few = tuple(replace(item, wordings=item.wordings[:10]) for item in PACK.questions)
        pack = replace(PACK, questions=few, facts=(), glossary=(), urgent=(), decoys=(), said=said)
        vocabulary = Lexical(pack).vocabulary
        rows = [row for row in exemplars(pack, vocabulary) if row.label in {"what", "spread", "symptoms"}]
        subject = Subject.of(pack, vocabulary)
        model = TopicModel(rows, [as_sentence(tokens(r.text), vocabulary, subject) for r in rows], None)
        values.append(model.scores(as_sentence(tokens(asked), vocabulary, subject), None).of("spread"))
    assert values[1] > values[0] + 0.2


def test_what_was_said_has_no_say_in_safety() -> None:
    items = tuple(replace(item, wordings=item.wordings[:6]) for item in PACK.questions)
    rules = tuple(replace(rule, prototypes=rule.prototypes[:4]) for rule in PACK.urgent)
    few = replace(PACK, questions=items, facts=(), urgent=rules, advice_prototypes=PACK.advice_prototypes[:30])
    said = {"symptoms": ("can a body not get a breath with it", "no breath left is that one"), NO_ANSWER: ("hello",)}
    packs = [replace(few, decoys=PACK.decoys[:30], said=lines) for lines in (said, {})]
    with_it, without = (Topics(pack, Lexical(pack).vocabulary, None, None) for pack in packs)
    cry = tokens("please i can not get a breath")
    assert with_it.by_own(cry) == without.by_own(cry) == without.scores(cry)
    assert with_it.scores(cry) != with_it.by_own(cry)
    assert without.model is without.own_model and with_it.model is not with_it.own_model


def test_where_memory_is_short_the_packs_own_sentences_are_learnt_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    few = tuple(replace(item, wordings=item.wordings[:6]) for item in PACK.questions)
    pack = replace(PACK, questions=few, facts=(), glossary=(), urgent=(), decoys=(), said={"what": ("met what",)})
    whole = len(exemplars(pack, Lexical(pack).vocabulary))

    class Short(TopicModel):
        """Stands in for a machine that has room for the smaller fit only."""

        def __init__(self, rows: list[Exemplar], *others: object) -> None:
            if len(rows) == whole:
                raise MemoryError
            super().__init__(rows, *others)  # type: ignore[arg-type]  # handed on as they came

    monkeypatch.setattr("companion.understanding.background.TopicModel", Short)
    topics = Topics(pack, Lexical(pack).vocabulary, None, None)
    scores = topics.scores(tokens("what is metastasis"))
    assert topics.reason == "There is too little memory to learn from what people have said."
    assert scores is not None and scores == topics.by_own(tokens("what is metastasis"))
    assert topics.model is topics.own_model


def test_an_id_that_the_pack_does_not_have_is_told_with_its_place(tmp_path: Path) -> None:
    folder = shutil.copytree(bundled_pack_dir(), tmp_path / "pack")
    (folder / "said.toml").write_text('[said]\nnone = ["what about dogs"]\n"wat" = ["what is it"]\n', encoding="utf-8")
    with pytest.raises(PackError, match=r"said\.toml, line 3: \[said\] names \"wat\""):
        load_pack(folder)
    (folder / "said.toml").write_text('[said]\n"what" = "what is it"\n', encoding="utf-8")
    with pytest.raises(PackError, match=r"said\.toml, line 2: what must be a list of texts"):
        load_pack(folder)


# Left out


def small() -> tuple[list[Exemplar], list[Sentence], np.ndarray]:
    texts = {
        "spread": ("how does it spread", "how do cells travel", "does it go through blood", "how does it get about"),
        "treatment": ("how is it treated", "what can be done", "is there a cure for it", "which medicines help"),
        NOTHING: ("what is for tea", "who won the match", "how much does it cost"),
    }
    rows = [Exemplar(label, text) for label, group in texts.items() for text in group]
    vectors = np.random.default_rng(3).standard_normal((len(rows), 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return rows, [Sentence(row.text, tuple(row.text.split())) for row in rows], vectors


def same(one: Scores, two: Scores, within: float) -> None:
    assert one.by_meaning == pytest.approx(two.by_meaning, abs=1e-5)
    for name in ("values", "kernel", "sound", "by_form"):
        assert getattr(one, name) == pytest.approx(getattr(two, name), abs=within), name


@pytest.mark.parametrize("group", [[0], [1, 2, 5], [4, 5, 6, 9]])
def test_what_is_left_out_together_is_as_if_it_had_never_been_there(group: list[int]) -> None:
    rows, sentences, vectors = small()
    rest = [at for at in range(len(rows)) if at not in group]
    refitted = TopicModel([rows[at] for at in rest], [sentences[at] for at in rest], vectors[rest])
    other = Sentence("can it be treated", ("can", "be", "treated"))
    asked = [(sentences[group[0]], vectors[group[0]]), (other, vectors[0])]
    found = TopicModel(rows, sentences, vectors).left_out([group, []], [asked, asked])
    for scores, (sentence, vector) in zip(found[0], asked, strict=True):
        # How rare a word is counts all rows in the one and the rest in the other, which the form alone can tell.
        same(scores, refitted.scores(sentence, vector), within=0.1)
    same(found[1][0], TopicModel(rows, sentences, vectors).scores(*asked[0]), within=1e-5)


@pytest.mark.parametrize("common", [0.01, 0.3, 1.0])
def test_the_kernels_of_all_sentences_are_those_of_each(monkeypatch: pytest.MonkeyPatch, common: float) -> None:
    monkeypatch.setattr(bags, "COMMON", common)
    monkeypatch.setattr(bags, "PIECE", 4)
    rows, sentences, vectors = small()
    model = TopicModel(rows, sentences, vectors)
    meaning, form, sound = model.kernels(sound=True)
    for at, sentence in enumerate(sentences):
        scores = model.scores(sentence, vectors[at])
        top = (meaning[at] + form[at]) / (1 + CONCEPT_WEIGHT + LETTER_WEIGHT + SOUND_WEIGHT)
        for n, label in enumerate(scores.labels):
            mine = [place for place, row in enumerate(rows) if row.label == label]
            assert scores.kernel[n] == pytest.approx(top[mine].max(), abs=1e-5)
            assert scores.sound[n] == pytest.approx(sound[at][mine].max(), abs=1e-5)


@pytest.mark.parametrize("rows", [1, 5, BLOCK, BLOCK + 1, 2 * BLOCK + 130])
def test_ridge_regression_on_blocks_is_what_numpy_finds(rows: int) -> None:
    rng = np.random.default_rng(rows)
    features = rng.standard_normal((rows, 60)).astype(np.float32)
    kernel = (features @ features.T / 60 + 0.2 * np.eye(rows)).astype(np.float32)
    targets = rng.standard_normal((rows, 7)).astype(np.float32)
    wanted = np.linalg.solve(kernel.astype(np.float64), targets)
    assert solved(kernel.copy(), targets) == pytest.approx(wanted, abs=2e-3)
    pieces = iter(range(10))
    solved(kernel, targets, lambda: next(pieces, None) and None)
    assert next(pieces) == -(-rows // BLOCK)


def test_what_is_no_kernel_is_refused() -> None:
    with pytest.raises(np.linalg.LinAlgError):
        solved(np.array([[1.0, 2.0], [2.0, 1.0]], dtype=np.float32), np.eye(2, dtype=np.float32))
