"""A headset is told by the names of the sound devices, and by what a sound server knows of its own."""

import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from talking import conversation

from companion import headset as headset_module
from companion.errors import DeviceError, EngineError
from companion.headset import WORN, headset
from companion.worn import WhileWorn

pytest_plugins = ["talking"]
ASK = "from companion.headset import headset; print(headset())"


@pytest.mark.parametrize(
    ("name", "worn"),
    [
        ("Headset (Jabra Evolve 20)", True),
        ("Headphones (Realtek(R) Audio)", True),
        ("Jo's AirPods Pro", True),
        ("USB Headset: Audio (hw:1,0)", True),
        ("Ear buds", True),
        ("External Headphones", True),
        ("Echo Cancelling Speakerphone (Jabra SPEAK 510 USB)", False),
        ("MacBook Pro Speakers", False),
        ("HDA Intel PCH: ALC257 Analog (hw:0,0)", False),
    ],
)
def test_what_is_worn_is_told_by_its_name(name, worn):
    assert bool(WORN.search(name)) is worn


class Simulated:
    """Stands in for sounddevice on other systems, whose drivers can't run here."""

    PortAudioError = RuntimeError

    def __init__(self, **names):
        self.names = names

    def query_devices(self, number, kind):
        return {"name": self.names[kind]}


@pytest.mark.parametrize(
    ("speaker", "microphone", "worn"),
    [
        ("Headset Earphone (Poly BT700)", "Headset Microphone (Poly BT700)", True),
        ("AirPods", "AirPods", True),
        ("AirPods", "MacBook Pro Microphone", False),
        ("Speakers (Realtek(R) Audio)", "Headset Microphone (Poly BT700)", False),
    ],
)
def test_it_must_be_worn_for_both_playing_and_recording(monkeypatch, speaker, microphone, worn):
    monkeypatch.setattr("companion.headset.sounddevice", lambda: Simulated(output=speaker, input=microphone))
    monkeypatch.setattr("companion.headset.find_device", lambda device, kind: None)
    assert headset() is worn


def test_without_a_sound_library_or_a_device_there_is_none(monkeypatch):
    def missing(*_):
        raise DeviceError("There is no microphone.")

    monkeypatch.setattr("companion.headset.sounddevice", missing)
    assert headset() is False
    monkeypatch.setattr("companion.headset.sounddevice", lambda: Simulated(output="Headset", input="Headset"))
    monkeypatch.setattr("companion.headset.find_device", missing)
    assert headset() is False


@pytest.mark.parametrize("program", ["exit 1", "sleep 9", None])
def test_a_sound_server_that_says_nothing_is_no_headset(monkeypatch, tmp_path, program):
    if program is not None:
        (tmp_path / "pactl").write_text(f"#!/bin/sh\n{program}\n")
        (tmp_path / "pactl").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path) + os.pathsep + "/bin" * (program is not None))
    monkeypatch.setattr("companion.headset.sounddevice", lambda: Simulated(output="default", input="default"))
    monkeypatch.setattr("companion.headset.find_device", lambda device, kind: None)
    monkeypatch.setattr(headset_module, "_HANGS", [])
    assert headset() is False
    assert bool(headset_module._HANGS) is (program == "sleep 9"), "what hangs is not asked again"
    (tmp_path / "pactl").write_text("#!/bin/sh\ntouch asked\n")
    monkeypatch.chdir(tmp_path)
    assert headset() is False and (tmp_path / "asked").exists() is (program == "exit 1")


class Words:
    """Stands in for the recogniser of words, which takes a second to open."""

    closed = False

    def push(self, block, *, speaking):
        return ["stop"] if speaking and not self.closed else []

    def close(self):
        self.closed = True


class Head:
    """On which a headset is put, and from which it is taken."""

    def __init__(self, make=Words):
        self.worn, self.made, self.told, self.make = False, [], [], make
        self.words = WhileWorn(lambda: self.worn, self._opened, self.told.append)

    def _opened(self):
        self.made.append(self.make())
        return self.made[-1]

    def put(self, worn):
        self.worn = worn
        self.words.look()
        return self.words.wait()

    def heard(self):
        return list(self.words.push(np.zeros(1600, np.int16), speaking=True))


