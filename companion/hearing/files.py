"""Recordings: any format of libsndfile, any rate and channels, streamed: an hour needs no more room than a minute."""

from __future__ import annotations

import contextlib
import os
import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from companion.errors import AudioFileError
from companion.events import Hypothesis, Word
from companion.hearing.endpoint import Endpointer, webrtc_detector
from companion.hearing.frames import BLOCK, DITHER, Resampler, dithered, mono
from companion.ports import SAMPLE_RATE, Recognizer

SURELY_A_QUESTION = 20.0
"""Seconds of speech beyond which a recording is doubted: the microphone ends an utterance at 15, and 44 s of narration
were once taken for a question."""
LONGEST_QUESTION = 60.0
"""Seconds of speech that are taken for one question; nobody asks for longer, and an hour's lecture isn't one."""
RATES = (1_000, 768_000)
_CHUNK = 65_536
_TIGHT = 10
"""Blocks of a recording cut so tightly around a word that the detector of speech has nothing to compare it with."""
_MP3_GUESS = 0.95
_NO_LENGTH = 2**62
_OGG_PAGE = 65_536
"""Bytes that hold at least the beginning of the last page: one page takes 65,307 at most."""
_CONVERT = "Save it again as WAV, FLAC, OGG or MP3."


def blocks(path: str | Path) -> Iterator[NDArray[np.int16]]:
    """The recording in blocks of 100 ms: int16, 16,000 Hz, mono. What the file holds counts, not its name.

    Raises:
        AudioFileError: Missing, a folder, empty, cut short, no sound file, or with numbers that are no sound.

    """
    path = Path(path)
    _look(path)
    import soundfile

    with contextlib.ExitStack() as stack:
        try:
            source: Any = str(path)
            if path.suffix.lower() == ".raw":
                # By that name it would be taken for sound without a header, whatever it holds; a number has no name.
                source = stack.enter_context(os.fdopen(os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0)), "rb"))
            with _quiet():
                sound = stack.enter_context(soundfile.SoundFile(source))
        except (soundfile.LibsndfileError, OSError, TypeError, ValueError) as err:
            raise AudioFileError(f"{path} is not a sound file that can be read.", _CONVERT) from err
        # Some endings (.vox, .gsm) make libsndfile take any bytes for sound.
        if sound.format == "RAW":
            raise AudioFileError(f"{path} is not a sound file that can be read.", _CONVERT)
        if not RATES[0] <= sound.samplerate <= RATES[1]:
            raise AudioFileError(f"{path} has a sampling rate of {sound.samplerate} Hz.", _CONVERT)
        if sound.format == "OGG" and not _ogg_ends(path):
            raise AudioFileError(f"{path} is cut short.", "Copy it again.")
        yield from _stream(sound, path)


def _stream(sound: Any, path: Path) -> Iterator[NDArray[np.int16]]:
    import soundfile

    resampler = Resampler(sound.samplerate)
    noise = np.random.default_rng(0)
    chunk = max(1_024, _CHUNK // sound.channels)
    read = 0
    while True:
        try:
            with _quiet() if sound.format == "MP3" else contextlib.nullcontext():
                part = sound.read(chunk, dtype="float32", always_2d=True)
        except (soundfile.LibsndfileError, RuntimeError, ValueError) as err:
            raise AudioFileError(f"{path} is damaged {read / sound.samplerate:.1f} seconds in.", _CONVERT) from err
        if not np.isfinite(part).all():
            raise AudioFileError(f"{path} holds numbers that are no sound.", _CONVERT)
        read += len(part)
        last = len(part) == 0
        for block in resampler.push(mono(part), last=last):
            yield dithered(block, noise)
        if last:
            break
    # Only formats that say their length up front can be caught being too short; MP3 may have guessed it.
    if read < sound.frames * (_MP3_GUESS if sound.format == "MP3" else 1) and sound.frames < _NO_LENGTH:
        raise AudioFileError(f"{path} is cut short.", "Copy it again.")
    if read == 0:
        raise AudioFileError(f"{path} holds no sound.", "Record it again.")


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep what the MP3 library writes from C away from people who listen to the standard error."""
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):
            kept = os.dup(2)
            stack.callback(os.close, kept)
            stack.callback(os.dup2, kept, 2)
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 2)
            os.close(nowhere)
        yield


def _look(path: Path) -> None:
    try:
        if path.is_dir():
            raise AudioFileError(f"{path} is a folder.", "Name a sound file.")
        if not path.exists():
            raise AudioFileError(f"There is no file {path}.", "Check the name.")
        if not path.is_file():
            raise AudioFileError(f"{path} is no ordinary file.", "Name a sound file.")
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


def _ogg_ends(path: Path) -> bool:
    """Whether the last page of an Ogg file is marked as the last of its stream (RFC 3533, section 6)."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _OGG_PAGE))
            tail = file.read()
    except OSError:
        return True
    at = tail.rfind(b"OggS")
    return at < 0 or at + 5 >= len(tail) or bool(tail[at + 5] & 4)


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
    """Utterance by utterance, those without any text left out; word times count from the beginning of the file.

    Raises:
        AudioFileError: As ``blocks``.
        EngineError: The recogniser failed.

    """
    endpointer = Endpointer(webrtc_detector())
    recognizer.reset()
    for block in blocks(path):
        for step in endpointer.push(block):
            _feed(recognizer, step.audio)
            if step.kind == "end" and (heard := recognizer.finish()).text:
                yield _later(heard, endpointer.began)
    if endpointer.finish() and (heard := recognizer.finish()).text:
        yield _later(heard, endpointer.began)


def hear_file(path: str | Path, recognizer: Recognizer) -> Hypothesis:
    """The whole recording as one utterance, its silences left out; text "" when no speech was found.

    Speech of more than ``SURELY_A_QUESTION`` is not trusted, whatever the recogniser thinks of it.

    Word times count from the beginning of the speech that was found.

    Raises:
        AudioFileError: As ``blocks``.
        EngineError: The recogniser failed.

    """
    endpointer = Endpointer(webrtc_detector(), longest=LONGEST_QUESTION)
    recognizer.reset()
    fed = 0
    beginning: list[NDArray[np.int16]] = []
    for block in blocks(path):
        if len(beginning) <= _TIGHT:
            beginning.append(block)
        for step in endpointer.push(block):
            fed += len(step.audio)
            _feed(recognizer, step.audio)
        if fed >= LONGEST_QUESTION * SAMPLE_RATE:
            break
    if not fed and len(beginning) <= _TIGHT and any(np.abs(b).max() > 2 * DITHER for b in beginning):
        for block in beginning:
            recognizer.accept(block)
        fed = 1
    if not fed:
        return Hypothesis("", engine=recognizer.name)
    heard = recognizer.finish()
    return replace(heard, trusted=False) if fed > SURELY_A_QUESTION * SAMPLE_RATE else heard


def _feed(recognizer: Recognizer, audio: NDArray[np.int16]) -> None:
    for start in range(0, len(audio), BLOCK):
        recognizer.accept(audio[start : start + BLOCK])


def _later(hypothesis: Hypothesis, by: float) -> Hypothesis:
    words = tuple(Word(w.text, round(w.start + by, 3), round(w.end + by, 3), w.confidence) for w in hypothesis.words)
    return replace(hypothesis, words=words)
