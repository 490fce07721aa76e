"""What libvosk is told to listen for: spellings, decoys, the way back; pure, then with the real libvosk."""

import json
from pathlib import Path

import numpy as np
import pytest
from hearing_fixtures import samples_of
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from companion.cli import main
from companion.cli.pack import Vocabulary, _heard
from companion.content import load_pack
from companion.events import Hypothesis, Word
from companion.hearing.decoys import MEANT, decoys, near_words
from companion.hearing.engines import open_recognizer
from companion.hearing.files import hear_file
from companion.hearing.grammar import SPELLINGS, WAYS, agreed, grammar_json, made
from companion.hearing.vosk import VoskRecognizer

pytest_plugins = ["hearing_fixtures"]
WORDS = {"what", "is", "meta", "stay", "sis", "met", "a", "two", "more", "stop", "step", "know", "no", "[unk]"}
knows = WORDS.__contains__
META = {"metastasis": ("meta stay sis", "met a stay sis")}


# Made


def test_a_word_that_the_model_lacks_is_spelled_by_words_that_it_has():
    grammar = made(["what is metastasis", "stop"], knows, META)
    assert grammar.phrases == ("what is meta stay sis", "what is met a stay sis", "stop")
    assert grammar.known == {"what is metastasis", "stop"}
    assert grammar.left_out == () and grammar.decoys == frozenset()
    assert grammar.split("what is meta stay sis") == ("what is metastasis", True)
    assert grammar.split("[unk] met a stay sis stop") == ("metastasis stop", False)


def test_a_word_that_the_model_has_is_never_spelled():
    grammar = made(["stop"], knows, {"stop": ("sis stay",)})
    assert grammar.phrases == ("stop",) and not grammar.meant


def test_spellings_of_unknown_words_are_passed_over_and_the_phrase_is_left_out():
    grammar = made(["what is metastasis", "stop"], knows, {"metastasis": ("metta stasis",)})
    assert grammar.left_out == ("what is metastasis",) and grammar.known == {"stop"}


def test_a_spelling_that_is_itself_said_would_be_heard_for_the_word_and_is_not_used():
    assert made(["is a tumor", "two more"], knows, {"tumor": ("two more",)}).left_out == ("is a tumor",)
    assert made(["is a tumor", "two", "more"], knows, {"tumor": ("two more",)}).left_out == ("is a tumor",)
    assert made(["is a tumor", "no more"], knows, {"tumor": ("two more",)}).left_out == ()


def test_a_spelling_that_two_words_share_is_used_for_neither():
    grammar = made(["what is x", "what is y"], knows, {"x": ("meta sis",), "y": ("meta sis", "stay sis")})
    assert grammar.left_out == ("what is x",) and grammar.split("what is stay sis") == ("what is y", True)


def test_ways_are_bounded():
    many = tuple(f"{a} {b} {c}" for a in ("meta", "met") for b in ("stay", "a") for c in ("sis", "is"))
    grammar = made(["what", "metastasis metastasis metastasis"], knows, {"metastasis": many})
    assert len(grammar.meant) == SPELLINGS and len(grammar.phrases) == 1 + WAYS


def test_a_decoy_is_no_word_and_never_one_of_the_packs():
    grammar = made(["stop", "what is metastasis"], knows, META, ["step", "stay", "stop", "zyxomat", "step"])
    assert grammar.decoys == {"step"} and grammar.phrases[-1] == "step"
    assert "step" not in grammar.known
    assert grammar.split("step") == ("", False) and grammar.split("stop step") == ("stop", False)


def test_nothing_but_decoys_is_no_grammar():
    assert made([], knows, {}, ["step"]).phrases == ()


def test_times_of_a_spelled_word_go_from_its_first_part_to_its_last():
    grammar = made(["what is metastasis"], knows, META)
    parts = [("is", 0.2, 0.3, 1.0), ("meta", 0.3, 0.5, 0.9), ("stay", 0.5, 0.7, 0.4), ("sis", 0.7, 0.9, 1.0)]
    found = grammar.words([Word("what", 0.0, 0.2), *(Word(*p) for p in parts), Word("[unk]", 1.0, 1.1, 1.0)])
    assert found == (Word("what", 0.0, 0.2), Word("is", 0.2, 0.3, 1.0), Word("metastasis", 0.3, 0.9, 0.4))


