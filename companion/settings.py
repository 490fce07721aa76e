"""What the listener set, where things lie on disk, and what is remembered between two sessions."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal, get_args

from companion.atomic import atomic_write_bytes, atomic_write_text
from companion.errors import SettingsError, UsageError
from companion.events import SpeechSettings

__all__ = [
    "MAX_RATE",
    "MIN_RATE",
    "EngineChoice",
    "Paths",
    "Settings",
    "State",
    "atomic_write_bytes",
    "atomic_write_text",
    "load_state",
    "peek_state",
    "save_state",
]

EngineChoice = Literal["auto", "vosk", "pocketsphinx"]

MIN_RATE = 80
"""Nominal words a minute; below it espeak-ng clamps without a word."""
MAX_RATE = 449
"""Nominal words a minute; espeak-ng changes its method from 450 on."""

STATE_VERSION = 1
HOME_VARIABLE = "COMPANION_HOME"
MAX_STATE_BYTES = 1_000_000
"""A state file is some hundred bytes; whatever is far larger was not written by this program."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What one run was asked for.

    Raises:
        UsageError: A value lies outside its range.

    """

    pack: Path | None = None
    """Folder of the content pack; None for the pack that comes with the program."""
    engine: EngineChoice = "auto"
    """Recogniser; "auto" takes Vosk where its model is found, else PocketSphinx."""
    model: Path | None = None
    """Folder of a Vosk model; None to search for one."""
    rate: int = 120
    """Nominal words a minute, 80 to 449. Through espeak-ng 120 comes out at about 150 spoken."""
    volume: float = 1.0
    """0 (silent) to 1 (full)."""
    voice: str | None = None
    """The engine's voice id; None for its English default."""
    device: str | None = None
    """Name or number of the sound device; None for the system's default."""
    quiet: bool = False
    """True: no status lines on stderr."""

    def __post_init__(self) -> None:
        """Refuse values that no engine would take."""
        if self.engine not in get_args(EngineChoice):
            raise UsageError(f"There is no engine {self.engine!r}.", "Choose auto, vosk or pocketsphinx.")
        if not MIN_RATE <= self.rate <= MAX_RATE:
            raise UsageError(
                f"A rate of {self.rate} is out of range.", f"Choose {MIN_RATE} to {MAX_RATE} words a minute."
            )
        if not 0.0 <= self.volume <= 1.0:  # also refuses not-a-number
            raise UsageError(f"A volume of {self.volume} is out of range.", "Choose a number from 0 to 1.")

    @property
    def speech(self) -> SpeechSettings:
        """The part that a voice needs."""
        return SpeechSettings(rate=self.rate, volume=self.volume, voice=self.voice)

    def with_state(self, state: State) -> Settings:
        """These settings with the rate, volume and voice of ``state`` where it holds one."""
        return replace(
            self,
            rate=self.rate if state.rate is None else state.rate,
            volume=self.volume if state.volume is None else state.volume,
            voice=self.voice if state.voice is None else state.voice,
        )


@dataclass(frozen=True, slots=True)
class Paths:
    """The program's four folders. None of them need exist yet."""

    config: Path
    """What the listener writes."""
    state: Path
    """What is remembered between sessions."""
    cache: Path
    """What can be made again."""
    data: Path
    """Models, and whatever was fetched."""

    @classmethod
    def find(cls, environ: Mapping[str, str] | None = None) -> Paths:
        """The folders of this system, or those below ``COMPANION_HOME`` where that is set.

        Args:
            environ: The environment to read; None for the process's own.

        """
        home = (os.environ if environ is None else environ).get(HOME_VARIABLE, "")
        if home:
            root = Path(home).expanduser().absolute()
            return cls(config=root / "config", state=root / "state", cache=root / "cache", data=root / "data")
        import platformdirs

        found = platformdirs.PlatformDirs("companion", appauthor=False)
        return cls(
            config=Path(found.user_config_dir),
            state=Path(found.user_state_dir),
            cache=Path(found.user_cache_dir),
            data=Path(found.user_data_dir),
        )

    @property
    def models(self) -> Path:
        """The model store."""
        return self.data / "models"

    @property
    def state_file(self) -> Path:
        """Where `State` lies."""
        return self.state / "state.json"


