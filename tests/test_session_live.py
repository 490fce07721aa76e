"""The whole program on a virtual sound card: spoken to through the microphone, heard back out of the loudspeaker."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import queue
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from speech_fixtures import say_to_file

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 40.0
TRIES = 5
"""How often a listener says something again. A busy machine drops pieces of what is said."""


class Conversation:
    """The running program and the lines that it prints."""

    def __init__(self, env, *arguments, stdin=subprocess.DEVNULL):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "companion", "--engine", "pocketsphinx", *arguments],
            stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=env,
        )  # fmt: skip
        self.lines: queue.Queue[str] = queue.Queue()
        self.seen: list[str] = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))

    def wait_for(self, text: str) -> str:
        """The next line that holds the text."""
        return self.wait_for_any(text)

    def hear(self, ask, recording, words: str, *answers: str, since: float = 0.0) -> str:
        """Say something until one of the answers comes, as a listener does who was misheard; the answer."""
        for _ in range(TRIES):
            ask(recording, words, since)
            since = recording.seconds
            line = self.wait_for_any(*answers, "companion: ")
            if any(answer in line for answer in answers):
                return line
        raise AssertionError(f"{words!r} was never understood: {self.seen}; stderr: {self._errors()}")

    def goodbye(self, ask, recording, since=0.0) -> None:
        """Say goodbye, and yes where the companion is not sure of having heard it."""
        for _ in range(TRIES):
            line = self.hear(ask, recording, "goodbye", "Goodbye.", "Did you say goodbye?", since=since)
            if "Did you" in line:
                since = recording.seconds
                ask(recording, "yes please", since)
                line = self.wait_for_any("companion: ")
            if "Goodbye." in line:
                return
            since = recording.seconds
        raise AssertionError(f"goodbye was never understood: {self.seen}")

    def wait_for_all(self, *texts: str) -> None:
        """Until each of the texts has stood in a line, in any order."""
        left = set(texts)
        while left:
            line = self.wait_for_any(*left)
            left -= {text for text in left if text in line}

    def wait_for_any(self, *texts: str) -> str:
        """The next line that holds one of the texts."""
        with contextlib.suppress(queue.Empty):
            while True:
                line = self.lines.get(timeout=PATIENCE)
                self.seen.append(line)
                if any(text in line for text in texts):
                    return line
        raise AssertionError(f"never said: {texts}; said: {self.seen}; stderr: {self._errors()}")

    def _errors(self) -> str:
        self.process.kill()
        return self.process.stderr.read()

    def end(self) -> int:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.process.wait(timeout=PATIENCE)
        self.process.kill()
        return self.process.wait()


@contextlib.contextmanager
def conversation(card, tmp_path, *arguments, stdin=subprocess.DEVNULL) -> Iterator[Conversation]:
    talk = Conversation({**card.env, "COMPANION_HOME": str(tmp_path / "home")}, *arguments, stdin=stdin)
    try:
        yield talk
    finally:
        talk.process.kill()
        talk.process.wait()


@pytest.fixture
def ask(sound_card, tmp_path):
    """Speak into the virtual microphone, once the companion has fallen silent."""

    def speak(recording, text, since=0.0):
        fallen_silent(recording, since)
        sound_card.play_into_microphone(say_to_file(text, tmp_path / "q.wav"))

    return speak


def fallen_silent(recording, since):
    """Wait until something sounded after ``since`` seconds of the recording, and then silence followed."""
    sounds_after(recording, since)
    # Longer than the pause between two sentences.
    assert recording.wait_for_silence(1.5, PATIENCE)


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


def sounds_after(recording, since):
    """Wait until something sounds after ``since`` seconds of the recording."""
    end = time.monotonic() + PATIENCE
    while not np.any(np.abs(recording.samples[int(since * recording.rate) :].astype(np.int32)) > 300):
        assert time.monotonic() < end, "nothing was heard"
        time.sleep(0.05)


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
