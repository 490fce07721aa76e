"""The voice's worker process: one sentence in, sound out. It owns the engine and can be thrown away.

Started as ``python -m companion.speaking.worker [--driver NAME] [--route direct|pyttsx3]``. Each request is a
line of JSON on standard input: ``{"text": str, "rate": int, "voice": str|null}`` or ``{"op": "voices"}``.
Each reply is a line of JSON, then ``bytes`` bytes of mono int16 sound: ``{"ok": true, "rate": Hz, "bytes":
n}``, ``{"ok": true, "voices": […]}`` or ``{"ok": false, "kind": "voice"|"engine", "what": str, "near":
[…]}``. The first line tells that the engine is ready: ``{"ok": true, "engine": "espeak", "route": "direct",
"folder": path}``. The process ends with its standard input.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
import wave
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from companion.speaking.espeak import (
    DEFAULT_VOICE,
    DirectEspeak,
    SynthesisError,
    english_voices,
    is_linux,
    prepare,
    resolve_voice,
)

PREFIX = "companion-voice-"
_FINISH = 20.0
"""Seconds that pyttsx3 may take to write a file; the owner's patience ends first."""


class _Synth(Protocol):
    name: str
    route: str

    def voices(self) -> list[dict[str, Any]]: ...
    def render(self, text: str, rate: int, voice: str | None) -> tuple[int, bytes]: ...
    def close(self) -> None: ...


class Pyttsx3Synth:
    """pyttsx3's engine, by ``save_to_file``: the only way that holds for espeak, sapi5 and nsss alike.

    Properties go to the driver itself, and an utterance begins only when they have been read back:
    ``runAndWait`` calls the driver's ``stop``, which cancels the commands that espeak-ng has not carried out
    yet, and the old rate would be spoken. The rate is checked once more after the sentence, which is rendered
    again where it was lost.
    """

    route = "pyttsx3"

    def __init__(self, driver: str | None, folder: Path) -> None:
        """Start the engine; ``driver`` None is the system's own.

        Raises:
            SynthesisError: pyttsx3 or the engine behind it is missing.

        """
        try:
            import pyttsx3

            self._engine: Any = pyttsx3.init(driver)
        except Exception as error:  # drivers raise whatever their system raises
            raise SynthesisError(f"pyttsx3 could not start ({error or type(error).__name__})") from error
        self.name = str(self._engine.driver_name)
        self._driver: Any = self._engine.proxy._driver
        self._folder = folder
        self._count = 0
        self._finished = threading.Event()
        self._engine.connect("finished-utterance", lambda name, completed: self._finished.set())
        self._known = {str(v["id"]): v for v in self._list()}
        self._default = self._english()

    def voices(self) -> list[dict[str, Any]]:
        """Id, name and languages of each voice."""
        return list(self._known.values())

    def render(self, text: str, rate: int, voice: str | None) -> tuple[int, bytes]:
        """One sentence to (Hz, mono int16 bytes).

        Raises:
            SynthesisError: Unknown voice, or the engine wrote nothing.

        """
        wanted = self._default if voice is None else resolve_voice(voice, self._known)
        for _ in range(3):
            self._count += 1
            path = self._folder / f"{self._count}{'.aiff' if self.name == 'nsss' else '.wav'}"
            try:
                result = self._once(text, rate, wanted, path)
            finally:
                path.unlink(missing_ok=True)
            if self._rate() in (None, rate):
                return result
        raise SynthesisError(f"the engine does not keep the rate {rate}")

    def close(self) -> None:
        """Nothing to free before the process ends."""

    def _once(self, text: str, rate: int, voice: str | None, path: Path) -> tuple[int, bytes]:
        try:
            if voice is not None:
                self._driver.setProperty("voice", voice)
            self._driver.setProperty("volume", 1.0)
            self._driver.setProperty("rate", rate)
            self._settle(rate)
            self._finished.clear()
            if self.name != "espeak":
                # As before a first sentence: all commands wait for the loop. Else nsss begins to write at once, its
                # loop ends at its first step, and the end of the writing is never told.
                self._engine.proxy.setBusy(True)
            self._engine.save_to_file(text, str(path))
            self._engine.runAndWait()
        except Exception as error:  # drivers raise whatever their system raises
            raise SynthesisError(f"pyttsx3 failed ({error or type(error).__name__})") from error
        # sapi5 blocks until the file is there and tells nothing; espeak and nsss return before.
        if self.name != "sapi5" and not self._finished.wait(_FINISH):
            raise SynthesisError("pyttsx3 never finished the sentence")
        return read_sound(path)

    def _settle(self, rate: int) -> None:
        if self.name != "espeak":
            return
        from pyttsx3.drivers import _espeak

        for _ in range(100):
            if self._rate() == rate and not _espeak.IsPlaying():
                return
            time.sleep(0.001)

    def _rate(self) -> int | None:
        if self.name != "espeak":
            return None
        from pyttsx3.drivers import _espeak

        # The binding passes one argument of two; without the second the default may come back.
        return int(_espeak.dll.espeak_GetParameter(_espeak.RATE, 1))

    def _list(self) -> list[dict[str, Any]]:
        found = []
        for voice in self._engine.getProperty("voices"):
            languages = [_language(x) for x in voice.languages or ()]
            found.append({"id": str(voice.id), "name": str(voice.name), "languages": languages})
        return found

    def _english(self) -> str | None:
        if DEFAULT_VOICE in self._known:
            return DEFAULT_VOICE
        english = english_voices(self._known)
        with contextlib.suppress(Exception):
            current = str(self._engine.getProperty("voice"))
            if current in english or not english:
                return current
        return english[0] if english else None