def test_words_are_heard_while_a_headset_is_worn():
    head = Head()
    assert head.put(False) is False and (head.heard(), head.made) == ([], [])
    assert head.put(True) is True and head.put(True) is True
    assert (head.heard(), head.told, len(head.made)) == (["stop"], [True], 1)
    assert head.put(False) is False
    assert (head.heard(), head.told, head.made[0].closed) == ([], [True, False], True)
    assert head.put(True) is True and head.heard() == ["stop"] and head.told == [True, False, True]
    head.words.close()
    head.words.close()
    assert head.heard() == [] and head.made[1].closed and head.told == [True, False, True]


@pytest.mark.parametrize("again", [False, True])
def test_a_headset_taken_off_while_the_recogniser_opens_leaves_none_open(again):
    go, slow = threading.Event(), threading.Semaphore(0)

    def made():
        slow.release()
        assert go.wait(30)
        return Words()

    head = Head(made)
    for worn in (True, False, True)[: 3 if again else 2]:
        head.worn = worn
        head.words.look()
    first = 2 if again else 1
    for _ in range(first):
        assert slow.acquire(timeout=30)
    go.set()
    assert head.words.wait() is again
    end = time.monotonic() + 30
    while len(head.made) < first or sum(not words.closed for words in head.made) != int(again):
        assert time.monotonic() < end
        time.sleep(0.01)
    assert head.told == [True] * again
    head.words.close()
    assert all(words.closed for words in head.made)


@pytest.mark.parametrize("error", [EngineError("PocketSphinx can't be loaded."), RuntimeError("odd")])
def test_where_the_recogniser_can_not_be_had_nothing_is_heard_and_a_fault_is_one_line(capsys, error):
    def broken():
        raise error

    head = Head(broken)
    assert head.put(True) is False and (head.heard(), head.told) == ([], [])
    assert capsys.readouterr().err.count("\n") == int(isinstance(error, RuntimeError))
    head.words.close()


@pytest.fixture
def worn(sound_card):
    """The sound server's defaults are a headset's two ends."""
    before = sound_card.pactl("get-default-sink").strip()
    sink = sound_card.pactl(
        "load-module", "module-null-sink", "sink_name=ears", "sink_properties=device.form_factor=headphone"
    ).strip()
    source = sound_card.pactl(
        "load-module", "module-remap-source", "source_name=boom", "master=micfeed.monitor",
        "source_properties=device.form_factor=headset",
    ).strip()  # fmt: skip
    sound_card.pactl("set-default-sink", "ears")
    sound_card.pactl("set-default-source", "boom")
    yield
    sound_card.pactl("set-default-sink", before)
    sound_card.pactl("set-default-source", "mic")
    for module in (sink, source):
        sound_card.pactl("unload-module", module)


def asked(card):
    done = subprocess.run([sys.executable, "-c", ASK], env=card.env, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_a_sound_server_tells_what_its_default_devices_are(sound_card, worn):
    assert asked(sound_card) == "True"
    sound_card.pactl("set-default-source", "mic")
    assert asked(sound_card) == "False"


def test_with_a_headset_words_are_heard_over_it_unless_that_is_turned_off(sound_card, worn, tmp_path):
    told = "While I speak, you can say stop"
    for arguments, armed in ([], True), (["--barge-in", "off"], False):
        with conversation(sound_card, tmp_path, *arguments) as talk:
            talk.wait_for("companion: ")
            assert (told in talk.errors()) is armed


def test_a_headset_put_on_or_taken_off_in_between_is_noticed(sound_card, worn, tmp_path):
    sound_card.pactl("set-default-source", "mic")
    with conversation(sound_card, tmp_path) as talk:
        told = threading.Semaphore(0)
        lines = []

        def read():
            for line in talk.process.stderr:
                lines.append(line.rstrip("\n"))
                told.release()

        threading.Thread(target=read, daemon=True).start()
        for source, said in (
            (None, "Listening with pocketsphinx."),
            ("boom", "A headset is worn. While I speak, you can say stop, pause, next or repeat."),
            ("mic", "No headset is worn any more. While I speak, use the keys."),
        ):
            if source is not None:
                sound_card.pactl("set-default-source", source)
            while said not in lines:
                assert told.acquire(timeout=60), lines
