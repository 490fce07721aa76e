"""Pairs to learn from: a synthesised sentence as it was spoken, and as a microphone in a noisy room may have it.

Voices: flite's slt and rms, festival's ked, and espeak-ng; each also quicker or slower and with another vocal tract.
The voices that ``evaluate_hearing.py`` reports on (awb, kal16, kal) are not among them.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import soundfile
import soxr
from _hearing_sounds import level, synthesised
from numpy.typing import NDArray

from companion.hearing.cepstra import log_mel
from companion.hearing.frames import floored
from companion.ports import SAMPLE_RATE as RATE

Wave = NDArray[np.float64]
Frames = NDArray[np.float16]

VOICES = (
    *("slt",) * 4, *("rms",) * 4, *("festival-ked_diphone",) * 2,
    *(f"espeak-en-us+{v}" for v in ("m1", "m3", "m4", "m7", "f2", "f4")),
    "espeak-en-gb+m2", "espeak-en-gb-scotland+m5", "espeak-en-gb-x-rp+f3",
)  # fmt: skip
LOUDNESS = 2000.0
"""Root mean square of speech on the scale of int16; a take is 20 dB softer to 8 dB louder."""
NOISE, SHARE_NOISY = (3.0, 32.0), 0.8
"""Decibels of the speech over the noise, and how many takes have any."""
UNTOUCHED = 0.1
"""Share of takes that are left as they were spoken, so that clean speech stays what it is."""


@dataclass(frozen=True, slots=True)
class Job:
    """One sentence by one voice; the same job gives the same pairs."""

    voice: str
    text: str
    seed: int
    copies: int


@dataclass(frozen=True, slots=True)
class Pair:
    """Log mel energies, each shape (frames, 25)."""

    clean: Frames
    heard: tuple[Frames, ...]


def pair(job: Job, talk: Sequence[Wave]) -> Pair | None:
    """Speak and distort a sentence; None where the voice is not there, or says nothing.

    Args:
        job: What to say.
        talk: Sentences of others, for babble, each at a root mean square of 1.

    """
    random = np.random.default_rng(job.seed)
    try:
        spoken = speak(job.voice, job.text, random)
    except (OSError, subprocess.SubprocessError, soundfile.LibsndfileError):
        return None
    if len(spoken) < RATE // 5 or not spoken.any():
        return None
    before, after = (np.zeros(int(random.uniform(0.1, most) * RATE)) for most in (0.7, 0.9))
    wave = np.concatenate([before, spoken, after])
    wave *= LOUDNESS * 10 ** random.uniform(-1.0, 0.4) / level(wave)
    clean = _energies(wave)
    heard = []
    for _ in range(job.copies):
        other = wave if random.random() < UNTOUCHED else distorted(wave, talk, random)
        heard.append(_energies(other + random.normal(0.0, 2.0, len(other)))[: len(clean)])
    return Pair(clean, tuple(heard))


def speak(voice: str, text: str, random: np.random.Generator) -> Wave:
    """A sentence at 16 kHz, -1 to 1.

    Raises:
        OSError, subprocess.SubprocessError: The program is not there, or fails.

    """
    stretch, pitch = random.uniform(0.8, 1.3), int(random.integers(25, 75))
    samples, rate = synthesised(text, voice, stretch, pitch)
    # Read at another rate, so that the vocal tract is another one, too.
    out: Wave = soxr.resample(samples, int(rate * random.uniform(0.85, 1.2)), RATE)
    return out


def distorted(wave: Wave, talk: Sequence[Wave], random: np.random.Generator) -> Wave:
    """In a room, through a telephone, another microphone's balance, in noise: each by chance."""
    out = wave
    if random.random() < 0.45:
        out = _in_room(out, random)
    if random.random() < 0.3:
        low, high, steep = random.uniform(60, 400), random.uniform(3200, 7500), random.integers(8, 40)
        out = _shaped(out, lambda f: 1 / (1 + (low / np.maximum(f, 1.0)) ** 6) / (1 + (f / high) ** steep))
    if random.random() < 0.4:
        tilt = random.uniform(-0.5, 0.5)
        out = _shaped(out, lambda f: np.maximum(f / 1000, 0.1) ** tilt)
    out = out * (level(wave) / level(out))
    if random.random() < SHARE_NOISY:
        out = out + noise(len(out), talk, random) * level(wave) / 10 ** (random.uniform(*NOISE) / 20)
    if random.random() < 0.2:  # a telephone cuts off the noise too
        narrow = soxr.resample(soxr.resample(out, RATE, RATE / 2), RATE / 2, RATE)
        out = np.pad(narrow, (0, max(0, len(out) - len(narrow))))
    return out


def noise(length: int, talk: Sequence[Wave], random: np.random.Generator) -> Wave:
    """Coloured noise, some with a band that stands out; two to eight talkers; or a hum with its harmonics. Level 1."""
    kind = random.integers(0, 6)
    if kind <= 2:
        fall = random.uniform(-0.2, 1.2)
        out = _shaped(random.normal(size=length), lambda f: 1 / np.maximum(f / 100, 1.0) ** fall)
        if random.random() < 0.3:
            centre = random.uniform(200, 5000)
            band = _shaped(random.normal(size=length), lambda f: np.exp(-(((f - centre) / (0.2 * centre)) ** 2)))
            out = out + 3 * band
    elif kind <= 4 and talk:
        out = np.zeros(length)
        for _ in range(random.integers(2, 9)):
            voice = talk[int(random.integers(len(talk)))]
            out += random.uniform(0.5, 1.0) * np.resize(np.roll(voice, random.integers(len(voice))), length)
    else:
        at, base = np.arange(length) / RATE, random.uniform(50, 400)
        out = 0.3 * random.normal(size=length)
        for harmonic in range(1, random.integers(3, 15)):
            wave = np.sin(2 * np.pi * base * harmonic * at + random.uniform(0, 6))
            out += wave * random.uniform(0, 1) / harmonic**0.5
    if random.random() < 0.3:  # it swells and fades
        at = np.arange(length) / RATE
        out = out * (1 + 0.9 * np.sin(2 * np.pi * random.uniform(0.3, 5) * at + random.uniform(0, 6)))
    return np.asarray(out / level(out))


def _in_room(wave: Wave, random: np.random.Generator) -> Wave:
    """Behind the direct sound, noise that decays by 60 dB in 0.15 to 0.8 s (Polack's model, as in _hearing_sounds)."""
    length = int(random.uniform(0.15, 0.8) * RATE)
    echo = random.normal(size=length) * 10 ** (-3 * np.arange(length) / length)
    echo[: random.integers(20, 60)] = 0.0
    echo *= 10 ** (-random.uniform(0, 10) / 20) / np.sqrt((echo**2).sum())
    echo[0] = 1.0
    size = 1 << (len(wave) + length).bit_length()
    out: Wave = np.fft.irfft(np.fft.rfft(wave, size) * np.fft.rfft(echo, size), size)[: len(wave)]
    return out


def _shaped(wave: Wave, gain: Callable[[Wave], Wave]) -> Wave:
    size = 1 << len(wave).bit_length()
    out: Wave = np.fft.irfft(np.fft.rfft(wave, size) * gain(np.arange(size // 2 + 1) * RATE / size), size)[: len(wave)]
    return out


def _energies(wave: Wave) -> Frames:
    samples = np.clip(np.rint(wave), -32_768, 32_767).astype(np.int16)
    return log_mel(floored(samples)).astype(np.float16)
