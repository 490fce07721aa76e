"""Short replies to learn from: many synthetic voices, each word again and again as other microphones would have it.

Voices: flite's slt and rms, festival's ked and slt, and espeak-ng in all its variants and accents of English. The
voices that ``evaluate_hearing.py`` reports on (awb, kal16, kal) are not among them.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from vosk_model.features import FRAME, RATE, SHIFT, Floats, mfcc
from vosk_model.speech import ESPEAK, FLITE

FESTIVAL = "festival"
FLITE_VOICES = ("slt", "rms")
ACCENTS = (
    "en-us", "en-us", "en-us", "en-us", "en-us-nyc", "en-gb", "en-gb-scotland", "en-gb-x-rp", "en-gb-x-gbclan",
    "en-gb-x-gbcwmd", "en-029",
)  # fmt: skip
LOUDNESS = 1500.0
"""Root mean square of a clean utterance, on the scale of int16."""
LEAD = RATE
"""Samples of silence before and after."""
FRAMES = 160
"""Of one take: 1.6 s."""
PACE, WARP = (0.65, 1.45), (0.82, 1.24)
"""How much quicker a take runs, and how its frequencies are stretched."""
SHARE_NARROW, SHARE_GATED, SHARE_ROOM, SHARE_NOISY = 0.5, 0.4, 0.4, 0.7
"""Takes without sound above 4 kHz, as by telephone; with silence for the background around the speech, as by some
headsets; in a room; in noise."""
SHARE_TALK = 0.35
"""Of the noises, where there is talk."""
Wave = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Utterance:
    """What one voice says."""

    engine: str
    voice: str
    words: tuple[str, ...]
    seed: int


@dataclass(frozen=True, slots=True)
class Take:
    """Part of an utterance as some microphone has it."""

    features: NDArray[np.float16]
    """Shape (160, 20)."""
    places: NDArray[np.int16]
    """Which frame of the clean utterance each of its frames is from, shape (160,)."""


def espeak_variants() -> list[str]:
    """All variants of espeak-ng's voices, by their names."""
    done = subprocess.run(["espeak-ng", "--voices=variant"], capture_output=True, text=True, check=True, timeout=60)
    found = re.findall(r"!v/(\S+)", done.stdout)
    return sorted({name for name in found if not re.search("robo|fast|announcer|whisper|demonic", name.lower())})


def drawn_voice(
    random: np.random.Generator, shares: Mapping[str, float], variants: Sequence[str]
) -> tuple[str, str]:
    """An engine and its voice.

    Args:
        random: Draws.
        shares: Of flite's and festival's voices by name; the rest is espeak-ng's.
        variants: Of espeak-ng's voices (``espeak_variants``).

    """
    pick = random.random()
    for name, share in shares.items():
        if pick < share:
            return FLITE if name in FLITE_VOICES else FESTIVAL, name
        pick -= share
    return ESPEAK, f"{ACCENTS[int(random.integers(len(ACCENTS)))]}+{variants[int(random.integers(len(variants)))]}"


def say(lines: Sequence[Utterance]) -> list[Wave]:
    """Speak some lines of one engine; empty where a voice could not.

    Returns:
        For each line 16 kHz on the scale of int16, with a second of zeros before and after.

    """
    spoken = _festival(lines) if lines[0].engine == FESTIVAL else [_one(line) for line in lines]
    out = []
    for wave in spoken:
        loud = np.flatnonzero(np.abs(wave) > 0.02 * max(1e-6, float(np.abs(wave).max(initial=0.0))))
        if len(loud) < RATE // 20:
            out.append(np.zeros(0, np.float32))
            continue
        kept = wave[loud[0] : loud[-1] + 1]
        kept = kept * (LOUDNESS / np.sqrt(np.mean(kept**2)))
        out.append(np.pad(kept, LEAD).astype(np.float32))
    return out


def _one(line: Utterance) -> Wave:
    random = np.random.default_rng(line.seed)
    stretch, text = float(random.uniform(0.75, 1.35)), " ".join(line.words)
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "line.wav")
        if line.engine == FLITE:
            command = ["flite", "-voice", line.voice, "--setf", f"duration_stretch={stretch:.2f}", "-t", text]
            command += ["-o", path]
        else:
            command = ["espeak-ng", "-v", line.voice, "-s", str(round(165 / stretch)), "-w", path]
            command += ["-p", str(int(random.integers(10, 90))), text]
        subprocess.run(command, capture_output=True, check=True, timeout=60)
        return _read(path)


