"""What a listener meets at the edges: parts that are missing, words that are odd, thresholds, and faults of a pack."""

from __future__ import annotations

import errno
import hashlib
import io
import itertools
import json
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pocketsphinx
import pytest
import soundfile

from companion.content import bundled_pack_dir, load_pack
from companion.content.check import advice
from companion.content.types import Pack
from companion.dialogue import said, step
from companion.dialogue.state import State, Understood
from companion.errors import AudioFileError, ModelError, PackError
from companion.events import Decision, Hypothesis, SpeechSettings
from companion.hearing import lm
from companion.hearing.echo import Played
from companion.hearing.files import blocks
from companion.speaking.ahead import Ahead
from companion.text.plain import measure
from companion.understanding import Router, minilm, spelling, wordpiece
from companion.understanding.background import Topics, as_sentence
from companion.understanding.commands import Command, find_command
from companion.understanding.decide import Gate, Verdict, judge, weigh_up
from companion.understanding.doubt import hinted
from companion.understanding.embeddings import LazySemantics, leave
from companion.understanding.evidence import Evidence, weigh
from companion.understanding.exemplars import ADVICE, NOTHING, Exemplar, Subject, care_words
from companion.understanding.large import LargeIndex
from companion.understanding.large_store import load
from companion.understanding.lexical import Lexical
from companion.understanding.library import LARGE, Library
from companion.understanding.likeness import likeness
from companion.understanding.neighbours import collisions
from companion.understanding.normal import tokens
from companion.understanding.safety import Finding, Safety
from companion.understanding.spelling import SLIP_COST, Speller
from companion.understanding.talk import Talk, Weigh
from companion.understanding.topics import Scores, Sentence, Stopped, TopicModel
from companion.understanding.wordpiece import WordPiece

PACK = load_pack()
CONTENT = tuple(item.id for item in PACK.items)
LEXICAL = Lexical(PACK)
Scored = Callable[[Sequence[str]], Scores]
DICTIONARY = Path(pocketsphinx.get_model_path("en-us")) / "cmudict-en-us.dict"


def illnesses(starts: Sequence[str]) -> Pack:
    """What is asked about eight illnesses for each of the beginnings of their names."""
    ends = ("osis", "itis", "algia", "opathy")
    names = [start + middle + end for start in starts for middle in ("an", "er") for end in ends]
    asked = {"symptoms": "What are the symptoms of {}?", "treatment": "What are the treatments for {}?"}
    items = tuple(
        replace(PACK.questions[0], id=f"{name}-{kind}", title=f"{kind} of {name}", question=text.format(name),
                wordings=(), number=number)
        for number, (name, (kind, text)) in enumerate(itertools.product(names, asked.items()), start=1)
    )  # fmt: skip
    return replace(PACK, questions=items, facts=())


ILLNESSES = illnesses(("bar", "cor", "lum"))
ROUTER = Router(PACK)


