"""Recordings: any format of libsndfile, any rate and channels, streamed, so that an hour needs no more than a minute."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from companion.errors import AudioFileError
from companion.events import Hypothesis, Word
from companion.hearing.endpoint import Endpointer, webrtc_detector
from companion.hearing.frames import BLOCK, Resampler, dithered, mono
from companion.ports import SAMPLE_RATE, Recognizer

LONGEST_QUESTION = 60.0
"""Seconds of speech that are taken for one question; nobody asks for longer, and an hour's lecture isn't one."""
RATES = (1_000, 768_000)
_CHUNK = 65_536
_CONVERT = "Save it again as WAV, FLAC, OGG or MP3."


def blocks(path: str | Path) -> Iterator[NDArray[np.int16]]:
    """The recording in blocks of 100 ms: int16, 16,000 Hz, mono. What the file holds counts, not its name.

    Raises:
        AudioFileError: Missing, a folder, empty, cut short, or no sound file.

    """
    path = Path(path)
    _look(path)
    import soundfile

    try:
        sound = soundfile.SoundFile(str(path))
    except (soundfile.LibsndfileError, OSError, TypeError, ValueError) as err:
        raise AudioFileError(f"{path} is not a sound file that can be read.", _CONVERT) from err
    with sound:
        if not RATES[0] <= sound.samplerate <= RATES[1]:
            raise AudioFileError(f"{path} has a sampling rate of {sound.samplerate} Hz.", _CONVERT)
        yield from _stream(sound, path)


def _stream(sound: Any, path: Path) -> Iterator[NDArray[np.int16]]:
    import soundfile

    resampler = Resampler(sound.samplerate)
    noise = np.random.default_rng(0)
    read = 0
    while True:
        try:
            part = sound.read(_CHUNK, dtype="float32", always_2d=True)
        except (soundfile.LibsndfileError, RuntimeError) as err:
            raise AudioFileError(f"{path} is damaged {read / sound.samplerate:.1f} seconds in.", _CONVERT) from err
        read += len(part)
        last = len(part) == 0
        for block in resampler.push(mono(part), last=last):
            yield dithered(block, noise)
        if last:
            break
    if read == 0:
        raise AudioFileError(f"{path} holds no sound.", "Record it again.")
    # Only formats that say their length up front can be caught being too short; others just end.
    if 0 < sound.frames < 2**62 and read < sound.frames:
        raise AudioFileError(f"{path} is cut short.", "Copy it again.")


def _look(path: Path) -> None:
    try:
        if path.is_dir():
            raise AudioFileError(f"{path} is a folder.", "Name a sound file.")
        if not path.exists():
            raise AudioFileError(f"There is no file {path}.", "Check the name.")
        with path.open("rb") as file:
            head = file.read(65_536)
        size = path.stat().st_size
    except (OSError, ValueError) as err:
        reason = getattr(err, "strerror", None) or "not a usable name"
        raise AudioFileError(f"{path} can't be read: {reason}.", "Check the name and the rights.") from None
    if size == 0:
        raise AudioFileError(f"{path} is empty.", "Record it again.")
    if (promised := _riff_length(head)) and promised > size:
        raise AudioFileError(f"{path} is cut short.", "Copy it again.")


def _riff_length(head: bytes) -> int:
    """Bytes that a WAV file's data chunk says the file has at least; 0 when it does not say.

    libsndfile plays a cut file up to its end without a word, and half a question can be another question.
    """
    if head[:4] != b"RIFF" or head[8:12] != b"WAVE":
        return 0
    at = 12
    while at + 8 <= len(head):
        name, size = struct.unpack_from("<4sI", head, at)
        if name == b"data":
            # Programs that write to a pipe put 0 or nearly 4 GB here.
            return 0 if size >= 0x7FFF_0000 else int(at + 8 + size)
        at += 8 + size + size % 2
    return 0


def transcribe_file(path: str | Path, recognizer: Recognizer) -> Iterator[Hypothesis]:
    """Utterance by utterance; word times count from the beginning of the file.

    Raises:
        AudioFileError: As ``blocks``.
        EngineError: The recogniser failed.

    """
    endpointer = Endpointer(webrtc_detector())
    recognizer.reset()
    heard = 0
    begin = 0.0
    for block in blocks(path):
        heard += len(block)
        for step in endpointer.push(block):
            if step.kind == "start":
                begin = max(0.0, (heard - len(step.audio)) / SAMPLE_RATE)
            _feed(recognizer, step.audio)
            if step.kind == "end":
                yield _later(recognizer.finish(), begin)
    if endpointer.finish():
        yield _later(recognizer.finish(), begin)


def hear_file(path: str | Path, recognizer: Recognizer) -> Hypothesis:
    """The whole recording as one utterance, its silences left out; text "" when no speech was found.

    Raises:
        AudioFileError: As ``blocks``.
        EngineError: The recogniser failed.

    """
    endpointer = Endpointer(webrtc_detector(), longest=LONGEST_QUESTION)
    recognizer.reset()
    fed = 0
    for block in blocks(path):
        for step in endpointer.push(block):
            fed += len(step.audio)
            _feed(recognizer, step.audio)
        if fed >= LONGEST_QUESTION * SAMPLE_RATE:
            break
    if not fed:
        return Hypothesis("", engine=recognizer.name)
    return recognizer.finish()


def _feed(recognizer: Recognizer, audio: NDArray[np.int16]) -> None:
    for start in range(0, len(audio), BLOCK):
        recognizer.accept(audio[start : start + BLOCK])


def _later(hypothesis: Hypothesis, by: float) -> Hypothesis:
    words = tuple(Word(w.text, round(w.start + by, 3), round(w.end + by, 3), w.confidence) for w in hypothesis.words)
    return Hypothesis(
        hypothesis.text, words=words, confidence=hypothesis.confidence, engine=hypothesis.engine, trusted=hypothesis.trusted
    )
