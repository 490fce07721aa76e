"""What the voice says is understood: by PocketSphinx, straight and out of the virtual loudspeaker."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soxr
from virtual_sound import VirtualSoundCard

from companion.events import SpeechSettings
from companion.speaking.pyttsx3_voice import Pyttsx3Voice

GRAMMAR = (
    "#JSGF V1.0; grammar t; public <s> = cancer can spread to the bones | it can happen years later"
    " | doctors may use a biopsy | how is it treated | call the emergency number | goodbye;"
)
PROGRAM = """
import sys
from companion.speaking.player import SoundDevicePlayer
from companion.speaking.pyttsx3_voice import Pyttsx3Voice
from companion.speaking.speech import Speaker
with Pyttsx3Voice() as voice, SoundDevicePlayer() as loudspeaker:
    speaker = Speaker(voice, loudspeaker)
    speaker.speak(sys.argv[1:])
    print(speaker.wait(30))
    speaker.close()
"""


def heard(samples: np.ndarray) -> str:
    pocketsphinx = pytest.importorskip("pocketsphinx")
    decoder = pocketsphinx.Decoder(lm=None, loglevel="FATAL")
    decoder.add_jsgf_string("t", GRAMMAR)
    decoder.activate_search("t")
    decoder.start_utt()
    decoder.process_raw(samples.astype(np.int16).tobytes(), full_utt=True)
    decoder.end_utt()
    return str(decoder.hyp().hypstr) if decoder.hyp() else ""


@pytest.mark.parametrize(
    "sentence", ["Cancer can spread to the bones.", "It can happen years later.", "How is it treated?"]
)
def test_a_rendered_sentence_is_recognised(sentence: str) -> None:
    with Pyttsx3Voice(spare=False) as voice:
        pcm = voice.render(sentence, SpeechSettings())
    quiet = np.zeros(8_000, np.float32)  # half a second, as a microphone has it
    spoken = np.concatenate([quiet, soxr.resample(pcm.samples, pcm.rate, 16_000), quiet])
    assert heard(spoken * 32_000) == sentence.lower().rstrip(".?")


def test_a_sentence_out_of_the_loudspeaker_is_recognised(sound_card: VirtualSoundCard) -> None:
    with sound_card.record_loudspeaker() as recording:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, "It can happen years later."],
            env=sound_card.env,
            cwd=Path(__file__).parent.parent,
            capture_output=True,
            text=True,
            check=False,
        )
        recording.wait_for_silence(0.5)
    assert (done.stdout, done.stderr, done.returncode) == ("True\n", "", 0)
    assert heard(recording.at_16k()) == "it can happen years later"