@pytest.fixture
def no_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if numpy were not installed: importing it fails as it would then."""
    monkeypatch.setitem(sys.modules, "numpy", None)


# A large pack


@pytest.fixture(scope="module")
def library() -> Library:
    made = Library(ILLNESSES, None, None)
    assert made.wait(60)
    return made


def test_nothing_that_is_like_it_is_declined_with_a_reason(library: Library) -> None:
    found = library.find([])
    assert found is not None
    assert (found.verdict.kind, found.candidates) == ("decline", ())
    assert found.verdict.reasons == ("Nothing in the pack is like it.",)


def test_what_is_only_near_to_an_entry_is_offered_and_never_more_than_two(library: Library) -> None:
    found = library.find(["treat", "baranosis"])
    assert found is not None
    assert found.verdict.kind == "confirm"
    assert found.verdict.ids[0] == "baranosis-treatment" and len(found.verdict.ids) <= 2
    assert [id_ for id_, _ in found.candidates] == list(found.verdict.ids)
    assert "It is not near enough to answer at once." in found.verdict.reasons


def test_a_sentence_model_that_is_not_there_costs_a_large_pack_no_answer(tmp_path: Path) -> None:
    made = Library(ILLNESSES, tmp_path / "no-model", None)
    assert made.wait(60)
    found = made.find(tokens("symptoms of corerosis"))
    assert found is not None and found.verdict.ids == ("corerosis-symptoms",)


@pytest.mark.usefixtures("no_numpy")
def test_a_large_pack_without_its_index_still_has_safety_and_commands() -> None:
    pack = illnesses([a + b + c for a in "bcdfghlm" for b in "aeio" for c in "rn"])
    assert len(pack.items) >= LARGE
    router = Router(pack, lambda pack, _: Library(pack, None, None))
    assert router.decide("what are the symptoms of baranosis").kind == "decline"
    assert router.decide("I can't breathe").kind == "urgent"
    assert router.decide("next please").id == "next"


def test_an_index_kept_by_another_version_is_made_anew(tmp_path: Path) -> None:
    entries = [(item.id, (item.question,)) for item in ILLNESSES.items]
    LargeIndex.build(entries, tmp_path, "digest")
    (path,) = tmp_path.rglob("*.npz")
    with np.load(io.BytesIO(path.read_bytes()[:-32])) as file:
        arrays = dict(file)
    texts = json.loads(arrays["texts"].tobytes()) | {"accents": []}
    arrays["texts"] = np.frombuffer(json.dumps(texts).encode(), dtype=np.uint8)
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    path.write_bytes(buffer.getvalue() + hashlib.sha256(buffer.getvalue()).digest())
    assert load(path) is None
    found = LargeIndex.build(entries, tmp_path, "digest").search("symptoms of lumeritis", 1)
    assert [match.id for match in found] == ["lumeritis-symptoms"]
    assert load(path) is not None


def test_the_wordings_of_a_large_pack_are_not_weighed_against_each_other(library: Library) -> None:
    twice = replace(PACK, questions=tuple(replace(i, wordings=("the same words",)) for i in PACK.questions))
    assert collisions(twice, library) == ()


@pytest.mark.usefixtures("no_numpy")
def test_without_a_topic_model_no_wording_is_said_to_collide() -> None:
    pack = replace(PACK, decoys=(), urgent=(), glossary=(), facts=(), questions=PACK.questions[:2])
    topics = Topics(pack, LEXICAL.vocabulary, None, None)
    assert collisions(pack, topics) == ()
    assert topics.reason == "numpy is not installed or can't be loaded."


# The topic model and what is read from it


@pytest.fixture(scope="module")
def scored() -> Scored:
    """A topic model of words alone, on a few sentences of each kind: the whole pack takes seconds."""
    subject = Subject.of(PACK, LEXICAL.vocabulary)
    rows = [Exemplar(item.id, text) for item in PACK.items for text in (item.question, *item.wordings[:12])]
    rows += [Exemplar(ADVICE, text) for text in PACK.advice_prototypes[:60]]
    rows += [Exemplar(NOTHING, text) for text in PACK.decoys[:60]]
    rows += [Exemplar(f"!{rule.id}", text) for rule in PACK.urgent for text in rule.prototypes[:3]]
    sentences = [as_sentence(tokens(row.text), LEXICAL.vocabulary, subject) for row in rows]
    model = TopicModel(rows, sentences, None)
    return lambda words: model.scores(as_sentence(words, LEXICAL.vocabulary, subject), None)


@pytest.fixture(scope="module")
def by_words(scored: Scored) -> Weigh:
    """Evidence and verdict as the router has them without MiniLM."""

    def weighed(words: Sequence[str]) -> tuple[Evidence, Verdict] | None:
        found = weigh(scored(words), LEXICAL.read(words), CONTENT)
        return (found, weigh_up(found, meaning=False)) if found else None

    return weighed


def nothing(_: Sequence[str]) -> None:
    """No topic model."""


def talk(weigh: Weigh) -> Talk:
    return Talk(LEXICAL, care_words(PACK), weigh)


def test_a_story_ends_in_no_question_where_that_names_what_the_pack_does_not_speak_of(
    scored: Scored, by_words: Weigh
) -> None:
    story = "the man next door reads a lot so what are the symptoms of metastatic {}cancer"
    plain, lung = (tokens(story.format(name)) for name in ("", "lung "))
    found = talk(by_words).question_of(plain, scored(plain))
    assert found is not None and found.question == "what are the symptoms of metastatic cancer"
    likely = by_words(tokens("what are the symptoms of metastatic lung cancer"))
    assert likely is not None and likely[1].kind == "confirm"  # asked by itself, it would be offered
    assert talk(by_words).question_of(lung, scored(lung)) is None


def test_without_a_topic_model_no_question_is_taken_out_of_a_story(scored: Scored) -> None:
    story = tokens("the man next door reads a lot so what are the symptoms of metastatic cancer")
    assert talk(nothing).question_of(story, scored(story)) is None


def test_no_general_question_is_found_where_each_names_what_the_pack_does_not_speak_of(by_words: Weigh) -> None:
    story = "my neighbour reads a lot so what are the symptoms of metastatic {}cancer"
    plain, lung = (tokens(story.format(name)) for name in ("", "lung "))
    found = talk(by_words).general(plain, plain)
    assert found is not None and found[0].endswith("the symptoms of metastatic cancer")
    assert talk(by_words).general(lung, lung) is None
    assert talk(nothing).general(plain, plain) is None


def test_a_pack_without_content_gives_no_evidence(scored: Scored) -> None:
    words = tokens("how does cancer spread")
    scores, reading = scored(words), LEXICAL.read(words)
    assert weigh(scores, reading, ()) is None
    found = weigh(scores, reading, CONTENT)
    assert found is not None and set(found.ids) <= set(CONTENT)


def test_a_fit_ends_when_the_program_leaves() -> None:
    rows = [Exemplar("one", "how it spreads"), Exemplar("two", "how it is treated")]
    sentences = [Sentence(row.text, tuple(row.text.split())) for row in rows]
    looks = itertools.count()
    with pytest.raises(Stopped):
        TopicModel(rows, sentences, None, stopped=lambda: next(looks) >= 1)
    assert TopicModel(rows, sentences, None).scores(sentences[1], None).best(("one", "two"))[0][0] == "two"


# Likeness to danger, advice and commands


def like(words: str, *, strict: bool = False, **values: float) -> tuple[str, str]:
    """Of an utterance with these values; "breathing" is a sign of danger, "next" and "quit" are commands."""
    names = {"breathing": "!breathing", "advice": ADVICE, "nothing": NOTHING, "next": "=next", "quit": "=quit"}
    row = {label: values.get(name, 0.0) for name, label in (names | {"spread": "spread"}).items()}
    same = tuple(row.values())
    scores = Scores(tuple(row), same, tuple(row), same, same, same, same)
    return likeness(scores, Finding("none"), words.split(), ("spread",), strict=strict)


def test_a_command_in_other_words_needs_more_where_it_ends_all_or_the_words_are_doubted() -> None:
    assert like("on to the following one", next=0.5) == ("command", "=next")
    assert like("on to the following one", next=0.5, strict=True) == ("", "")
    assert like("i am off now", quit=0.5) == ("", "")
    assert like("i am off now", quit=0.7) == ("command", "=quit")
    assert like("on to the following one", next=0.5, spread=0.4) == ("", ""), "a topic is nearly as near"
    assert like("word " * 11, next=0.9) == ("", ""), "no command is so long"


def test_danger_comes_before_a_command_that_is_hardly_nearer() -> None:
    assert like("cannot go on", next=0.6, breathing=0.5) == ("urgent", "!breathing")


def test_danger_and_advice_without_a_person_count_where_nothing_else_is_nearer() -> None:
    assert like("gasping for air", breathing=0.45) == ("urgent", "!breathing")
    assert like("gasping for air", breathing=0.45, nothing=0.5) == ("", "")
    assert like("gasping for air", breathing=0.4) == ("", "")
    assert like("take the tablets", advice=0.35) == ("advice", ADVICE)
    assert like("take the tablets", advice=0.35, spread=0.5) == ("", "")


def test_a_weaker_likeness_to_advice_counts_where_a_person_was_named() -> None:
    assert like("the tablets of my mother", advice=0.31) == ("advice", ADVICE)
    assert like("the tablets", advice=0.31) == ("", "")
    assert like("the tablets of my mother", advice=0.31, spread=0.32) == ("", "")


# Words


@pytest.mark.parametrize("text", ["so scared", "terrified of cancer"])
def test_somebody_who_sounds_distressed_is_spoken_to_as_a_person(text: str) -> None:
    found = Safety(PACK).check(tokens(text))
    assert (found.grade, found.reason) == ("personal", "Somebody sounds distressed.")
    assert Safety(PACK).check(tokens("how common is being scared of cancer")).grade == "none"


@pytest.mark.parametrize(
    ("typed", "spoken"),
    [("100", "one hundred"), ("250 tumors", "two hundred fifty tumors"), ("305mg", "three hundred five mg")],
)
def test_hundreds_are_read_as_they_are_said(typed: str, spoken: str) -> None:
    assert " ".join(tokens(typed)) == spoken == " ".join(tokens(spoken))


@pytest.mark.parametrize("name", ["lung cancer", "cancer of the lung", "is there cancer of a lung"])
def test_the_cancer_of_one_organ_is_named_either_way_round(name: str) -> None:
    assert LEXICAL.read(tokens(name)).organs == ("lung cancer",)
    assert LEXICAL.read(tokens("can cancer spread into the lung")).organs == ()


def test_a_wording_that_is_left_out_no_longer_speaks_for_its_topic() -> None:
    wording = "metastasis in simple words"
    kept, left = (
        next(m for m in LEXICAL.read(tokens(wording), without=out).matches if m.id == "what") for out in ("", wording)
    )
    assert kept.nearest == wording and kept.closeness == pytest.approx(1)
    assert left.nearest != wording and left.closeness < 0.9


def test_what_had_to_be_repaired_too_much_is_asked_first() -> None:
    reading = LEXICAL.read(tokens("what are the symptums of metastatis"))
    assert reading.cost > 0
    sure = judge(reading)
    assert (sure.kind, sure.ids) == ("answer", ("symptoms",))
    asked = judge(reading, Gate(cost=reading.cost / 2))
    assert (asked.kind, asked.ids, asked.reasons[-1]) == ("confirm", ("symptoms",), "Words had to be repaired.")


def test_the_last_of_a_kind_is_no_number_of_an_item() -> None:
    third, last = (find_command(tokens(f"the {which} question")) for which in ("third", "last"))
    assert third is not None and (third.id, third.argument) == ("item", "question 3")
    assert last is not None and (last.id, last.argument) == ("previous", None)


@pytest.mark.parametrize("said_words", ["goodbye", "stop listening", "read the facts"])
def test_a_doubted_command_that_changes_much_is_asked_first(said_words: str) -> None:
    sure, doubted = (ROUTER.decide(Hypothesis(said_words, trusted=trusted)) for trusted in (True, False))
    assert (sure.kind, doubted.kind, doubted.candidates) == ("command", "confirm", ((sure.id, 1.0),))
    assert ROUTER.decide(Hypothesis("next", trusted=False)).kind == "command"


@pytest.fixture
def dictionary_afresh() -> Iterator[None]:
    spelling._english.cache_clear()
    yield
    spelling._english.cache_clear()


@pytest.mark.usefixtures("dictionary_afresh")
@pytest.mark.parametrize("installed", [False, True])
def test_without_a_pronouncing_dictionary_slips_are_mended_and_english_words_cost_a_repair(
    installed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    speller = Speller(["spread", "fever"])
    assert speller.mend("never") == ("never", 0.0)
    spelling._english.cache_clear()
    if installed:  # a package of that name that carries no dictionary
        (tmp_path / "pocketsphinx").mkdir()
        (tmp_path / "pocketsphinx" / "__init__.py").touch()
        monkeypatch.delitem(sys.modules, "pocketsphinx")
        monkeypatch.syspath_prepend(tmp_path)
    else:
        monkeypatch.setitem(sys.modules, "pocketsphinx", None)
    assert speller.mend("spraed") == ("spread", SLIP_COST)
    assert speller.mend("never") == ("fever", SLIP_COST)
    assert speller.mend("fiver") == ("fiver", 0.0)


# The sentence model


def tokenizer(folder: Path) -> Path:
    pieces = ["[UNK]", "[CLS]", "[SEP]", *"abcdefghij", *(f"##{c}" for c in "abcdefghij")]
    model = {"type": "WordPiece", "continuing_subword_prefix": "##", "vocab": {p: i for i, p in enumerate(pieces)}}
    path = folder / "tokenizer.json"
    path.write_text(json.dumps({"model": model}), encoding="utf-8")
    return path


def test_a_tokenizer_that_is_far_too_large_is_not_read(tmp_path: Path) -> None:
    path = tokenizer(tmp_path)
    assert WordPiece(path).size == 23
    os.truncate(path, wordpiece.MAX_FILE_BYTES + 1)
    with pytest.raises(ModelError, match="companion model fetch minilm") as caught:
        WordPiece(path)
    assert "far too large" in str(caught.value.__cause__)


def test_however_many_words_are_typed_the_memory_for_them_is_bounded_and_new_ones_are_cut_alike(tmp_path: Path) -> None:
    pieces, fresh = WordPiece(tokenizer(tmp_path)), WordPiece(tokenizer(tmp_path))
    for word in itertools.islice(itertools.product("abcdefghij", repeat=5), 50_100):
        pieces.pieces("".join(word))
    assert len(pieces._known) == 50_000
    assert pieces.encode("jihgf badge", 64) == fresh.encode("jihgf badge", 64)
    assert len(pieces._known) == 50_000


def test_a_disk_that_fails_is_told_as_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(_: Path) -> None:
        """Stands in for a disk that can't be read."""
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(minilm, "SentenceEncoder", failing)
    lazy = LazySemantics(tmp_path, ["how it spreads"], None)
    assert not lazy.wait(60)
    assert lazy.similarities("spread") is None
    assert lazy.reason == "The sentence model can't be read (Input/output error)."


