"""The voice, the speaker, the loudspeaker and the written narration where something goes wrong or unusually."""

from __future__ import annotations

import gc
import os
import signal
import stat
import subprocess
import sys
import threading
import wave
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from companion.errors import AudioFileError, DeviceError, EngineError
from companion.events import SpeechSettings, VoiceInfo
from companion.ports import Pcm
from companion.speaking import export, player, worker, worker_process
from companion.speaking.espeak import SynthesisError
from companion.speaking.export import Chapter, SoundFileWriter
from companion.speaking.player import RATE, SoundDevicePlayer
from companion.speaking.pyttsx3_voice import Pyttsx3Voice
from companion.speaking.speech import Speaker, SpeechEvent
from companion.speaking.worker import Pyttsx3Synth, read_sound
from companion.testing import EchoVoice, RecordingLoudspeaker

ROOT = Path(__file__).resolve().parent.parent
SENTENCE = "Cells can travel."
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="as Linux has it")
posix = pytest.mark.skipif(os.name != "posix", reason="signals and rights as POSIX has them")


# The player. PortAudio stands in: a test can't be its thread, and here the test itself asks for the next block.


class Stream:
    """One open stream of the stand-in for PortAudio."""

    latency = 0.0

    def __init__(self, **options: Any) -> None:
        self.options = options
        self.log: list[str] = []

    def start(self) -> None:
        self.log.append("start")

    def abort(self, **_: object) -> None:
        self.log.append("abort")

    def close(self, **_: object) -> None:
        self.log.append("close")

    def ask(self, frames: int) -> NDArray[np.float32]:
        """What PortAudio's thread does: the next block."""
        out = np.full((frames, self.options["channels"]), 9.0, np.float32)
        self.options["callback"](out, frames, None, None)
        return out

    def finish(self) -> None:
        """What PortAudio's thread does when a stream has ended."""
        self.options["finished_callback"]()


class PortAudio(ModuleType):
    """Two loudspeakers, the second of which plays at 44,100 Hz only."""

    class PortAudioError(Exception):
        pass

    def __init__(self) -> None:
        super().__init__("sounddevice")
        self.streams: list[Stream] = []
        self.refreshed = 0

    def query_devices(self, index: int | None = None, kind: str | None = None) -> Any:
        rows = [
            {"name": name, "max_input_channels": 0, "max_output_channels": 2, "default_samplerate": rate}
            for name, rate in (("Headset", 48_000.0), ("Hall", 44_100.0))
        ]
        return rows if kind is None else rows[index or 0]

    def OutputStream(self, **options: Any) -> Stream:
        if options["device"] == 1 and options["samplerate"] != 44_100:
            raise self.PortAudioError("Invalid sample rate")
        self.streams.append(Stream(**options))
        return self.streams[-1]

    def _terminate(self) -> None:
        self.refreshed += 1

    def _initialize(self) -> None:
        pass


@pytest.fixture
def portaudio(monkeypatch: pytest.MonkeyPatch) -> PortAudio:
    made = PortAudio()
    monkeypatch.setitem(sys.modules, "sounddevice", made)
    # A test that a busy machine holds up for seconds asks for no block meanwhile.
    monkeypatch.setattr(player, "HEARTBEAT", 1e9)
    return made


@pytest.fixture
def loudspeaker(portaudio: PortAudio) -> Iterator[SoundDevicePlayer]:
    with SoundDevicePlayer() as made:
        yield made


def ramp(count: int) -> NDArray[np.float32]:
    return np.linspace(0.1, 0.5, count, dtype=np.float32)


def test_a_piece_is_handed_out_block_by_block_then_silence(
    portaudio: PortAudio, loudspeaker: SoundDevicePlayer
) -> None:
    ends: list[bool] = []
    loudspeaker.play(Pcm(ramp(250), RATE), ends.append)
    (stream,) = portaudio.streams
    first, second = stream.ask(100), stream.ask(100)
    assert ends == [] and loudspeaker.busy
    third, after = stream.ask(60), stream.ask(60)
    assert np.array_equal(np.concatenate([first, second, third])[:250, 0], ramp(250))
    assert not third[50:].any() and not after.any()
    assert loudspeaker.wait(30) and ends == [True] and not loudspeaker.busy


