"""Single words over the companion's voice, on the virtual sound card, its own voice leaking into the microphone."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from talking import Listener, conversation, sounds_after

from companion.content import load_pack

pytest_plugins = ["talking"]
# On a busy machine two of nine runs failed, one of them unexplained: no check that decides by chance.
pytestmark = pytest.mark.by_hand
PACK = load_pack()
LEAK = 20_724
"""Volume, of 65,536, of the loudspeaker in the microphone: -10 dB by PulseAudio's law, the volume's cube."""


@contextlib.contextmanager
def leaking(card, volume=LEAK) -> Iterator[None]:
    """Let the loudspeaker be heard in the microphone."""
    loop = card.pactl(
        "load-module", "module-loopback", "source=speaker.monitor", "sink=micfeed", "latency_msec=60",
        "source_dont_move=true", "sink_dont_move=true",
    ).strip()  # fmt: skip
    try:
        for line in card.pactl("list", "short", "sink-inputs").splitlines():
            if "module-loopback" in line:
                card.pactl("set-sink-input-volume", line.split()[0], str(volume))
        yield
    finally:
        card.pactl("unload-module", loop)


@pytest.mark.parametrize("saying", [("stop", "slt"), ("stop", "rms")], ids=["slt", "rms"])
def test_stop_over_a_narration_stops_it(sound_card, tmp_path, keyboard, saying):
    with (
        leaking(sound_card),
        sound_card.record_loudspeaker() as recording,
        conversation(sound_card, tmp_path, "--barge-in", "words", stdin=keyboard.theirs) as talk,
    ):
        listener = Listener(sound_card, recording, talk, tmp_path)
        sounds_after(recording, 0)
        keyboard.press("a")
        talk.wait_for("companion: Fact 1.")
        sounds_after(recording, recording.seconds)
        listener.says_into_it(saying, "companion: Stopped.")
        assert "you: stop" in talk.seen


def test_the_companions_own_stop_is_not_obeyed(sound_card, tmp_path, keyboard):
    """The introduction says: say pause, next or stop at any time."""
    assert "stop" in PACK.introduction
    with (
        leaking(sound_card),
        sound_card.record_loudspeaker() as recording,
        conversation(sound_card, tmp_path, "--barge-in", "words", stdin=keyboard.theirs) as talk,
    ):
        sounds_after(recording, 0)
        keyboard.press("a")
        talk.wait_for("companion: Fact 2.")
        assert not [line for line in talk.seen if line.startswith("you: ")]
