from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pytest

from companion.errors import DeviceError, EngineError
from companion.events import SpeechSettings
from companion.ports import Pcm
from companion.speaking.earcons import NOTES, earcon
from companion.speaking.speech import Speaker, SpeechEvent, without_tail
from companion.testing import EchoVoice, RecordingLoudspeaker

THREE = ("One is here.", "Two is here.", "Three is here.")


class Stage:
    """A speaker between twins; the loudspeaker hears a piece when the test says so."""

    def __init__(self, auto: bool = False, fail_on: tuple[str, ...] = ()) -> None:
        self.voice = EchoVoice(fail_on)
        self.loudspeaker = RecordingLoudspeaker(auto=auto)
        self.events: list[SpeechEvent] = []
        self.speaker = Speaker(self.voice, self.loudspeaker, SpeechSettings(), self.events.append)

    @property
    def told(self) -> list[tuple[str, int]]:
        return [(event.kind, event.index) for event in self.events]

    def queued(self, count: int) -> None:
        """Until that many pieces wait in the loudspeaker; fails after two seconds."""
        for _ in range(400):
            if self.loudspeaker.queued == count:
                return
            time.sleep(0.005)
        raise AssertionError(f"{self.loudspeaker.queued} pieces are queued, not {count}")

    def hear(self, after: int) -> None:
        """One piece is heard; then until ``after`` pieces wait."""
        assert self.loudspeaker.finish_one()
        self.queued(after)


@pytest.fixture
def stage() -> Iterator[Stage]:
    made = Stage()
    yield made
    made.speaker.close()


def test_sentences_in_order_and_never_more_than_one_ahead(stage: Stage) -> None:
    assert stage.speaker.speak(THREE) == 1
    stage.queued(2)
    assert stage.voice.texts == list(THREE[:2])
    stage.hear(after=2)
    stage.hear(after=1)
    stage.hear(after=0)
    assert stage.speaker.wait(5)
    assert stage.told == [
        *(("started", 0), ("ended", 0), ("started", 1), ("ended", 1), ("started", 2), ("ended", 2)),
        ("finished", 2),
    ]
    assert [e.text for e in stage.events[:2]] == [THREE[0]] * 2
    assert not stage.speaker.speaking and stage.speaker.place is None


def test_everything_is_heard_by_itself() -> None:
    stage = Stage(auto=True)
    stage.speaker.speak(THREE)
    assert stage.speaker.wait(5)
    assert stage.told[-1] == ("finished", 2)
    assert len(stage.loudspeaker.played) == 3
    stage.speaker.close()


def test_stop_drops_everything_and_tells_once(stage: Stage) -> None:
    stage.speaker.speak(THREE)
    stage.queued(2)
    stage.speaker.stop()
    assert stage.told == [("started", 0), ("stopped", 0)]
    assert stage.loudspeaker.queued == 0 and stage.loudspeaker.log[-1] == "stop"
    stage.speaker.stop()
    assert len(stage.events) == 2


def test_pause_goes_on_at_the_start_of_the_sentence(stage: Stage) -> None:
    stage.speaker.speak(THREE)
    stage.queued(2)
    stage.hear(after=2)
    stage.speaker.pause()
    assert stage.loudspeaker.queued == 0
    assert stage.speaker.paused and not stage.speaker.speaking and stage.speaker.place == (1, 1)
    stage.speaker.resume()
    stage.queued(2)
    stage.hear(after=1)
    stage.hear(after=0)
    assert stage.speaker.wait(5)
    assert stage.told == [
        *(("started", 0), ("ended", 0), ("started", 1), ("paused", 1), ("resumed", 1)),
        *(("started", 1), ("ended", 1), ("started", 2), ("ended", 2), ("finished", 2)),
    ]


def test_a_normal_speech_replaces_another(stage: Stage) -> None:
    stage.speaker.speak(THREE)
    stage.queued(2)
    assert stage.speaker.speak(["Four."]) == 2
    stage.queued(1)
    stage.hear(after=0)
    assert stage.speaker.wait(5)
    assert [(e.kind, e.speech) for e in stage.events] == [
        *(("started", 1), ("stopped", 1), ("started", 2), ("ended", 2), ("finished", 2)),
    ]


def test_urgent_interrupts_and_the_rest_goes_on(stage: Stage) -> None:
    stage.speaker.speak(THREE)
    stage.queued(2)
    stage.hear(after=2)
    assert stage.speaker.speak(["Call now."], priority="urgent") == 2
    stage.queued(1)
    stage.hear(after=2)
    assert stage.speaker.place == (1, 1)
    assert [(e.kind, e.speech, e.index) for e in stage.events[3:]] == [
        *(("started", 2, 0), ("ended", 2, 0), ("finished", 2, 0), ("resumed", 1, 1), ("started", 1, 1)),
    ]