def test_who_listens_along_gets_every_block_as_it_is_heard(
    portaudio: PortAudio, loudspeaker: SoundDevicePlayer
) -> None:
    played: list[tuple[NDArray[np.float32], int, float]] = []
    measured: list[tuple[float, float]] = []
    loudspeaker.on_played = lambda block, rate, when: played.append((block.copy(), rate, when))
    loudspeaker.on_block = lambda when, peak: measured.append((when, peak))
    loudspeaker.volume = 0.5
    loudspeaker.play(Pcm(np.full(150, 0.8, np.float32), RATE))
    for _ in range(3):
        portaudio.streams[0].ask(100)
    assert [rate for _, rate, _ in played] == [RATE] * 3
    assert np.concatenate([block for block, _, _ in played]) == pytest.approx([0.4] * 150 + [0.0] * 150)
    assert [peak for _, peak in measured] == pytest.approx([0.4, 0.4, 0.0])
    assert [when for _, _, when in played] == [when for when, _ in measured]


def test_another_device_takes_over_what_is_played_from_then_on(
    portaudio: PortAudio, loudspeaker: SoundDevicePlayer
) -> None:
    ends: list[bool] = []
    loudspeaker.play(Pcm(ramp(500), RATE), ends.append)
    loudspeaker.reopen("hall", refresh=False)
    old, new = portaudio.streams
    assert old.log == ["start", "abort", "close"] and new.log == ["start"]
    assert new.options["device"] == 1 and loudspeaker.rate == 44_100
    assert portaudio.refreshed == 0, "the microphone's stream of this process would have ended"
    assert loudspeaker.wait(30) and ends == [False], "what was queued is dropped"
    loudspeaker.reopen()
    assert portaudio.streams[-1].options["device"] == 1 and portaudio.refreshed == 1


