"""espeak-ng made ready for pyttsx3: which library, which data, and the short way in on Linux."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

LONGEST_DATA_PATH = 140
"""Characters. libespeak-ng keeps the path in a buffer of 160 and adds to it; 176 was seen to fail."""
DEFAULT_VOICE = "gmw/en-us"
"""American English, like the pack's wording and both recognisers."""
_DONT_EXIT = 0x8000
"""espeakINITIALIZE_DONT_EXIT of speak_lib.h: missing data is an error, not the end of the process."""
_CURRENT = 1
_VOICE_NOT_FOUND = "voice"


class SynthesisError(Exception):
    """What the worker reports to its owner; ``kind`` is "voice" for an unknown voice, else "engine"."""

    def __init__(self, what: str, kind: str = "engine", near: tuple[str, ...] = ()) -> None:
        """Keep the kind and the voices that are spelled alike."""
        super().__init__(what)
        self.kind = kind
        self.near = near


def prepare(folder: Path) -> bool:
    """Load the library that espeakng-loader carries, before pyttsx3 looks for one. Linux only in practice.

    pyttsx3 then finds the library already loaded, by its SONAME. ``ESPEAK_DATA_PATH`` tells it where the data
    are.

    Args:
        folder: A private folder for a short link, where the data's path is too long for the library.

    Returns:
        False when the loader is not installed or does not fit this machine: the system's espeak-ng is then
        used.

    """
    try:
        import espeakng_loader

        library, data = espeakng_loader.get_library_path(), espeakng_loader.get_data_path()
        ctypes.CDLL(library)
    except (ImportError, OSError, RuntimeError):
        return False
    os.environ["ESPEAK_DATA_PATH"] = short_path(data, folder)
    return True


def short_path(path: str, folder: Path) -> str:
    """The same folder by a name short enough for libespeak-ng; the path itself when it is."""
    if len(os.fsencode(path)) <= LONGEST_DATA_PATH:
        return path
    link = folder / "data"
    if not link.is_symlink():
        link.symlink_to(path, target_is_directory=True)
    return str(link)


class DirectEspeak:
    """espeak-ng through pyttsx3's own binding, ``pyttsx3.drivers._espeak``, without queue and files.

    Chosen for Linux by measurement (pyttsx3 2.99, espeak-ng 1.52, a sentence of 13 words, through the
    worker): 6 ms against 14 ms, no file, and the rate holds by itself: of 600 changes through
    ``Engine.setProperty`` some 430 were lost (``worker.Pyttsx3Synth`` knows how to keep them).
    """

    name = "espeak"
    route = "direct"

    def __init__(self) -> None:
        """Start the library.

        Raises:
            SynthesisError: No library, or no data for it.

        """
        try:
            from pyttsx3.drivers import _espeak
        except (ImportError, RuntimeError, OSError) as error:
            raise SynthesisError(f"espeak-ng was not found ({error})") from error
        self._lib: Any = _espeak
        data = os.environ.get("ESPEAK_DATA_PATH")
        rate = _espeak.Initialize(_espeak.AUDIO_OUTPUT_SYNCHRONOUS, 50, os.fsencode(data) if data else None, _DONT_EXIT)
        if rate <= 0:
            raise SynthesisError("espeak-ng found no voice data")
        self.rate = int(rate)
        self._parts: list[bytes] = []
        _espeak.SetSynthCallback(self._take)
        self._known = {str(voice["id"]): voice for voice in self._list()}
        self._voice: str | None = None

    def voices(self) -> list[dict[str, Any]]:
        """Id, name and languages of each voice."""
        return list(self._known.values())

    def render(self, text: str, rate: int, voice: str | None) -> tuple[int, bytes]:
        """One sentence to (Hz, mono int16 bytes).

        Raises:
            SynthesisError: Unknown voice, or the library refused.

        """
        self._choose(voice)
        if self._lib.SetParameter(self._lib.RATE, rate, 0) != 0:
            raise SynthesisError(f"espeak-ng refused the rate {rate}")
        self._parts = []
        done = self._lib.Synth(text.encode("utf-8"), flags=self._lib.CHARS_UTF8 | self._lib.ENDPAUSE)
        parts, self._parts = self._parts, []
        if done != 0:
            raise SynthesisError(f"espeak-ng failed with code {done}")
        return self.rate, b"".join(parts)

    def close(self) -> None:
        """Nothing to free before the process ends."""

    def _take(self, wave: Any, count: int, _events: Any) -> int:
        if count > 0:
            self._parts.append(ctypes.string_at(wave, count * 2))
        return 0

    def _choose(self, voice: str | None) -> None:
        if voice is None:
            wanted = DEFAULT_VOICE if DEFAULT_VOICE in self._known else "en"
        else:
            wanted = resolve_voice(voice, self._known)
            base, plus, variant = wanted.partition("+")
            if plus and not self._has_variant(variant):
                raise SynthesisError(f"espeak-ng has no voice variant {variant!r}", _VOICE_NOT_FOUND, (base,))
        if wanted == self._voice:
            return
        if self._lib.SetVoiceByName(wanted.encode("utf-8")) != 0:
            raise SynthesisError(f"espeak-ng could not load the voice {wanted!r}", _VOICE_NOT_FOUND)
        self._voice = wanted

    def _has_variant(self, variant: str) -> bool:
        # An unknown variant is ignored by the library without a word.
        where = ctypes.c_char_p()
        self._lib.dll.espeak_Info.restype = ctypes.c_char_p
        self._lib.dll.espeak_Info(ctypes.byref(where))
        folder = Path(os.fsdecode(where.value or b"")) / "voices" / "!v"
        return any(entry.name.lower() == variant.lower() for entry in folder.glob("*"))

    def _list(self) -> list[dict[str, Any]]:
        found = []
        for voice in self._lib.ListVoices(None):
            # A byte of priority before each language, a zero byte after; ctypes hands back the first only.
            language = (voice.languages or b"")[1:].decode("utf-8", "ignore")
            found.append(
                {
                    "id": voice.identifier.decode("utf-8", "ignore").lower(),
                    "name": voice.name.decode("utf-8", "ignore"),
                    "languages": [language] if language else [],
                }
            )
        return found


def resolve_voice(wanted: str, known: Mapping[str, Mapping[str, Any]]) -> str:
    """The id of the voice that is meant: by id, name, or language, in any case; "+f3" after it is kept.

    Raises:
        SynthesisError: No such voice; ``near`` names up to five that are spelled alike.

    """
    import difflib

    base, plus, variant = wanted.strip().partition("+")
    low = base.lower()
    for identity, voice in known.items():
        if low in (identity.lower(), str(voice["name"]).lower(), identity.lower().rpartition("/")[2]):
            return identity + plus + variant
    for identity, voice in known.items():
        if low in (str(language).lower() for language in voice["languages"]):
            return identity + plus + variant
    names = [name for i, v in known.items() for name in (i, str(v["name"]))]
    near = difflib.get_close_matches(base, names, n=5, cutoff=0.4)
    raise SynthesisError(f"there is no voice {wanted!r}", _VOICE_NOT_FOUND, tuple(near or english_voices(known)[:5]))


def english_voices(known: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The ids of those that speak English."""
    return [i for i, v in known.items() if any(str(x).lower().startswith("en") for x in v["languages"])]


def is_linux() -> bool:
    """Whether espeak-ng is the system's engine."""
    return sys.platform.startswith("linux")
