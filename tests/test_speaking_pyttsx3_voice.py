"""The real espeak-ng, through pyttsx3, in its worker process; both ways in."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from companion.errors import EngineError
from companion.events import SpeechSettings
from companion.speaking.pyttsx3_voice import CACHE_BYTES, Pyttsx3Voice
from companion.speaking.worker import PREFIX

SENTENCE = "Doctors may test the new tumor again."
posix = pytest.mark.skipif(os.name != "posix", reason="signals that stop a process are POSIX")


@pytest.fixture(params=["direct", "pyttsx3"])
def route(request: pytest.FixtureRequest) -> str:
    if request.param == "direct" and not sys.platform.startswith("linux"):
        pytest.skip("the direct way in is for Linux")
    return str(request.param)


@pytest.fixture
def voice(route: str) -> Iterator[Pyttsx3Voice]:
    with Pyttsx3Voice(route=route) as made:
        yield made


@pytest.fixture(autouse=True)
def _own_temporary_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders of voices are counted below, and another test run on this machine makes and removes such too."""
    folder = str(tmp_path_factory.mktemp("tmp"))
    monkeypatch.setenv("TMPDIR", folder)
    monkeypatch.setattr(tempfile, "tempdir", folder)


def folders() -> set[Path]:
    return set(Path(tempfile.gettempdir()).glob(f"{PREFIX}*"))


def test_a_sentence_is_sound(voice: Pyttsx3Voice) -> None:
    pcm = voice.render(SENTENCE, SpeechSettings())
    assert pcm.samples.dtype == np.float32 and pcm.samples.ndim == 1
    assert 1.5 < pcm.seconds < 6
    assert 0.2 < np.abs(pcm.samples).max() <= 1


def test_every_rate_is_kept_in_any_order(voice: Pyttsx3Voice) -> None:
    lengths: dict[int, set[float]] = {}
    for number in range(6):
        for rate in (120, 300, 80, 449, 200)[:: 1 if number % 2 else -1]:
            # An own text each time, as long as the others: nothing comes out of the cache.
            pcm = voice.render(f"{SENTENCE} {'.' * number}", SpeechSettings(rate=rate))
            lengths.setdefault(rate, set()).add(round(pcm.seconds, 0 if rate < 200 else 1))
    longest_first = [max(lengths[rate]) for rate in (80, 120, 200, 300, 449)]
    assert longest_first == sorted(longest_first, reverse=True)
    assert min(lengths[80]) > max(lengths[120]) > max(lengths[200]) > max(lengths[300]) > max(lengths[449])


def test_rates_out_of_range_are_held(voice: Pyttsx3Voice) -> None:
    assert voice.render(SENTENCE, SpeechSettings(rate=10)).seconds == pytest.approx(
        voice.render(SENTENCE, SpeechSettings(rate=80)).seconds, abs=0.1
    )
    assert voice.render(SENTENCE, SpeechSettings(rate=9999)).seconds > 0.5


def test_volume_scales_and_never_clips(voice: Pyttsx3Voice) -> None:
    full = voice.render(SENTENCE, SpeechSettings(volume=1.0)).samples
    half = voice.render(SENTENCE, SpeechSettings(volume=0.5)).samples
    assert np.allclose(half, full / 2, atol=1e-4)
    assert not voice.render(SENTENCE, SpeechSettings(volume=0.0)).samples.any()
    assert np.abs(voice.render(SENTENCE, SpeechSettings(volume=7)).samples).max() <= 1


@pytest.mark.parametrize("text", ["", "   ", ".", "…!?", "\0\0", "\n"])
def test_nothing_to_say_is_no_sound_and_no_error(voice: Pyttsx3Voice, text: str) -> None:
    assert len(voice.render(text, SpeechSettings()).samples) == 0


def test_control_characters_cut_nothing(voice: Pyttsx3Voice) -> None:
    whole = voice.render("Cells can travel far away.", SpeechSettings()).seconds
    assert voice.render("Cells\0 can\x1b travel\ud800 far away.", SpeechSettings()).seconds == pytest.approx(
        whole, rel=0.2
    )