def test_a_device_that_changes_while_a_piece_is_converted_gets_it_at_its_own_rate(
    portaudio: PortAudio, loudspeaker: SoundDevicePlayer
) -> None:
    class Slow:
        """Samples that take so long to convert that somebody chooses another loudspeaker meanwhile."""

        changed = False

        def __array__(self, dtype: Any = None, copy: Any = None) -> NDArray[np.float32]:
            if not self.changed:
                self.changed = True
                loudspeaker.reopen("hall", refresh=False)
            return np.full(RATE // 10, 0.25, np.float32)

    samples: Any = Slow()
    loudspeaker.play(Pcm(samples, RATE))
    heard = portaudio.streams[-1].ask(44_100)[:, 0]
    assert loudspeaker.rate == 44_100
    assert np.flatnonzero(np.abs(heard) > 0.1)[-1] == pytest.approx(4_410, abs=20)
    assert loudspeaker.wait(30), "it was queued once"


def test_a_closed_player_takes_nothing_and_stays_closed(portaudio: PortAudio, loudspeaker: SoundDevicePlayer) -> None:
    loudspeaker.close()
    loudspeaker.close()
    with pytest.raises(DeviceError, match="closed"):
        loudspeaker.play(Pcm(ramp(10), RATE))
    with pytest.raises(DeviceError, match="closed"):
        loudspeaker.reopen()
    (stream,) = portaudio.streams
    assert stream.log == ["start", "abort", "close"]


def test_a_stream_that_ends_by_itself_is_a_lost_device(portaudio: PortAudio) -> None:
    lost: list[DeviceError] = []
    told = threading.Event()

    def tell(error: DeviceError) -> None:
        lost.append(error)
        told.set()

    with SoundDevicePlayer(on_lost=tell) as loudspeaker:
        ends: list[bool] = []
        loudspeaker.play(Pcm(ramp(100), RATE), ends.append)
        portaudio.streams[0].finish()
        assert told.wait(30)
        with pytest.raises(DeviceError, match="lost"):
            loudspeaker.play(Pcm(ramp(100), RATE))
        assert "lost" in str(lost[0]) and ends == [False]
        loudspeaker.reopen()
        loudspeaker.play(Pcm(ramp(100), RATE), ends.append)
        portaudio.streams[1].ask(100)
        assert loudspeaker.wait(30) and ends == [False, True] and len(lost) == 1


def test_the_late_end_of_an_older_stream_is_no_loss(portaudio: PortAudio) -> None:
    lost: list[DeviceError] = []
    ends: list[bool] = []
    with SoundDevicePlayer(on_lost=lost.append) as loudspeaker:
        loudspeaker.reopen()
        portaudio.streams[0].finish()
        loudspeaker.play(Pcm(ramp(100), RATE), ends.append)
        assert not loudspeaker.wait(0.3), "nobody has asked for it yet; a loss would be raised here"
        portaudio.streams[1].ask(100)
        assert loudspeaker.wait(30)
    assert ends == [True] and lost == []


def test_a_listener_who_closes_the_player_at_a_pieces_end_does_not_hang_it(
    portaudio: PortAudio, loudspeaker: SoundDevicePlayer, capsys: pytest.CaptureFixture[str]
) -> None:
    closed = threading.Event()
    ends: list[bool] = []

    def close(_played: bool) -> None:
        loudspeaker.close()
        closed.set()

    loudspeaker.play(Pcm(ramp(100), RATE), close)
    loudspeaker.play(Pcm(ramp(100), RATE), ends.append)
    portaudio.streams[0].ask(100)
    assert closed.wait(30), "a thread can't wait for itself"
    assert loudspeaker.wait(30) and ends == [False]
    assert capsys.readouterr().err == ""


# pyttsx3's engine. The real Engine and its queue; a driver stands in, for no system's engine does these things at will.


class Driver:
    """A driver as pyttsx3 wants it: writes a WAV file of as many frames as the rate."""

    voices: tuple[tuple[str, str], ...] = (("voice.uk", "en-GB"), ("voice.us", "en-US"))
    chosen: str | None = "voice.us"
    tells = True

    def __init__(self, proxy: Any) -> None:
        self._proxy = proxy
        self.set: list[tuple[str, Any]] = []
        self._rate = 200

    def getProperty(self, name: str) -> Any:
        found = {"voices": [SimpleNamespace(id=i, name=i, languages=[lang]) for i, lang in self.voices]}
        return {**found, "voice": self.chosen, "rate": self._rate}[name]

    def setProperty(self, name: str, value: Any) -> None:
        self.set.append((name, value))
        if name == "rate":
            self._rate = value

    def save_to_file(self, _text: str, path: str) -> None:
        with wave.open(path, "wb") as sound:
            sound.setnchannels(1)
            sound.setsampwidth(2)
            sound.setframerate(22_050)
            sound.writeframes(bytes(2 * self._rate))
        if self.tells:
            self._proxy.notify("finished-utterance", completed=True)

    def startLoop(self) -> None:
        self._proxy.setBusy(False)

    def endLoop(self) -> None:
        pass

    def stop(self) -> None:
        pass

    def destroy(self) -> None:
        pass


@pytest.fixture
def synth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Pyttsx3Synth]:
    import pyttsx3

    # pyttsx3 keeps its engines by name.
    monkeypatch.setattr(pyttsx3, "_activeEngines", weakref.WeakValueDictionary())

    def made(name: str = "stand_in", **attributes: Any) -> Pyttsx3Synth:
        module = ModuleType(f"pyttsx3.drivers.{name}")
        vars(module)["buildDriver"] = type("Made", (Driver,), attributes)
        monkeypatch.setitem(sys.modules, module.__name__, module)
        return Pyttsx3Synth(name, tmp_path)

    return made


