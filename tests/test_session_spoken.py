"""The whole program on a virtual sound card, by voice: unsure, out of scope, moving about, people, a card that goes.

What is said is chosen for being heard well from these voices; the wordings that are not are counted by
scripts/evaluate_hearing.py. Here it is about what the conversation makes of them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soxr
from hearing_fixtures import SHARED
from talking import Conversation, Keyboard, Listener, conversation, fallen_silent, sounds_after

from companion.content import load_pack
from companion.dialogue import prompts
from companion.events import SpeechSettings
from companion.speaking.pyttsx3_voice import Pyttsx3Voice
from companion.text.sentences import split
from companion.understanding import Router
from companion.understanding.background import Topics
from companion.understanding.phrases import COMMAND_PHRASES

pytest_plugins = ["talking"]
PACK = load_pack()
OPENING = f"companion: {split(PACK.introduction)[0]}"
QUICK = ("--rate", "300")
UNSURE = [("tell me about the risk", "rms"), ("the risk", "awb"), ("tell me about the risk", "slt")]
YES = [("yes please", "awb"), ("yes please", "slt"), ("yes that is right", "awb"), ("that is right", "rms")]
WAITING = (prompts.REMIND, prompts.TROUBLE["slow"], prompts.VOICE_SLOW)
FOREIGN = [("tell me about the weather tomorrow", "slt"), ("what is the capital of france", "rms")]


def test_what_is_to_be_asked_back_is_unsure():
    """What the spoken tests below stand on: a router that learns may become sure of it."""
    alone = Router(PACK, lambda pack, vocabulary: Topics(pack, vocabulary, None, None))
    decided = {words: alone.decide(words) for words, _ in UNSURE}
    assert {words: (found.kind, len(found.candidates)) for words, found in decided.items()} == dict.fromkeys(
        decided, ("confirm", 1)
    )


def people(word: str) -> list[Path]:
    """Recordings of people who say that one word; the test is skipped where they are not here."""
    manifest = SHARED / "speech" / "manifest.tsv"
    if not manifest.is_file():
        pytest.skip("the recordings of people (../shared/speech) are not here")
    rows = [line.split("\t") for line in manifest.read_text(encoding="utf-8").splitlines()]
    found = [manifest.parent / row[0] for row in rows if row[1] == word]
    assert found
    return found


def asked_back(listener: Listener) -> str:
    """Say something of which the companion can't be sure; the title of what it offers."""
    line = listener.says(UNSURE, "companion: Did you mean: ")
    return next(item.title for item in PACK.items if item.question in line)


def told_when(sayings, talk: Conversation, listener: Listener, *, wanted: str) -> None:
    """Be asked back and answer, until the answer was understood. In ``wanted`` stands {offered} for the title."""
    offered = ""
    for saying in sayings:
        # Asked again, an unsure question counts as meant: it is only asked anew when something else was heard.
        offered = offered or asked_back(listener)
        line = listener.says_once(saying, wanted.format(offered=offered), "companion: ")
        if line and wanted.format(offered=offered) in line:
            return
        if line and not any(waiting in line for waiting in WAITING):
            offered = ""
    raise AssertionError(f"nobody was understood: {talk.seen}")


def agreed(talk: Conversation) -> bool:
    """Whether the last thing that was understood is a yes."""
    understood = [line.removeprefix("you: ") for line in talk.seen if line.startswith("you: ")]
    return understood[-1] in {*COMMAND_PHRASES["yes"]}


def test_an_unsure_question_is_answered_after_a_spoken_yes(sound_card, tmp_path):
    with sound_card.record_loudspeaker() as recording, conversation(sound_card, tmp_path, *QUICK) as talk:
        listener = Listener(sound_card, recording, talk, tmp_path)
        sounds_after(recording, 0)
        told_when(YES * 2, talk, listener, wanted="companion: {offered}: ")
        assert agreed(talk), talk.seen


def test_a_question_out_of_scope_is_declined_and_nothing_is_read(sound_card, tmp_path):
    with sound_card.record_loudspeaker() as recording, conversation(sound_card, tmp_path, *QUICK) as talk:
        listener = Listener(sound_card, recording, talk, tmp_path)
        sounds_after(recording, 0)
        line = listener.says(FOREIGN, "companion: I don't have an answer to that.", "I don't have that.")
        assert not any(sentence in line for item in PACK.items for sentence in split(item.short))


def test_facts_are_moved_about_in_by_voice_alone(sound_card, tmp_path):
    with (
        sound_card.record_loudspeaker() as recording,
        conversation(sound_card, tmp_path, "--rate", "160", "--barge-in", "open") as talk,
    ):
        listener = Listener(sound_card, recording, talk, tmp_path)
        sounds_after(recording, 0)
        listener.says([("read me the facts", "awb"), ("read the facts", "slt")], OPENING)
        # It reads on while it is spoken to in vain, so what comes next depends on how far it had come.
        listener.says_over_it(("go to the next fact", "awb"), "you: go to the next fact")
        at = facts_read(talk)
        talk.wait_for(f"companion: Fact {at + 1}.")
        listener.says_over_it(("read it again", "slt"), "you: read it again")
        at = facts_read(talk)
        talk.wait_for(f"companion: Fact {at}.")
        listener.says_over_it(("wait a moment", "awb"), "you: wait a moment")
        at = facts_read(talk)
        # Longer than it holds when nothing is said: it was told to.
        assert recording.wait_for_silence(6.0)
        listener.says([("a little slower", "rms"), ("slow down", "slt")], "companion: Slower.")
        listener.says([("keep reading", "awb"), ("carry on reading", "rms")], "you: keep", "you: carry")
        sounds_after(recording, recording.seconds)
        talk.wait_for(f"companion: Fact {at + 1}.")


