"""Edges of the live conversation: no microphone, parts that go, words over speech, and what the bench counts."""

from __future__ import annotations

import contextlib
import functools
import io
import json
import os
import pty
import queue
import select
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import fault_world
import numpy as np
import pytest
from fault_world import PACK, World
from hearing_fixtures import Say, samples_of
from numpy.typing import NDArray

from companion import keys
from companion import session as session_module
from companion.bench import rig as rig_module
from companion.bench import run as bench
from companion.bench.rig import MeteredPlayer, Rig, TimedLines
from companion.dialogue.armed import ARMED
from companion.dialogue.replies import replies
from companion.dialogue.state import Event, State
from companion.dialogue.state import Say as SayAction
from companion.ears import Ears
from companion.errors import CompanionError, DeviceError, EngineError
from companion.events import Decision
from companion.hearing import over as over_module
from companion.hearing.echo import Played
from companion.hearing.endpoint import Endpointer
from companion.hearing.files import hear_file
from companion.hearing.microphone import SoundDeviceMicrophone
from companion.hearing.over import WordsOver
from companion.hearing.overheard import Overheard
from companion.hearing.pocketsphinx import PocketSphinxRecognizer
from companion.hearing.process import Engine, ProcessRecognizer
from companion.hearing.vosk import VoskRecognizer
from companion.hearing.vosk_files import check_model
from companion.locking import file_lock
from companion.mouth import SLOW, Mouth
from companion.portaudio import find_device
from companion.ports import SAMPLE_RATE, Pcm
from companion.speaking.speech import Speaker
from companion.testing import EchoVoice, RecordingLoudspeaker, ScriptedMicrophone, ScriptedRecognizer
from companion.text_mode import run_text

pytest_plugins = ["hearing_fixtures"]
ROOT = Path(__file__).resolve().parent.parent
Sound = NDArray[np.int16]


def until(condition: Callable[[], object], patience: float = 30.0) -> None:
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, "it never came about"
        time.sleep(0.002)


# The session


class Patient(fault_world.Loudspeaker):
    """Plays nothing while it is slow, so that a sentence sounds for as long as a test needs."""

    slow = False

    def stop(self) -> None:
        super().stop()
        if self.slow:
            self.pause()

    def be(self, *, slow: bool) -> None:
        self.slow = slow
        if slow:
            self.pause()
        else:
            self.resume()


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fault_world, "Loudspeaker", Patient)


