"""Speech to learn from: flite and espeak-ng, each sentence also quicker or slower, in a room, with noise, by telephone.

flite prints when each of its phones ends, which labels every frame. espeak-ng does not; its phones are found by the
network that flite's speech has taught (``network.align``).
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from vosk_model.features import FRAME, RATE, SHIFT, Floats, mfcc
from vosk_model.phones import CLASSES, SILENCE

FLITE, ESPEAK = "flite", "espeak-ng"
LOUDNESS = 1500.0
"""Root mean square of a clean sentence, on the scale of int16."""
LEAD = RATE // 5
"""Samples of silence before and after espeak-ng's speech; flite brings its own."""
COPIES = 2
"""Distorted, beside the clean one."""
WORDS_A_MINUTE, PITCH = (125, 205), (25, 75)
"""Of espeak-ng's speech; its pitch runs from 0 to 99."""
PACE, WARP = (0.82, 1.2), (0.84, 1.2)
"""How much quicker a copy is, and how its frequencies are stretched."""
Labels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence for one voice."""

    engine: str
    voice: str
    words: tuple[str, ...]
    seed: int


@dataclass(frozen=True, slots=True)
class Take:
    """One recording of a line."""

    features: Floats
    """Shape (frames, 20)."""
    pace: float
    """How much quicker than the clean one; 1 for that itself."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """A line with all its takes, the clean one first."""

    line: Line
    takes: tuple[Take, ...]
    labels: Labels | None
    """Classes of the clean take's frames; None where they have yet to be found."""


def speak(line: Line) -> Spoken:
    """Synthesise a line and distort it; the same line gives the same result.

    Raises:
        OSError, subprocess.SubprocessError: The program is not there, or fails.

    """
    samples, ends = _flite(line) if line.engine == FLITE else _espeak(line)
    samples = samples * np.float32(LOUDNESS / max(1.0, float(np.sqrt(np.mean(samples**2)))))
    random = np.random.default_rng(line.seed)
    takes = [Take(_features(samples, random), 1.0)]
    labels = _labels(ends, len(takes[0].features)) if ends else None
    for _ in range(COPIES):
        pace = float(random.uniform(*PACE))
        at = np.arange(int(len(samples) / pace)) * pace
        quick = np.interp(at, np.arange(len(samples)), samples).astype(np.float32)
        takes.append(Take(_features(_distorted(quick, random), random, float(random.uniform(*WARP))), pace))
    return Spoken(line, tuple(takes), labels)


def labels_of(take: Take, labels: Labels) -> Labels:
    """The clean take's classes in the time of another one, shape (its frames,)."""
    at = np.minimum((np.arange(len(take.features)) * take.pace).astype(np.int64), len(labels) - 1)
    return labels[at]


def _features(samples: NDArray[np.float32], random: np.random.Generator, warp: float = 1.0) -> Floats:
    # Real silence is never all zeros, and its logarithm would be like nothing else.
    return mfcc(samples + random.normal(0, 2.0, len(samples)).astype(np.float32), warp)


def _labels(ends: Sequence[tuple[str, float]], frames: int) -> Labels:
    middles = (np.arange(frames) * SHIFT + FRAME / 2) / RATE
    at = np.searchsorted([end for _, end in ends], middles)
    classes = np.array([CLASSES.index(phone) for phone, _ in ends] + [CLASSES.index(SILENCE)], np.uint8)
    return classes[at]


def _flite(line: Line) -> tuple[NDArray[np.float32], list[tuple[str, float]]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "line.wav"
        command = ["flite", "-voice", line.voice, "-t", " ".join(line.words), "-o", str(path), "-psdur"]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
        samples, rate = soundfile.read(path, dtype="float32")
    ends = [(phone, float(end)) for phone, end in (p.rsplit(":", 1) for p in done.stdout.split())]
    return _at_rate(samples, rate), [(p if p in CLASSES else SILENCE, end) for p, end in ends]


def _espeak(line: Line) -> tuple[NDArray[np.float32], list[tuple[str, float]]]:
    random = np.random.default_rng(line.seed + 1)
    pace, pitch = str(int(random.integers(*WORDS_A_MINUTE))), str(int(random.integers(*PITCH)))
    command = ["espeak-ng", "-v", line.voice, "-s", pace, "-p", pitch, "--stdout", " ".join(line.words)]
    done = subprocess.run(command, capture_output=True, check=True, timeout=60)
    # Behind a header whose lengths are wrong.
    samples = (np.frombuffer(done.stdout[44:], "<i2") / 32768).astype(np.float32)
    silence = np.zeros(LEAD, np.float32)
    return np.concatenate([silence, _at_rate(samples, 22_050), silence]), []


def _at_rate(samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    resampled = samples if rate == RATE else soxr.resample(samples, rate, RATE)
    return (resampled * 32768).astype(np.float32)


def _distorted(samples: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.float32]:
    out = samples
    if random.random() < 0.4:
        out = _in_room(out, random)
    if random.random() < 0.3:
        out = _through_telephone(out, random)
    if random.random() < 0.8:
        out = _with_noise(out, random)
    return np.multiply(out, random.uniform(0.15, 2.5), dtype=np.float32)


def _in_room(samples: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.float32]:
    """Convolved with noise that decays by 60 dB in 0.15 to 0.6 s, behind the direct sound (Polack's model)."""
    n = RATE // 3
    decay = np.exp(-6.9 * np.arange(n) / RATE / random.uniform(0.15, 0.6))
    echo = random.normal(0, 1, n) * decay
    echo *= random.uniform(0.2, 0.7) / np.sqrt(np.sum(echo**2))
    echo[0] = 1.0
    size = 1 << (len(samples) + n).bit_length()
    wet = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(echo, size), size)[: len(samples)]
    out: NDArray[np.float32] = wet.astype(np.float32)
    return out


def _through_telephone(samples: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.float32]:
    size = 1 << len(samples).bit_length()
    spectrum = np.fft.rfft(samples, size)
    hertz = np.arange(len(spectrum)) * RATE / size
    low, high = random.uniform(60, 350), random.uniform(3200, 7000)
    spectrum *= 1 / (1 + (low / np.maximum(hertz, 1.0)) ** 6) / (1 + (hertz / high) ** 12)
    out: NDArray[np.float32] = np.fft.irfft(spectrum, size)[: len(samples)].astype(np.float32)
    return out


def _with_noise(samples: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.float32]:
    """Noise whose power falls by 0 to 6 dB an octave, 8 to 35 dB below the speech."""
    size = 1 << len(samples).bit_length()
    spectrum = np.fft.rfft(random.normal(0, 1, size))
    spectrum /= np.maximum(1.0, np.arange(len(spectrum)) * RATE / size / 100) ** random.uniform(0, 1)
    noise = np.fft.irfft(spectrum, size)[: len(samples)]
    power = float(np.mean(samples**2)) / 10 ** (random.uniform(8, 35) / 10)
    louder = float(np.sqrt(power / max(1e-9, float(np.mean(noise**2)))))
    out: NDArray[np.float32] = (samples + noise * louder).astype(np.float32)
    return out