@dataclass(frozen=True, slots=True)
class State:
    """What is remembered: the listener's place and voice."""

    place: str | None = None
    """Id of the item being read; None for none."""
    sentence: int = 0
    """Which sentence of that item comes next, counted from 0."""
    rate: int | None = None
    """Nominal words a minute; None for the setting's own."""
    volume: float | None = None
    """0 to 1; None for the setting's own."""
    voice: str | None = None
    """The engine's voice id; None for the setting's own."""


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= 500 and value.isprintable() else None


def _whole(value: object, low: int, high: int) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high else None


def _volume(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # Compared before it is converted: a whole number may be too large for a float.
    return float(value) if 0 <= value <= 1 else None


def _read_state(raw: dict[str, Any]) -> State:
    """Take every field that is right; a wrong one counts as not set."""
    return State(
        place=_text(raw.get("place")),
        sentence=_whole(raw.get("sentence"), 0, 100_000) or 0,
        rate=_whole(raw.get("rate"), MIN_RATE, MAX_RATE),
        volume=_volume(raw.get("volume")),
        voice=_text(raw.get("voice")),
    )


def _set_aside(path: Path) -> str:
    """Move a broken file away under the next free number; the sentence that says so."""
    for number in range(1, 10_000):
        aside = path.with_name(f"{path.name}.broken-{number}")
        if not os.path.lexists(aside):
            break
    try:
        path.rename(aside)
    except OSError:
        return (
            f"The saved place in {path} can't be read and can't be moved away, so this session starts afresh."
        )
    return f"The saved place could not be read. It was kept as {aside}, and this session starts afresh."


def load_state(path: Path) -> tuple[State, str | None]:
    """What was remembered. Never raises.

    Returns:
        The state, and a sentence for the listener when something was wrong with the file (None when nothing
        was). A broken file is kept beside the old name as ``state.json.broken-1``, ``-2`` …

    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_STATE_BYTES + 1)
    except FileNotFoundError:
        return State(), None
    except OSError as error:
        return (
            State(),
            f"The saved place in {path} can't be read ({error.strerror}); starting afresh.",
        )
    try:
        if len(content) > MAX_STATE_BYTES:
            return State(), _set_aside(path)
        raw = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError):
        return State(), _set_aside(path)
    if not isinstance(raw, dict) or raw.get("version") != STATE_VERSION:
        return State(), _set_aside(path)
    return _read_state(raw), None


def peek_state(path: Path) -> str | None:
    """What is wrong with the remembered place, a sentence; None for nothing. Moves nothing away. Never raises."""
    try:
        with path.open("rb") as file:
            raw = json.loads(file.read(MAX_STATE_BYTES + 1).decode("utf-8"))
    except FileNotFoundError:
        return None
    except OSError as error:
        return f"The saved place in {path} can't be read ({error.strerror})."
    except (ValueError, RecursionError):
        return f"The saved place in {path} is damaged."
    if not isinstance(raw, dict) or raw.get("version") != STATE_VERSION:
        return f"The saved place in {path} was written by another version."
    return None


def save_state(path: Path, state: State) -> None:
    """Write ``state`` atomically.

    Raises:
        SettingsError: The file can't be written; what was there before is as it was.

    """
    names = [f.name for f in fields(State)]
    values = asdict(state)
    body: dict[str, Any] = {"version": STATE_VERSION} | {n: values[n] for n in names}
    try:
        atomic_write_text(path, json.dumps(body, indent=1, ensure_ascii=False) + "\n")
    except OSError as error:
        raise SettingsError(
            f"Your place could not be saved in {path.parent} ({error.strerror or error}).",
            "Check that the disk is not full and that you may write there.",
        ) from error