def test_leaving_waits_for_the_thread_that_loads_and_never_for_itself() -> None:
    leaving, ended = threading.Event(), threading.Event()

    def load_on() -> None:
        leaving.wait(30)
        time.sleep(0.05)  # the piece of work at which it was asked to end
        leave(threading.current_thread(), threading.Event())
        ended.set()

    thread = threading.Thread(target=load_on, daemon=True)
    thread.start()
    leave(thread, leaving)
    assert ended.is_set() and not thread.is_alive()


# The conversation


def command(state: State, name: str) -> tuple[State, str]:
    state, actions = step(state, Understood(Decision("command", name)), PACK)
    return state, " ".join(said(actions))


def test_continue_after_an_answer_that_ended_tells_more_and_after_a_fact_the_next_one() -> None:
    question, (first, second) = PACK.questions[0], PACK.facts[:2]
    state, text = command(State(topic=question.id, told=1), "resume")
    assert (state.topic, state.told) == (question.id, 2) and text.startswith(question.more[0])
    state, text = command(State(topic=first.id, told=1), "resume")
    assert state.topic == second.id and second.short in text


def test_spell_it_after_a_word_was_explained_spells_that_word() -> None:
    term = next(t for t in PACK.glossary if t.term == "biopsy")
    _, text = command(State(topic=f"glossary/{term.id}", told=1), "spell")
    assert text.startswith("biopsy: B, I, O, P, S, Y.")


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ("spell the term metastasis please", "metastasis"),
        ("radiation how does one spell it", "radiation"),
        ("letter by letter please, the biopsy word", "biopsy"),
        ("what are the letters in immunotherapy", "immunotherapy"),
        ("spell the last word", None),
        ("that word, spell it", None),
        ("the long one, how is it spelt", None),
        ("and how do you spell it", None),
    ],
)
def test_the_word_to_spell_comes_first_or_last_and_a_pointer_names_none(said: str, word: str | None) -> None:
    assert find_command(tokens(said)) == Command("spell", word)


