"""Prompts rendered ahead: with the real voice worker, and how a conversation finds the moment for it."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from fault_world import World

from companion.content import load_pack
from companion.dialogue import prompts
from companion.events import SpeechSettings
from companion.speaking.ahead import Ahead
from companion.speaking.pyttsx3_voice import PREPARED_BYTES, Pyttsx3Voice
from companion.speaking.speech import Speaker
from companion.speaking.worker_process import WorkerProcess
from companion.testing import RecordingLoudspeaker

PACK = load_pack()
PROMPT, ANSWER = "I did not catch that.", "Call your local emergency number now."
posix = pytest.mark.skipif(os.name != "posix", reason="signals that stop a process are POSIX")


class Log:
    """What the workers of a voice were asked for, and by which process, in order of the replies."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.rendered: list[tuple[str, int, int]] = []
        whole = WorkerProcess.ask

        def ask(worker: WorkerProcess, request: dict[str, Any], patience: float) -> tuple[dict[str, Any], bytes]:
            reply = whole(worker, request, patience)
            self.rendered.append((request.get("text", ""), request.get("rate", 0), worker.pid))
            return reply

        patch.setattr(WorkerProcess, "ask", ask)

    def times(self, text: str) -> int:
        return sum(text == said for said, _, _ in self.rendered)


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Log:
    return Log(monkeypatch)


@pytest.fixture
def voice() -> Iterator[Pyttsx3Voice]:
    with Pyttsx3Voice(patience=60) as made:
        made.render("Hello.", SpeechSettings())  # from then on there is a spare
        yield made


def until(found: Callable[[], object]) -> None:
    end = time.monotonic() + 30
    while not found():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_what_was_prepared_is_played_without_being_rendered_again(voice: Pyttsx3Voice, log: Log) -> None:
    own = voice.worker_pid
    assert voice.prepare(PROMPT, SpeechSettings())
    assert [text for text, _, _ in log.rendered] == [PROMPT]
    assert log.rendered[0][2] != own, "the worker that speaks must stay free"
    loudspeaker = RecordingLoudspeaker()
    speaker = Speaker(voice, loudspeaker)
    try:
        speaker.speak([PROMPT, ANSWER])
        assert speaker.wait(30)
    finally:
        speaker.close()
    assert [text for text, _, _ in log.rendered] == [PROMPT, ANSWER]
    with Pyttsx3Voice(spare=False) as other:
        assert np.array_equal(
            voice.render(PROMPT, SpeechSettings()).samples, other.render(PROMPT, SpeechSettings()).samples
        )


def test_the_volume_changes_nothing_and_the_rate_and_the_voice_do(voice: Pyttsx3Voice, log: Log) -> None:
    assert voice.prepare(PROMPT, SpeechSettings())
    loud, soft = (voice.render(PROMPT, SpeechSettings(volume=v)).samples for v in (1.0, 0.5))
    assert np.allclose(soft, loud / 2) and log.times(PROMPT) == 1
    assert voice.prepare(PROMPT, SpeechSettings(rate=200))
    assert len(voice.render(PROMPT, SpeechSettings(rate=200)).samples) < len(loud)
    assert log.times(PROMPT) == 2
    assert voice.prepare(PROMPT, SpeechSettings(rate=200, voice="en-gb"))
    assert log.times(PROMPT) == 3
    voice.render(PROMPT, SpeechSettings())
    assert log.times(PROMPT) == 4, "what was made for another rate is not kept"


def test_what_is_kept_is_bounded(voice: Pyttsx3Voice) -> None:
    slow = SpeechSettings(rate=80)
    for number in range(40):
        assert voice.prepare(f"{number}. " + "Metastasis, " * 20, slow)
    assert 0 < voice.prepared_bytes <= PREPARED_BYTES


@posix
def test_an_urgent_answer_is_not_held_up_by_what_is_being_prepared(voice: Pyttsx3Voice, log: Log) -> None:
    assert voice.prepare("Goodbye.", SpeechSettings())
    spare = log.rendered[-1][2]
    os.kill(spare, signal.SIGSTOP)  # the slowest preparing of all: it never ends by itself
    preparing = threading.Thread(target=voice.prepare, args=(PROMPT, SpeechSettings()))
    try:
        preparing.start()
        until(lambda: voice.preparing)
        voice.render(ANSWER, SpeechSettings())
        assert [text for text, _, _ in log.rendered] == ["Goodbye.", ANSWER]
    finally:
        os.kill(spare, signal.SIGCONT)
    preparing.join(30)
    assert [text for text, _, _ in log.rendered] == ["Goodbye.", ANSWER, PROMPT]


@posix
def test_a_spare_that_dies_while_it_prepares_costs_nothing_but_that(voice: Pyttsx3Voice, log: Log) -> None:
    assert voice.prepare("Goodbye.", SpeechSettings())
    os.kill(log.rendered[-1][2], signal.SIGKILL)
    assert not voice.prepare(PROMPT, SpeechSettings())
    assert voice.render(ANSWER, SpeechSettings()).seconds > 1
    until(lambda: voice.prepare(PROMPT, SpeechSettings()))
    assert log.times(PROMPT) == 1


def test_one_at_a_time_the_most_urgent_first_and_anew_for_another_rate() -> None:
    made: list[tuple[str, int]] = []
    refused = ["b"]

    def prepare(text: str, settings: SpeechSettings) -> bool:
        if text in refused:
            refused.remove(text)
            return False
        made.append((text, settings.rate))
        return True

    ahead = Ahead(prepare, ["a", "b", "c", "a"])
    try:
        until(lambda: not ahead.offer(SpeechSettings(rate=120)))
        assert made == [("a", 120), ("b", 120), ("c", 120)], "what could not be made is tried again"
        until(lambda: not ahead.offer(SpeechSettings(rate=120, volume=0.3)))
        assert len(made) == 3
        until(lambda: not ahead.offer(SpeechSettings(rate=140)))
        assert made[3:] == [("a", 140), ("b", 140), ("c", 140)]
    finally:
        ahead.close()
    assert not ahead.offer(SpeechSettings(rate=160))


class Watched(Ahead):
    """Remembers whether the companion was to be heard when there was time to prepare something."""

    world: World
    moments: list[bool]

    def offer(self, settings: SpeechSettings) -> bool:
        self.moments.append(self.world.session.deaf())
        return super().offer(settings)


def test_a_conversation_prepares_its_prompts_only_in_quiet_moments() -> None:
    made: list[str] = []
    wanted = prompts.common(PACK)
    ahead = Watched(lambda text, _settings: made.append(text) is None, wanted)
    ahead.moments = []
    world = ahead.world = World(ahead)
    with world:
        until(lambda: len(made) == len(wanted))
        world.session.key("a")
        assert world.lines.wait_for("Fact 1.")
    assert made == [*wanted]
    assert not any(ahead.moments)
    assert not ahead.offer(SpeechSettings(rate=300)), "it ends with the conversation"


def test_the_emergency_sentence_is_the_first_and_all_are_really_said() -> None:
    common = prompts.common(PACK)
    assert common[0] == PACK.emergency and len(set(common)) == len(common)
    assert {
        "I did not catch that.",
        "Say yes please, or no thanks.",
        f"Did you mean: {PACK.questions[0].question}",
    } <= {*common}
