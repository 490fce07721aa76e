"""A headset is told by the names of the sound devices, and by what a sound server knows of its own."""

import os
import subprocess
import sys

import pytest
from talking import conversation

from companion.errors import DeviceError
from companion.headset import WORN, headset

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
    assert headset() is False


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
