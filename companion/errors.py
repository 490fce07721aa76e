"""One root of errors; each says what happened and what to do about it."""

from __future__ import annotations

from companion.showing import shown


class CompanionError(Exception):
    """What went wrong, in a sentence for a person.

    Args:
        what: What happened, one sentence with its full stop.
        to_do: What the reader can do, one sentence with its full stop; "" where nothing helps.

    ``str()`` gives both on one line: no line breaks, control characters taken out.

    """

    def __init__(self, what: str, to_do: str = "") -> None:
        """Keep both halves apart, so that a caller can show either."""
        self.what = what
        self.to_do = to_do
        super().__init__(what, to_do)

    def __str__(self) -> str:
        """The error on one line."""
        return shown(f"{self.what} {self.to_do}".strip())


class UsageError(CompanionError):
    """The command line asks for something that does not exist."""


class PackError(CompanionError):
    """A content pack is missing, broken or unsafe to load."""


class AudioFileError(CompanionError):
    """A sound file can't be read or written."""


class DeviceError(CompanionError):
    """A microphone or loudspeaker is missing, lost or refuses to open."""


class EngineError(CompanionError):
    """A recogniser or a voice can't be loaded or has failed."""


class ModelError(CompanionError):
    """A model is missing, damaged, or could not be fetched."""


class SettingsError(CompanionError):
    """Stored settings can't be read or written."""
