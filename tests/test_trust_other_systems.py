"""Windows and macOS, simulated: neither is here. What stands in is said in each test."""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from companion import cli, doctor, portaudio
from companion.errors import EngineError
from companion.events import SpeechSettings
from companion.hearing import worker as hearing_worker
from companion.locking import file_lock
from companion.settings import Paths
from companion.speaking import espeak, pyttsx3_voice
from companion.speaking.pyttsx3_voice import Pyttsx3Voice

ROOT = Path(__file__).resolve().parent.parent
STAND_INS = Path(__file__).resolve().parent / "other_systems"
SENTENCE = "Cancer can spread."


@pytest.fixture(params=["sapi5", "nsss"])
def system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The system's engine, simulated for the worker: see tests/other_systems/README.md."""
    monkeypatch.setenv("PYTHONPATH", str(STAND_INS / request.param))
    return str(request.param)


@pytest.fixture
def voice(system: str) -> Iterator[Pyttsx3Voice]:
    with Pyttsx3Voice(driver=system, route="pyttsx3", spare=False, cache_bytes=0) as made:
        yield made


def hertz(samples: np.ndarray) -> float:
    return float(np.abs(np.fft.rfft(samples)).argmax() * 22_050 / len(samples))


def test_every_sentence_is_sound_not_the_first_alone(system: str, voice: Pyttsx3Voice) -> None:
    """Simulated: SAPI that loses all but a process's first utterance, NSSpeechSynthesizer that writes AIFF."""
    pids, lengths = set(), set()
    for _ in range(3):
        pcm = voice.render(SENTENCE, SpeechSettings())
        assert pcm.rate == 22_050 and np.abs(pcm.samples).max() > 0.2
        lengths.add(len(pcm.samples))
        pids.add(voice.worker_pid)
    assert len(lengths) == 1 and lengths.pop() > 10_000
    # A worker for each sentence where later ones would be lost, and one for all where they are not.
    assert (None in pids and len(pids) == 1) if system == "sapi5" else (None not in pids and len(pids) == 1)


def test_rate_and_volume_reach_the_engine(voice: Pyttsx3Voice) -> None:
    """Simulated engines, whose rates are scales of their own and whose rate is put back by setting a voice."""
    lengths = [len(voice.render(SENTENCE, SpeechSettings(rate=rate)).samples) for rate in (110, 175, 400)]
    assert lengths[0] > 1.2 * lengths[1] > 1.2 * 1.2 * lengths[2], lengths
    full, half = (np.abs(voice.render(SENTENCE, SpeechSettings(volume=v)).samples).max() for v in (1.0, 0.5))
    assert full == pytest.approx(2 * half, rel=0.01)


def test_the_first_english_voice_is_taken_and_others_by_name_or_language(system: str, voice: Pyttsx3Voice) -> None:
    """Simulated engines whose own default is German, as on a German system."""
    british = {"sapi5": "Microsoft Hazel Desktop - English (Great Britain)", "nsss": "Daniel"}[system]
    assert [v.languages for v in voice.voices()] == [("de-DE",), ("en-US",), ("en-GB",)]
    default, by_name, by_language = (
        hertz(voice.render(SENTENCE, SpeechSettings(voice=v)).samples) for v in (None, british.upper(), "en-gb")
    )
    assert default == pytest.approx(300, abs=2)
    assert by_name == pytest.approx(600, abs=2) and by_language == pytest.approx(600, abs=2)
    with pytest.raises(EngineError, match="no voice"):
        voice.render(SENTENCE, SpeechSettings(voice="Nobody at all"))


def test_an_engine_that_is_not_there_is_one_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not simulated: neither comtypes nor PyObjC is here, as on a Windows or a Mac where they were not installed."""
    for missing in ("sapi5", "nsss"):
        with Pyttsx3Voice(driver=missing, route="pyttsx3") as none, pytest.raises(EngineError, match="could not start"):
            none.render(SENTENCE, SpeechSettings())


def test_speech_that_never_ends_is_an_error_and_the_worker_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulated: an NSSpeechSynthesizer whose delegate is never called, as when macOS's speech service hangs."""
    monkeypatch.setenv("PYTHONPATH", str(STAND_INS / "nsss"))
    monkeypatch.setenv("SIMULATED_SPEECH_NEVER_ENDS", "1")
    with Pyttsx3Voice(driver="nsss", route="pyttsx3", spare=False, patience=1.0) as voice:
        voice.warm()
        with pytest.raises(EngineError, match="no answer in time"):
            voice.render(SENTENCE, SpeechSettings())
        assert voice.worker_pid is None