def test_a_piece_of_a_spelling_is_no_word():
    grammar = made(["what is metastasis", "a stop"], knows, META)
    assert grammar.split("what is meta stop") == ("what is stop", False)
    assert grammar.split("a stop sis") == ("a stop", False)
    assert grammar.split("what meta stop", partial=True) == ("what", False)
    assert [w.text for w in grammar.words([Word("meta", 0.0, 0.1), Word("stop", 0.1, 0.4)])] == ["stop"]


def test_a_partial_text_holds_no_half_of_a_spelling():
    grammar = made(["what is metastasis"], knows, META)
    rows = ["what is", "what is meta", "what is meta stay", "what is meta stay sis", "what is meta stay sis stop"]
    shown = [grammar.split(row, partial=True)[0] for row in rows]
    assert shown == ["what is", "what is", "what is", "what is metastasis", "what is metastasis stop"]


@pytest.mark.parametrize(("meta", "given"), [("META  Stay sis", True), ("", False), ("[unk]", False)])
def test_what_goes_to_libvosk_is_always_plain(meta, given):
    grammar = made(["  WHAT is  metastasis", "", "[unk]", "stop"], knows, {"metastasis": (meta,)})
    assert grammar_json([*grammar.phrases])
    assert ("what is metastasis" in grammar.known) == (given or meta == "[unk]")


# Decoys

SAID = {
    "stop": ["S T AA P"], "step": ["S T EH P"], "top": ["T AA P"], "no": ["N OW"], "know": ["N OW"], "go": ["G OW"],
    "elephant": ["EH L AH F AH N T"], "yes": ["Y EH S"], "yep": ["Y EH P"], "guess": ["G EH S"],
}  # fmt: skip


def test_the_most_frequent_words_that_are_one_sound_off_are_decoys():
    frequent = ["know", "go", "elephant", "yep", "guess", "top", "step", "unheard"]
    assert near_words(["stop", "no", "yes", "tell me more"], frequent, SAID) == ("top", "step", "go", "guess")
    assert near_words(["stop the top one"], frequent, SAID) == (), "a long phrase needs none"


@given(st.text("ab", max_size=5), st.text("ab", max_size=5))
def test_near_is_one_sound_put_in_taken_out_or_changed(one, other):
    said = {"other": [" ".join(other)], "one": [" ".join(one)]}
    found = near_words(["one"], ["other"], said)
    assert found == (("other",) if Levenshtein.distance(one, other) == 1 else ())


def test_the_packs_own_words_and_what_sounds_like_them_are_no_decoys(pack_phrases, hearing_cache):
    found = decoys(pack_phrases, hearing_cache)
    own = {w for p in pack_phrases for w in p.split()}
    assert 10 < len(found) < 150 and not own & set(found) and not MEANT & set(found)
    assert decoys(pack_phrases, hearing_cache) == found


def test_without_pocketsphinx_there_are_no_decoys(monkeypatch, hearing_cache):
    monkeypatch.setitem(__import__("sys").modules, "pocketsphinx", None)
    assert decoys(["stop"], hearing_cache) == ()


# Free decoding held against a grammar

PHRASES = frozenset({"what is metastatic cancer", "can it be treated", "can it be prevented", "stop"})


@pytest.mark.parametrize(
    ("free", "checked", "sure", "text", "trusted"),
    [
        ("stop", "stop", True, "stop", True),
        ("will it rain", "", False, "will it rain", True),
        ("will it rain", "can it be treated", False, "will it rain", True),
        # A word that the model lacks: the phrase.
        ("what is met a static cancer", "what is metastatic cancer", True, "what is metastatic cancer", True),
        ("what is met a statics cancer", "what is metastatic cancer", True, "what is metastatic cancer", False),
        # Another word: doubted, and what was heard freely stands.
        ("what is prostate cancer", "what is metastatic cancer", True, "what is prostate cancer", False),
        ("can it be treated", "can it be prevented", True, "can it be treated", False),
        ("can it", "can it be treated", True, "can it", False),
        ("", "stop", True, "", True),
    ],
)
def test_one_of_two_that_differ_is_wrong(free, checked, sure, text, trusted):
    found = agreed(Hypothesis(free), Hypothesis(checked, trusted=sure), PHRASES)
    assert (found.text, found.trusted) == (text, trusted)