def test_what_was_paused_is_still_paused_after_something_urgent(stage: Stage) -> None:
    stage.speaker.speak(THREE)
    stage.queued(2)
    stage.speaker.pause()
    stage.speaker.speak(["Call now."], priority="urgent")
    stage.queued(1)
    stage.hear(after=0)
    assert stage.speaker.paused and stage.speaker.place == (1, 0)
    stage.speaker.stop()
    assert stage.told[-1] == ("stopped", 0)


def test_a_notice_is_dropped_when_busy(stage: Stage) -> None:
    assert stage.speaker.speak(["A notice."], priority="notice") == 1
    assert stage.speaker.speak(["Another."], priority="notice") is None
    assert stage.speaker.speak([]) is None


def test_go_to_and_start(stage: Stage) -> None:
    stage.speaker.speak(THREE, start=2)
    stage.queued(1)
    assert stage.voice.texts == [THREE[2]]
    assert stage.speaker.go_to(1)
    stage.queued(2)
    assert stage.speaker.sentence == THREE[1]
    assert not stage.speaker.go_to(3)


def test_a_voice_that_fails_ends_the_speech_with_its_error() -> None:
    stage = Stage(fail_on=(THREE[1],))
    stage.speaker.speak(THREE)
    assert stage.speaker.wait(5)
    assert stage.told[-2:] == [("failed", 0), ("stopped", 0)]
    assert isinstance(stage.events[-2].error, EngineError)
    stage.speaker.speak(["After it."])
    stage.queued(1)
    stage.speaker.close()


def test_a_lost_loudspeaker_keeps_the_place(stage: Stage) -> None:
    stage.speaker.speak(THREE)
    stage.queued(2)
    stage.hear(after=2)
    stage.loudspeaker.lose()
    assert stage.speaker.wait(5)
    assert stage.told[-1] == ("failed", 1) and isinstance(stage.events[-1].error, DeviceError)
    assert stage.speaker.paused
    stage.speaker.resume()
    assert stage.speaker.wait(5)
    assert stage.told[-1] == ("failed", 1)
    stage.loudspeaker.reopen()
    stage.speaker.resume()
    stage.queued(2)
    assert stage.speaker.place == (1, 1)


def test_settings_hold_for_the_next_sentence_and_the_volume_at_once(stage: Stage) -> None:
    stage.speaker.settings = SpeechSettings(rate=240, volume=0.3)
    assert stage.loudspeaker.volume == 0.3
    stage.speaker.speak(THREE)
    stage.queued(2)
    assert stage.voice.rendered[0][1] == SpeechSettings(rate=240, volume=1.0)


def test_an_event_handler_may_speak(stage: Stage) -> None:
    spoken: list[int | None] = []

    def handler(event: SpeechEvent) -> None:
        if event.kind == "finished" and len(spoken) < 2:
            spoken.append(stage.speaker.speak(["And more."]))

    stage.speaker._on_event = handler
    stage.speaker.speak(["One."])
    stage.queued(1)
    stage.hear(after=1)
    assert spoken == [2]


def test_earcons_only_where_nothing_speaks(stage: Stage) -> None:
    assert stage.speaker.sound(earcon("heard"))
    stage.speaker.speak(THREE)
    assert not stage.speaker.sound(earcon("heard"))


def test_the_silence_after_the_last_sentence_is_cut() -> None:
    wave = np.concatenate([np.full(1000, 0.5, np.float32), np.zeros(20_000, np.float32)])
    assert len(without_tail(Pcm(wave, 10_000), 0.1).samples) == 2000
    assert len(without_tail(Pcm(wave[:1200], 10_000), 0.1).samples) == 1200


def test_earcons_are_short_soft_and_distinct() -> None:
    sounds = {name: earcon(name).samples for name in NOTES}
    for name, samples in sounds.items():
        assert 0.05 < len(samples) / 22_050 <= 0.2, name
        assert 0.05 < np.abs(samples).max() < 0.2, name
        assert samples[0] == pytest.approx(0, abs=1e-3) == pytest.approx(samples[-1], abs=1e-3), name
        peak = np.argmax(np.abs(np.fft.rfft(samples, 22_050)))
        assert min(abs(peak - pitch) for pitch, _ in NOTES[name] if pitch) < 15, name
    assert len({samples.tobytes() for samples in sounds.values()}) == len(NOTES)