@pytest.fixture
def never_reminded(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long a busy machine takes, nothing is said of its own accord."""
    monkeypatch.setattr(session_module, "REMIND_AFTER", float("inf"))


def loudspeaker_of(world: World) -> Patient:
    assert isinstance(world.loudspeaker, Patient)
    return world.loudspeaker


def reading(world: World) -> None:
    """A sentence begins to sound and does not end."""
    world.quiet()
    loudspeaker_of(world).be(slow=True)
    world.session.key("2")
    until(lambda: world.session._mouth.speaking and world.session._state.mode == "speaking")


def test_without_a_microphone_keys_are_enough_and_a_lost_loudspeaker_is_found_again() -> None:
    world = World()
    world.ears.close()
    world.ears = None  # type: ignore[assignment]
    with world:
        world.session.key("t")  # there is nothing to open
        world.session.key("2")
        assert world.lines.wait_for(f"{PACK.questions[1].title}:") is not None
        world.quiet()
        world.loudspeaker.away = 1
        world.loudspeaker.lose()
        world.session.key("1")
        assert world.lines.wait_for("The loudspeaker is gone.") is not None
        assert world.lines.wait_for("The loudspeaker is back.") is not None
        world.quiet()
        since = world.said
        world.session.key("1")
        assert world.lines.wait_for(f"{PACK.questions[0].title}:", since=since) is not None
    assert world.errors.getvalue() == ""


@pytest.mark.usefixtures("patient")
def test_a_word_over_the_speech_is_obeyed_and_written() -> None:
    with World() as world:
        rate = world.session._state.rate
        reading(world)
        world.session.over("slower")
        assert world.lines.wait_for("you: slower") is not None
        until(lambda: world.session._state.rate < rate)
        loudspeaker_of(world).be(slow=False)


@pytest.mark.usefixtures("never_reminded")
def test_words_and_noises_while_nothing_is_said_aloud_are_nothing() -> None:
    with World() as world:
        world.quiet()
        until(lambda: world.session._state.mode == "listening")
        rate, since = world.session._state.rate, world.said
        world.session.over("slower")
        world.session.interrupted()
        world.session.key("2")  # comes after both
        assert world.lines.wait_for(f"{PACK.questions[1].title}:", since=since) is not None
        assert world.session._state.rate == rate and world.session._held_at is None
        first = world.lines.lines[since][1]
        assert first.startswith(f"companion: {PACK.questions[1].title}:"), "nothing was written before the answer"


def test_a_cough_is_no_turn() -> None:
    with World() as world:
        world.quiet()
        since = world.said
        finished = threading.Event()
        world.recognizer.next = ""
        decide: Callable[..., Decision] = world.router.decide

        def decided(*arguments: Any) -> Decision:
            found: Decision = decide(*arguments)
            finished.set()
            return found

        world.router.decide = decided  # type: ignore[method-assign]
        world.room.said.put("speech")
        assert finished.wait(30)
        world.session.key("2")
        assert world.lines.wait_for(f"{PACK.questions[1].title}:", since=since) is not None
        written = [line for _, line in world.lines.lines[since:]]
        assert not [line for line in written if line.startswith(("you: ", "companion: I did"))], written


@pytest.mark.usefixtures("patient")
def test_a_sentence_that_sounds_is_not_cut_to_look_for_a_lost_microphone() -> None:
    with World() as world:
        reading(world)
        world.room.away = 1_000_000
        world.room.said.put("lost")
        assert world.lines.wait_for("The microphone is gone.") is not None
        until(lambda: world.ears.lost_now)
        # To open the devices anew would end the loudspeaker's stream. Idle moments pass, and nothing is opened.
        for _ in range(3):
            now = world.clock()
            until(functools.partial(lambda since: world.session._silent_since > since, now))
        assert world.session._mouth.speaking and "reopen" not in loudspeaker_of(world).log
        loudspeaker_of(world).be(slow=False)
        until(lambda: "reopen" in loudspeaker_of(world).log)
        world.room.away = 0
        assert world.lines.wait_for("The microphone is back.") is not None


def test_which_devices_are_worn_is_looked_at_when_one_is_back_and_while_nothing_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(session_module, "REMIND_AFTER", float("inf"))
    with World() as world:
        looks: list[float] = []
        world.session._devices = lambda: looks.append(world.clock())
        world.quiet()
        until(lambda: len(looks) > 2)
        assert looks[2] - looks[1] > session_module.LOOK_WORN
        monkeypatch.setattr(session_module, "LOOK_WORN", float("inf"))
        world.session.key("?")  # whatever look was under way is over when this was answered
        world.quiet()
        before = len(looks)
        world.room.away = 1_000_000
        world.room.said.put("lost")
        assert world.lines.wait_for("The microphone is gone.") is not None
        assert len(looks) == before
        world.room.away = 0
        assert world.lines.wait_for("The microphone is back.") is not None
        until(lambda: len(looks) > before)
        assert len(looks) == before + 1


# The mouth


class Talk:
    """A mouth with the real speaker; what it told and wrote."""

    def __init__(self, loudspeaker: RecordingLoudspeaker | None = None) -> None:
        self.loudspeaker = loudspeaker
        self.told: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.out, self.now = io.StringIO(), 0.0
        played = loudspeaker or RecordingLoudspeaker()
        self.mouth = Mouth(
            lambda on_event: Speaker(EchoVoice(), played, on_event=on_event),
            loudspeaker, self.out, self.told.put, earcons=False, clock=lambda: self.now,
        )  # fmt: skip


def test_a_lost_loudspeaker_is_told_once_however_often_going_on_is_tried() -> None:
    talk = Talk(RecordingLoudspeaker())
    assert talk.loudspeaker is not None
    talk.loudspeaker.lose()
    talk.mouth.say(SayAction(("One.", "Two.")))
    assert type(talk.told.get(timeout=30)).__name__ == "DeviceLost"
    until(lambda: talk.mouth.speaker.paused)
    talk.mouth.speaker.resume()  # the key to go on, while nothing is there
    until(lambda: talk.mouth.speaker.paused)
    assert talk.mouth.speaker.wait(30)
    assert talk.told.empty() and talk.mouth.lost
    talk.loudspeaker.reopen()
    talk.mouth.back()
    assert [type(talk.told.get(timeout=30)).__name__ for _ in range(3)] == [
        "SentenceStarted", "SentenceStarted", "SpeechEnded",
    ]  # fmt: skip
    talk.mouth.speaker.close()


def test_a_loudspeaker_that_can_not_be_opened_again_stays_as_it_is() -> None:
    talk = Talk()
    assert talk.mouth.reopen() is False
    talk.mouth.speaker.close()


def test_what_is_said_after_the_end_is_written_and_no_slow_voice_is_blamed() -> None:
    talk = Talk(RecordingLoudspeaker())
    talk.mouth.speaker.close()
    talk.mouth.say(SayAction(("Too late.",)))
    talk.now += 10 * SLOW
    talk.mouth.watch()
    assert talk.out.getvalue() == "companion: Too late.\n"


# The ears


def test_ears_end_at_once_while_the_microphone_is_gone() -> None:
    gone = threading.Event()
    opened = [ScriptedMicrophone(then="lost")]

    def open_microphone() -> ScriptedMicrophone:
        if not opened:
            raise DeviceError("No microphone can be opened.", "")
        return opened.pop()

    told: list[bool] = []

    def lost(value: bool) -> None:
        told.append(value)
        gone.set()

    failed: list[CompanionError] = []
    ears = Ears(
        open_microphone, ScriptedRecognizer(), Endpointer(_NoSpeech(), 0.3), deaf=lambda: False,
        heard=lambda *_: None, partial=lambda _text: None, lost=lost, failed=failed.append, known=lambda _text: False,
    )  # fmt: skip
    ears.start()
    assert gone.wait(30)
    until(lambda: ears._microphone is None)
    ears.close()
    assert not ears._thread.is_alive()
    assert told == [True] and failed == []


class _NoSpeech:
    def is_speech(self, _frame: bytes) -> bool:
        return False


# Words over the companion's own voice

BLOCK = SAMPLE_RATE // 10
HISS = (np.random.default_rng(1).normal(0, 30, 60 * SAMPLE_RATE) / 32_768).astype(np.float32)
"""What the companion says, so softly that the microphone does not hear it."""


class Over:
    """Time of its own, in which the loudspeaker plays and the microphone hears."""

    def __init__(self, played: Played, push: Callable[[Sound, float, bool], list[Any]]) -> None:
        self.now = 100.0
        self._count = 0
        self._played, self._push = played, push
        self._noise = np.random.default_rng(2)

    def hear(self, sound: Sound, *, speaking: bool = True) -> list[Any]:
        """The microphone hears it; what was found."""
        found: list[Any] = []
        for start in range(0, len(sound), BLOCK):
            block = sound[start : start + BLOCK]
            # The player is ahead of the microphone, as the real one is.
            ahead = BLOCK if self._count else 0
            first = self._count + ahead
            piece = HISS[first : first + BLOCK] if self._count else HISS[: 2 * BLOCK]
            self._played.put(piece, SAMPLE_RATE, 100.0 + (first if self._count else 0) / SAMPLE_RATE)
            self._count += len(block)
            self.now = 100.0 + self._count / SAMPLE_RATE
            found += self._push(block, self.now, speaking)
        return found

    def quiet(self, seconds: float) -> Sound:
        """A room in which nobody speaks."""
        return self._noise.normal(0, 5, round(seconds * 10) * BLOCK).astype(np.int16)

    def loud(self, seconds: float) -> Sound:
        """Somebody who makes a sound for so long."""
        return self._noise.normal(0, 2_000, round(seconds * 10) * BLOCK).astype(np.int16)


@pytest.fixture
def cut_out() -> Over:
    played = Played()
    overheard = Overheard(played)
    return Over(played, lambda block, now, speaking: overheard.push(block, now, speaking=speaking))


def test_a_word_that_is_still_said_when_the_companion_falls_silent_is_left_to_the_ears(cut_out: Over) -> None:
    assert cut_out.hear(cut_out.quiet(4)) == []
    assert len(cut_out.hear(cut_out.loud(0.5)) + cut_out.hear(cut_out.quiet(1))) == 1
    assert cut_out.hear(cut_out.loud(0.5)) == []
    # It falls silent, and speaks again: the half that came before is no word of what comes now.
    assert cut_out.hear(cut_out.quiet(0.5), speaking=False) == []
    assert cut_out.hear(cut_out.quiet(2)) == []
    assert len(cut_out.hear(cut_out.loud(0.5)) + cut_out.hear(cut_out.quiet(1))) == 1


def test_long_talk_over_the_companion_is_no_word_and_takes_no_room(cut_out: Over) -> None:
    assert cut_out.hear(cut_out.quiet(4)) == []
    assert cut_out.hear(cut_out.loud(6)) + cut_out.hear(cut_out.quiet(2)) == []
    (word,) = cut_out.hear(cut_out.loud(0.5)) + cut_out.hear(cut_out.quiet(1))
    assert 0.5 < len(word) / SAMPLE_RATE < 1.5


def test_over_speech_an_armed_word_is_heard_another_is_not_and_a_worker_that_dies_costs_one_word(
    tmp_path: Path, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = WordsOver(tuple(ARMED), tmp_path)
    over = Over(words.played, lambda block, _now, speaking: words.push(block, speaking=speaking))
    # A stand-in for the clock, so that ten seconds of sound need not take ten seconds.
    monkeypatch.setattr(over_module, "time", SimpleNamespace(monotonic=lambda: over.now))

    def spoken(text: str) -> Sound:
        sound = samples_of(say(text, "rms"))
        return np.concatenate([sound, np.zeros(-len(sound) % BLOCK, np.int16), over.quiet(0.6)])

    def first_found() -> list[str]:
        end, found = time.monotonic() + 30, list[str]()
        while not found and time.monotonic() < end:
            time.sleep(0.005)
            found = words.push(np.zeros(0, np.int16), speaking=False)
        return found

    try:
        assert over.hear(over.quiet(4)) == []
        found = over.hear(spoken("yes")) + over.hear(spoken("stop"))
        assert (found or first_found()) == ["stop"]
        pid = words._recognizer.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        found = over.hear(spoken("repeat"))
        until(lambda: words._recognizer.pid != pid)
        found += over.hear(spoken("next"))
        assert (found or first_found()) == ["next"]
    finally:
        words.close()
    assert not words._thread.is_alive()


# The recognisers


def test_a_worker_answers_before_it_is_opened_that_it_is_not() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "companion.hearing.worker"], input=b'{"op": "finish"}\n', capture_output=True, cwd=ROOT,
        check=True, timeout=60,
    )  # fmt: skip
    assert json.loads(done.stdout) == {"error": "EngineError", "what": "The recogniser is not open.", "to_do": ""}


def test_what_is_awaited_while_there_is_no_worker_is_told_to_the_next_one(
    pack_phrases: tuple[str, ...], hearing_cache: Path, pocketsphinx: PocketSphinxRecognizer, say: Say
) -> None:
    awaited = replies(State(numbered=True))
    free = hear_file(say("six", "awb"), pocketsphinx)
    worker = ProcessRecognizer(Engine("pocketsphinx", None, pack_phrases, hearing_cache, partials=False))
    try:
        worker.close()
        worker.pause()
        worker.expect(awaited)
        assert worker.pid is None, "neither is a reason to start one"
        heard = hear_file(say("six", "awb"), worker)
    finally:
        worker.close()
    assert heard.text == "six" and heard != free


def test_where_python_does_not_know_itself_it_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "")  # as in a program that embeds Python
    with pytest.raises(EngineError, match="does not know its Python") as caught:
        ProcessRecognizer(Engine("words", None, ("stop",), tmp_path))
    assert caught.value.to_do == "Use --text."


@pytest.fixture
def awaiting(pocketsphinx: PocketSphinxRecognizer) -> Iterator[PocketSphinxRecognizer]:
    """The recogniser; it awaits nothing afterwards."""
    yield pocketsphinx
    pocketsphinx.reset()
    pocketsphinx.expect(())


ALWAYS, NUMBERED, OFFERED = replies(State()), replies(State(numbered=True)), replies(State(options=("what",)))


def test_a_pause_before_anything_was_said_is_nothing(awaiting: PocketSphinxRecognizer, say: Say) -> None:
    awaiting.pause()
    assert awaiting.finish().text == ""
    awaiting.pause()
    assert hear_file(say("what is metastasis"), awaiting).text == "what is metastasis"


def test_a_command_is_heard_where_a_question_would_be_found_in_it(awaiting: PocketSphinxRecognizer, say: Say) -> None:
    assert hear_file(say("pause"), awaiting).text != "pause"
    awaiting.expect(ALWAYS)
    heard = hear_file(say("pause"), awaiting)
    assert heard.text == "pause" and heard.trusted


@pytest.mark.parametrize(("text", "voice"), [("text", "slt"), ("text", "kal16"), ("zoom", "rms"), ("zero", "kal16")])
def test_what_only_sounds_like_a_command_is_none(
    awaiting: PocketSphinxRecognizer, say: Say, text: str, voice: str
) -> None:
    awaiting.expect(ALWAYS)
    assert hear_file(say(text, voice), awaiting).text not in ALWAYS


@pytest.mark.parametrize(("text", "voice"), [("yeah", "rms"), ("rest", "slt"), ("pass", "rms"), ("vexed", "awb")])
def test_what_only_sounds_like_a_yes_sets_nothing_going(
    awaiting: PocketSphinxRecognizer, say: Say, text: str, voice: str
) -> None:
    awaiting.expect(OFFERED)
    assert hear_file(say(text, voice), awaiting).text not in OFFERED


def test_a_weak_likeness_found_only_in_the_mended_sound_is_no_number(
    awaiting: PocketSphinxRecognizer, say: Say
) -> None:
    awaiting.expect(NUMBERED)
    assert hear_file(say("zoom"), awaiting).text not in NUMBERED


@pytest.mark.parametrize(("text", "awaited"), [("no", OFFERED), ("next", ALWAYS), ("repeat", ALWAYS)])
def test_in_noise_neither_a_no_nor_a_command_is_obeyed(
    awaiting: PocketSphinxRecognizer, say: Say, text: str, awaited: tuple[str, ...]
) -> None:
    speech = samples_of(say(text)).astype(float)
    level = np.sqrt(np.mean(speech[np.abs(speech) > 300] ** 2)) / 10 ** (10.5 / 20)
    sound = np.concatenate([np.zeros(8_000), speech, np.zeros(8_000)])
    noisy = (sound + np.random.default_rng(0).normal(0, level, len(sound))).clip(-32_768, 32_767).astype(np.int16)
    awaiting.expect(awaited)
    awaiting.accept(sound.astype(np.int16))
    assert awaiting.finish().text == text, "in quiet it is heard"
    awaiting.accept(noisy)
    assert awaiting.finish().text != text


@pytest.mark.parametrize("word", ["the", "huh"])
def test_a_lone_little_word_is_breath_in_free_decoding_and_a_word_in_a_grammar(vosk_model: Path, word: str) -> None:
    """What libvosk finds is played by a stand-in: in which breath it finds one depends on the model."""
    for grammar, expected in ((None, ""), (["stop"], word)):
        recognizer = VoskRecognizer(vosk_model, grammar)
        row = {"word": word, "start": 0.1, "end": 0.3, "conf": 1.0}
        recognizer._main.engine = SimpleNamespace(
            AcceptWaveform=lambda _data: False,
            PartialResult=lambda: json.dumps({"partial": word}),
            FinalResult=lambda row=row: json.dumps({"text": word, "result": [row]}),
        )
        recognizer.accept(np.ones(1_600, np.int16))
        assert recognizer.finish().text == expected
        recognizer.close()


def test_a_model_with_one_static_graph_is_never_given_a_grammar(model_copy: Path) -> None:
    """A graph of one state stands in for a large model's: it can be loaded, and nothing is decoded with it."""
    names = b"".join(struct.pack("<i", len(n)) + n for n in (b"vector", b"standard"))
    header = struct.pack("<i", 2_125_659_606) + names + struct.pack("<iiQqqq", 2, 0, 0, 0, 1, 0)
    (model_copy / "graph" / "HCLG.fst").write_bytes(header + struct.pack("<fq", 0.0, 0))
    recognizer = VoskRecognizer(model_copy, ["stop"])
    assert recognizer.grammar is None and recognizer.left_out == ()
    recognizer.set_grammar(["stop", "zyxomat"])
    assert recognizer.grammar is None and recognizer.left_out == ()
    recognizer.close()


def test_a_model_without_a_list_of_words_is_whole(model_copy: Path) -> None:
    """The official small models carry the words in the graph."""
    (model_copy / "graph" / "words.txt").unlink()
    check_model(model_copy)
    (model_copy / "graph" / "Gr.fst").unlink()
    with pytest.raises(CompanionError, match=r"Gr\.fst is missing"):
        check_model(model_copy)


# PortAudio


class PortAudioError(Exception):
    pass


class CallbackAbort(Exception):  # noqa: N818 - sounddevice's name
    pass


class PortAudio:
    """A stand-in for the module sounddevice, with two devices that make and hear nothing."""

    PortAudioError, CallbackAbort = PortAudioError, CallbackAbort

    def __init__(self) -> None:
        self.streams: list[SimpleNamespace] = []
        self.devices = [
            {"name": name, "max_input_channels": inputs, "max_output_channels": outputs, "default_samplerate": 22_050.0}
            for name, inputs, outputs in (("Desk microphone", 1, 0), ("Kitchen", 0, 2), ("Kitchen radio", 0, 2))
        ]

    def query_devices(self, number: int | None = None, kind: str | None = None) -> Any:
        if kind is None:
            return self.devices
        return self.devices[number if number is not None else ("input", "output").index(kind)]

    def _stream(self, **given: Any) -> SimpleNamespace:
        nothing = lambda **_: None  # noqa: E731
        made = SimpleNamespace(start=nothing, abort=nothing, close=nothing, latency=0.25, given=given)
        self.streams.append(made)
        return made

    InputStream = OutputStream = _stream


@pytest.fixture
def portaudio(monkeypatch: pytest.MonkeyPatch) -> PortAudio:
    made = PortAudio()
    monkeypatch.setitem(sys.modules, "sounddevice", made)
    monkeypatch.setattr("companion.speaking.player.HEARTBEAT", float("inf"))  # no callback comes by itself
    return made


@pytest.mark.usefixtures("portaudio")
def test_a_device_is_found_by_its_number_its_name_or_a_part_of_it() -> None:
    assert find_device(2) == find_device(" 2 ") == find_device("RADIO") == 2
    assert find_device("kitchen") == 1, "the whole name before a part of another"
    assert find_device("desk", "microphone") == 0
    for wrong in ("0", "7", "desk", ""):  # a number or name of none, or of the other kind
        with pytest.raises(DeviceError, match="There is no loudspeaker") as caught:
            find_device(wrong)
        assert caught.value.to_do == "There are: 1 Kitchen, 2 Kitchen radio."


def test_the_name_of_a_loudspeaker_alone_leaves_the_default_microphone(portaudio: PortAudio) -> None:
    SoundDeviceMicrophone("kitchen").close()
    SoundDeviceMicrophone("desk").close()
    assert [stream.given["device"] for stream in portaudio.streams] == [None, 0]
    with pytest.raises(DeviceError, match="There is no loudspeaker 'cellar'"):
        SoundDeviceMicrophone("cellar")


def test_the_metered_loudspeaker_notes_what_sounds_and_breaks_off_once_when_unplugged(portaudio: PortAudio) -> None:
    with contextlib.closing(MeteredPlayer(None)) as player:
        out = np.zeros((441, 1), np.float32)
        callback = portaudio.streams[-1].given["callback"]
        callback(out, 441, None, None)
        assert player.sounded == [], "silence"
        player.play(Pcm(np.full(441, 0.5, np.float32), player.rate))
        callback(out, 441, None, None)
        assert float(out.max()) == 0.5
        assert player.sounded == [player._beat + 0.25], "by PortAudio's own latency"
        player.unplug()
        with pytest.raises(CallbackAbort):
            callback(out, 441, None, None)
        callback(out, 441, None, None)
        assert len(player.sounded) == 1


# The bench


class Clock:
    """Time that passes only where somebody waits."""

    now = 1_000.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class TwinRig(Rig):
    """The rig without a sound card: its own ways of waiting, and twins that take known times.

    Args:
        deaf: Nothing that is said is ever heard.
        mute: What is heard is never answered.
        unstoppable: The key to hold does nothing.
        notices: A lost loudspeaker is spoken of.
    """

    def __init__(
        self, clock: Clock, *, deaf: bool = False, mute: bool = False, unstoppable: bool = False, notices: bool = True
    ) -> None:
        self.clock, self.pressed = clock, ""
        self._deaf, self._mute, self._unstoppable, self._notices = deaf, mute, unstoppable, notices
        self.heard_at = 0.0
        self.lines = TimedLines()
        twins: dict[str, Any] = {
            "voice": EchoVoice(),
            "player": SimpleNamespace(sounded=[], unplug=self._unplug),
            "microphone": SimpleNamespace(ended_at=0.0, say=self._say),
            "recognizer": SimpleNamespace(busy=1.0, audio=4.0, endpoint_at=0.0),
            "router": SimpleNamespace(decided_at=0.0, decision=Decision("answer", "what")),
            "session": SimpleNamespace(key=self._key, deaf=lambda: False),
        }
        vars(self).update(twins)

    def _sounds(self, begin: float, seconds: float) -> None:
        self.player.sounded += [begin + 0.1 * n for n in range(round(seconds * 10))]

    def _say(self, samples: Sound) -> None:
        end = self.clock.now + len(samples) / SAMPLE_RATE
        if self._deaf:
            return
        self.microphone.ended_at, self.recognizer.endpoint_at, self.heard_at = end, end + 0.5, end + 0.625
        self.clock.now = end + 0.625
        if not self._mute:
            self.router.decided_at = end + 0.75
            self._sounds(end + 1.0, 0.5)

    def _key(self, key: str) -> None:
        if key == "h":
            self._sounds(self.clock.now + 0.1, 1.0)
        elif key == " " and self._unstoppable:
            self._sounds(self.clock.now, 100.0)
        elif key == " " and self.pressed == " ":
            self._sounds(self.clock.now + 0.125, 0.1)
        self.pressed = key

    def _unplug(self) -> None:
        if self._notices:
            self.lines.lines.append((self.clock.now + 0.25, "companion: The loudspeaker is gone."))
            self.lines.lines.append((self.clock.now + 0.5, "companion: The loudspeaker is back."))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    for module in (bench, rig_module):
        monkeypatch.setattr(module, "time", made)
    return made


def close(values: list[float], *expected: float) -> bool:
    return values == pytest.approx(list(expected), abs=5)


def test_ten_turns_are_told_and_each_figure_is_the_time_between_its_two_moments(clock: Clock) -> None:
    told: list[str] = []
    rows = bench.converse(TwinRig(clock), PACK, 10, told.append)
    assert told == ["10 of 10 turns."]
    assert rows[bench.UNDERSTOOD] == [1.0] and rows[bench.FACTOR] == [0.25]
    for name, milliseconds in ((bench.TEXT, 625), (bench.HEARD, 125), (bench.DECISION, 250), (bench.SOUND, 500)):
        assert close(rows[name], *[milliseconds] * 10), name
    assert close(rows[bench.AGAIN], *[125] * 10) and len(rows[bench.SILENCE]) == 10


def test_a_question_that_is_never_heard_counts_as_not_understood_and_gives_no_figure(clock: Clock) -> None:
    rows = bench.converse(TwinRig(clock, deaf=True), PACK, 2, lambda _line: None)
    assert rows[bench.UNDERSTOOD] == [0.0]
    assert not any(rows[name] for name in (bench.TEXT, bench.HEARD, bench.DECISION, bench.SOUND, bench.SILENCE))


def test_what_is_heard_and_not_answered_counts_as_not_understood(clock: Clock) -> None:
    rows = bench.converse(TwinRig(clock, mute=True), PACK, 1, lambda _line: None)
    assert rows[bench.UNDERSTOOD] == [0.0]
    assert close(rows[bench.TEXT], 625) and rows[bench.DECISION] == rows[bench.SOUND] == rows[bench.SILENCE] == []


def test_where_the_key_brings_no_silence_no_silence_is_measured(clock: Clock) -> None:
    rows = bench.converse(TwinRig(clock, unstoppable=True), PACK, 1, lambda _line: None)
    assert close(rows[bench.SOUND], 500)
    assert rows[bench.SILENCE] == rows[bench.AGAIN] == []


@pytest.mark.parametrize(("notices", "expected"), [(True, [250.0, 250.0]), (False, [])])
def test_a_loss_that_is_never_spoken_of_gives_no_figure(clock: Clock, notices: bool, expected: list[float]) -> None:
    rows: bench.Rows = {bench.LOST: []}
    bench.losses(TwinRig(clock, notices=notices), rows, 2)
    assert close(rows[bench.LOST], *expected)


def test_a_program_that_does_not_start_gives_no_figure(tmp_path: Path) -> None:
    rows: bench.Rows = {}
    bench.starts(rows, 1, ["--pack", str(tmp_path / "none")])
    assert rows == {bench.TEXT_PROMPT: [], bench.SPOKEN_PROMPT: []}
    assert bench.as_measures(rows) == ()


def test_a_soak_is_weighed_at_its_ends_and_once_a_minute(clock: Clock) -> None:
    told: list[str] = []
    rows = bench.soak(TwinRig(clock), PACK, 130.0, told.append)
    assert len(rows) == len(told) == 4
    seconds = [row["seconds"] for row in rows]
    assert seconds[0] == 0 and 60 <= seconds[1] < 90 and 120 <= seconds[2] <= seconds[3] and seconds[3] >= 130
    assert rows[0]["turns"] == 0 and rows[-1]["understood"] == rows[-1]["turns"] > rows[1]["turns"] > 0


def test_where_a_process_can_not_be_weighed_only_what_needs_it_is_left_out(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "cost", lambda: None)  # as on a system without /proc
    told: list[str] = []
    rows = bench.converse(TwinRig(clock), PACK, 1, told.append)
    names = {measure.name for measure in bench.as_measures(rows)}
    assert bench.TEXT[0] in names and not names & {bench.IDLE_CPU[0], bench.BUSY_CPU[0]}
    assert bench.soak(TwinRig(clock), PACK, 5.0, told.append) == [] and told == []


# Keys, text and locks


def test_an_arrow_key_does_nothing_and_the_next_key_works(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = pty.openpty()
    told: queue.SimpleQueue[str] = queue.SimpleQueue()
    with os.fdopen(theirs, "r+b", buffering=0) as terminal:
        monkeypatch.setattr(sys, "stdin", terminal)
        assert keys.available()
        with keys.listening(told.put):
            os.write(ours, b"\x1b[C")
            # The terminal hands over what has come together: the next key must come after the arrow was taken.
            until(lambda: not select.select([theirs], [], [], 0)[0])
            time.sleep(0.05)
            os.write(ours, b"n")
            assert told.get(timeout=30) == "n"
        assert told.empty()
    os.close(ours)


def test_ctrl_c_at_a_pipe_ends_the_conversation_and_adds_nothing_to_it() -> None:
    class Interrupted(io.StringIO):
        def readline(self, *_: Any) -> str:  # type: ignore[override]
            raise KeyboardInterrupt

    class NeverAsked:
        def decide(self, *_: Any) -> Decision:
            raise AssertionError

    whole, broken = io.StringIO(), io.StringIO()
    router = NeverAsked()
    assert run_text(PACK, router, io.StringIO(""), whole, state=State()) == 0
    with pytest.raises(KeyboardInterrupt):
        run_text(PACK, router, Interrupted(), broken, state=State())
    assert broken.getvalue() == whole.getvalue() != ""


def test_a_lock_that_somebody_else_holds_is_waited_for_in_silence(tmp_path: Path) -> None:
    order: list[str] = []
    tried = threading.Event()

    def other() -> None:
        tried.set()
        with file_lock(tmp_path / "lock"):
            order.append("other")

    with file_lock(tmp_path / "lock"):
        thread = threading.Thread(target=other)
        thread.start()
        assert tried.wait(30)
        time.sleep(0.15)
        order.append("first")
    thread.join(30)
    assert order == ["first", "other"]
