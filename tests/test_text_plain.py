from __future__ import annotations

import re
from pathlib import Path

import pytest

from companion.text.plain import measure, syllables, words


def test_words() -> None:
    assert words("It's a well-known CT scan, isn’t it? 38 °C.") == (
        *("It's", "a", "well", "known", "CT", "scan", "isn’t", "it", "38", "C"),
    )
    assert words("") == ()


@pytest.mark.parametrize(
    ("word", "count"),
    [
        *(("cancer", 2), ("spread", 1), ("moved", 1), ("treated", 2), ("places", 2), ("cells", 1), ("little", 2)),
        *(("biopsy", 3), ("metastasis", 4), ("radiation", 4), ("diagnosis", 4), ("chemotherapy", 5), ("MRI", 3)),
        *(("CT", 2), ("the", 1), ("people", 2), ("doctor's", 2), ("immune", 2), ("palliative", 4), ("911", 3)),
    ],
)
def test_syllables(word: str, count: int) -> None:
    assert syllables(word) == count


def test_syllables_agree_with_a_pronouncing_dictionary() -> None:
    pocketsphinx = pytest.importorskip("pocketsphinx")
    dictionary = next(Path(pocketsphinx.get_model_path()).rglob("cmudict-en-us.dict"))
    vowels = {"AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW"}
    counts: dict[str, set[int]] = {}
    for line in dictionary.read_text().splitlines():
        word, *phones = line.split()
        counts.setdefault(re.sub(r"\(\d+\)$", "", word), set()).add(sum(p in vowels for p in phones))
    seen = {
        word
        for path in (Path(__file__).parent.parent / "companion").rglob("*.py")
        for word in re.findall(r"\b[a-z]{2,}\b", path.read_text(encoding="utf-8"))
        if word in counts
    }
    right = sum(syllables(word) in counts[word] for word in seen)
    assert len(seen) > 300
    assert right / len(seen) > 0.94


def test_the_formula() -> None:
    # 7 words, 2 sentences, 7 syllables: 0.39 * 3.5 + 11.8 * 1 - 15.59
    plain = measure("The cat sat. The dog ran home.")
    assert (plain.words, plain.sentences, plain.syllables) == (7, 2, 7)
    assert plain.grade == pytest.approx(0.39 * 3.5 + 11.8 - 15.59, abs=0.01)
    assert plain.mean_sentence == 3.5
    assert plain.longest_sentence == 4


def test_defined_terms_are_left_out_of_the_grade_only() -> None:
    text = "Metastasis is when cancer spreads. Radiation therapy helps."
    whole, without = measure(text), measure(text, {"metastasis", "Radiation  Therapy"})
    assert without.grade < whole.grade - 2
    assert (without.words, without.mean_sentence) == (whole.words, whole.mean_sentence)


def test_nothing_to_measure() -> None:
    assert measure("").grade == measure("...!").grade == 0.0
    assert measure("Metastasis.", {"metastasis"}).grade == 0.0
