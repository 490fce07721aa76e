"""What several commands share: status lines, settings from arguments, the voice and its way out."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from companion.content.types import Pack
from companion.errors import CompanionError
from companion.settings import Paths, Settings, load_state
from companion.showing import plain, shown

if TYPE_CHECKING:
    from companion.ports import Recognizer
    from companion.speaking.export import Chapter
    from companion.understanding.background import Topics
    from companion.understanding.library import Library
    from companion.understanding.vocabulary import Vocabulary

AT_ONCE = 3.0
"""Seconds within which a pack that was prepared before is loaded, so that nothing need be said about it."""


def status(options: argparse.Namespace, line: str) -> None:
    """One line on stderr, unless ``--quiet``."""
    if not options.quiet:
        print(shown(line), file=sys.stderr, flush=True)


def settings_of(options: argparse.Namespace, *, remembered: bool = False) -> Settings:
    """Settings from the arguments.

    Args:
        options: Parsed arguments.
        remembered: Take rate, volume and voice of the last conversation where the arguments don't say.

    """
    base = Settings()
    if remembered:
        state, note = load_state(Paths.find().state_file)
        base = base.with_state(state)
        if note:
            status(options, note)
    return Settings(
        pack=options.pack,
        engine=options.engine,
        model=options.model,
        rate=base.rate if options.rate is None else options.rate,
        volume=base.volume if options.volume is None else options.volume,
        voice=base.voice if options.voice is None else options.voice,
        device=options.device,
        quiet=options.quiet,
    )


@contextlib.contextmanager
def recognizer(settings: Settings, pack: Pack, *, partials: bool = False) -> Iterator[Recognizer]:
    """The recogniser of the settings, closed at the end.

    Args:
        settings: Engine and model.
        pack: Its phrases are what is listened for.
        partials: Hypotheses while somebody speaks; recordings are quicker without.

    Raises:
        ModelError: The named model is missing or damaged.
        EngineError: No recogniser can be loaded.

    """
    from companion.ears import recognizer_for

    opened = recognizer_for(settings, pack, Paths.find().cache, partials=partials)
    try:
        yield opened
    finally:
        opened.close()


@contextlib.contextmanager
def quiet_libraries() -> Iterator[None]:
    """Keep what PortAudio and ALSA write to file descriptor 2 from people who listen to their terminal."""
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    ours = sys.stderr
    try:
        with os.fdopen(os.dup(kept), "w", buffering=1, encoding="utf-8", errors="backslashreplace") as passed_by:
            os.dup2(nowhere, 2)
            sys.stderr = plain(passed_by)
            yield
    finally:
        sys.stderr = ours
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def speak(sentences: Sequence[str], settings: Settings, pack: Pack) -> None:
    """Read sentences aloud and wait for their end.

    Raises:
        EngineError: There is no voice.
        DeviceError: There is no loudspeaker, or it was lost.

    """
    from companion.speaking.player import SoundDevicePlayer
    from companion.speaking.pyttsx3_voice import Pyttsx3Voice
    from companion.speaking.speech import Speaker

    failures: list[CompanionError] = []
    voice = Pyttsx3Voice(pack.speech, spare=False)
    with quiet_libraries(), contextlib.closing(voice), contextlib.closing(SoundDevicePlayer(settings.device)) as player:
        speaker = Speaker(
            voice, player, settings.speech, on_event=lambda e: failures.append(e.error) if e.error else None
        )
        with contextlib.closing(speaker):
            speaker.speak(sentences)
            while not speaker.wait(0.2):
                if failures:
                    break
    if failures:
        raise failures[0]


def write_speech(path: str, chapters: Sequence[Chapter], settings: Settings, pack: Pack) -> float:
    """Render chapters into a sound file; its length in seconds.

    Raises:
        AudioFileError: The file can't be written.
        EngineError: There is no voice.

    """
    from companion.speaking.export import export
    from companion.speaking.pyttsx3_voice import Pyttsx3Voice

    with contextlib.closing(Pyttsx3Voice(pack.speech, spare=False)) as voice:
        return export(path, chapters, voice, settings.speech).seconds


def could_not_speak(options: argparse.Namespace, err: CompanionError) -> None:
    """Say that speech failed and that the text stands."""
    status(options, f"Not spoken: {err}")


def prepare_pack(say: Callable[[str], None]) -> None:
    """Embed the bundled pack's sentences now, so that the first question needn't wait for it."""
    from companion.content.load import load_pack
    from companion.understanding.lexical import Lexical

    pack = load_pack(None)
    topics = topics_of(pack, Lexical(pack).vocabulary)
    if not topics.wait(AT_ONCE):
        say("Preparing the pack. This takes about a minute.")
        topics.wait()


def topics_of(pack: Pack, vocabulary: Vocabulary) -> Topics | Library:
    """The topic model of a pack, or the index of a large one, loading in the background; with MiniLM where it is."""
    from companion.store import ModelStore
    from companion.understanding.background import Topics
    from companion.understanding.library import LARGE, Library

    paths = Paths.find()
    model = ModelStore(paths).path("minilm")
    if len(pack.items) >= LARGE:
        return Library(pack, model, paths.cache)
    return Topics(pack, vocabulary, model, paths.cache)
