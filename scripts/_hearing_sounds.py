"""Spoken test sentences, rooms and noises for ``evaluate_hearing.py``. The same arguments give the same sound."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import zlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

RATE = 16_000
VOICES = ("slt", "rms", "awb", "kal16", "festival-kal_diphone", "festival-cmu_us_slt_arctic_hts")
"""flite's, then festival's (Debian: festival, festvox-kallpc16k, festvox-us-slt-hts)."""
ASIDE = ("espeak-en-us", "espeak-en-gb")
"""Formant synthesis: no likeness of a person, for an aside only."""
SPEEDS = {"fast": 0.75, "slow": 1.4}
"""Factors of the duration."""
ROOMS = {"small room": (0.3, 6.0), "large room": (0.8, 3.0)}
"""Seconds of reverberation (RT60), and decibels of the direct sound over the reverberation."""
CONDITIONS = (
    "clean", "white 20 dB", "white 15 dB", "white 10 dB", "babble 20 dB", "babble 15 dB", "babble 10 dB",
    *ROOMS, *SPEEDS,
)  # fmt: skip
FLOOR = 3.0
"""Root mean square of the quiet background of "clean", of 32,768: no microphone gives zeros."""
LEAD, TAIL = RATE, RATE * 3 // 2
"""Samples of background before and after, so that the endpoint is found and not given."""
BABBLE = (
    "the old mill by the river has not been used for thirty years",
    "we should leave early because the road is always full at noon",
    "nobody in the office could remember where the keys had gone",
    "a long table with white plates stood under the apple trees",
)

Sound = NDArray[np.int16]
Wave = NDArray[np.float64]


def voices() -> tuple[str, ...]:
    """Those of `VOICES` that this machine has."""
    found = VOICES[:4] if shutil.which("flite") else ()
    places = [p.name for p in Path("/usr/share/festival/voices").glob("*/*")] if shutil.which("text2wave") else []
    return (*found, *(v for v in VOICES[4:] if v.removeprefix("festival-") in places))


@lru_cache(maxsize=2_000)
def speak(text: str, voice: str, stretch: float = 1.0) -> Wave:
    """The text as 16 kHz mono, its speech at a root mean square of 2,500 of 32,768."""
    sound, rate = synthesised(text, voice, stretch)
    wave: Wave = sound if rate == RATE else soxr.resample(sound, rate, RATE)
    return np.asarray(wave * (2_500.0 / max(level(wave), 1e-9)))


def synthesised(text: str, voice: str, stretch: float, pitch: int = 50) -> tuple[Wave, int]:
    """What a program says, -1 to 1, and its rate in Hz.

    Args:
        text: What to say.
        voice: flite's by name, festival-NAME, espeak-NAME.
        stretch: Factor of the duration.
        pitch: Of espeak-ng, 0 to 99; 50 is its own.

    Raises:
        OSError, subprocess.SubprocessError: The program is not there, or fails.

    """
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "line.wav"
        if voice.startswith("festival-"):
            command = ["text2wave", "-o", str(path), "-eval", f"(voice_{voice.removeprefix('festival-')})"]
            command += ["-eval", f"(Parameter.set 'Duration_Stretch {stretch:.2f})"]
        elif voice.startswith("espeak-"):
            command = ["espeak-ng", "-v", voice.removeprefix("espeak-"), "-s", str(round(165 / stretch))]
            command += ["-p", str(pitch), "-w", str(path), text]
        else:
            command = ["flite", "-voice", voice, "--setf", f"duration_stretch={stretch:.2f}", "-t", text]
            command += ["-o", str(path)]
        # festival's is read from its input.
        subprocess.run(command, input=text.encode(), check=True, capture_output=True, timeout=60)
        sound, rate = soundfile.read(path, dtype="float64")
    return sound, rate


def spoken(text: str, voice: str, condition: str) -> Sound:
    """The sentence under a condition of `CONDITIONS`, with background before and after."""
    random = np.random.default_rng(zlib.crc32(f"{text}|{voice}|{condition}".encode()))
    wave = speak(text, voice, SPEEDS.get(condition, 1.0))
    if condition in ROOMS:
        wave = in_room(wave, *ROOMS[condition], random)
    wave = np.concatenate([np.zeros(LEAD), wave, np.zeros(TAIL)])
    noise = FLOOR * random.normal(size=len(wave))
    kind, _, rest = condition.partition(" ")
    if kind in {"white", "babble"}:
        strength = 2_500.0 / 10 ** (float(rest.removesuffix(" dB")) / 20)
        noise += strength * (random.normal(size=len(wave)) if kind == "white" else babble(len(wave), random))
    return np.clip(np.rint(wave + noise), -32_768, 32_767).astype(np.int16)


def in_room(wave: Wave, rt60: float, direct: float, random: np.random.Generator) -> Wave:
    """With the reverberation of a room: noise that decays exponentially, after the direct sound.

    Source: Polack 1988, La transmission de l'énergie sonore dans les salles (statistical model of reverberation).
    """
    at = np.arange(round(rt60 * RATE)) / RATE
    tail = random.normal(size=len(at)) * 10 ** (-3.0 * at / rt60)
    tail[: RATE // 400] = 0.0
    tail *= 10 ** (-direct / 20) / np.sqrt(np.sum(tail**2))
    tail[0] = 1.0
    size = 1 << (len(wave) + len(tail)).bit_length()
    out: Wave = np.fft.irfft(np.fft.rfft(wave, size) * np.fft.rfft(tail, size), size)[: len(wave) + len(tail)]
    return np.asarray(out * (2_500.0 / level(out)))


def babble(length: int, random: np.random.Generator) -> Wave:
    """Eight talkers at once, at a root mean square of 1."""
    having = voices()
    talk = np.concatenate([speak(t, having[n % len(having)]) for n, t in enumerate(BABBLE)])
    mixed = sum(np.resize(np.roll(talk, random.integers(len(talk))), length) for _ in range(8))
    out: Wave = np.asarray(mixed, dtype=np.float64)
    return np.asarray(out / np.sqrt(np.mean(out**2)))


def recorded(path: Path, background: float = FLOOR) -> Sound:
    """A recording, with quiet background before and after, for the endpoint to be found."""
    sound, rate = soundfile.read(path, dtype="float64", always_2d=True)
    wave = 32_768 * (soxr.resample(sound, rate, RATE) if rate != RATE else sound).mean(axis=1)
    wave = np.concatenate([np.zeros(LEAD), wave, np.zeros(TAIL)])
    random = np.random.default_rng(zlib.crc32(path.name.encode()))
    return np.clip(np.rint(wave + background * random.normal(size=len(wave))), -32_768, 32_767).astype(np.int16)


def looped(path: Path, minutes: float) -> Sound:
    """A recording again and again."""
    sound, _ = soundfile.read(path, dtype="int16")
    out: Sound = np.resize(sound, round(minutes * 60 * RATE))
    return out


def level(wave: Sequence[float] | Wave) -> float:
    """Root mean square of the louder half of 20 ms frames: of the speech, not of its pauses."""
    samples = np.asarray(wave, dtype=np.float64)
    frames = samples[: len(samples) // 320 * 320].reshape(-1, 320)
    powers = np.sort(np.mean(frames**2, axis=1))
    return float(np.sqrt(powers[len(powers) // 2 :].mean())) if len(powers) else 0.0
