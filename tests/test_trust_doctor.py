"""The doctor finds each fault and says what to do, in words for whoever looks after the computer."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from companion import doctor
from companion.doctor import Part
from companion.errors import DeviceError, EngineError
from companion.settings import Settings

pytest_plugins = ["hearing_fixtures"]
ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COMPANION_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def part(check: Callable[[Settings], object], name: str, settings: Settings | None = None) -> Part:
    found = [p for p in check(settings or Settings()) if p.name == name]  # type: ignore[attr-defined]
    assert len(found) == 1
    assert found[0].detail.endswith(".") and "\n" not in found[0].detail
    return found[0]


def missing(found: Part, *words: str) -> None:
    assert not found.found and found.to_do.endswith((".", ")")), found
    assert "Traceback" not in found.detail and "Error" not in found.detail
    for word in words:
        assert word in f"{found.detail} {found.to_do}", found


def test_a_folder_that_cannot_be_written(home: Path) -> None:
    assert part(doctor._folders, "folders").found
    home.rename(home.with_name("away"))
    home.write_text("in the way")
    missing(part(doctor._folders, "folders"), "settings and place", "can't be written", "COMPANION_HOME")


def test_no_place_for_temporary_files(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(doctor.tempfile, "tempdir", str(tmp_path / "file"))
    missing(part(doctor._folders, "folders"), "temporary files")


def test_a_probe_leaves_nothing(home: Path) -> None:
    assert part(doctor._folders, "folders").found
    assert [p for p in home.rglob("*") if p.is_file()] == []


def test_a_full_disk(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for the full disk: its figure."""
    assert part(doctor._room, "disk").found
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: SimpleNamespace(free=1_000_000))
    missing(part(doctor._room, "disk"), "1 MB are free.", "nothing can be saved")


@pytest.mark.parametrize("content", ["{", "[]", '{"version": 99}', "\x00"])
def test_a_broken_place_is_told_and_left_alone(home: Path, content: str) -> None:
    assert part(doctor._place, "saved place").found
    path = home / "state" / "state.json"
    path.parent.mkdir(parents=True)
    path.write_text(content)
    missing(part(doctor._place, "saved place"), "saved place", "begins afresh")
    assert path.read_text() == content


def test_a_broken_pack(home: Path, tmp_path: Path) -> None:
    (tmp_path / "pack.toml").write_text("format = 2\n")
    missing(part(doctor._pack, "content pack", Settings(pack=tmp_path)), "line")


def test_the_english_voices_are_named_as_they_can_be_asked_for(home: Path) -> None:
    from companion.events import SpeechSettings
    from companion.speaking.pyttsx3_voice import Pyttsx3Voice

    if sys.platform != "linux":
        pytest.skip("espeak-ng's names; other systems have voices of their own")
    detail = part(doctor._voice, "voice").detail
    names = detail.partition("The English ones: ")[2].rstrip(".").split("; ")
    assert "English (America)" in names and "Afrikaans" not in names
    with Pyttsx3Voice(spare=False) as voice:
        for name in names[:2]:
            assert len(voice.render("Hello.", SpeechSettings(voice=name)).samples)


def test_a_voice_that_fails(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert part(doctor._voice, "voice").found
    monkeypatch.setattr(sys, "executable", str(home / "no-python"))
    missing(part(doctor._voice, "voice"), "voice", "doctor")


def test_no_sound_library(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> object:
        raise DeviceError("The sound library PortAudio was not found.", "apt-get install libportaudio2.")

    monkeypatch.setattr("companion.portaudio.sounddevice", gone)
    for name in ("loudspeaker", "microphone"):
        missing(part(doctor._devices, name), "PortAudio", "libportaudio2")


def test_a_device_that_is_there_and_refuses(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for a card that another program holds."""

    def refuse(_device: object = None) -> object:
        raise DeviceError("No microphone can be opened.", "Plug one in, or allow this program to use it.")

    monkeypatch.setattr("companion.hearing.microphone.SoundDeviceMicrophone", refuse)
    found = doctor._opened("microphone", "hands-free listening", None, "1 found: 0 USB.")
    missing(found, "can be opened", "1 found", "allow this program")


def test_a_recogniser_that_does_not_start(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert part(doctor._recogniser, "recogniser").found

    def aborts(*_a: object, **_k: object) -> object:
        raise EngineError("The recogniser vosk failed on the model in x.", "Fetch it again.")

    monkeypatch.setattr("companion.hearing.engines.open_recognizer", aborts)
    missing(part(doctor._recogniser, "recogniser"), "failed on the model", "Fetch it again")


@pytest.mark.skipif(sys.platform != "linux", reason="the abort was seen with libvosk for Linux")
def test_a_model_that_aborts_libvosk(home: Path, model_copy: Path) -> None:
    conf = model_copy / "conf/model.conf"
    conf.write_text(conf.read_text() + "--frame-subsampling-factor=0\n")
    missing(part(doctor._recogniser, "recogniser", Settings(model=model_copy)), "failed on the model", "Fetch it again")


def test_a_model_that_lacks_a_word_of_the_pack(home: Path, model_copy: Path) -> None:
    words = model_copy / "graph/words.txt"
    words.write_text(words.read_text().replace("\nliver ", "\nzzq ").replace("\nbones ", "\nzzr "))
    found = part(doctor._recogniser, "recogniser", Settings(model=model_copy))
    assert found.found and found.to_do == "It can't hear 2 words of the pack. To see which: companion pack check."


def test_a_model_with_a_changed_byte(home: Path, model_copy: Path) -> None:
    from companion.model_check import write_manifest

    write_manifest(model_copy)
    assert part(doctor._vosk, "Vosk", Settings(model=model_copy)).found
    mdl = model_copy / "am/final.mdl"
    content = bytearray(mdl.read_bytes())
    content[len(content) // 2] ^= 1
    mdl.write_bytes(bytes(content))
    missing(part(doctor._vosk, "Vosk", Settings(model=model_copy)), "wrong checksum", "Fetch it again")


def test_every_part_is_examined_on_the_virtual_card(sound_card, tmp_path: Path) -> None:
    env = {**sound_card.env, "COMPANION_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "companion", "doctor", "--json"], capture_output=True, text=True, cwd=ROOT, env=env,
        check=False, timeout=600,
    )  # fmt: skip
    parts = {p["name"]: p for p in json.loads(done.stdout)}
    assert parts["loudspeaker"]["found"] and parts["microphone"]["found"] and parts["recogniser"]["found"], parts
    assert all(p["found"] or p["to_do"] for p in parts.values())
    assert done.stderr == ""
