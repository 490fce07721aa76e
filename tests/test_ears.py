"""The ears by themselves, with twins for the microphone and the recogniser: what is told, and when."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from companion.ears import MUTE, Ears
from companion.errors import CompanionError
from companion.hearing.endpoint import Endpointer
from companion.testing import ScriptedMicrophone, ScriptedRecognizer

PATIENCE = 20.0


class Silence(ScriptedMicrophone):
    """Nothing is to be heard; ``silent_seconds`` as a real one counts them."""

    def __init__(self, blocks: int, silent: Callable[[int], float] = lambda _n: 0.0) -> None:
        super().__init__([np.zeros(blocks * self.BLOCK, np.int16)], silence=0.0, then="wait")
        self._silent = silent
        self._given = 0

    @property
    def silent_seconds(self) -> float:
        return self._silent(self._given)

    def blocks(self) -> Iterator[np.ndarray]:
        for block in super().blocks():
            self._given += 1
            yield block


class Never:
    def is_speech(self, frame: bytes) -> bool:
        return False


class Told:
    """What the ears said of themselves."""

    def __init__(self) -> None:
        self.mute: list[bool] = []
        self.failed: list[CompanionError] = []
        self.over: list[str] = []
        self.interrupted = 0
        self.came = threading.Event()

    def is_mute(self, value: bool) -> None:
        self.mute.append(value)
        if not value:
            self.came.set()

    def has_failed(self, error: CompanionError) -> None:
        self.failed.append(error)
        self.came.set()

    def was_interrupted(self) -> None:
        self.interrupted += 1
        self.came.set()


def ears(microphone: Silence, told: Told, *, deaf: bool = False, **more: Any) -> Ears:
    return Ears(
        lambda: microphone, ScriptedRecognizer(), Endpointer(Never(), 0.3), deaf=lambda: deaf,
        heard=lambda *_: None, partial=lambda _text: None, lost=lambda _gone: None, failed=told.has_failed,
        known=lambda _text: False, mute=told.is_mute, interrupted=told.was_interrupted, over=told.over.append, **more,
    )  # fmt: skip


def run(made: Ears, told: Told) -> None:
    made.start()
    assert told.came.wait(PATIENCE)
    made.close()


def test_a_microphone_of_zeros_is_told_once_and_that_it_gives_sound_after_all() -> None:
    told = Told()
    run(ears(Silence(40, lambda n: 2 * MUTE if n < 20 else 0.0), told), told)
    assert told.mute == [True, False]


def test_speech_over_the_companion_interrupts_it() -> None:
    class Speech:
        pushed = 0

        def push(self, block: np.ndarray, *, speaking: bool) -> bool:
            self.pushed += speaking
            return self.pushed == 3

    told = Told()
    run(ears(Silence(10), told, deaf=True, speech=Speech()), told)
    assert told.interrupted == 1


def test_a_fault_of_the_words_heard_over_speech_costs_only_these() -> None:
    class Words:
        def __init__(self) -> None:
            self.pushed = 0

        def push(self, block: np.ndarray, *, speaking: bool) -> list[str]:
            self.pushed += 1
            if self.pushed == 2:
                raise KeyError("next")
            return ["stop"]

    told, words = Told(), Words()
    run(ears(Silence(10), told, deaf=True, words=words), told)
    assert told.over == ["stop"] and words.pushed == 2
    assert len(told.failed) == 1 and "not heard any more (KeyError)" in str(told.failed[0])


def test_ears_that_never_started_let_go_of_the_microphone() -> None:
    held, told = Silence(1), Told()
    made = ears(held, told)
    made.hold()
    assert held.closed
    made.go_on()
    made.close()
    assert told.failed == []
