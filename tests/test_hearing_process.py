"""The recogniser in a worker process: same answers, and its crash or hang is one sentence."""

import json
import os
import signal
import sys

import numpy as np
import pytest
from hearing_fixtures import samples_of

from companion.errors import EngineError, ModelError
from companion.hearing.decoys import decoys
from companion.hearing.files import hear_file
from companion.hearing.process import Engine, ProcessRecognizer
from companion.hearing.vosk import VoskRecognizer

pytest_plugins = ["hearing_fixtures"]
PHRASES = ("what is metastasis", "how do cancer cells spread", "stop", "next", "yes", "no")

posix = pytest.mark.skipif(os.name != "posix", reason="needs signals to stop a process")


@pytest.fixture(scope="module")
def engine(vosk_model, hearing_cache):
    return Engine("vosk", vosk_model, PHRASES, hearing_cache)


@pytest.fixture
def worker(engine):
    recognizer = ProcessRecognizer(engine, patience=3.0)
    yield recognizer
    recognizer.close()


def test_gives_what_the_engine_gives(worker, engine, say):
    own = VoskRecognizer(engine.model, PHRASES, decoys=decoys(PHRASES, engine.cache))
    for text in ("what is metastasis", "stop"):
        samples = samples_of(say(text))
        for at in range(0, len(samples), 1600):
            assert worker.accept(samples[at : at + 1600]) == own.accept(samples[at : at + 1600])
        assert worker.finish() == own.finish()
    assert worker.name == "vosk"


def test_no_sound_gives_no_text_and_needs_no_worker(worker):
    assert worker.accept(np.zeros(0, np.int16)) is None
    assert worker.finish().text == ""
    worker.close()
    worker.close()
    worker.reset()
    assert worker.pid is None
    assert worker.finish().text == ""
    assert worker.pid is None


@posix
def test_a_crash_is_one_sentence_and_the_next_utterance_is_heard(worker, say):
    samples = samples_of(say("stop"))
    worker.accept(samples[:1600])
    first = worker.pid
    os.kill(first, signal.SIGKILL)
    with pytest.raises(EngineError) as caught:
        worker.finish()
    assert str(caught.value) == "The recogniser vosk failed and was started anew. Say it again."
    assert hear_file(say("stop"), worker).text == "stop"
    assert worker.pid not in (None, first)


@posix
def test_a_hang_ends_with_the_patience(engine, say):
    recognizer = ProcessRecognizer(engine, patience=0.2)
    first = recognizer.pid
    os.kill(first, signal.SIGSTOP)
    with pytest.raises(EngineError, match="failed"):
        recognizer.accept(np.ones(1600, np.int16))
    with pytest.raises(ProcessLookupError):
        os.kill(first, 0)
    recognizer._patience = 20.0  # the machine may be busy now
    assert hear_file(say("stop"), recognizer).text == "stop"
    recognizer.close()


@posix
def test_reset_after_a_crash_says_nothing(worker, say):
    os.kill(worker.pid, signal.SIGKILL)
    worker.reset()
    assert hear_file(say("next"), worker).text == "next"


def test_a_damaged_model_keeps_its_class_and_its_words(model_copy, hearing_cache):
    (model_copy / "conf/model.conf").write_bytes(b"")
    with pytest.raises(ModelError, match=r"model\.conf is empty") as caught:
        ProcessRecognizer(Engine("vosk", model_copy, PHRASES, hearing_cache))
    assert "companion model fetch" in caught.value.to_do


@pytest.mark.skipif(sys.platform != "linux", reason="the abort was seen with libvosk for Linux")
def test_an_abort_of_libvosk_ends_only_the_worker(model_copy, hearing_cache):
    """A subsampling factor of zero passes every check of ours, and libvosk calls abort()."""
    conf = model_copy / "conf/model.conf"
    conf.write_text(conf.read_text() + "--frame-subsampling-factor=0\n")
    with pytest.raises(EngineError, match="failed on the model in") as caught:
        ProcessRecognizer(Engine("vosk", model_copy, PHRASES, hearing_cache))
    assert "--engine pocketsphinx" in caught.value.to_do


def test_the_worker_ignores_modules_of_the_working_directory(engine, tmp_path, monkeypatch, say):
    (tmp_path / "numpy.py").write_text("raise SystemExit(9)")
    (tmp_path / "json.py").write_text("raise SystemExit(9)")
    monkeypatch.chdir(tmp_path)
    recognizer = ProcessRecognizer(engine)
    assert hear_file(say("yes"), recognizer).text == "yes"
    recognizer.close()


def test_pocketsphinx_in_the_worker(pack_phrases, hearing_cache, say):
    recognizer = ProcessRecognizer(Engine("pocketsphinx", None, pack_phrases, hearing_cache, partials=False))
    assert recognizer.accept(samples_of(say("what is metastasis"))) is None
    heard = hear_file(say("what is metastasis"), recognizer)
    recognizer.close()
    assert (heard.text, heard.engine) == ("what is metastasis", "pocketsphinx")
    assert heard.alternatives and all(isinstance(other, str) for other in heard.alternatives)
    hash(heard)  # a tuple again, not the list that came through the pipe
    assert json.dumps(heard.confidence)