def _language(raw: bytes | str | None) -> str:
    text = raw.decode("utf-8", "ignore") if isinstance(raw, bytes) else str(raw or "")
    return "".join(c for c in text if c.isprintable()).replace("_", "-")


def read_sound(path: Path) -> tuple[int, bytes]:
    """A sound file as (Hz, mono int16 bytes): WAV by the standard library, all else (AIFF) by soundfile.

    Raises:
        SynthesisError: The file is missing or is no sound.

    """
    with contextlib.suppress(wave.Error, EOFError, OSError), wave.open(str(path), "rb") as source:
        if source.getnchannels() == 1 and source.getsampwidth() == 2:
            return source.getframerate(), source.readframes(source.getnframes())
    try:
        import soundfile

        samples, rate = soundfile.read(str(path), dtype="int16", always_2d=True)
    except Exception as error:
        raise SynthesisError(f"the engine wrote no readable sound ({error})") from error
    return int(rate), samples[:, 0].tobytes()


def serve(requests: BinaryIO, replies: BinaryIO, synth: _Synth) -> None:
    """Answer requests until they end."""
    for line in requests:
        try:
            request = json.loads(line)
            if request.get("op") == "voices":
                _send(replies, {"ok": True, "voices": synth.voices()})
                continue
            rate, sound = synth.render(request["text"], int(request["rate"]), request["voice"])
        except SynthesisError as error:
            _send(replies, {"ok": False, "kind": error.kind, "what": str(error), "near": list(error.near)})
        else:
            _send(replies, {"ok": True, "rate": rate, "bytes": len(sound)}, sound)


def _send(replies: BinaryIO, header: dict[str, Any], sound: bytes = b"") -> None:
    replies.write(json.dumps(header).encode("ascii") + b"\n" + sound)
    replies.flush()


def _own_streams() -> tuple[BinaryIO, BinaryIO]:
    """The pipes to the owner; ``print`` and the libraries' own output then go nowhere."""
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    return requests, replies


def main(arguments: list[str] | None = None) -> int:
    """Serve one owner; 0 when it has gone, 1 when the engine could not start."""
    given = sys.argv[1:] if arguments is None else arguments
    options = dict(zip(given[::2], given[1::2], strict=False))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the owner
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    requests, replies = _own_streams()
    folder = Path(options.get("--folder") or tempfile.mkdtemp(prefix=PREFIX))
    try:
        synth: _Synth
        driver = options.get("--driver")
        loaded = prepare(folder) if is_linux() or driver == "espeak" else False
        direct = options.get("--route", "direct" if is_linux() else "pyttsx3") == "direct"
        synth = DirectEspeak() if direct and driver in (None, "espeak") else Pyttsx3Synth(driver, folder)
        _send(
            replies,
            {
                "ok": True,
                "engine": synth.name,
                "route": synth.route,
                "carried": loaded,
            },
        )
        serve(requests, replies, synth)
    except SynthesisError as error:
        _send(replies, {"ok": False, "kind": error.kind, "what": str(error), "near": []})
        return 1
    except BrokenPipeError:
        return 0
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    code = main()
    # espeak-ng's own threads may not join: leave without asking them.
    os._exit(code)