def _festival(lines: Sequence[Utterance]) -> list[Wave]:
    """All in one process, since festival takes long to start; nothing where it is not there."""
    if shutil.which(FESTIVAL) is None:
        return [np.zeros(0, np.float32)] * len(lines)
    with tempfile.TemporaryDirectory() as folder:
        script = []
        for n, line in enumerate(lines):
            stretch = np.random.default_rng(line.seed).uniform(0.75, 1.35)
            script.append(f"(voice_{line.voice}) (Parameter.set 'Duration_Stretch {stretch:.2f})")
            text = " ".join(line.words)
            script.append(f'(utt.save.wave (utt.synth (Utterance Text "{text}")) "{folder}/{n}.wav" \'riff)')
        (Path(folder) / "all.scm").write_text("\n".join(script))
        subprocess.run(["festival", "-b", f"{folder}/all.scm"], capture_output=True, check=False, timeout=300)
        return [_read(f"{folder}/{n}.wav") for n in range(len(lines))]


def _read(path: str) -> Wave:
    try:
        sound, rate = soundfile.read(path, dtype="float32")
    except (OSError, soundfile.LibsndfileError):
        return np.zeros(0, np.float32)
    out: Wave = sound if rate == RATE else soxr.resample(sound, rate, RATE)
    return out


def clean(wave: Wave, seed: int) -> Floats:
    """The features of all of it, to be labelled, shape (frames, 20)."""
    # Real silence is never all zeros, and its logarithm would be like nothing else.
    return mfcc(wave + np.random.default_rng(seed).normal(0, 2.0, len(wave)).astype(np.float32))


def takes(wave: Wave, count: int, seed: int, talk: Wave | None = None) -> list[Take]:
    """Distort what was said, another way each time.

    Args:
        wave: As ``say`` gives it.
        count: How many.
        seed: Of what happens.
        talk: Many people at once (``crowd``), for some of the noises; None for none.

    """
    random = np.random.default_rng(seed)
    return [_take(wave, random, talk) for _ in range(count)]


def crowd(waves: Sequence[Wave], seed: int) -> Wave:
    """Six to speak at once, half a minute, at a root mean square of 1."""
    random = np.random.default_rng(seed)
    length = 30 * RATE
    total = np.zeros(length, np.float32)
    for _ in range(6):
        order = random.permutation(len(waves))
        talk = np.concatenate([waves[n][LEAD : len(waves[n]) - LEAD] for n in order[: min(len(order), 40)]])
        total += np.resize(talk, length)
    mixed: Wave = (total / np.sqrt(np.mean(total**2))).astype(np.float32)
    return mixed


