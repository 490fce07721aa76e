"""Is every part there? Each check says what was found and, where something is missing, what to do."""

from __future__ import annotations

import contextlib
import importlib.metadata
import platform
import shutil
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from companion.atomic import atomic_write_bytes
from companion.errors import CompanionError
from companion.events import VoiceInfo
from companion.settings import Paths, Settings, peek_state

LEAST_ROOM = 50_000_000
"""Bytes: what a session keeps is far less, but a disk as full as that fails elsewhere first."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the program and its state."""

    name: str
    found: bool
    needed_for: str
    """What doesn't work without it: "speaking", "listening" …"""
    detail: str
    """One sentence: what was found, or what is wrong."""
    to_do: str = ""
    """One sentence; "" when nothing needs doing."""


def examine(settings: Settings) -> tuple[Part, ...]:
    """Check every part; slow ones (a voice worker, sound devices) take a second or two together."""
    checks: tuple[Callable[[Settings], Iterator[Part]], ...] = (
        _python,
        _pack,
        _voice,
        _devices,
        _pocketsphinx,
        _vosk,
        _recogniser,
        _meaning,
        _folders,
        _room,
        _place,
    )
    return tuple(part for check in checks for part in check(settings))


def _python(_settings: Settings) -> Iterator[Part]:
    yield Part(
        "Python", True, "everything", f"Python {platform.python_version()} on {platform.system()} {platform.machine()}."
    )


def _pack(settings: Settings) -> Iterator[Part]:
    from companion.content.load import load_pack

    try:
        pack = load_pack(settings.pack)
    except CompanionError as err:
        yield Part("content pack", False, "everything", err.what, err.to_do)
        return
    detail = f"{pack.title}: {len(pack.questions)} questions, {len(pack.facts)} facts."
    unread = sum(not i.reviewed for i in pack.items)
    to_do = f"{unread} of {len(pack.items)} items wait for a clinician's review." if unread else ""
    yield Part("content pack", True, "everything", detail, to_do)


def _voice(settings: Settings) -> Iterator[Part]:
    from companion.events import SpeechSettings
    from companion.speaking.pyttsx3_voice import Pyttsx3Voice

    voice = Pyttsx3Voice(spare=False)
    try:
        pcm = voice.render("Hello.", SpeechSettings(rate=settings.rate, voice=settings.voice))
        voices = voice.voices()
    except CompanionError as err:
        yield Part("voice", False, "speaking", err.what, err.to_do)
        return
    finally:
        voice.close()
    yield Part(
        "voice", len(pcm.samples) > 0, "speaking",
        f"pyttsx3 {_version('pyttsx3')} with {voice.engine_name}; {_listed(voices)}",
    )  # fmt: skip


def _listed(voices: Sequence[VoiceInfo]) -> str:
    """The English voices by name, since the packs are English; --voice takes each name as it stands here."""
    english = list(dict.fromkeys(v.name for v in voices if any(x.lower().startswith("en") for x in v.languages)))
    if not english:
        return f"{len(voices)} voices, none of them English."
    return f"{len(voices)} voices. The English ones: {'; '.join(english)}."


def _devices(settings: Settings) -> Iterator[Part]:
    from companion.portaudio import list_devices

    try:
        devices = list_devices()
    except CompanionError as err:
        for name, use in (("loudspeaker", "speaking"), ("microphone", "hands-free listening")):
            yield Part(name, False, use, err.what, err.to_do)
        return
    for name, use, fitting in (
        ("loudspeaker", "speaking", [d for d in devices if d.outputs > 0]),
        ("microphone", "hands-free listening", [d for d in devices if d.inputs > 0]),
    ):
        if fitting:
            listed = ", ".join(f"{d.index} {d.name}" for d in fitting[:6])
            yield _opened(name, use, settings.device, f"{len(fitting)} found: {listed}.")
        else:
            yield Part(
                name,
                False,
                use,
                f"No {name} was found.",
                f"Plug one in, or go on in text: companion --text. {_group()}".strip(),
            )


def _opened(name: str, use: str, device: str | None, detail: str) -> Part:
    """A device that is listed may still refuse: taken by another program, or forbidden to this one."""
    from companion.hearing.microphone import SoundDeviceMicrophone
    from companion.speaking.player import SoundDevicePlayer

    try:
        if name == "loudspeaker":
            SoundDevicePlayer(device).close()
        else:
            SoundDeviceMicrophone(device).close()
    except CompanionError as err:
        return Part(name, False, use, f"{err.what} {detail}", err.to_do)
    return Part(name, True, use, detail)


def _group() -> str:
    return "On Linux the user may have to be in the group audio." if sys.platform == "linux" else ""


