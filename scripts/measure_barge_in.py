"""Who speaks over the companion: found and falsely found, with the narration leaking into the microphone.

Simulated: the narration at a level below the listener's words, and a little noise, are added up. No room, no delay.
Arguments: more recordings (WAV) of single words. Needs flite.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
RATE, LEVEL, WORDS = 16_000, 0.05, ("stop", "pause", "repeat", "slower", "next")
VOICES = ("slt", "rms", "awb")


def main() -> int:
    """Print a line for each level of the leak."""
    narration = _narration()
    words = [*_synthesised(), *map(_read, map(Path, sys.argv[1:]))]
    noise = np.random.default_rng(0)
    print(f"{len(narration) / RATE:.0f} s of narration, {len(words)} words")
    for decibels in (-10, -20, -80):
        leak = narration / _active(narration) * LEVEL * 10 ** (decibels / 20)
        false = len(_found(leak, noise))
        times = []
        for word in words:
            at = int(noise.integers(0, len(leak) - 7 * RATE))
            heard = leak[at : at + 7 * RATE].copy()
            heard[4 * RATE : 4 * RATE + len(word)] += word[: 3 * RATE] / _active(word) * LEVEL
            times += [t - 4 for t in _found(heard, noise) if t >= 4][:1]
        p50 = f"{np.median(times):.2f} s after its file began" if times else "never"
        print(f"leak at {decibels} dB: {false} false, {len(times)} of {len(words)} found, median {p50}")
    return 0


def _found(sound: np.ndarray, noise: np.random.Generator) -> list[float]:
    from companion.hearing.barge import Interruption
    from companion.hearing.endpoint import FRAME, webrtc_detector

    mixed = np.clip(sound + noise.normal(0, 3e-4, len(sound)), -1, 1)
    blocks: Any = (mixed * 32_767).astype(np.int16)
    interruption, times = Interruption(webrtc_detector()), [-9.0]
    for start in range(0, len(blocks), FRAME):
        if interruption.push(blocks[start : start + FRAME]) and start / RATE - times[-1] > 2:
            times.append(start / RATE)
    return times[1:]


def _narration() -> np.ndarray:
    from companion.content import load_pack
    from companion.events import SpeechSettings
    from companion.speaking.pyttsx3_voice import Pyttsx3Voice
    from companion.text.sentences import split

    pack = load_pack()
    with Pyttsx3Voice(pack.speech, spare=False) as voice:
        texts = [s for item in pack.items for text in (item.short, *item.more) for s in split(text)]
        pieces = [voice.render(text, SpeechSettings()) for text in texts]
    return np.concatenate([soxr.resample(p.samples, p.rate, RATE) for p in pieces])


def _synthesised() -> list[np.ndarray]:
    out = []
    with tempfile.TemporaryDirectory() as folder:
        for word in WORDS:
            for voice in VOICES:
                path = Path(folder) / "word.wav"
                subprocess.run(["flite", "-voice", voice, "-t", word, "-o", str(path)], check=True)
                out.append(_read(path))
    return out


def _read(path: Path) -> np.ndarray:
    samples, rate = soundfile.read(path, dtype="float64")
    return np.asarray(soxr.resample(samples, rate, RATE))


def _active(sound: np.ndarray) -> float:
    """Root mean square of the frames that are not silent."""
    frames = sound[: len(sound) // 480 * 480].reshape(-1, 480)
    levels = np.sqrt((frames**2).mean(1))
    return float(np.sqrt((levels[levels > levels.max() * 0.1] ** 2).mean()))


if __name__ == "__main__":
    sys.exit(main())
