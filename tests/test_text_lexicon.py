from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from companion.text.lexicon import Lexicon

SPEECH = {
    "all": {"911": "nine one one", "stage IV": "stage four", "mg": "milligrams", "a/b": "a or b"},
    "espeak": {
        "metastasis": "muh tass tuh siss",
        "PET": "pet",
        "PET-CT": "pet, C T",
        "PET scan": "pet scan",
        "mg": "millie grams",
        "siss": "WRONG",
    },
}


def said(text: str, engine: str = "espeak") -> str:
    return Lexicon.for_engine(SPEECH, engine).apply(text)


def test_whole_words_in_any_case() -> None:
    assert said("Metastasis, METASTASIS and metastasis.") == (
        "muh tass tuh siss, muh tass tuh siss and muh tass tuh siss."
    )
    assert said("petal, carpet, metastasise") == "petal, carpet, metastasise"


def test_the_longest_entry_wins() -> None:
    assert said("a PET-CT, a PET  scan, a PET.") == "a pet, C T, a pet scan, a pet."


def test_a_replacement_is_never_replaced_again() -> None:
    assert "WRONG" not in said("metastasis")
    assert said("siss") == "WRONG"


def test_the_engines_own_map_overrules_all() -> None:
    assert said("5 mg") == "5 millie grams"
    assert said("5 mg", "sapi5") == "5 milligrams"
    assert said("metastasis at stage IV", "nsss") == "metastasis at stage four"


def test_a_number_within_a_longer_one_is_left() -> None:
    assert said("Call 911. Not 1911, 9,911, 911.5 or 911,000.") == (
        "Call nine one one. Not 1911, 9,911, 911.5 or 911,000."
    )


def test_signs_and_accents() -> None:
    lexicon = Lexicon({"°C": " degrees", "cafe\u0301": "kaffay", "$^": "odd"})
    assert lexicon.apply("38 °C in the CAF\u00c9, $^") == "38 degrees in the kaffay, odd"


def test_an_empty_lexicon_and_empty_entries_change_nothing() -> None:
    assert Lexicon({}).apply("text  as it is") == "text  as it is"
    assert Lexicon({"": "x", "  ": "y"}).apply("a b") == "a b"
    assert len(Lexicon({"": "x", "A": "y", "a": "z"})) == 1


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=6), st.text(max_size=60))
def test_any_entries_and_any_text(sayings: dict[str, str], text: str) -> None:
    assert isinstance(Lexicon(sayings).apply(text), str)
