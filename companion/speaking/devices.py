"""PortAudio's devices: the module itself, which loudspeakers there are, and looking for them anew."""

from __future__ import annotations

import contextlib
import functools
from typing import Any

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


def find_device(device: int | str | None) -> int | None:
    """The number of an output device; None for the default.

    Raises:
        DeviceError: There is no loudspeaker at all, or none of that number or name (the message names those
            there are).

    """
    sd = sounddevice()
    there = {i: str(d["name"]) for i, d in enumerate(sd.query_devices()) if d["max_output_channels"] > 0}
    if not there:
        raise DeviceError("There is no loudspeaker.", "Plug one in, or write the speech to a file with --out.")
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
    raise DeviceError(f"There is no loudspeaker {device!r}.", f"There are: {names}.")
