"""PortAudio's devices: the module itself, which devices there are, and looking for them anew."""

from __future__ import annotations

import contextlib
import functools
from dataclasses import dataclass
from typing import Any, Literal

from companion.errors import DeviceError


def sounddevice() -> Any:
    """The sounddevice module.

    Raises:
        DeviceError: PortAudio is not installed.

    """
    _quieten_alsa()
    try:
        import sounddevice as sd
    except (ImportError, OSError) as error:
        raise DeviceError(
            "The sound library PortAudio was not found.",
            "On Debian or Ubuntu install it with: apt-get install libportaudio2.",
        ) from error
    return sd


@functools.cache
def _quieten_alsa() -> object:
    """Keep ALSA's own messages ("underrun occurred") off the standard error of people who listen to it.

    ``snd_lib_error_set_handler`` of alsa-lib; the handler it is given must live as long as the process.
    """
    import ctypes
    import sys

    if not sys.platform.startswith("linux"):
        return None
    with contextlib.suppress(OSError, AttributeError):
        handler = ctypes.CFUNCTYPE(None)(lambda: None)  # its five arguments and more are nobody's business
        ctypes.CDLL("libasound.so.2").snd_lib_error_set_handler(handler)
        return handler
    return None


def refresh_devices() -> None:
    """Let PortAudio look for devices anew; ends every stream of this process. 10 to 70 ms."""
    sd = sounddevice()
    with contextlib.suppress(sd.PortAudioError):
        sd._terminate()
    with contextlib.suppress(sd.PortAudioError):
        sd._initialize()


@dataclass(frozen=True, slots=True)
class Device:
    """A sound device."""

    index: int
    name: str
    inputs: int
    """Channels it records; 0 for a loudspeaker."""
    outputs: int
    """Channels it plays; 0 for a microphone."""


def list_devices() -> tuple[Device, ...]:
    """Every sound device.

    Raises:
        DeviceError: PortAudio is missing or can't list them.

    """
    sd = sounddevice()
    try:
        rows = sd.query_devices()
    except sd.PortAudioError as error:
        raise DeviceError("The sound devices can't be listed.", "Check that sound works at all.") from error
    return tuple(
        Device(number, str(row["name"]), int(row["max_input_channels"]), int(row["max_output_channels"]))
        for number, row in enumerate(rows)
    )


def find_device(device: int | str | None, kind: Literal["loudspeaker", "microphone"] = "loudspeaker") -> int | None:
    """The number of a device of that kind; None for the default.

    Raises:
        DeviceError: There is none of the kind at all, or none of that number or name (the message names those
            there are).

    """
    there = {d.index: d.name for d in list_devices() if (d.outputs if kind == "loudspeaker" else d.inputs)}
    if not there:
        instead = "read the answers here" if kind == "loudspeaker" else "type your questions"
        raise DeviceError(f"There is no {kind}.", f"Plug one in, or {instead}.")
    if device is None:
        return None
    wanted = str(device).strip().lower()
    if wanted.isdigit() and int(wanted) in there:
        return int(wanted)
    exact = [i for i, name in there.items() if name.lower() == wanted]
    partly = [i for i, name in there.items() if wanted in name.lower()]
    if wanted and (exact or partly):
        return (exact or partly)[0]
    names = ", ".join(f"{i} {name}" for i, name in there.items())
    raise DeviceError(f"There is no {kind} {device!r}.", f"There are: {names}.")
