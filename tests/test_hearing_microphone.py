"""The microphone: real PortAudio on the virtual sound card."""

import contextlib
import itertools
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hearing_fixtures import ROOT

from companion.errors import DeviceError

pytest_plugins = ["hearing_fixtures"]
PROGRAM = Path(__file__).with_name("hearing_listener.py")


@contextlib.contextmanager
def listener(env, *arguments):
    process = subprocess.Popen(
        [sys.executable, str(PROGRAM), *arguments],
        env={**env, "PYTHONPATH": str(ROOT)}, cwd=ROOT, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            stream.close()


def until(process, start):
    """Lines up to the first that begins with ``start``, it included; a hundred seconds of blocks at most."""
    lines = []
    for line in itertools.islice(process.stdout, 1_000):
        lines.append(line.rstrip("\n"))
        if line.startswith(start):
            return lines
    process.kill()
    raise AssertionError(f"no line {start!r} in {lines[-5:]}: {process.stderr.read()[-500:]}")


def test_a_spoken_question_is_heard_through_the_microphone(sound_card, vosk_model, say):
    with listener(sound_card.env, "hear", str(vosk_model)) as process:
        until(process, "ready")
        sound_card.play_into_microphone(say("what is metastasis"))
        assert until(process, "heard")[-1] == "heard what is metastasis"


def test_blocks_come_and_close_from_another_thread_ends_them(sound_card, say):
    with listener(sound_card.env) as process:
        until(process, "ready")
        sound_card.play_into_microphone(say("stop"))
        lines = until(process, "block")
        while max(int(line.split()[2]) for line in lines if line.startswith("block")) < 1_000:
            lines += until(process, "block")
        process.stdin.write("close\n")
        process.stdin.flush()
        assert until(process, "closed")[-1] == "closed"
        assert process.wait(timeout=30) == 0
        assert process.stderr.read() == ""


def test_a_lost_microphone_is_told(sound_card):
    with listener(sound_card.env) as process:
        until(process, "block")
        # Else the server would let it listen to what the loudspeaker plays.
        sound_card.remove_loudspeaker()
        sound_card.remove_microphone()
        assert until(process, "lost")[-1] == "lost The microphone was lost. Plug it in again."
    sound_card.restore_loudspeaker()
    sound_card.restore_microphone()


def test_without_a_microphone_it_is_one_sentence(tmp_path):
    """On a machine without a microphone, or without PortAudio; elsewhere there is nothing to see."""
    env = {**os.environ, "PULSE_SERVER": f"unix:{tmp_path}/none"}
    with listener(env) as process:
        line = process.stdout.readline()
        if line.startswith("ready"):
            pytest.skip("this machine has a microphone")
        assert line.startswith("lost ") and "Traceback" not in process.stderr.read()


def test_portaudio_missing_is_one_sentence(monkeypatch):
    from companion.hearing import microphone

    def missing():
        raise DeviceError("The sound library PortAudio was not found.", "Install it.")

    monkeypatch.setattr(microphone, "sounddevice", missing)
    with pytest.raises(DeviceError, match="PortAudio"):
        microphone.SoundDeviceMicrophone()