@pytest.mark.parametrize(
    "said", ["how is it found", "spell out for me how cancer gets about the body", "it is written in the leaflet"]
)
def test_a_question_is_no_word_to_spell(said: str) -> None:
    assert find_command(tokens(said)) is None


@pytest.mark.parametrize("said", ["I missed the middle of that, the kettle was on", "I didn't hear the end of it"])
def test_what_was_missed_is_told_again(said: str) -> None:
    found = find_command(tokens(said))
    assert found is not None and found.id == "repeat"


# Packs


@pytest.fixture
def pack_dir(tmp_path: Path) -> Path:
    return Path(shutil.copytree(bundled_pack_dir(), tmp_path / "pack"))


@pytest.mark.parametrize(
    ("name", "line", "told"),
    [
        ("pack.toml", 'subject = "cancer"', 'subject must be a list of texts. Write subject = ["…", "…"].'),
        ("pack.toml", "subject = [1, 2]", 'subject must be a list of texts. Write subject = ["…", "…"].'),
        ("words.toml", 'same = ["tumor", "lump"]', "same must be a list of lists of words."),
        ("words.toml", "same = [[]]", "same must be a list of lists of words."),
    ],
)
def test_a_list_of_another_form_is_a_fault_with_its_place(pack_dir: Path, name: str, line: str, told: str) -> None:
    key = line.split(" = ", maxsplit=1)[0]
    text = (pack_dir / name).read_text(encoding="utf-8")
    before, _, after = text.partition(f"\n{key} = [")
    assert after
    rest = after.partition("]\n" if key == "subject" else "\n]\n")[2]
    (pack_dir / name).write_text(f"{before}\n{line}\n{rest}", encoding="utf-8")
    with pytest.raises(PackError) as caught:
        load_pack(pack_dir)
    assert told in str(caught.value) and f"{name}, line {before.count(chr(10)) + 2}" in str(caught.value)


