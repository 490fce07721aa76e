"""Narration written to a file: sentence by sentence, so that an hour needs no more memory than a minute."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from companion.errors import AudioFileError
from companion.events import SpeechSettings
from companion.ports import Pcm, Voice

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BLOCK = 4_096
"""Frames written at a time; OGG files written in one call of many frames crashed libsndfile."""
PAUSE = 0.8
"""Seconds between chapters, on top of the pause that ends every sentence."""
FORMATS: dict[str, dict[str, str]] = {
    ".wav": {"format": "WAV", "subtype": "PCM_16"},
    ".flac": {"format": "FLAC", "subtype": "PCM_16"},
    ".ogg": {"format": "OGG", "subtype": "VORBIS"},
    # Variable bit rate: players compute a wrong length from libsndfile's constant one.
    ".mp3": {"format": "MP3", "subtype": "MPEG_LAYER_III", "bitrate_mode": "VARIABLE"},
}
_NOT_HALF = "Free some space or choose another folder; no half-written file was left."


@dataclass(frozen=True, slots=True)
class Chapter:
    """A piece of the narration that can be found again."""

    title: str
    sentences: Sequence[str]
    """As displayed; the voice applies its lexicon."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a chapter begins."""

    title: str
    start: float
    """Seconds from the beginning of the file."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written."""

    path: Path
    seconds: float
    marks: tuple[Mark, ...]


def check_target(path: str | Path) -> None:
    """Whether a file can be written there, before an hour of speech is rendered.

    Raises:
        AudioFileError: Unknown suffix, no such folder, a folder of that name, or no right to write.

    """
    target = Path(path)
    if target.is_dir():
        raise AudioFileError(f"{target} is a folder.", "Name a file.")
    if target.suffix.lower() not in FORMATS:
        raise AudioFileError(
            f"Sound can't be written as {target.suffix or 'a file without a suffix'}.",
            f"Name a file that ends in {', '.join(list(FORMATS)[:-1])} or {list(FORMATS)[-1]}.",
        )
    if not target.parent.is_dir():
        raise AudioFileError(f"There is no folder {target.parent}.", "Make it first, or choose another.")
    if not os.access(target.parent, os.W_OK):
        raise AudioFileError(f"The folder {target.parent} can't be written to.", "Choose another.")


def export(
    path: str | Path,
    chapters: Iterable[Chapter],
    voice: Voice,
    settings: SpeechSettings | None = None,
    *,
    pause: float = PAUSE,
    title: str = "",
    on_chapter: Callable[[int, Chapter], None] | None = None,
) -> Exported:
    """Write narration to a sound file, WAV, FLAC, OGG (Vorbis) or MP3 by its suffix, mono.

    The file appears whole or not at all: it is written beside its place and moved there at the end; an older
    file of that name stays until then.

    Args:
        path: The file.
        chapters: May be a generator; each is rendered when its turn comes.
        voice: Renders.
        settings: Rate, volume and voice; None for the defaults.
        pause: Seconds of silence between chapters.
        title: Written into the file where the format has a place for it.
        on_chapter: Called with the number (0 for the first) and the chapter before it is rendered, for a
            progress line.

    Raises:
        AudioFileError: The file can't be written: suffix, folder, rights, or the disk is full.
        EngineError: The voice failed.

    """
    speech = settings or SpeechSettings()
    marks: list[Mark] = []
    with SoundFileWriter(path, title=title) as writer:
        for number, chapter in enumerate(chapters):
            if on_chapter is not None:
                on_chapter(number, chapter)
            if number:
                writer.silence(pause)
            marks.append(Mark(chapter.title, writer.seconds))
            for sentence in chapter.sentences:
                writer.write(voice.render(sentence, speech))
    return Exported(Path(path), writer.seconds, tuple(marks))


