"""The parts of a spoken conversation, opened side by side."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from companion.content.types import Pack
from companion.ears import recognizer_for
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
        CompanionError: The voice or the loudspeaker is missing.

    """

    def __init__(
        self,
        settings: Settings,
        pack: Pack,
        cache: Path,
        router: LaterRouter,
        make_player: Callable[[int | str | None], P],
    ) -> None:
        """Open the sound, and begin with the rest."""
        self._recognizer = Later(lambda: recognizer_for(settings, pack, cache, partials=True))
        self._recognizer.begin()

        from companion.speaking.pyttsx3_voice import Pyttsx3Voice

        self.voice = Pyttsx3Voice(pack.speech)
        try:
            self.voice.warm()
            self.player: P = make_player(settings.device)
        except BaseException:
            self._recognizer.discard(_close)
            self.voice.close()
            raise
        router.begin()

    @property
    def recognizer(self) -> Recognizer:
        """The recogniser, waited for.

        Raises:
            CompanionError: There is none.

        """
        return self._recognizer.get()

    def close(self) -> None:
        """Close them."""
        self.player.close()
        self.voice.close()
        self._recognizer.discard(_close)


def _close(recognizer: Recognizer) -> None:
    recognizer.close()