def test_a_pack_that_comes_along_is_found_by_its_bare_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_pack(Path("metastasis")) == PACK
    (tmp_path / "metastasis").mkdir()
    with pytest.raises(PackError, match=r"holds no pack\.toml"):  # a folder of that name here is the one meant
        load_pack(Path("metastasis"))


def test_an_item_that_was_reviewed_is_not_said_to_lack_it() -> None:
    first, *others = PACK.questions
    pack = replace(PACK, questions=(replace(first, reviewed="A. Doctor, 2026-01-01"), *others))
    lacking = {a.id for a in advice(pack) if a.what == "No clinician has reviewed it yet."}
    assert first.id not in lacking and {item.id for item in others} <= lacking


@pytest.mark.parametrize("blank", ["", "  "])
def test_an_empty_term_takes_nothing_out_of_a_measured_text(blank: str) -> None:
    text = "A biopsy takes a bit of tissue. It is looked at closely."
    assert measure(text, [blank]) == measure(text)
    assert measure(text, [blank, "biopsy"]) == measure(text, ["biopsy"]) != measure(text)


# Sound


def test_while_a_sentence_is_rendered_ahead_a_quiet_moment_begins_no_other_and_loses_none() -> None:
    texts: list[str] = []
    began, go = threading.Semaphore(0), threading.Semaphore(0)

    def prepare(text: str, _: SpeechSettings) -> bool:
        texts.append(text)
        began.release()
        return go.acquire(timeout=30)

    ahead = Ahead(prepare, ("One.", "Two."))
    try:
        assert ahead.offer(SpeechSettings()) and began.acquire(timeout=30)
        assert ahead.offer(SpeechSettings()) and ahead.offer(SpeechSettings())
        go.release()
        # An offer that comes before the thread has noted its end is one more of those that begin nothing.
        assert any(ahead.offer(SpeechSettings()) and began.acquire(timeout=0.05) for _ in range(600))
        assert texts == ["One.", "Two."]
    finally:
        ahead.close()
        go.release()


