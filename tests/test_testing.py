"""The twins that the project and packs' authors test with keep the promises of the ports."""

from __future__ import annotations

import numpy as np
import pytest

from companion.errors import DeviceError
from companion.ports import Pcm
from companion.testing import RecordingLoudspeaker, ScriptedMicrophone

WORD = np.ones(2_000, np.int16)
PIECE = Pcm(np.ones(10, np.float32), 16_000)


def test_a_scripted_microphone_gives_its_utterances_and_silence_in_blocks() -> None:
    blocks = list(ScriptedMicrophone([WORD, WORD], silence=0.1).blocks())
    assert all(len(b) <= ScriptedMicrophone.BLOCK for b in blocks)
    assert len(np.concatenate(blocks)) == 2 * (2_000 + 1_600)


def test_a_scripted_microphone_may_be_lost_at_its_end() -> None:
    lost = ScriptedMicrophone([WORD], then="lost")
    with pytest.raises(DeviceError, match="lost"):
        list(lost.blocks())


def test_a_closed_scripted_microphone_ends_wherever_it_is() -> None:
    microphone = ScriptedMicrophone([WORD, WORD], then="lost")
    given = []
    for block in microphone.blocks():
        given.append(block)
        microphone.close()
    assert len(given) == 1 and microphone.closed
    waiting = ScriptedMicrophone(then="wait")
    waiting.close()
    assert list(waiting.blocks()) == []


def test_a_recording_loudspeaker_that_was_lost_says_so_until_it_is_back() -> None:
    told: list[DeviceError] = []
    with_ends: list[bool] = []
    loudspeaker = RecordingLoudspeaker(auto=False, on_lost=told.append)
    loudspeaker.play(PIECE, with_ends.append)
    assert loudspeaker.queued == 1
    loudspeaker.lose()
    assert len(told) == 1 and with_ends == [False] and loudspeaker.queued == 0
    with pytest.raises(DeviceError, match="lost"):
        loudspeaker.play(PIECE)
    with pytest.raises(DeviceError, match="lost"):
        loudspeaker.wait(0.1)
    loudspeaker.reopen()
    loudspeaker.play(PIECE)
    assert loudspeaker.queued == 1 and not loudspeaker.wait(0.01), "nothing is heard by itself"
    loudspeaker.close()
    loudspeaker.close()
    assert loudspeaker.log.count("close") == 1
    with pytest.raises(DeviceError, match="closed"):
        loudspeaker.play(PIECE)