def _pocketsphinx(_settings: Settings) -> Iterator[Part]:
    version = _version("pocketsphinx")
    if version:
        yield Part("PocketSphinx", True, "listening without a download", f"PocketSphinx {version} with its own model.")
    else:
        yield Part(
            "PocketSphinx",
            False,
            "listening without a download",
            "It isn't installed.",
            "Run pip install pocketsphinx.",
        )


def _vosk(settings: Settings) -> Iterator[Part]:
    from companion.store import vosk_model_for

    version = _version("vosk")
    if not version:
        yield Part("Vosk", False, "the better recogniser", "It isn't installed.", "Run pip install vosk.")
        return
    try:
        model = vosk_model_for(settings.model)
    except CompanionError as err:
        yield Part("Vosk", False, "the better recogniser", err.what, err.to_do)
        return
    if model is None:
        yield Part(
            "Vosk", False, "the better recogniser", f"Vosk {version} is installed, but there is no model.",
            "Run companion model fetch vosk-small, or see models/README.md.",
        )  # fmt: skip
        return
    try:
        from companion.hearing.vosk_files import check_model

        check_model(model)  # every byte, where the model brought its checksums along
    except CompanionError as err:
        yield Part("Vosk", False, "the better recogniser", err.what, err.to_do)
        return
    yield Part("Vosk", True, "the better recogniser", f"Vosk {version} with the model {_short(model)}.")


def _recogniser(settings: Settings) -> Iterator[Part]:
    """Whether listening really starts: a model may be whole and still not fit this machine."""
    import numpy as np

    from companion.content.load import load_pack
    from companion.ears import recognizer_for
    from companion.understanding.phrases import phrases

    try:
        pack = load_pack(settings.pack)
        spoken = phrases(pack)
        engine = recognizer_for(settings, pack, Paths.find().cache, partials=False)
        with contextlib.closing(engine):
            engine.accept(np.ones(3_200, np.int16))
            engine.finish()
            deaf = [w for w, way in engine.lacking(sorted({w for p in spoken for w in p.split()})).items() if not way]
    except CompanionError as err:
        yield Part("recogniser", False, "listening", err.what, err.to_do)
        return
    many = f"{len(deaf)} words" if len(deaf) > 1 else "1 word"
    to_do = f"It can't hear {many} of the pack. To see which: companion pack check." if deaf else ""
    yield Part("recogniser", True, "listening", f"{engine.name} was started and listens.", to_do)


def _meaning(_settings: Settings) -> Iterator[Part]:
    from companion.store import ModelStore

    path = ModelStore(Paths.find()).path("minilm")
    if path:
        yield Part("MiniLM", True, "more questions understood", f"The model lies in {_short(path)}.")
    else:
        yield Part(
            "MiniLM", False, "more questions understood", "There is no sentence model; questions are matched by words.",
            "Run companion model fetch minilm.",
        )  # fmt: skip


def _folders(_settings: Settings) -> Iterator[Part]:
    paths = Paths.find()
    bad = []
    for use, folder in (("settings and place", paths.state), ("what can be made again", paths.cache)):
        probe = folder / f".probe-{uuid.uuid4().hex[:8]}"
        try:
            atomic_write_bytes(probe, b"companion")
            probe.unlink()
        except OSError as err:
            bad.append(f"{folder} for {use} can't be written ({err.strerror or err})")
    try:
        with tempfile.TemporaryFile():
            pass
    except OSError as err:
        bad.append(f"the folder for temporary files can't be written ({err.strerror or err})")
    where = f"Settings and place: {paths.state}. Models: {paths.models}. Cache: {paths.cache}."
    if bad:
        to_do = "Let this user write there, or set COMPANION_HOME to a folder of your own. Until then nothing is saved."
        yield Part("folders", False, "keeping your place", f"{'; '.join(bad)}.", to_do)
    else:
        yield Part("folders", True, "keeping your place", where)


def _room(_settings: Settings) -> Iterator[Part]:
    folder = Paths.find().state
    while not folder.is_dir() and folder != folder.parent:
        folder = folder.parent
    try:
        free = shutil.disk_usage(folder).free
    except OSError as err:
        yield Part("disk", False, "keeping your place", f"The disk can't be looked at ({err.strerror}).")
        return
    detail = f"{free / 1e6:,.0f} MB are free."
    to_do = "" if free >= LEAST_ROOM else "Remove something you don't need, or nothing can be saved."
    yield Part("disk", free >= LEAST_ROOM, "keeping your place", detail, to_do)


def _place(_settings: Settings) -> Iterator[Part]:
    note = peek_state(Paths.find().state_file)
    if note is None:
        yield Part("saved place", True, "going on where you stopped", "It can be read, or there is none yet.")
    else:
        to_do = "Nothing needs doing: the next start keeps the old file aside and begins afresh."
        yield Part("saved place", False, "going on where you stopped", note, to_do)


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _short(path: Path) -> str:
    return path.name