def test_a_word_that_nobody_can_say_is_left_out_of_what_is_listened_for(tmp_path: Path) -> None:
    model = lm.build(["what is stage 4", "what is stage four"], DICTIONARY, {"the": 1.0}, tmp_path)
    said_words = {line.split()[0] for line in model.dictionary.read_text(encoding="utf-8").splitlines()}
    assert "four" in said_words and "4" not in said_words
    assert model.guessed == ()
    arpa = model.arpa.read_text(encoding="utf-8")
    assert "stage four" in arpa and "stage 4" not in arpa


@pytest.mark.parametrize("rate", [999, 800_000])
def test_a_recording_of_an_impossible_rate_is_refused_with_its_rate(rate: int, tmp_path: Path) -> None:
    path = tmp_path / "odd.wav"
    soundfile.write(path, np.zeros(2_000, np.int16), rate)
    with pytest.raises(AudioFileError, match=f"{rate} Hz"):
        list(blocks(path))


def test_before_anything_was_played_nothing_sounded() -> None:
    played = Played()
    silence = played.at(5.0, 160)
    assert silence.shape == (160,) and not silence.any()
    played.put(np.full(16_000, 0.5, np.float32), 16_000, 5.0)
    assert played.at(5.2, 160).any()


@pytest.mark.parametrize(
    ("kind", "score", "danger", "advice", "illness", "becomes", "personal"),
    [
        ("answer", 0.9, 0.25, 0.0, False, "confirm", True),
        ("confirm", 0.9, 0.25, 0.0, False, "confirm", True),
        ("answer", 0.9, 0.1, 0.25, False, "confirm", True),
        ("confirm", 0.9, 0.1, 0.25, False, "confirm", False),
        ("answer", 0.9, 0.1, 0.1, True, "answer", True),
        ("answer", 0.9, 0.1, 0.1, False, "answer", False),
        ("answer", 1.0, 0.9, 0.9, True, "answer", False),  # a topic's own wording
        ("decline", 0.9, 0.9, 0.9, True, "decline", False),
    ],
)
def test_a_hint_of_danger_or_of_one_person_is_asked_about_first(
    kind: Any, score: float, danger: float, advice: float, illness: bool, becomes: str, personal: bool
) -> None:
    found = Decision(kind, "symptoms", candidates=(("symptoms", score),))
    decision = hinted(found, danger, advice, illness=illness)
    assert (decision.kind, decision.id, decision.personal) == (becomes, "symptoms", personal)
    assert (decision == found) is (becomes == kind and not personal)
