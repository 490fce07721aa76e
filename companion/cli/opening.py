"""The parts of a spoken conversation, opened side by side."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from companion.content.types import Pack
from companion.later import Later, LaterRouter
from companion.settings import Settings

if TYPE_CHECKING:
    from companion.ports import Recognizer
    from companion.speaking.player import SoundDevicePlayer

P = TypeVar("P", bound="SoundDevicePlayer")


class Parts(Generic[P]):
    """Voice, loudspeaker and recogniser.

    The recogniser loads in a process of its own (a second, nearly): meanwhile the loudspeaker is opened, the voice
    started and the router begun.

    Args:
        settings: Engine, model and device.
        pack: Its phrases are what is listened for.
        cache: Folder for what is made from the phrases.
        router: Begun when the sound is open.
        make_player: Opens the loudspeaker.

    Raises:
        CompanionError: A part is missing.

    """

    def __init__(
        self,
        settings: Settings,
        pack: Pack,
        cache: Path,
        router: LaterRouter,
        make_player: Callable[[int | str | None], P],
    ) -> None:
        """Open all of them."""
        opening = Later(lambda: _recognizer(settings, pack, cache))
        opening.begin()

        from companion.speaking.pyttsx3_voice import Pyttsx3Voice

        player: P | None = None
        self.voice = Pyttsx3Voice(pack.speech)
        try:
            self.voice.warm()
            player = make_player(settings.device)
            router.begin()
            self.recognizer = opening.get()
        except BaseException:
            opening.discard(lambda made: made.close())
            if player is not None:
                player.close()
            self.voice.close()
            raise
        self.player: P = player

    def close(self) -> None:
        """Close them."""
        self.player.close()
        self.voice.close()
        self.recognizer.close()


def _recognizer(settings: Settings, pack: Pack, cache: Path) -> Recognizer:
    from companion.hearing.engines import open_recognizer
    from companion.understanding.phrases import phrases

    return open_recognizer(settings.engine, settings.model, phrases(pack), cache, partials=True)