def test_what_was_doubted_is_not_trusted_for_sounding_right():
    free = Hypothesis("what is met a static cancer", trusted=False)
    assert not agreed(free, Hypothesis("what is metastatic cancer"), PHRASES).trusted


# The real libvosk


@pytest.fixture
def without(model_copy):
    """The project's model without the word "metastasis": its sound is there under another name, as no one spells it."""
    words = model_copy / "graph" / "words.txt"
    text = words.read_text(encoding="utf-8")
    assert "\nmetastasis " in text and "\nsis " not in text
    words.write_text(text.replace("\nmetastasis ", "\nzzq "), encoding="utf-8")
    return model_copy


ASKED = ("what is metastasis", "how do cancer cells spread", "stop", "next")


@pytest.mark.parametrize("voice", ["slt", "awb"])
def test_a_missing_word_is_heard_by_its_spelling(without, say, voice):
    deaf = VoskRecognizer(without, ASKED)
    assert deaf.left_out == ("what is metastasis",)
    assert deaf.lacking(["what", "metastasis"]) == {"metastasis": ""}
    assert not hear_file(say("what is metastasis", voice), deaf).trusted
    deaf.close()
    recognizer = VoskRecognizer(without, ASKED, spellings={"metastasis": ("met as to says",)})
    try:
        assert recognizer.left_out == () and recognizer.grammar == frozenset(ASKED)
        assert recognizer.lacking(["what", "metastasis"]) == {"metastasis": "met as to says"}
        heard = hear_file(say("what is metastasis", voice), recognizer)
        assert heard.text == "what is metastasis" and heard.trusted
        assert [w.text for w in heard.words] == ["what", "is", "metastasis"]
        assert heard.words[2].end - heard.words[2].start > 0.4
        assert hear_file(say("stop", voice), recognizer).text == "stop"
    finally:
        recognizer.close()


def test_partials_show_the_word_and_never_its_spelling(without, say):
    recognizer = VoskRecognizer(without, ASKED, spellings={"metastasis": ("met as to says",)})
    samples = samples_of(say("what is metastasis"))
    found = [recognizer.accept(samples[at : at + 1600]) for at in range(0, len(samples), 1600)]
    shown = {w for p in found if p for w in p.text.split()}
    assert shown <= {"what", "is", "metastasis"}
    recognizer.finish()
    recognizer.close()


def test_a_decoy_that_is_said_is_no_command(vosk_model, say):
    recognizer = VoskRecognizer(vosk_model, ["stop", "next", "yes", "no"], decoys=["know", "cells", "pain"])
    try:
        for word in ("cells", "pain"):
            heard = hear_file(say(word), recognizer)
            assert heard.text == "" and not heard.trusted, word
        assert hear_file(say("stop"), recognizer).text == "stop"
    finally:
        recognizer.close()


def test_free_decoding_and_a_grammar_hear_on_one_model(without, say):
    recognizer = VoskRecognizer(without, check=ASKED, spellings={"metastasis": ("met as to says",)})
    try:
        assert recognizer.grammar is None
        assert recognizer.lacking(["metastasis"]) == {"metastasis": "met as to says"}
        for _ in range(2):
            heard = hear_file(say("how do cancer cells spread"), recognizer)
            assert heard.text == "how do cancer cells spread" and heard.trusted
            assert 0.0 <= heard.words[0].start < 0.6
        foreign = hear_file(say("can it be cured"), recognizer)
        assert foreign.text not in ASKED or not foreign.trusted
        recognizer.accept(np.zeros(16_000, np.int16))
        assert recognizer.finish().text == ""
        recognizer.accept(samples_of(say("stop")))
        recognizer.reset()
        assert hear_file(say("next"), recognizer).text == "next"
    finally:
        recognizer.close()
        recognizer.close()


def test_a_check_of_which_the_model_knows_nothing_leaves_free_decoding(vosk_model, say):
    recognizer = VoskRecognizer(vosk_model, check=["zyxomat"])
    assert hear_file(say("what is metastasis"), recognizer).text == "what is metastasis"
    recognizer.close()


