"""Which recogniser is opened."""

import importlib.util

import pytest

from companion.errors import ModelError, UsageError
from companion.hearing.engines import choose, open_recognizer
from companion.hearing.files import hear_file

pytest_plugins = ["hearing_fixtures"]


@pytest.fixture
def bare(monkeypatch, tmp_path):
    """A machine without any Vosk model."""
    monkeypatch.setattr("companion.hearing.engines.vosk_model_for", lambda explicit: None)
    return tmp_path


def test_without_a_model_it_is_pocketsphinx(bare):
    chosen = choose("auto", None, ["stop"], bare)
    assert (chosen.engine, chosen.model, chosen.phrases) == ("pocketsphinx", None, ("stop",))


def test_how_people_ask_reaches_the_language_model(bare):
    recognizer = open_recognizer("auto", None, ["what is cancer"], bare, said=["has cancer gone far", "zyzzyva cancer"])
    recognizer.close()
    arpa = next((bare / "pocketsphinx").glob("*.arpa")).read_text(encoding="utf-8")
    # "gone far" follows from the sentence alone; a sentence with a word that nobody can say is passed over.
    assert " cancer gone far\n" in arpa and "zyzzyva" not in arpa


def test_vosk_without_a_model_says_what_to_do(bare):
    with pytest.raises(ModelError, match="There is no Vosk model") as caught:
        choose("vosk", None, ["stop"], bare)
    assert "companion model fetch" in caught.value.to_do


def test_a_named_model_is_taken(vosk_model, tmp_path):
    for engine in ("auto", "vosk"):
        chosen = choose(engine, vosk_model, ["stop"], tmp_path)
        assert (chosen.engine, chosen.model, chosen.phrases) == ("vosk", vosk_model, ("stop",))
    assert choose("pocketsphinx", vosk_model, ["stop"], tmp_path).engine == "pocketsphinx"


def test_a_named_model_that_is_not_there_is_never_passed_over(tmp_path):
    for engine in ("auto", "vosk"):
        with pytest.raises(ModelError, match="no such folder"):
            choose(engine, tmp_path / "nothing", ["stop"], tmp_path)


def test_a_big_vocabulary_is_left_free(model_copy, tmp_path):
    words = model_copy / "graph" / "words.txt"
    more = "".join(f"word{n} {n}\n" for n in range(len(words.read_text().splitlines()), 6000))
    words.write_text(words.read_text() + more)
    assert choose("vosk", model_copy, ["stop"], tmp_path).phrases is None


def test_where_vosk_is_not_published_a_model_is_of_no_use(vosk_model, tmp_path, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *a: None if name == "vosk" else find(name, *a))
    assert choose("auto", vosk_model, ["stop"], tmp_path).engine == "pocketsphinx"


def test_an_unknown_engine(tmp_path):
    with pytest.raises(UsageError, match="auto, vosk, pocketsphinx"):
        choose("whisper", None, ["stop"], tmp_path)


def test_opened_and_heard(vosk_model, pack_phrases, tmp_path, say):
    recognizer = open_recognizer("auto", vosk_model, pack_phrases, tmp_path)
    assert hear_file(say("can metastasis be prevented"), recognizer).text == "can metastasis be prevented"
    recognizer.close()