@pytest.mark.parametrize(("platform", "engine"), [("win32", "sapi5"), ("darwin", "nsss"), ("linux", "espeak")])
def test_each_system_gets_its_own_engine(platform: str, engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulated: only the name of the system is another."""
    monkeypatch.setattr(sys, "platform", platform)
    assert pyttsx3_voice.engine_of_this_system() == engine
    assert espeak.is_linux() == (engine == "espeak")
    assert bool(doctor._group()) == (engine == "espeak"), "the group audio is Linux's"


def test_the_folders_are_where_each_system_wants_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulated: platformdirs' own code for Windows and macOS, with the environment of a Windows user."""
    import platformdirs
    from platformdirs.macos import MacOS
    from platformdirs.windows import Windows, get_win_folder_from_env_vars

    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/Users/rosa")
    monkeypatch.setattr(platformdirs, "PlatformDirs", MacOS)
    mac = Paths.find({})
    assert mac.cache == Path("/Users/rosa/Library/Caches/companion")
    assert mac.config == mac.data == mac.state == Path("/Users/rosa/Library/Application Support/companion")
    assert mac.models != mac.state_file.parent, "models never lie among what is remembered"
    monkeypatch.setenv("LOCALAPPDATA", "/C/Users/rosa/AppData/Local")
    monkeypatch.setattr(platformdirs, "PlatformDirs", Windows)
    # What it falls back to where neither the shell's interface nor the registry can be asked.
    monkeypatch.setattr("platformdirs.windows.get_win_folder", get_win_folder_from_env_vars)
    found = Paths.find({})
    for folder in (found.config, found.state, found.cache, found.data):
        assert str(folder).replace("\\", "/").startswith("/C/Users/rosa/AppData/Local/companion")
    assert found.cache != found.state, "what can be made again is apart from what is remembered"


def test_two_at_once_wait_for_each_other_without_fcntl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulated: msvcrt.locking, which fails with EACCES while another holds the byte and lets go on closing."""
    flock = pytest.importorskip("fcntl")

    def locking(handle: int, mode: int, count: int) -> None:
        assert (mode, count) == (2, 1)
        try:
            flock.flock(handle, flock.LOCK_EX | flock.LOCK_NB)
        except OSError:
            raise PermissionError(errno.EACCES, "Permission denied") from None

    monkeypatch.setitem(sys.modules, "msvcrt", SimpleNamespace(locking=locking, LK_NBLCK=2))
    monkeypatch.setitem(sys.modules, "fcntl", None)
    monkeypatch.setattr(sys, "platform", "win32")
    waited, order = threading.Event(), []

    def second() -> None:
        with file_lock(tmp_path / "lock", waited.set):
            order.append("second")

    with file_lock(tmp_path / "lock", lambda: order.append("nobody to wait for")):
        other = threading.Thread(target=second)
        other.start()
        assert waited.wait(30)
        order.append("first")
    other.join(30)
    assert order == ["first", "second"]


def test_a_system_without_sighup_still_ends_politely(monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulated: a signal module without SIGHUP, as Windows has it."""
    set_up: dict[Any, Any] = {}
    windows = SimpleNamespace(SIGTERM=signal.SIGTERM, signal=set_up.__setitem__)
    monkeypatch.setattr(cli, "signal", windows)
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, object())  # a window without a console has none that can be set up
    cli._streams()
    assert list(set_up) == [signal.SIGTERM]
    with pytest.raises(KeyboardInterrupt):
        set_up[signal.SIGTERM](signal.SIGTERM, None)


def test_the_sound_library_is_left_alone_where_there_is_no_alsa(monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulated: only the name of the system is another; ctypes must not be asked for a library of Linux."""
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(ctypes, "CDLL", lambda name: pytest.fail(f"{name} was loaded"))
    assert portaudio._quieten_alsa.__wrapped__() is None


def test_the_recognisers_worker_starts_where_there_are_no_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulated: a Python without the resource module, as on Windows; prctl is Linux's own."""
    monkeypatch.setitem(sys.modules, "resource", None)
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(ctypes, "CDLL", lambda name: pytest.fail("prctl was called"))
    hearing_worker._leave_no_core()


def test_the_workers_open_no_window_and_keep_ctrl_c_from_the_child(monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulated: subprocess with Windows' flags, and a Popen that only looks at what it is given."""
    import subprocess

    from companion.hearing import process
    from companion.speaking import worker_process

    given: list[dict[str, Any]] = []

    def popen(command: list[str], **options: Any) -> None:
        given.append(options)
        raise OSError(errno.ENOMEM, "not started")

    monkeypatch.setattr(subprocess, "CREATE_NO_WINDOW", 0x08000000, raising=False)
    monkeypatch.setattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0x00000200, raising=False)
    monkeypatch.setattr(subprocess, "Popen", popen)
    windows = SimpleNamespace(**{**vars(os), "name": "nt"})
    for module in (process, worker_process):
        monkeypatch.setattr(module, "os", windows)
    with pytest.raises(EngineError, match="can't be started"):
        process._Worker()
    with pytest.raises(worker_process.WorkerLostError):
        worker_process.WorkerProcess()
    assert [(o["creationflags"], o["start_new_session"]) for o in given] == [(0x08000200, False)] * 2