def test_the_packs_own_spellings_reach_the_worker(without, hearing_cache, say):
    spellings = {"metastasis": ("met as to says",)}
    recognizer = open_recognizer("vosk", without, ASKED, hearing_cache, spellings=spellings)
    try:
        assert recognizer.lacking(["stop", "metastasis", "zyxomat"]) == {"metastasis": "met as to says", "zyxomat": ""}
        assert hear_file(say("what is metastasis"), recognizer).text == "what is metastasis"
    finally:
        recognizer.close()


def test_what_is_known_of_garbled_words_serves_as_their_spelling():
    pack = load_pack()
    assert pack.spellings["metastasis"][0] == "meta stasis" and pack.spellings["symptoms"]


# What an author is told: companion pack check


@pytest.fixture
def small_pack(tmp_path):
    """A pack of one question; the rest of it says nothing."""

    def write(words: str) -> Path:
        folder = tmp_path / "pack"
        folder.mkdir(exist_ok=True)
        (folder / "pack.toml").write_text(
            'format = 1\nid = "one"\ntitle = "One"\nemergency = "Call 112."\nadvice = "Ask your doctor."\n', "utf-8"
        )
        (folder / "questions.toml").write_text(
            '[[question]]\nid = "what"\ntitle = "Metastasis"\nquestion = "What is metastasis?"\nshort = "It spreads."\n'
            'wordings = ["what is a zyxomat"]\n',
            "utf-8",
        )
        (folder / "words.toml").write_text(words, "utf-8")
        return folder

    return write


def told(capsys, *arguments):
    """Exit code and output of ``companion pack check``."""
    code = main(["pack", "check", *map(str, arguments)])
    return code, capsys.readouterr().out


def test_pack_check_names_the_words_that_the_vosk_model_lacks(without, small_pack, capsys):
    folder = small_pack('[sounds_like]\nmetastasis = ["met as to says"]\nwombat = ["womb at"]\n')
    code, out = told(capsys, folder, "--model", without)
    assert code == 0 and "The pack is sound." in out
    lines = [line for line in out.splitlines() if "model" in line or "hear" in line or "sounds_like" in line]
    name = without.name
    assert lines[0] == (
        'advice: [sounds_like] names "wombat", which nobody asks for. Take it out, or mend how it is written.'
    )
    assert lines[1].startswith(f"advice: The Vosk model {name} does not have ") and " words of the pack." in lines[1]
    assert 'It listens for how these sound: metastasis as "met as to says".' in out
    assert "advice: It can't hear these, and nobody can ask by them: " in out and "zyxomat" in out
    rows = json.loads(told(capsys, folder, "--model", without, "--json")[1])["vosk"]
    assert rows["model"] == name and rows["lacking"]["metastasis"] == "met as to says"
    assert rows["lacking"]["zyxomat"] == "" and "what" not in rows["lacking"]


def test_pack_check_says_nothing_of_vosk_where_it_is_not_used(vosk_model, small_pack, capsys):
    _, out = told(capsys, small_pack(""), "--model", vosk_model, "--engine", "pocketsphinx")
    assert "Vosk" not in out


def test_pack_check_goes_on_where_the_model_is_broken(model_copy, small_pack, capsys):
    (model_copy / "am" / "final.mdl").write_bytes(b"")
    code, out = told(capsys, small_pack(""), "--model", model_copy)
    (line,) = [line for line in out.splitlines() if "Vosk" in line]
    assert code == 0 and line.startswith("advice: No Vosk model could be asked about the words. ")


def test_a_pack_whose_words_the_model_has_and_one_with_many_that_it_lacks(small_pack):
    pack = load_pack(small_pack(""))
    assert list(_heard(pack, Vocabulary("small", {}), every=False)) == [
        "The Vosk model small has every word of the pack."
    ]
    many = {f"word{n}": "" for n in range(40)}
    first, second = _heard(pack, Vocabulary("small", many), every=False)
    assert "40 words" in first and "word11; and 28 more (--all)" in second and "word12" not in second
    assert "word39" in list(_heard(pack, Vocabulary("small", many), every=True))[1]