def espeak_that_says(rates: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """The binding of espeak-ng stands in: it answers with these rates, the last one again and again."""
    import pyttsx3.drivers

    def rate(_what: int, _current: int) -> int:
        return rates.pop(0) if len(rates) > 1 else rates[0]

    binding = ModuleType("pyttsx3.drivers._espeak")
    vars(binding).update(RATE=1, IsPlaying=lambda: False, dll=SimpleNamespace(espeak_GetParameter=rate))
    monkeypatch.setitem(sys.modules, binding.__name__, binding)
    monkeypatch.setattr(pyttsx3.drivers, "_espeak", binding, raising=False)


def test_a_sentence_at_a_lost_rate_is_spoken_again(
    synth: Callable[..., Pyttsx3Synth], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # Taken on at first, lost by the sentence's end; then taken on and kept.
    espeak_that_says([150, 200, 150, 150], monkeypatch)
    engine = synth("espeak")
    assert engine.render(SENTENCE, 150, None) == (22_050, bytes(300))
    assert engine._driver.set.count(("rate", 150)) == 2
    assert list(tmp_path.iterdir()) == []


def test_an_engine_that_never_keeps_the_rate_is_an_error(
    synth: Callable[..., Pyttsx3Synth], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    espeak_that_says([200], monkeypatch)
    engine = synth("espeak")
    with pytest.raises(SynthesisError, match="does not keep the rate 150"):
        engine.render(SENTENCE, 150, None)
    assert engine._driver.set.count(("rate", 150)) == 3
    assert list(tmp_path.iterdir()) == []


def test_an_english_voice_that_the_user_has_chosen_is_kept(synth: Callable[..., Pyttsx3Synth]) -> None:
    for chosen, spoken in (("voice.us", "voice.us"), ("voice.de", "voice.uk")):
        engine = synth(f"of_{chosen[-2:]}", chosen=chosen)
        engine.render(SENTENCE, 150, None)
        assert dict(engine._driver.set)["voice"] == spoken


def test_an_engine_that_can_tell_no_voice_speaks_with_its_own(synth: Callable[..., Pyttsx3Synth]) -> None:
    def unknown(self: Driver, name: str) -> Any:
        if name == "voices":
            return []
        raise KeyError(name)

    engine = synth(getProperty=unknown)
    assert engine.voices() == []
    assert engine.render(SENTENCE, 150, None) == (22_050, bytes(300))
    assert [name for name, _ in engine._driver.set] == ["volume", "rate"]


def test_an_engine_that_never_tells_the_end_is_an_error(
    synth: Callable[..., Pyttsx3Synth], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(worker, "_FINISH", 0.01)
    with pytest.raises(SynthesisError, match="never finished"):
        synth(tells=False).render(SENTENCE, 150, None)
    assert list(tmp_path.iterdir()) == []


def test_sound_of_two_channels_is_read_as_its_left(tmp_path: Path) -> None:
    left = (np.arange(400) * 30).astype(np.int16)
    soundfile.write(tmp_path / "two.wav", np.stack([left, -left], axis=1), 16_000)
    assert read_sound(tmp_path / "two.wav") == (16_000, left.tobytes())


# The voice and its workers, real but where it is said.


@posix
def test_what_is_prepared_twice_is_asked_for_once_and_an_unknown_voice_waits_till_it_is_spoken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []
    whole = worker_process.WorkerProcess.ask

    def ask(self: worker_process.WorkerProcess, request: dict[str, Any], patience: float) -> Any:
        asked.append(str(request["text"]))
        return whole(self, request, patience)

    monkeypatch.setattr(worker_process.WorkerProcess, "ask", ask)
    with Pyttsx3Voice(patience=60) as voice:
        assert not voice.prepare(SENTENCE, SpeechSettings()), "there is no spare worker yet"
        assert asked == []
        voice.render("Hello.", SpeechSettings())
        assert voice.prepare(SENTENCE, SpeechSettings()) and voice.prepare(SENTENCE, SpeechSettings())
        assert asked == ["Hello.", SENTENCE] and voice.prepared_bytes > 0
        nobody = SpeechSettings(voice="quite unheard of")
        assert voice.prepare(SENTENCE, nobody) and voice.prepared_bytes == 0
        with pytest.raises(EngineError, match="no voice"):
            voice.render(SENTENCE, nobody)


def canned(answers: list[list[bytes]], monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers stand in: real processes, each of which gives its answers, whatever it is asked."""

    def start(_command: list[str], **options: Any) -> subprocess.Popen[bytes]:
        code = (
            "import sys\n"
            "for answer in sys.argv[1:]:\n"
            "    sys.stdout.buffer.write(bytes.fromhex(answer)); sys.stdout.flush(); sys.stdin.readline()\n"
        )
        return real([sys.executable, "-S", "-c", code, *(a.hex() for a in answers.pop(0))], **options)

    real = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", start)


READY = b'{"ok": true, "engine": "espeak", "route": "direct"}\n'
FAILED = b'{"ok": false, "kind": "engine", "what": "espeak-ng failed with code 2", "near": []}\n'


def test_a_sentence_that_the_engine_fails_at_is_given_to_another_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    spoken = b'{"ok": true, "rate": 16000, "bytes": 4}\n\x00\x40\x00\xc0'
    canned([[READY, FAILED], [READY, spoken]], monkeypatch)
    with Pyttsx3Voice(spare=False, patience=60) as voice:
        pcm = voice.render(SENTENCE, SpeechSettings(volume=1.0))
    assert pcm.rate == 16_000 and pcm.samples.tolist() == [0.5, -0.5]


def test_an_engine_that_fails_twice_is_told_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    canned([[READY, FAILED], [READY, FAILED]], monkeypatch)
    with (
        Pyttsx3Voice(spare=False, patience=60) as voice,
        pytest.raises(EngineError, match=r"The voice failed: espeak-ng failed with code 2\."),
    ):
        voice.render(SENTENCE, SpeechSettings())


@linux
def test_a_worker_found_dead_is_replaced_before_it_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with Pyttsx3Voice(spare=False, patience=60) as voice:
        voice.render("Hello.", SpeechSettings())
        dead = voice.worker_pid
        assert dead is not None
        os.kill(dead, signal.SIGKILL)
        os.waitid(os.P_PID, dead, os.WEXITED | os.WNOWAIT)
        voice.warm()
        assert voice.worker_pid not in (None, dead)
        warmed = voice.worker_pid
        assert voice.render(SENTENCE, SpeechSettings()).seconds > 0.5
        assert voice.worker_pid == warmed


@posix
def test_a_voice_that_is_forgotten_unclosed_leaves_no_worker() -> None:
    voice = Pyttsx3Voice(spare=False)
    voice.warm()
    pid = voice.worker_pid
    assert pid is not None
    os.kill(pid, 0)
    del voice
    gc.collect()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


# espeak-ng itself, in a process of its own: what it does after a failure might end this one.


def child(program: str, folder: Path) -> list[str]:
    """What the program prints, line by line; it finds ``folder`` as its first argument, and espeak-ng made ready."""
    pytest.importorskip("espeakng_loader")
    ready = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from companion.speaking.espeak import DirectEspeak, SynthesisError, prepare\n"
        "folder = Path(sys.argv[1])\n"
        "assert prepare(folder)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", ready + program, str(folder)],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@linux
def test_espeak_without_its_data_says_so(tmp_path: Path) -> None:
    program = (
        "os.environ['ESPEAK_DATA_PATH'] = str(folder)\n"
        "try: DirectEspeak()\n"
        "except SynthesisError as error: print(error.kind, error, sep=': ')\n"
    )
    assert child(program, tmp_path) == ["engine: espeak-ng found no voice data"]


@linux
def test_what_the_library_refuses_is_an_error_and_the_next_sentence_is_spoken(tmp_path: Path) -> None:
    # The real library but for one function each time, which it can't be brought to let fail; 2 is its "not found".
    program = (
        "engine = DirectEspeak()\n"
        "from pyttsx3.drivers import _espeak\n"
        "for name in ('SetVoiceByName', 'SetParameter', 'Synth'):\n"
        "    whole = getattr(_espeak, name)\n"
        "    setattr(_espeak, name, lambda *_, **__: 2)\n"
        "    try: engine.render('Cells can travel.', 120, 'en-gb')\n"
        "    except SynthesisError as error: print(error.kind, error, sep=': ')\n"
        "    setattr(_espeak, name, whole)\n"
        "    rate, sound = engine.render('Cells can travel.', 120, 'en-us')\n"
        "    print(rate, len(sound) > rate)\n"
    )
    assert child(program, tmp_path) == [
        "voice: espeak-ng could not load the voice 'gmw/en'",
        "22050 True",
        "engine: espeak-ng refused the rate 120",
        "22050 True",
        "engine: espeak-ng failed with code 2",
        "22050 True",
    ]


# Speaking sentence by sentence.


class PlainLoudspeaker:
    """A loudspeaker without a volume that keeps what it is given; the test says when a piece has been heard."""

    def __init__(self) -> None:
        self.given: list[tuple[Pcm, Callable[[bool], None]]] = []
        self.arrived = threading.Semaphore(0)

    def play(self, pcm: Pcm, on_end: Callable[[bool], None] | None = None) -> None:
        assert on_end is not None
        self.given.append((pcm, on_end))
        self.arrived.release()

    def stop(self) -> None:
        pass

    def pause(self) -> None:
        pass

    def resume(self) -> None:
        pass

    def wait(self, timeout: float | None = None) -> bool:
        return True

    def close(self) -> None:
        pass


def test_without_a_volume_of_the_loudspeakers_the_voice_gets_it() -> None:
    voice, loudspeaker = EchoVoice(), PlainLoudspeaker()
    speaker = Speaker(voice, loudspeaker, SpeechSettings(volume=0.5))
    try:
        speaker.speak([SENTENCE])
        assert loudspeaker.arrived.acquire(timeout=30)
        assert voice.rendered == [(SENTENCE, SpeechSettings(volume=0.5))]
        speaker.settings = SpeechSettings(volume=0.25)
        speaker.speak([SENTENCE])
        assert loudspeaker.arrived.acquire(timeout=30)
    finally:
        speaker.close()
    first, second = (np.abs(pcm.samples).max() for pcm, _ in loudspeaker.given)
    assert first == pytest.approx(2 * second)


def test_a_piece_that_ends_after_the_pause_does_not_move_the_place() -> None:
    events: list[SpeechEvent] = []
    loudspeaker = PlainLoudspeaker()
    speaker = Speaker(EchoVoice(), loudspeaker, on_event=events.append)
    try:
        speech = speaker.speak(["One is here.", "Two is here."])
        assert loudspeaker.arrived.acquire(timeout=30)
        speaker.pause()
        _, heard = loudspeaker.given[0]
        heard(True)
        assert speaker.place == (speech, 0) and speaker.paused
    finally:
        speaker.close()
    assert [event.kind for event in events if event.kind != "started"] == ["paused", "stopped"]


def test_a_voice_that_fails_after_the_stop_is_nobodys_business() -> None:
    rendering, stopped, given = threading.Event(), threading.Event(), EchoVoice()

    class Late:
        """Fails at the first sentence, once it is not wanted any more."""

        def render(self, text: str, settings: SpeechSettings) -> Pcm:
            if text == "First.":
                rendering.set()
                assert stopped.wait(30)
                raise EngineError("The voice failed.")
            return given.render(text, settings)

        def voices(self) -> tuple[VoiceInfo, ...]:
            return ()

        def close(self) -> None:
            pass

    events: list[SpeechEvent] = []
    speaker = Speaker(Late(), RecordingLoudspeaker(), on_event=events.append)
    try:
        speaker.speak(["First."])
        assert rendering.wait(30)
        speaker.stop()
        speaker.speak(["Second."])
        stopped.set()
        assert speaker.wait(30)
    finally:
        speaker.close()
    told = [(event.kind, event.speech) for event in events]
    assert told == [("stopped", 1), ("started", 2), ("ended", 2), ("finished", 2)]


def test_a_listener_who_closes_the_speaker_on_a_failure_does_not_hang_it(capsys: pytest.CaptureFixture[str]) -> None:
    closed = threading.Event()

    def listener(event: SpeechEvent) -> None:
        if event.kind == "failed":
            speaker.close()
            closed.set()

    speaker = Speaker(EchoVoice(fail_on=[SENTENCE]), RecordingLoudspeaker(), on_event=listener)
    speaker.speak([SENTENCE])
    assert closed.wait(30), "a thread can't wait for itself"
    speaker.close()
    assert speaker.speak(["After it."]) is None
    assert capsys.readouterr().err == ""


# Narration written to a file.


def tone(count: int) -> Pcm:
    return Pcm((0.5 * np.sin(np.arange(count) / 9)).astype(np.float32), 22_050)


def test_a_folder_that_nobody_may_write_to_is_told_before_anything_is_rendered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    voice = EchoVoice()
    tmp_path.chmod(0o500)
    if os.access(tmp_path, os.W_OK):  # root, to whom the system says yes whatever the rights
        monkeypatch.setattr(os, "access", lambda path, mode: (path, mode) != (tmp_path, os.W_OK))
    try:
        with pytest.raises(AudioFileError, match="can't be written to"):
            export.export(tmp_path / "a.wav", [Chapter("c", [SENTENCE])], voice)
    finally:
        tmp_path.chmod(0o700)
    assert voice.rendered == [] and list(tmp_path.iterdir()) == []


def test_the_title_is_in_the_file_and_empty_pieces_change_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    with SoundFileWriter(path, title="About cells") as writer:
        writer.write(Pcm(np.zeros(0, np.float32), 8_000))
        writer.write(tone(1_000))
        writer.write(Pcm(np.zeros(0, np.float32), 8_000))
        assert writer.seconds == 1_000 / 22_050
    with soundfile.SoundFile(path) as sound:
        assert (sound.title, sound.frames, sound.samplerate) == ("About cells", 1_000, 22_050)


def test_silence_alone_is_a_file_of_that_length(tmp_path: Path) -> None:
    with SoundFileWriter(tmp_path / "a.wav") as writer:
        writer.silence(1.5)
        writer.silence(0.5)
    assert writer.seconds == 2
    samples, rate = soundfile.read(tmp_path / "a.wav")
    assert len(samples) == 2 * rate and not samples.any()


def test_a_failure_before_the_first_sentence_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(EngineError):
        export.export(tmp_path / "a.wav", [Chapter("c", [SENTENCE])], EchoVoice(fail_on=[SENTENCE]))
    assert list(tmp_path.iterdir()) == []


@posix
def test_a_disk_that_is_full_at_the_very_end_leaves_no_file(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    writer = SoundFileWriter(tmp_path / "a.ogg")
    with pytest.raises(AudioFileError, match="of 2000 frames were written"), writer:
        writer.write(tone(2_000))
        (part,) = tmp_path.iterdir()
        # A limit stands in for a full disk; what libsndfile has not written yet comes on closing, and it tells nothing.
        resource.setrlimit(resource.RLIMIT_FSIZE, (part.stat().st_size, hard))
        try:
            writer.__exit__(None)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []


@posix
def test_where_there_are_no_rights_of_posix_none_are_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Only the name of the system is another.
    windows = SimpleNamespace(**{**vars(os), "name": "nt", "umask": lambda mask: pytest.fail("the mask was changed")})
    monkeypatch.setattr(export, "os", windows)
    export.export(tmp_path / "a.wav", [Chapter("c", [SENTENCE])], EchoVoice())
    (written,) = tmp_path.iterdir()
    assert written.name == "a.wav" and soundfile.info(written).frames > 0
    assert stat.S_IMODE(written.stat().st_mode) == 0o600, "as tempfile made it"
