"""The language model made from phrases: probabilities that add up, words that all have a sound, a cache that mends."""

import math
from pathlib import Path

import pocketsphinx
import pytest

from companion.hearing import lm
from companion.hearing.letters import guesses, relatives

ROWS = [r.split() for r in ("what is metastasis", "what is cancer", "stop", "stop it", "is it cancer")]
BACKGROUND = {"stop": 0.2, "weather": 0.5, "the": 0.3}
DICTIONARY = Path(pocketsphinx.get_model_path("en-us")) / "cmudict-en-us.dict"


def parsed(text):
    """An ARPA text as {n-gram: (log10 p, log10 back-off)}."""
    grams = {}
    for line in text.splitlines():
        fields = line.split()
        if not fields or line.startswith(("\\", "ngram")):
            continue
        order = next(n for n in (1, 2, 3) if len(fields) - n in (1, 2) and not _number(fields[n]))
        words = tuple(fields[1 : 1 + order])
        while len(fields) > len(words) + 1 and not _number(fields[len(words) + 1]):
            words = tuple(fields[1 : len(words) + 2])
        back = float(fields[len(words) + 1]) if len(fields) > len(words) + 1 else 0.0
        grams[words] = (float(fields[0]), back)
    return grams


def _number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True


def probability(grams, history, word):
    """By Katz's back-off rule, as every reader of ARPA does."""
    gram = (*history, word)
    if gram in grams:
        return 10 ** grams[gram][0]
    if not history:
        return 0.0
    return 10 ** grams.get(history, (0, 0.0))[1] * probability(grams, history[1:], word)


def test_after_every_history_the_probabilities_add_up_to_one():
    grams = parsed(lm.to_arpa(ROWS, BACKGROUND))
    words = {g[0] for g in grams if len(g) == 1} - {"<s>"}
    histories = {(), *[g for g in grams if len(g) in (1, 2) and g[-1] != "</s>"]}
    assert len(histories) > 10
    for history in histories:
        assert sum(probability(grams, history, w) for w in words) == pytest.approx(1.0, abs=2e-3), history


def test_what_was_written_is_likelier_than_what_was_not():
    grams = parsed(lm.to_arpa(ROWS, BACKGROUND))

    def sentence(text):
        words = ["<s>", *text.split(), "</s>"]
        return sum(
            math.log(probability(grams, tuple(words[max(0, i - 2) : i]), words[i])) for i in range(1, len(words))
        )

    assert sentence("what is metastasis") > sentence("is it metastasis") > sentence("metastasis is what")
    assert sentence("stop it") > sentence("it stop") > sentence("the weather")


def test_the_background_takes_its_share_of_the_unigrams():
    grams = parsed(lm.to_arpa(ROWS, {"weather": 1.0}, share=0.1))
    assert 10 ** grams[("weather",)][0] == pytest.approx(0.1, rel=0.01)
    none = parsed(lm.to_arpa(ROWS, {}))
    assert sum(10**p for (w, *rest), (p, _) in none.items() if not rest and w != "<s>") == pytest.approx(1.0, rel=0.01)


def test_every_word_has_a_sound(pack_phrases):
    wanted = {w for p in pack_phrases for w in p.split()}
    said, guessed = lm.pronunciations(DICTIONARY, wanted, {"weather", "qqqqq"})
    assert wanted <= said.keys() and "weather" in said and "qqqqq" not in said
    assert set(guessed) <= wanted and len(guessed) < 0.05 * len(wanted)


def test_lay_ways_to_say_it_stand_beside_the_dictionary():
    said, _ = lm.pronunciations(DICTIONARY, {"metastasis", "metastases"}, set())
    listed = lm.listed(DICTIONARY, {"metastasis"})["metastasis"]
    assert listed and {*listed, "M EH T AH S T EY S IH S"} <= set(said["metastasis"])
    assert len(said["metastasis"]) == len(set(said["metastasis"])) > 3
    assert len(said["metastases"]) > 2


def test_a_model_is_made_once_and_made_again_when_something_changes(tmp_path):
    first = lm.build(["what is metastasis"], DICTIONARY, BACKGROUND, tmp_path)
    written = first.arpa.stat().st_mtime_ns
    again = lm.build(["what is metastasis"], DICTIONARY, BACKGROUND, tmp_path)
    assert again == first and again.arpa.stat().st_mtime_ns == written
    assert lm.build(["what is cancer"], DICTIONARY, BACKGROUND, tmp_path).arpa != first.arpa
    assert lm.build(["what is metastasis"], DICTIONARY, BACKGROUND, tmp_path, said=["stop"]).arpa != first.arpa
    assert lm.build(["what is metastasis"], DICTIONARY, {"stop": 1.0}, tmp_path).arpa != first.arpa


def test_half_a_cache_is_made_anew(tmp_path):
    made = lm.build(["stop"], DICTIONARY, BACKGROUND, tmp_path)
    for part in (made.arpa, made.dictionary, made.arpa.with_suffix(".json")):
        part.unlink()
        assert lm.build(["stop"], DICTIONARY, BACKGROUND, tmp_path) == made and part.is_file()


def test_guesses_by_relatives_and_by_letters():
    listed = lm.listed(DICTIONARY, {w for x in ("breathlessness", "radiotherapy", "vomited") for w in relatives(x)})
    assert guesses("breathlessness", listed) == ("B R EH TH L AH S N AH S",)
    assert guesses("radiotherapy", listed)[0] == "R EY D IY OW TH EH R AH P IY"
    assert guesses("vomited", listed)[0].endswith("IH D")
    assert guesses("phishton", {}) == ("F IH SH T AA N",)
    assert guesses("1984", {}) == ()


def test_guesses_use_only_phones_that_the_acoustic_model_has():
    phones = {p for line in DICTIONARY.read_text(encoding="utf-8").splitlines() for p in line.split()[1:]}
    for word in ("zyxomat", "blorfing", "quightough", "schneidge", "oligometastatic", "microenvironment"):
        assert {p for sound in guesses(word, {}) for p in sound.split()} <= phones


pytest_plugins = ["hearing_fixtures"]