def facts_read(talk: Conversation) -> int:
    """The number of the fact that was read last; 0 before the first."""
    numbers = [int(line.split()[2].rstrip(".")) for line in talk.seen if line.startswith("companion: Fact ")]
    return numbers[-1] if numbers else 0


def test_people_say_yes(sound_card, tmp_path):
    voices = people("yes")
    with sound_card.record_loudspeaker() as recording, conversation(sound_card, tmp_path, *QUICK) as talk:
        listener = Listener(sound_card, recording, talk, tmp_path)
        sounds_after(recording, 0)
        told_when(voices, talk, listener, wanted="companion: {offered}: ")
        assert agreed(talk), talk.seen


def test_people_say_no(sound_card, tmp_path):
    voices = people("no")
    with sound_card.record_loudspeaker() as recording, conversation(sound_card, tmp_path, *QUICK) as talk:
        listener = Listener(sound_card, recording, talk, tmp_path)
        sounds_after(recording, 0)
        told_when(voices, talk, listener, wanted=f"companion: {prompts.NOTHING_TO['no']}")
        assert "you: no" in talk.seen


def held(keyboard: Keyboard, talk: Conversation, key: str, said: str) -> None:
    """Let it read something, and hold it to be listened to."""
    keyboard.press(key)
    talk.wait_for(said)
    keyboard.press("t")
    talk.wait_for("companion: Paused.")


def test_people_say_stop(sound_card, tmp_path, keyboard):
    voices = people("stop")
    with (
        sound_card.record_loudspeaker() as recording,
        conversation(sound_card, tmp_path, *QUICK, stdin=keyboard.theirs) as talk,
    ):
        listener = Listener(sound_card, recording, talk, tmp_path)
        talk.wait_for("Hello.")
        for voice in voices:
            held(keyboard, talk, "a", OPENING)
            if "Stopped" in listener.says_once(voice, "companion: "):
                break
        else:
            raise AssertionError(f"nobody was understood: {talk.seen}")
        assert "you: stop" in talk.seen


def test_people_say_a_number(sound_card, tmp_path, keyboard):
    voices = people("five")
    question = PACK.questions[4]
    with (
        sound_card.record_loudspeaker() as recording,
        conversation(sound_card, tmp_path, *QUICK, stdin=keyboard.theirs) as talk,
    ):
        listener = Listener(sound_card, recording, talk, tmp_path)
        talk.wait_for("Hello.")
        for voice in voices:
            held(keyboard, talk, "l", "companion: You can ask: ")
            if listener.says_once(voice, "companion: ").startswith(
                (f"companion: {question.title}: ", f"companion: Did you mean: {question.question}")
            ):
                break
        else:
            raise AssertionError(f"nobody was understood: {talk.seen}")


def test_speech_goes_on_where_a_lost_card_broke_it_off_and_questions_are_heard_again(sound_card, tmp_path, keyboard):
    item = PACK.questions[0]
    with conversation(sound_card, tmp_path, stdin=keyboard.theirs) as talk:
        with sound_card.record_loudspeaker() as recording:
            talk.wait_for("Hello.")
            keyboard.press("1")
            talk.wait_for(f"companion: {item.title}")
            sounds_after(recording, recording.seconds)
            sound_card.remove_loudspeaker()
            sound_card.remove_microphone()
            talk.wait_for_all("The loudspeaker is gone.", "The microphone is gone.")
        sound_card.restore_loudspeaker()
        sound_card.restore_microphone()
        with sound_card.record_loudspeaker() as recording:  # the sound server moves one that is there before
            talk.wait_for_all("The loudspeaker is back.", "The microphone is back.")
            fallen_silent(recording, 0)
            spoken = recording.at_16k()
            listener = Listener(sound_card, recording, talk, tmp_path)
            listener.says(UNSURE, "companion: Did you mean: ")

    with Pyttsx3Voice(PACK.speech, spare=False) as voice:
        last = voice.render(split(item.short)[-1], SpeechSettings(rate=120))
    assert likeness(spoken, soxr.resample(last.samples, last.rate, 16_000)) > 0.5


def likeness(sound, part) -> float:
    """How much of the part is in the sound, where it is most: 1 when it is there as it is."""
    sound, part = sound.astype(float), np.trim_zeros(part.astype(float))
    size = 1 << (len(sound) + len(part)).bit_length()
    product = np.fft.irfft(np.fft.rfft(sound, size) * np.conj(np.fft.rfft(part, size)))[: len(sound)]
    at = int(product.argmax())
    return float(product[at] / np.linalg.norm(part) / np.linalg.norm(sound[at : at + len(part)]))
