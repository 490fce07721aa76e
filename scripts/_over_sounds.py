"""Sounds for the measurements of speaking over the companion: its narration, rooms, single words, recordings of people.

All are float64 at 16,000 Hz; levels are root mean squares of the frames that are not silent.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr

from companion.hearing.echo import Played

RATE, LEVEL = 16_000, 0.05
BLOCK = RATE // 10
VOICES = ((None, 120, 1), (None, 200, 2), ("en-gb", 120, 3), ("en-us+f3", 140, 4), ("en-gb+m3", 100, 5))
"""Voice, rate and room of each narration: half an hour together."""
FLITE = ("slt", "rms", "awb")
Floats = Any


def narration(voice: str | None, rate: int) -> Floats:
    """The whole pack read aloud, at level 1."""
    from companion.content import load_pack
    from companion.events import SpeechSettings
    from companion.speaking.pyttsx3_voice import Pyttsx3Voice
    from companion.text.sentences import split

    pack = load_pack()
    with Pyttsx3Voice(pack.speech, spare=False) as made:
        texts = [s for item in pack.items for text in (item.short, *item.more) for s in split(text)]
        pieces = [made.render(text, SpeechSettings(rate=rate, voice=voice)) for text in texts]
    sound = np.concatenate([soxr.resample(p.samples, p.rate, RATE) for p in pieces])
    return sound / active(sound)


def leak(sound: Floats, seed: int, decibels: float) -> Floats:
    """The narration as it comes back from a room 64 ms later, so much against ``LEVEL``, with a little noise."""
    random = np.random.default_rng(seed)
    size = round((0.3 + 0.05 * seed) * RATE)
    tail = random.normal(0, 1, size) * 10 ** (-3 * np.arange(size) / size)
    tail[0] = 4
    whole = np.concatenate([np.zeros(round(0.064 * RATE)), tail])
    length = 1 << (len(sound) + len(whole)).bit_length()
    back = np.fft.irfft(np.fft.rfft(sound, length) * np.fft.rfft(whole, length), length)[: len(sound)]
    out: Floats = back / active(back) * LEVEL * 10 ** (decibels / 20) + random.normal(0, 3e-4, len(sound))
    return out


def blocks(sound: Floats, near: Floats, played: Played) -> Iterator[tuple[float, Any]]:
    """(seconds, int16 block) of the microphone, and ``played`` is told of the narration a second ahead."""
    played.put((sound[:RATE] * 0.1).astype(np.float32), RATE, 0.0)
    for start in range(0, len(near) - RATE, BLOCK):
        end = start + BLOCK
        ahead = sound[end + RATE - BLOCK : end + RATE]
        played.put((ahead * 0.1).astype(np.float32), RATE, (end + RATE - BLOCK) / RATE)
        yield end / RATE, (np.clip(near[start:end], -1, 1) * 32_767).astype(np.int16)


def synthesised(words: Sequence[str]) -> list[tuple[str, str, Floats]]:
    """(word, name, sound) by flite's voices."""
    out = []
    with tempfile.TemporaryDirectory() as folder:
        for word in words:
            for voice in FLITE:
                path = Path(folder) / "word.wav"
                subprocess.run(["flite", "-voice", voice, "-t", word, "-o", str(path)], check=True)
                out.append((word, f"{word}: flite {voice}", read(path)))
    return out


def read(path: Path) -> Floats:
    """A recording's first channel, at ``LEVEL``."""
    samples, rate = soundfile.read(path, dtype="float64", always_2d=True)
    sound = soxr.resample(samples[:, 0], rate, RATE)
    return sound / active(sound) * LEVEL


def active(sound: Floats) -> float:
    """Root mean square of the frames that are not silent."""
    frames = sound[: len(sound) // 480 * 480].reshape(-1, 480)
    levels = np.sqrt((frames**2).mean(1))
    return float(np.sqrt((levels[levels > levels.max() * 0.1] ** 2).mean()))
