"""The running program on a virtual sound card, and somebody who speaks to it: ``pytest_plugins = ["talking"]``.

PYTEST_DONT_REWRITE: test modules import helpers from here before pytest would.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import pty
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from speech_fixtures import say_to_file

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 40.0
TRIES = 5
"""How often a listener says something again. A busy machine drops pieces of what is said."""
ANSWERED = 12.0
"""Seconds after which a listener who got no answer says it again."""


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
        raise AssertionError(f"{words!r} was never understood: {self.seen}; stderr: {self.errors()}")

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
        raise AssertionError(f"never said: {texts}; said: {self.seen}; stderr: {self.errors()}")

    def answered(self, *texts: str, seconds: float = ANSWERED) -> str:
        """The next line that holds one of the texts; "" when none came while a listener waits."""
        end = time.monotonic() + seconds
        with contextlib.suppress(queue.Empty):
            while True:
                line = self.lines.get(timeout=max(0.0, end - time.monotonic()))
                self.seen.append(line)
                if any(text in line for text in texts):
                    return line
        return ""

    def errors(self) -> str:
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


def sounds_after(recording, since):
    """Wait until something sounds after ``since`` seconds of the recording."""
    end = time.monotonic() + PATIENCE
    while not np.any(np.abs(recording.samples[int(since * recording.rate) :].astype(np.int32)) > 300):
        assert time.monotonic() < end, "nothing was heard"
        time.sleep(0.05)


class Listener:
    """Somebody who speaks to the companion, over it too, and says again what was not understood."""

    def __init__(self, card, recording, talk, folder):
        self._card, self.recording, self._talk, self._folder = card, recording, talk, folder

    def says(self, sayings: Sequence[tuple[str, str] | Path], *answers: str) -> str:
        """Say one after the other, into the silence, until one of the answers comes; the answer's line."""
        for saying in itertools.islice(itertools.cycle(sayings), max(TRIES, len(sayings))):
            if line := self.says_once(saying, *answers):
                return line
        raise AssertionError(f"{sayings} were never understood: {self._talk.seen}; stderr: {self._talk.errors()}")

    def says_once(self, saying: tuple[str, str] | Path, *answers: str) -> str:
        """Say it into the silence, once; the answer's line, "" when none came."""
        # Longer than the pause between two sentences.
        assert self.recording.wait_for_silence(1.5, PATIENCE)
        self._speak(saying)
        return self._talk.answered(*answers)

    def says_into_it(self, saying: tuple[str, str] | Path, *answers: str) -> str:
        """Say it over the companion's voice; again until one of the answers comes; the answer's line."""
        for _ in range(TRIES):
            sounds_after(self.recording, self.recording.seconds)
            self._speak(saying)
            if line := self._talk.answered(*answers, seconds=4.0):
                return line
        raise AssertionError(f"{saying} was never understood: {self._talk.seen}; stderr: {self._talk.errors()}")

    def says_over_it(self, saying: tuple[str, str], *answers: str) -> str:
        """Speak over it until it holds, then say it; again until one of the answers comes; the answer's line."""
        for _ in range(2 * TRIES):
            if not self.recording.wait_for_silence(1.5, 2.0):
                # Short, or the rest of it would be heard as the beginning of what follows.
                self._speak(("hey", "slt"))
                if not self._talk.answered("companion: Paused."):
                    continue
            # Longer than the companion waits until it listens, and shorter than it holds.
            assert self.recording.wait_for_silence(1.0, PATIENCE)
            self._speak(saying)
            if line := self._talk.answered(*answers):
                return line
        raise AssertionError(f"{saying} was never understood: {self._talk.seen}; stderr: {self._talk.errors()}")

    def _speak(self, saying: tuple[str, str] | Path) -> None:
        path = saying if isinstance(saying, Path) else say_to_file(saying[0], self._folder / "said.wav", saying[1])
        self._card.play_into_microphone(path)


class Keyboard:
    """A terminal of its own; ``theirs`` is the program's standard input."""

    def __init__(self):
        self.ours, self.theirs = pty.openpty()

    def press(self, key: str) -> None:
        os.write(self.ours, key.encode())

    def close(self) -> None:
        os.close(self.ours)
        os.close(self.theirs)


@pytest.fixture
def keyboard() -> Iterator[Keyboard]:
    with contextlib.closing(Keyboard()) as made:
        yield made