def _take(wave: Wave, random: np.random.Generator, talk: Wave | None) -> Take:
    pace = random.uniform(*PACE)
    # It runs quicker and slower within the take, too: the pace is a slow random curve.
    curve = np.interp(np.arange(FRAMES), np.linspace(0, FRAMES, 7), random.normal(0, 0.12, 7))
    steps = SHIFT * pace * np.exp(curve)
    said = (len(wave) - 2 * LEAD) / SHIFT / pace
    spare = FRAMES - said
    before = random.uniform(5, max(6.0, spare - 12)) if spare > 20 else random.uniform(-(max(0.0, -spare)), 12)
    starts = np.cumsum(steps) - steps[0]
    starts += LEAD - np.interp(before, np.arange(FRAMES), starts) if before > 0 else LEAD - before * SHIFT * pace
    starts = np.clip(np.rint(starts), 0, len(wave) - FRAME).astype(np.int64)
    first, last = int(starts[0]), int(starts[-1]) + FRAME
    sound = distorted(wave[first:last], random, LEAD - first, talk)
    features = mfcc(sound, float(random.uniform(*WARP)), starts - first)
    return Take(features.astype(np.float16), (starts // SHIFT).astype(np.int16))


def distorted(wave: Wave, random: np.random.Generator, onset: int, talk: Wave | None = None) -> Wave:
    """As another microphone in another place has it.

    Args:
        wave: Speech between zeros.
        random: Decides what happens.
        onset: Sample at which the speech begins.
        talk: As for ``takes``.

    """
    spoken = np.flatnonzero(wave)
    out = wave
    if random.random() < 0.4:
        tilt, bend = random.uniform(-0.6, 0.6), random.uniform(-0.35, 0.35)
        wave_of = 2 * np.pi / 8000
        out = _shaped(out, lambda f: np.maximum(f / 1000, 0.1) ** tilt * np.exp(bend * np.cos(f * wave_of + bend * 9)))
    if random.random() < SHARE_ROOM:
        out = _in_room(out, random)
    if random.random() < SHARE_NOISY:
        out = out + _noise(out, random, talk)
    if random.random() < SHARE_NARROW:
        out = _narrow(out, random)
    if random.random() < 0.15:
        peak = float(np.abs(out).max(initial=1.0)) * random.uniform(0.25, 0.8)
        out = np.clip(out, -peak, peak)
    if len(spoken) and random.random() < SHARE_GATED:
        gate: Wave = np.zeros(len(out), np.float32)
        margins = random.uniform(-0.02, 0.15, 2) * RATE
        gate[max(0, int(onset - margins[0])) : max(1, int(spoken[-1] + margins[1]))] = 1.0
        out = out * gate
    loud = out * (10 ** random.uniform(-1.1, 0.7)) + random.normal(0, random.uniform(0.4, 5.0), len(out))
    kept: Wave = np.clip(np.rint(loud), -32_768, 32_767).astype(np.float32)
    return kept


def _narrow(wave: Wave, random: np.random.Generator) -> Wave:
    """No sound above 4 kHz: sampled at 8 kHz; some also without the lowest, or in the 256 steps of a telephone line."""
    low, high = random.uniform(20, 350), random.uniform(3000, 4500)
    out = wave
    if random.random() < 0.5:
        out = _shaped(out, lambda f: 1 / (1 + (low / np.maximum(f, 1.0)) ** 6) / (1 + (f / high) ** 12))
    slow = soxr.resample(out, RATE, RATE // 2)
    if random.random() < 0.3:
        top = max(1.0, float(np.abs(slow).max(initial=1.0)) / random.uniform(0.1, 1.0))
        pressed = np.sign(slow) * np.log1p(255 * np.abs(slow) / top) / np.log(256)
        pressed = np.rint(pressed * 127) / 127
        slow = np.sign(pressed) * top * np.expm1(np.abs(pressed) * np.log(256)) / 255
    else:
        slow = np.rint(slow)
    back = soxr.resample(slow.astype(np.float32), RATE // 2, RATE)[: len(wave)]
    return np.pad(back, (0, len(wave) - len(back))).astype(np.float32)


def _in_room(wave: Wave, random: np.random.Generator) -> Wave:
    """Behind the direct sound, noise that decays by 60 dB in 0.1 to 0.7 s (Polack's model)."""
    length = int(random.uniform(0.1, 0.7) * RATE)
    echo = random.normal(size=length) * 10 ** (-3 * np.arange(length) / length)
    echo[: random.integers(10, 60)] = 0.0
    echo *= 10 ** (-random.uniform(0, 14) / 20) / np.sqrt((echo**2).sum())
    echo[0] = 1.0
    size = 1 << (len(wave) + length).bit_length()
    wet = np.fft.irfft(np.fft.rfft(wave, size) * np.fft.rfft(echo, size), size)[: len(wave)]
    return wet.astype(np.float32)


def _noise(wave: Wave, random: np.random.Generator, talk: Wave | None) -> Wave:
    """Noise whose power falls by 0 to 7 dB an octave, or a hum in it, or talk; 5 to 38 dB below the speech."""
    length, fall = len(wave), random.uniform(0, 1.2)
    if talk is not None and random.random() < SHARE_TALK:
        start = int(random.integers(len(talk)))
        return _at(np.take(talk, np.arange(start, start + length), mode="wrap"), wave, random.uniform(5, 30))
    out = _shaped(random.normal(size=length), lambda f: np.maximum(f / 100, 1.0) ** -fall)
    if random.random() < 0.25:
        at, base = np.arange(length) / RATE, random.uniform(50, 300)
        hum = sum(np.sin(6.2832 * base * h * at + random.uniform(0, 6)) / h for h in range(1, 8))
        out = out * float(random.uniform(0.2, 1)) + hum
    return _at(out, wave, random.uniform(5, 38))


def _at(noise: NDArray[np.floating], wave: Wave, below: float) -> Wave:
    """The noise, so many decibels below the speech."""
    spoken = wave[wave != 0]
    power = float(np.mean(spoken**2)) if len(spoken) else LOUDNESS**2
    gain = np.sqrt(power / 10 ** (below / 10) / max(1e-9, float(np.mean(noise**2))))
    found: Wave = (noise * gain).astype(np.float32)
    return found


def _shaped(wave: NDArray[np.floating], gain: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> Wave:
    size = 1 << len(wave).bit_length()
    spectrum = np.fft.rfft(wave, size) * gain(np.arange(size // 2 + 1) * RATE / size)
    return np.fft.irfft(spectrum, size)[: len(wave)].astype(np.float32)