class SoundFileWriter:
    """A sound file that grows piece by piece. Use in a ``with`` statement; an error inside leaves no file.

    Args:
        path: The file; its suffix chooses the format.
        title: Written into the file where the format has a place for it.

    Raises:
        AudioFileError: From the constructor as ``check_target``, or that soundfile is missing; from ``write``
            and at the end that the disk is full or the file can't be moved to its place.

    """

    def __init__(self, path: str | Path, title: str = "") -> None:
        """Make the temporary file; its header follows with the first piece, which brings the rate."""
        check_target(path)
        try:
            import soundfile
        except (ImportError, OSError) as error:
            raise AudioFileError(
                "The package soundfile, which writes sound files, is missing.", "Install it with pip."
            ) from error
        self._sf: Any = soundfile
        self._path = Path(path)
        self._title = title
        self._file: Any = None
        self._rate = 22_050
        self._frames = 0
        self._due = 0.0  # silence asked for before the rate was known
        try:
            handle, name = tempfile.mkstemp(
                prefix=f".{self._path.stem[:40]}.", suffix=self._path.suffix, dir=self._path.parent
            )
        except OSError as error:
            raise self._failed(error) from error
        os.close(handle)
        self._part = Path(name)

    @property
    def seconds(self) -> float:
        """Written so far."""
        return self._frames / self._rate + self._due

    def write(self, pcm: Pcm) -> None:
        """Add a piece; another rate than the first piece's is converted."""
        if not len(pcm.samples):
            return
        if self._file is None:
            self._rate = pcm.rate
            self._open()
        if self._due:
            due, self._due = self._due, 0.0
            self.silence(due)
        samples = pcm.samples
        if pcm.rate != self._rate:
            import soxr

            samples = soxr.resample(samples, pcm.rate, self._rate, quality="HQ")
        self._put(samples)

    def silence(self, seconds: float) -> None:
        """Add silence."""
        import numpy

        if self._file is None:
            self._due += seconds
        else:
            self._put(numpy.zeros(round(max(0.0, seconds) * self._rate), numpy.float32))

    def __enter__(self) -> SoundFileWriter:
        """Begin."""
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        """Move the file to its place, or drop it after an error."""
        try:
            if kind is None:
                self._finish()
        finally:
            if self._file is not None:
                with contextlib.suppress(Exception):
                    self._file.close()
            with contextlib.suppress(OSError):
                self._part.unlink()

    def _open(self) -> None:
        chosen = FORMATS[self._path.suffix.lower()]
        try:
            self._file = self._sf.SoundFile(str(self._part), "w", samplerate=self._rate, channels=1, **chosen)
            if self._title:
                self._file.title = self._title
        except (RuntimeError, OSError) as error:
            raise self._failed(error) from error

    def _put(self, samples: NDArray[np.float32]) -> None:
        try:
            for start in range(0, len(samples), BLOCK):
                block = samples[start : start + BLOCK]
                self._file.write(block)
                self._frames += len(block)
        # soundfile asserts that every frame was written; a full disk breaks that.
        except (RuntimeError, OSError, AssertionError) as error:
            raise self._failed(error) from error

    def _finish(self) -> None:
        if self._file is None:
            self._open()  # nothing was said: an empty, valid file
            if self._due:
                self.silence(self._due)
                self._due = 0.0
        try:
            self._file.close()
            # Compressing formats write their last blocks on closing; libsndfile hides when that failed.
            written = self._sf.info(str(self._part)).frames
            if written < self._frames:
                raise OSError(f"{written} of {self._frames} frames were written")
            with self._part.open("rb+") as part:
                os.fsync(part.fileno())
            # mkstemp lets nobody else read; a file that a person asked for gets the usual rights.
            if os.name == "posix":
                mask = os.umask(0)
                os.umask(mask)
                self._part.chmod(0o666 & ~mask)
            os.replace(self._part, self._path)  # noqa: PTH105 - the rule of the house names it
        except (RuntimeError, OSError) as error:
            raise self._failed(error) from error

    def _failed(self, error: BaseException) -> AudioFileError:
        system = error.strerror if isinstance(error, OSError) else None
        reason = system or getattr(error, "error_string", "") or str(error) or "a write was cut short"
        return AudioFileError(f"{self._path} could not be written: {reason.rstrip('.')}.", _NOT_HALF)
