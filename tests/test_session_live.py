"""The whole program on a virtual sound card: spoken to through the microphone, heard back out of the loudspeaker."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import termios

import pytest
from talking import PATIENCE, ROOT, conversation, fallen_silent, sounds_after

pytest_plugins = ["talking"]


def test_a_spoken_question_is_answered_aloud(sound_card, tmp_path, ask):
    from companion.content import load_pack
    from companion.hearing.pocketsphinx import PocketSphinxRecognizer
    from companion.text.sentences import split

    with sound_card.record_loudspeaker() as recording, conversation(sound_card, tmp_path) as talk:
        talk.wait_for("Hello.")
        answer = talk.hear(ask, recording, "what is metastasis", "companion: What metastasis is")
        before = recording.seconds
        fallen_silent(recording, before)
        spoken = recording.at_16k()[int(before * 16_000) :]
        talk.goodbye(ask, recording)
        assert talk.end() == 0

    sentences = [
        s.lower().replace(".", "").replace(",", "").replace(":", "") for s in split(answer.removeprefix("companion: "))
    ]
    others = [i.short.lower().replace(".", "").replace(",", "") for i in load_pack().items]
    recognizer = PocketSphinxRecognizer([*sentences, *others], tmp_path / "lm")
    for start in range(0, len(spoken), 1600):
        recognizer.accept(spoken[start : start + 1600])
    heard = recognizer.finish().text.split()
    wanted = " ".join(sentences).split()
    shared = len(set(heard) & set(wanted)) / len(set(wanted))
    assert shared > 0.5, f"heard back: {' '.join(heard)}"


def test_a_cry_for_help_is_answered_with_the_emergency_sentence(sound_card, tmp_path, ask):
    with sound_card.record_loudspeaker() as recording, conversation(sound_card, tmp_path, "--no-earcons") as talk:
        talk.wait_for("Hello.")
        line = talk.hear(ask, recording, "i can not breathe", "companion: Call your local emergency number")
        before = recording.seconds
        assert "danger" in line
        talk.goodbye(ask, recording, before)
        assert talk.end() == 0


def test_a_card_that_goes_in_mid_sentence_and_comes_back_does_not_end_the_conversation(sound_card, tmp_path):
    with sound_card.record_loudspeaker() as recording, conversation(sound_card, tmp_path) as talk:
        talk.wait_for("Hello.")
        assert recording.wait_for_sound(PATIENCE)
        sound_card.remove_loudspeaker()
        sound_card.remove_microphone()
        talk.wait_for_all("The loudspeaker is gone.", "The microphone is gone.")
        sound_card.restore_loudspeaker()
        sound_card.restore_microphone()
        talk.wait_for_all("The loudspeaker is back.", "The microphone is back.")
        assert talk.process.poll() is None


def test_facts_are_moved_about_in_by_keys_and_gone_on_with_the_next_day(sound_card, tmp_path):
    ours, theirs = pty.openpty()
    before = termios.tcgetattr(theirs)

    def press(key):
        os.write(ours, key.encode())

    try:
        with sound_card.record_loudspeaker() as recording, conversation(sound_card, tmp_path, stdin=theirs) as talk:
            talk.wait_for("Hello.")
            press("a")
            talk.wait_for("companion: Here are")
            press("n")
            fact = talk.wait_for("companion: Fact 1.")
            press(" ")
            talk.wait_for("companion: Paused.")
            assert recording.wait_for_silence(1.0, PATIENCE)
            held = recording.seconds
            press(" ")
            sounds_after(recording, held)
            press("d")  # slower
            press("r")
            assert talk.wait_for("companion: Fact 1.") == fact
            press("n")
            talk.wait_for("companion: Fact 2.")
            press(".")  # the next sentence: more of the same fact, so nothing new is written
            press("q")
            assert talk.wait_for("companion: ").startswith("companion: Goodbye.")
            assert talk.end() == 0
        assert termios.tcgetattr(theirs) == before
        kept = json.loads((tmp_path / "home" / "state" / "state.json").read_text())
        assert kept["rate"] == 100 and kept["sentence"] == 1
        with conversation(sound_card, tmp_path, stdin=theirs) as talk:
            talk.wait_for("Say continue to go on with fact two.")
            press("c")
            assert talk.wait_for("companion: Fact 2.")
            press("q")
            talk.wait_for("companion: Goodbye.")
            assert talk.end() == 0
    finally:
        os.close(ours)
        os.close(theirs)


def test_a_microphone_that_may_not_be_used_is_spoken_of_and_taken_up_when_it_works(sound_card, tmp_path):
    sound_card.mute_microphone()
    with conversation(sound_card, tmp_path) as talk:
        talk.wait_for("The microphone gives no sound at all.")
        sound_card.mute_microphone(False)
        talk.wait_for("The microphone is back.")
        assert talk.process.poll() is None


def test_without_a_sound_card_it_says_so_and_goes_on_in_text(tmp_path):
    env = {
        **os.environ,
        "COMPANION_HOME": str(tmp_path),
        "ALSA_CONFIG_PATH": os.devnull,
        "PULSE_SERVER": "unix:/nowhere",
    }
    env.pop("ALSA_CONFIG_PATH")  # an empty configuration aborts PortAudio itself
    done = subprocess.run(
        [sys.executable, "-m", "companion"], input="what is metastasis\ngoodbye\n", capture_output=True,
        text=True, cwd=ROOT, env=env, check=False, timeout=60,
    )  # fmt: skip
    if "Listening with" in done.stderr:
        pytest.skip("this machine has a sound card")
    assert done.returncode == 0
    assert "Going on in text." in done.stderr
    assert "spread from where it began" in done.stdout