def test_long_text_is_rendered_in_pieces(voice: Pyttsx3Voice) -> None:
    one = voice.render(SENTENCE, SpeechSettings(rate=300)).seconds
    many = voice.render(" ".join([SENTENCE] * 40), SpeechSettings(rate=300)).seconds
    assert many == pytest.approx(40 * one, rel=0.05)


def test_voices_by_id_name_and_language(voice: Pyttsx3Voice) -> None:
    known = voice.voices()
    american = next(v for v in known if v.id == "gmw/en-us")
    sounds = [voice.render(SENTENCE, SpeechSettings(voice=v)).samples for v in (american.id, american.name, "EN-US")]
    assert _alike(sounds[0], sounds[1]) and _alike(sounds[0], sounds[2])
    british = voice.render(SENTENCE, SpeechSettings(voice="en-gb")).samples
    assert not _alike(british, sounds[0])
    other = voice.render(SENTENCE, SpeechSettings(voice="en-us+f3")).samples
    assert _pitch(other) > 1.3 * _pitch(sounds[0])


def test_an_unknown_voice_is_an_error_that_names_others(voice: Pyttsx3Voice) -> None:
    with pytest.raises(EngineError, match="gmw/en-us"):
        voice.render(SENTENCE, SpeechSettings(voice="gmw/en-uz"))
    with pytest.raises(EngineError, match="no voice"):
        voice.render(SENTENCE, SpeechSettings(voice="quite unheard of"))
    assert voice.render(SENTENCE, SpeechSettings()).seconds > 1


def test_an_unknown_variant_is_an_error_too() -> None:
    with Pyttsx3Voice(route="direct", driver="espeak") as voice, pytest.raises(EngineError, match="variant"):
        voice.render(SENTENCE, SpeechSettings(voice="en-us+nobody"))


def test_nothing_reaches_the_programs_own_streams(voice: Pyttsx3Voice, capfd: pytest.CaptureFixture[str]) -> None:
    voice.render(SENTENCE, SpeechSettings())
    assert capfd.readouterr() == ("", "")


def test_the_lexicon_of_this_engine_changes_what_is_heard(route: str) -> None:
    speech = {"all": {"metastasis": "nothing"}, "espeak": {"metastasis": "muh tass tuh siss"}, "nsss": {}}
    with Pyttsx3Voice(speech, route=route, driver="espeak") as with_it, Pyttsx3Voice(route=route) as without:
        heard = with_it.render("What is metastasis?", SpeechSettings()).samples
        respelt = without.render("What is muh tass tuh siss?", SpeechSettings()).samples
        plain = without.render("What is metastasis?", SpeechSettings()).samples
    assert _alike(heard, respelt)
    assert not _alike(heard, plain)


@posix
@pytest.mark.parametrize("blow", ["SIGKILL", "SIGSTOP"])
def test_a_worker_that_dies_or_hangs_is_replaced(route: str, blow: str) -> None:
    before = folders()
    with Pyttsx3Voice(route=route, patience=1.5) as voice:
        first = voice.render(SENTENCE, SpeechSettings())
        struck = voice.worker_pid
        assert struck is not None
        os.kill(struck, getattr(signal, blow))
        again = voice.render("Cells can travel.", SpeechSettings())
        assert again.seconds > 0.5
        assert voice.worker_pid != struck
        assert voice.render(SENTENCE, SpeechSettings()).seconds == first.seconds
    assert folders() <= before


@posix
def test_without_a_spare_too(route: str) -> None:
    with Pyttsx3Voice(route=route, spare=False) as voice:
        voice.render(SENTENCE, SpeechSettings())
        assert voice.worker_pid is not None
        os.kill(voice.worker_pid, signal.SIGKILL)
        assert voice.render("Cells can travel.", SpeechSettings()).seconds > 0.5


def test_an_engine_that_never_comes_up_is_one_error() -> None:
    before = folders()
    with (
        Pyttsx3Voice(driver="no-such-driver", route="pyttsx3") as voice,
        pytest.raises(EngineError, match="doctor"),
    ):
        voice.render(SENTENCE, SpeechSettings())
    assert folders() <= before


def test_close_ends_the_workers_and_leaves_nothing(route: str) -> None:
    before = folders()
    voice = Pyttsx3Voice(route=route)
    voice.render(SENTENCE, SpeechSettings())
    assert folders() - before
    pid = voice.worker_pid
    voice.close()
    voice.close()
    assert folders() <= before
    if os.name == "posix" and pid is not None:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    with pytest.raises(EngineError, match="closed"):
        voice.render("Something new.", SpeechSettings())


def test_what_was_rendered_is_kept_and_the_keeping_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    with Pyttsx3Voice() as voice:
        asked: list[dict[str, Any]] = []
        ask: Callable[[dict[str, Any]], Any] = voice._ask
        monkeypatch.setattr(voice, "_ask", lambda request: (asked.append(request), ask(request))[1])
        first = voice.render(SENTENCE, SpeechSettings())
        first.samples[:] = 0  # a caller may do as it likes with what it was given
        again = voice.render(SENTENCE, SpeechSettings(volume=0.5))
        assert again.samples.any() and len(asked) == 1
        voice.render(SENTENCE, SpeechSettings(rate=200))
        voice.render(SENTENCE, SpeechSettings(voice="en-gb"))
        assert len(asked) == 3
    with Pyttsx3Voice(cache_bytes=300_000) as small:
        for number in range(10):
            small.render(f"{SENTENCE} Number {number}.", SpeechSettings())
        assert 0 < small._cache._bytes <= 300_000 < CACHE_BYTES


def test_a_working_directory_full_of_traps_is_never_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("wave", "json", "pyttsx3", "companion", "espeakng_loader"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('trapped')\n")
    monkeypatch.chdir(tmp_path)
    with Pyttsx3Voice() as voice:
        assert voice.render(SENTENCE, SpeechSettings()).seconds > 1


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the loader's library is used on Linux")
def test_a_long_path_to_the_voice_data_is_shortened(tmp_path: Path) -> None:
    loader = pytest.importorskip("espeakng_loader")
    from companion.speaking.espeak import LONGEST_DATA_PATH, short_path

    deep = tmp_path / ("d" * 100) / ("e" * 100)
    deep.mkdir(parents=True)
    data = deep / "espeak-ng-data"
    data.symlink_to(loader.get_data_path())
    assert len(short_path(str(data), tmp_path)) <= LONGEST_DATA_PATH or len(str(tmp_path)) > LONGEST_DATA_PATH - 5
    assert Path(short_path(str(data), tmp_path), "phontab").exists()
    assert short_path("/short", tmp_path) == "/short"


@posix
def test_a_program_that_is_killed_leaves_no_worker_and_no_folder() -> None:
    program = (
        "import os, signal\n"
        "from companion.events import SpeechSettings\n"
        "from companion.speaking.pyttsx3_voice import Pyttsx3Voice\n"
        "voice = Pyttsx3Voice()\n"
        "voice.render('Cells can travel.', SpeechSettings())\n"
        "print(voice.worker_pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    before = folders()
    root = Path(__file__).parent.parent
    done = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL
    worker = int(done.stdout)
    for _ in range(500):
        if not alive(worker) and folders() <= before:
            break
        time.sleep(0.01)
    assert not alive(worker)
    assert folders() <= before


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # An orphan that nobody waits for stays as a zombie where there is no init.
    status = Path(f"/proc/{pid}/stat")
    return not (status.exists() and status.read_text().rsplit(")", 1)[1].split()[0] == "Z")


def _pitch(samples: np.ndarray) -> float:
    """The strongest period between 70 and 400 Hz, in Hz."""
    spectrum = np.abs(np.fft.rfft(samples, 1 << 18)) ** 2
    lags = np.fft.irfft(spectrum)[: 22_050 // 70]
    return float(22_050 / (np.argmax(lags[22_050 // 400 :]) + 22_050 // 400))


def _alike(one: np.ndarray, other: np.ndarray) -> bool:
    # espeak-ng's noise differs from run to run; the length of what it says hardly does.
    return abs(len(one) - len(other)) < 0.02 * len(one)
